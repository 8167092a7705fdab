"""Indices after an edit of entries: what named something goes on naming it, or the edit is refused.

An edit is given as whole new lists. Which old entry became which new one is found by what they
are: equal entries first, in order; of lists of one length, what is left over at one place is an old
entry and its replacement; anything else is gone or new. From this follows a new index for each old
one, and every entry that was there before is written with the new ones. An entry that is new is
taken as it is: its indices are those of the edited module.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

from wasmstate.binary.code.instructions import Expr, instruction
from wasmstate.binary.custom import name as names
from wasmstate.binary.custom.code_metadata import CodeMetadata
from wasmstate.binary.custom.subsections import Subsection
from wasmstate.binary.positions import (
    is_code_metadata,
    is_debug_info,
    moved_metadata,
    recoded,
    warn_stale,
)
from wasmstate.binary.remap import Indices
from wasmstate.binary.section_list import replace_entries
from wasmstate.binary.sections import MODULE_SECTIONS
from wasmstate.binary.sections.base import Section
from wasmstate.binary.sections.code import CodeSection, Func, locals_list
from wasmstate.binary.sections.custom import CustomSection
from wasmstate.binary.sections.data import Data, DataSection
from wasmstate.binary.sections.element import Elem, ElementSection
from wasmstate.binary.sections.export import Export, ExportSection
from wasmstate.binary.sections.function import FunctionSection
from wasmstate.binary.sections.global_ import Global, GlobalSection
from wasmstate.binary.sections.import_ import Import, ImportSection
from wasmstate.binary.sections.memory import MemorySection
from wasmstate.binary.sections.start import StartSection
from wasmstate.binary.sections.table import Table, TableSection
from wasmstate.binary.sections.tag import TagSection
from wasmstate.binary.sections.type import RecType, TypeSection
from wasmstate.binary.types import GlobalType, RefType, TableType, TagType
from wasmstate.binary.values import u32
from wasmstate.errors import SectionError
from wasmstate.escapes import lines


class _GoneError(Exception):
    """An index whose item is not in the edited module."""


class _Space(dict[int, int]):
    """The new index of each old one in an index space."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self.word = word
        self.count = 0

    def __missing__(self, index: int) -> int:
        raise _GoneError(f"{self.word} {index}")

    def add(self, became: Mapping[int, int], count: int, start: int) -> None:
        """Take what became of entries that come behind those that are known already."""
        self.update({self.count + old: start + new for old, new in became.items()})
        self.count += count

    def is_same(self) -> bool:
        return len(self) == self.count and all(old == new for old, new in self.items())


def aligned(old: Sequence[Any], new: Sequence[Any]) -> dict[int, int]:
    """Which of the new entries each old one became; those that are gone are left out."""
    first = 0
    while first < min(len(old), len(new)) and old[first] == new[first]:
        first += 1
    found = {i: i for i in range(first)}
    last = 0
    while last < min(len(old), len(new)) - first and old[-1 - last] == new[-1 - last]:
        last += 1
        found[len(old) - last] = len(new) - last
    left = list(range(first, len(old) - last))
    free: dict[str, deque[int]] = defaultdict(deque)
    for j in range(first, len(new) - last):
        free[repr(new[j])].append(j)
    for i in left:
        places = free[repr(old[i])]
        if places:
            found[i] = places.popleft()
    if len(old) == len(new):
        rest = {j for places in free.values() for j in places}
        found.update({i: i for i in left if i not in found and i in rest})
    return found


@dataclass(frozen=True)
class _Edit:
    """What became of the entries of each section, and of each index."""

    before: Mapping[type[Section], Sequence[Any]]
    after: Mapping[type[Section], Sequence[Any]]
    became: Mapping[type[Section], Mapping[int, int]]

    def kept(self, section_class: type[Section]) -> Iterator[tuple[int, int]]:
        """The old and the new place of each entry that is what it was."""
        old, new = self.before[section_class], self.after[section_class]
        for i, j in self.became[section_class].items():
            if _is_same(old[i], new[j]):
                yield i, j


def _is_same(old: Any, new: Any) -> bool:
    if isinstance(old, Func) and isinstance(new, Func):
        return old.content == new.content
    return bool(old == new)


_LISTS: tuple[type[Section], ...] = (
    TypeSection,
    ImportSection,
    FunctionSection,
    TableSection,
    MemorySection,
    TagSection,
    GlobalSection,
    ExportSection,
    ElementSection,
    CodeSection,
    DataSection,
)


def with_changes(
    sections: Sequence[Section], changes: Mapping[type[Section], Sequence[Any]]
) -> list[Section]:
    """The sections with other entries, and with indices that follow.

    Raises:
        SectionError: if the change cannot be made: also naming what uses an item that is gone, or
            a custom section with indices that cannot follow, as in an object file.
        MalformedError: if a section that is needed cannot be decoded.
    """
    edited = replace_entries(sections, changes)
    old = _entries(sections)
    edit = _Edit(old, {**old, **changes}, {})
    became = {each: aligned(_keys(old[each]), _keys(edit.after[each])) for each in _LISTS}
    if len(old[FunctionSection]) == len(old[CodeSection]):
        # What a function is, its code says: the types of functions are often equal.
        became[FunctionSection] = became[CodeSection]
    edit = replace(edit, became=became)
    indices = _indices(edit)
    spaces: list[Any] = list(vars(indices).values())
    if all(space.is_same() for space in spaces):
        return edited
    for section in sections:
        if section.name == "linking" or section.name.startswith(("reloc.", "wasmstate.baked")):
            raise SectionError(f"{section.name} holds indices that cannot follow the edit")
    return _Follower(edit, indices).sections(sections)


def _entries(sections: Sequence[Section]) -> dict[type[Section], Sequence[Any]]:
    found: dict[type[Section], Sequence[Any]] = dict.fromkeys(_LISTS, ())
    for section in sections:
        if type(section) in found:
            found[type(section)] = section.entries  # type: ignore[attr-defined]
    return found


def _keys(entries: Sequence[Any]) -> list[Any]:
    """What an entry is known by: a function by its offset, which an edit of its code keeps."""
    return [each.offset if isinstance(each, Func) else each for each in entries]


_KINDS: dict[str, tuple[str, type[Section]]] = {
    "func": ("functions", FunctionSection),
    "table": ("tables", TableSection),
    "memory": ("memories", MemorySection),
    "tag": ("tags", TagSection),
    "global": ("globals", GlobalSection),
}


def _indices(edit: _Edit) -> Indices:
    indices = Indices()
    for name, word in (
        *((name, kind if kind != "func" else "function") for kind, (name, _) in _KINDS.items()),
        *(("types", "type"), ("elements", "element segment"), ("data", "data segment")),
    ):
        setattr(indices, name, _Space(word))
    for kind, (name, section_class) in _KINDS.items():
        space: Any = getattr(indices, name)
        old, new = (_imported(each[ImportSection], kind) for each in (edit.before, edit.after))
        moved = edit.became[ImportSection]
        space.add({old[i]: new[moved[i]] for i in old if moved.get(i) in new}, len(old), 0)
        space.add(edit.became[section_class], len(edit.before[section_class]), len(new))
    for name, section_class in (("elements", ElementSection), ("data", DataSection)):
        space = getattr(indices, name)
        space.add(edit.became[section_class], len(edit.before[section_class]), 0)
    space = cast("_Space", indices.types)
    starts = _starts(edit.after[TypeSection])
    for i, group in enumerate(edit.before[TypeSection]):
        j = edit.became[TypeSection].get(i, -1)
        count = len(group.subtypes)
        fits = j >= 0 and len(edit.after[TypeSection][j].subtypes) == count
        space.add({n: n for n in range(count)} if fits else {}, count, starts[j])
    return indices


def _imported(imports: Sequence[Import], kind: str) -> dict[int, int]:
    """The index of each import of a kind, by its place among all."""
    places = [i for i, each in enumerate(imports) if each.kind.removeprefix("exact ") == kind]
    return {place: index for index, place in enumerate(places)}


def _starts(groups: Sequence[RecType]) -> list[int]:
    starts = [0]
    for group in groups:
        starts.append(starts[-1] + len(group.subtypes))
    return starts


class _Follower:
    """Writes what was there before with the new indices."""

    def __init__(self, edit: _Edit, indices: Indices) -> None:
        self.edit = edit
        self.indices = indices
        self.missing: list[str] = []
        # Where each instruction of a function that was there went, by the function's old index.
        self.positions: dict[int, dict[int, int]] = {}

    def sections(self, sections: Sequence[Section]) -> list[Section]:
        followed = {each: self._entries(each) for each in _LISTS}
        functions = self.indices.functions
        starts = {
            section.index: self._try("the start section", functions.__getitem__, section.funcidx)
            for section in sections
            if isinstance(section, StartSection)
        }
        if self.missing:
            raise SectionError(f"the edit takes away what is still used:{lines(self.missing)}")
        found = [
            section._replaced(u32.encode(starts[section.index]))
            if section.index in starts
            else self._custom(section)
            for section in sections
        ]
        return replace_entries(found, followed)

    def _entries(self, section_class: type[Section]) -> list[Any]:
        entries = list(self.edit.after[section_class])
        change = self._CHANGES.get(section_class)
        if change is None:
            return entries
        for i, j in self.edit.kept(section_class):
            changed = self._try(_user(section_class, i, entries[j]), change, self, i, entries[j])
            entries[j] = entries[j] if changed is None else changed
        return entries

    def _try(self, user: str, change: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return change(*arguments)
        except _GoneError as gone:
            self.missing.append(f"{gone}, by {user}")
            return None

    def _type(self, _: int, value: RecType) -> RecType:
        return RecType(tuple(map(self.indices.subtype, value.subtypes)))

    def _import(self, _: int, value: Import) -> Import:
        return replace(value, type=self._extern(value.type))

    def _extern(self, value: Any) -> Any:
        if isinstance(value, int):
            return self.indices.types[value]
        if isinstance(value, TableType):
            return replace(value, reftype=cast("RefType", self.indices.valtype(value.reftype)))
        if isinstance(value, GlobalType):
            return replace(value, valtype=self.indices.valtype(value.valtype))
        if isinstance(value, TagType):
            return replace(value, typeidx=self.indices.types[value.typeidx])
        return value

    def _function(self, _: int, value: int) -> int:
        return self.indices.types[value]

    def _table(self, _: int, value: Table) -> Table:
        init = None if value.init is None else self.indices.expr(value.init)
        return Table(self._extern(value.type), init)

    def _tag(self, _: int, value: TagType) -> Any:
        return self._extern(value)

    def _global(self, _: int, value: Global) -> Global:
        return Global(self._extern(value.type), self.indices.expr(value.init))

    def _export(self, _: int, value: Export) -> Export:
        space = getattr(self.indices, _KINDS[value.kind][0])
        return replace(value, index=space[value.index])

    def _element(self, _: int, value: Elem) -> Elem:
        init: list[Any] = [
            self.indices.expr(each) if isinstance(each, Expr) else self.indices.functions[each]
            for each in value.init
        ]
        type_: Any = None if value.type is None else self.indices.valtype(value.type)
        value = replace(value, init=init, type=type_)
        if value.offset is None:
            return value
        table = self.indices.tables[value.tableidx or 0]
        value = replace(value, offset=self.indices.expr(value.offset))
        if table == (value.tableidx or 0):
            return value
        if value.flag & 2:
            return replace(value, tableidx=table)
        # Table 0 is not written; for any other one the references are written with their type.
        is_typed = value.flag & 4
        kind, type_ = (None, RefType(True, "func")) if is_typed else (0, None)
        return replace(value, flag=value.flag | 2, tableidx=table, kind=kind, type=type_)

    def _data(self, _: int, value: Data) -> Data:
        if value.offset is None:
            return value
        memory = self.indices.memories[value.memidx or 0]
        value = replace(value, offset=self.indices.expr(value.offset))
        if memory == (value.memidx or 0):
            return value
        return replace(value, flag=2, memidx=memory)

    def _code(self, index: int, func: Func) -> Func:
        locals_ = tuple(map(self.indices.locals, func.locals()))
        pieces = [locals_list.encode(locals_)]
        instructions = list(func.instructions())
        if locals_ == func.locals():
            end = instructions[0][0] if instructions else func.offset + len(func.content) - 1
            pieces = [func.content[: end - func.offset]]
        size, positions = len(pieces[0]), {}
        for offset, raw, instr in instructions:
            positions[offset - func.offset] = size
            moved = self.indices.instr(instr)
            pieces.append(raw if moved == instr else instruction.encode(moved))
            size += len(pieces[-1])
        self.positions[index] = positions
        return replace(func, content=b"".join([*pieces, func.content[-1:]]))

    _CHANGES: ClassVar[dict[type[Section], Callable[..., Any]]] = {
        TypeSection: _type,
        ImportSection: _import,
        FunctionSection: _function,
        TableSection: _table,
        TagSection: _tag,
        GlobalSection: _global,
        ExportSection: _export,
        ElementSection: _element,
        CodeSection: _code,
        DataSection: _data,
    }

    def _custom(self, section: Section) -> Section:
        if not isinstance(section, CustomSection):
            return section
        if section.name == "name":
            return recoded(section, self._names)
        if is_code_metadata(section):
            return recoded(section, self._metadata)
        if is_debug_info(section):
            warn_stale(section)
        return section

    def _names(self, value: names.NameSection) -> names.NameSection:
        spaces: dict[int, Any] = {
            names.FUNCTIONS: self.indices.functions,
            names.LOCALS: self.indices.functions,
            names.LABELS: self.indices.functions,
            names.TYPES: self.indices.types,
            names.TABLES: self.indices.tables,
            names.MEMORIES: self.indices.memories,
            names.GLOBALS: self.indices.globals,
            names.ELEMENTS: self.indices.elements,
            names.DATA: self.indices.data,
            names.FIELDS: self.indices.types,
            names.TAGS: self.indices.tags,
        }
        found = []
        for part in value.subsections:
            space, content = spaces.get(part.id), part.content
            if space is not None and isinstance(content, Mapping):
                moved = {space[i]: name for i, name in content.items() if i in space}
                content = dict(sorted(moved.items()))
            elif space is not None:
                kept = [replace(each, idx=space[each.idx]) for each in content if each.idx in space]
                content = sorted(kept, key=lambda each: each.idx)
            found.append(Subsection(part.id, content))
        return names.NameSection(found)

    def _metadata(self, value: CodeMetadata) -> CodeMetadata:
        first = len(_imported(self.edit.before[ImportSection], "func"))
        positions = {first + i: each for i, each in self.positions.items()}
        return moved_metadata(value, positions, self.indices.functions)


def _user(section_class: type[Section], index: int, entry: Any) -> str:
    if isinstance(entry, Export):
        return f"the export {entry.name!r}"
    word = next(word for word, each in MODULE_SECTIONS.values() if each is section_class)
    return f"entry {index} of the {word} section"
