"""One limit for several memories, or tables: wasmtime limits each of them, not their sum.

It has one number for all memories of a store, the GC heap among them, and wasmtime-py no callback
when one grows. So the limit is divided before it is known which of them will need more.
"""

from __future__ import annotations

from collections.abc import Iterable

from wasmstate.binary.module import Module
from wasmstate.binary.sections.import_ import ImportSection
from wasmstate.binary.sections.table import TableSection
from wasmstate.binary.sections.tag import TagSection
from wasmstate.binary.sections.type import TypeSection
from wasmstate.binary.spaces import Spaces
from wasmstate.binary.types import FuncType, TableType


def memory_share(spaces: Spaces, limit: int) -> int:
    """Bytes that each memory may take so that all of them stay within the limit.

    The GC heap is one of them, if the module can make anything that lies there.
    """
    page_sizes = [(each.limits.max, each.page_size) for each in spaces.memories]
    largest = [limit if most is None else most * size for most, size in page_sizes]
    return _share(limit, [*largest, limit] if _has_heap(spaces.module) else largest)


def _has_heap(module: Module) -> bool:
    """Whether a module has types of structs or arrays, or tags, for exceptions lie there, too."""
    types = module.section(TypeSection)
    return module.section(TagSection) is not None or any(
        not isinstance(each.comptype, FuncType) for each in (types.subtypes() if types else ())
    )


def table_share(module: Module, limit: int) -> int:
    """Elements that each table may have so that all of them stay within the limit."""
    section = module.section(TableSection)
    imports = module.section(ImportSection)
    found = [entry.type.limits.max for entry in section.entries] if section else []
    types = (each.type for each in (imports.entries if imports else ()))
    found += [each.limits.max for each in types if isinstance(each, TableType)]
    return _share(limit, [limit if most is None else most for most in found])


def _share(limit: int, largest: Iterable[int]) -> int:
    """The greatest size of each, given the largest sizes that their types allow."""
    sizes = sorted(largest)
    left = limit
    for index, size in enumerate(sizes):
        share = left // (len(sizes) - index)
        if size > share:
            return share
        left -= size
    return limit
