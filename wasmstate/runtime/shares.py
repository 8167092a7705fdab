"""One limit for several memories, or tables: wasmtime limits each of them, not their sum."""

from __future__ import annotations

from collections.abc import Iterable

from wasmstate.binary.module import Module
from wasmstate.binary.sections.table import TableSection
from wasmstate.binary.spaces import Spaces


def memory_share(spaces: Spaces, limit: int) -> int:
    """Bytes that each memory may take so that all of them stay within the limit."""
    page_sizes = [(each.limits.max, each.page_size) for each in spaces.memories]
    return _share(limit, [limit if most is None else most * size for most, size in page_sizes])


def table_share(module: Module, limit: int) -> int:
    """Elements that each table may have so that all of them stay within the limit."""
    section = module.section(TableSection)
    found = [entry.type.limits.max for entry in section.entries] if section else []
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
