"""S as all of memory: for programs with a heap, whose state has no fixed place.

S is then every byte of linear memory and every global that can change. What else an instance can
change is refused, because it would be lost without a word.

Source: docs/format.md, "Whole memories".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wasmstate.binary.edits.export import RESERVED
from wasmstate.binary.module import Module
from wasmstate.binary.names import read_names
from wasmstate.binary.sections.code import CodeSection
from wasmstate.binary.sections.table import TableSection
from wasmstate.binary.sections.type import ArrayType, StructType, TypeSection
from wasmstate.binary.spaces import Spaces
from wasmstate.binary.types import TableType
from wasmstate.errors import SchemaError
from wasmstate.state.tensor import TensorSpec, check_name

_NUMBERS = ("i32", "i64", "f32", "f64")
_TABLE_WRITES = frozenset({"table.set", "table.init", "table.copy", "table.grow", "table.fill"})


def check_capturable(module: Module) -> None:
    """Check that memories and globals are all that an instance can change.

    Raises:
        SchemaError: naming each thing that it can change, too.
        MalformedError: if a section that is needed cannot be decoded.
    """
    reasons = list(_beyond(module, Spaces(module)))
    if reasons:
        raise SchemaError(
            "the state of this module is more than memory and globals: " + "; ".join(reasons)
        )


def _beyond(module: Module, spaces: Spaces) -> Iterator[str]:
    imported = sum(each.kind == "global" for each in spaces.imports)
    for index, entry in enumerate(spaces.globals):
        if not entry.type.mut:
            continue
        if index < imported:
            yield f"global {index} is the host's, and can change"
        elif str(entry.type.valtype) not in _NUMBERS:
            yield f"global {index} can change and holds {entry.type.valtype}"
    yield from _tables(module, spaces)
    types = module.section(TypeSection)
    for index, subtype in enumerate(types.subtypes() if types else ()):
        comptype = subtype.comptype
        fields = comptype.fields if isinstance(comptype, StructType) else ()
        if isinstance(comptype, ArrayType):
            fields = (comptype.fieldtype,)
        if any(field.mut for field in fields):
            yield f"objects of type {index} can change, and lie outside of memory"
            break


def _tables(module: Module, spaces: Spaces) -> Iterator[str]:
    section = module.section(TableSection)
    imported = sum(isinstance(each.type, TableType) for each in spaces.imports)
    count = imported + (len(section.entries) if section else 0)
    code = module.section(CodeSection)
    if not count or code is None:
        return
    defined = sum(isinstance(each.type, int) for each in spaces.imports)
    for index, func in enumerate(code.entries):
        if found := func.uses(_TABLE_WRITES):
            yield f"function {defined + index} writes to a table ({min(found)})"
            return


def reachable_items(module: Module) -> list[tuple[str, int]]:
    """Kind and index of every memory, and of every global that can change."""
    spaces = Spaces(module)
    items = [("memory", index) for index in range(len(spaces.memories))]
    return items + [("global", index) for index, each in enumerate(spaces.globals) if each.type.mut]


def global_specs(module: Module, named: Iterable[TensorSpec]) -> list[TensorSpec]:
    """A tensor for each mutable global that has no tensor yet.

    It is called as the module calls it: by its export, or in the name section.
    """
    spaces = Spaces(module)
    exported = {e.index: name for name, e in spaces.exports.items() if e.kind == "global"}
    given = list(named)
    taken = {spec.name for spec in given}
    places = {
        spaces.exports[spec.place.removeprefix("global:")].index
        for spec in given
        if spec.place.removeprefix("global:") in spaces.exports
    }
    names = read_names(module).globals
    specs = []
    for index, entry in enumerate(spaces.globals):
        if not entry.type.mut or index in places:
            continue
        export = exported[index]
        name = names.get(index, "") if export.startswith(RESERVED) else export
        if name in taken or not _is_usable(name):
            name = f"global {index}"
        taken.add(name)
        specs.append(TensorSpec(name, str(entry.type.valtype), (), f"global:{export}"))
    return specs


def _is_usable(name: str) -> bool:
    try:
        check_name(name)
    except SchemaError:
        return False
    return True
