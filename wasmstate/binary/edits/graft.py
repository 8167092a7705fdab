"""Grafting: the functions of a small module, the donor, added to another one, the host.

All that the donor imports has to be there in the host. Then everything is appended behind what the
host has, no index of the host becomes another one, and its functions keep their bytes. A donor that
brings a memory, static data or a stack of its own would collide with the host's: it is refused.

Source: WebAssembly Core 3.0, Binary Format, "Modules", and Validation, "Import Matching".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wasmstate.binary.code.instructions import Expr, expr
from wasmstate.binary.edits.bake import check_rewritable, is_baked
from wasmstate.binary.edits.graft_customs import with_donor_customs
from wasmstate.binary.edits.match import matches
from wasmstate.binary.items import KINDS, Items, describe
from wasmstate.binary.module import Module
from wasmstate.binary.names import read_names
from wasmstate.binary.remap import Indices
from wasmstate.binary.section_list import append, insert
from wasmstate.binary.sections.base import Section
from wasmstate.binary.sections.code import CodeSection, Func, locals_list
from wasmstate.binary.sections.data import DataSection, data_
from wasmstate.binary.sections.data_count import DataCountSection
from wasmstate.binary.sections.element import Elem, ElementSection, elem
from wasmstate.binary.sections.export import Export, ExportSection
from wasmstate.binary.sections.export import export as export_layout
from wasmstate.binary.sections.function import FunctionSection
from wasmstate.binary.sections.global_ import Global, GlobalSection, global_
from wasmstate.binary.sections.import_ import Import
from wasmstate.binary.sections.start import StartSection
from wasmstate.binary.sections.tag import TagSection
from wasmstate.binary.sections.type import RecType, SubType, TypeSection, rectype
from wasmstate.binary.types import FuncType, GlobalType, TagType, tagtype
from wasmstate.binary.values import u32
from wasmstate.errors import SectionError
from wasmstate.escapes import lines, listed


def graft_code(
    host: Module,
    donor: Module,
    *,
    names: Mapping[str, str] | None = None,
    replace_exports: bool = False,
) -> Module:
    """A copy of the host that also exports what the donor exports.

    Args:
        host: the module that is added to.
        donor: the module whose functions are added; its imports are found among the host's exports
            by their names, or are imports of the host, too.
        names: of exports of the host, by the name that the donor imports them by.
        replace_exports: whether an export of the donor takes the place of one of the host of the
            same name; the old function stays, and is not exported any more.

    Raises:
        SectionError: naming what stands in the way.
        MalformedError: if a section that is needed cannot be decoded.
    """
    try:
        return _Graft(host, donor, names or {}).run(replace_exports=replace_exports)
    except KeyError as error:
        raise _invalid(error) from error


@dataclass(frozen=True, slots=True)
class Resolution:
    """An import of the donor, and what it is in the host.

    Attributes:
        module, name: of the import.
        kind: ``func``, ``table``, ``memory``, ``global`` or ``tag``.
        index: in the host; ``None`` if it is not there.
        found: what it is in the host, by kind and index, with its type.
        reason: why it is not there, if it is not.
    """

    module: str
    name: str
    kind: str
    index: int | None
    found: str
    reason: str


def resolve_imports(
    host: Module, donor: Module, *, names: Mapping[str, str] | None = None
) -> list[Resolution]:
    """What each import of the donor would be in the host.

    Raises:
        SectionError: if host or donor cannot be grafted at all.
        MalformedError: if a section that is needed cannot be decoded.
    """
    try:
        return _Graft(host, donor, names or {}).resolve()
    except KeyError as error:
        raise _invalid(error) from error


def _invalid(error: KeyError) -> SectionError:
    return SectionError(f"the donor is invalid: its index {error} leads nowhere")


class _Graft:
    """One graft: the sections of the host as they grow, and where the donor's items went."""

    def __init__(self, host: Module, donor: Module, names: Mapping[str, str]) -> None:
        check_rewritable(host)
        check_rewritable(donor)
        if is_baked(host):
            raise SectionError("the module is baked: unbake it first")
        self.host, self.donor = Items(host), Items(donor)
        self.names = names
        self.indices = Indices()
        self.sections: list[Section] = list(host.sections)

    def run(self, *, replace_exports: bool) -> Module:
        self._check_donor()
        self._types()
        self._imports()
        self._definitions()
        self._exports(replace_exports=replace_exports)
        edited = self.host.module.with_sections(self.sections)
        return with_donor_customs(edited, self.donor.module, self.indices)

    def resolve(self) -> list[Resolution]:
        self._check_donor()
        self._types()
        return list(self._resolutions())

    def _check_donor(self) -> None:
        donor = self.donor
        reasons = []
        if donor.section(StartSection) is not None:
            reasons.append("it has a start function")
        if donor.defined("memory"):
            reasons.append("it has a memory of its own: let it import the host's")
        if any(segment.offset is not None for segment in donor.spaces.data):
            reasons.append("it has data for fixed addresses, which are the host's")
        if any(each.offset is not None for each in donor.entries(ElementSection)):
            reasons.append("it has elements for fixed places of a table")
        stack = [
            i for i, name in read_names(donor.module).globals.items() if "stack_pointer" in name
        ]
        if any(index >= donor.imported("global") for index in stack) and donor.uses(set(stack)):
            reasons.append("it has a stack of its own: let it import __stack_pointer")
        if donor.defined("table") and donor.uses_tables():
            reasons.append("it has a table of its own: let it import the host's")
        if reasons:
            raise SectionError(f"the donor cannot be grafted: {'; '.join(reasons)}")

    def _types(self) -> None:
        # Only a type in a group of its own is the same as an equal one elsewhere.
        known: dict[SubType, int] = {}
        free, at, added = 0, 0, []
        for group in self.host.entries(TypeSection):
            if _is_plain(group):
                known.setdefault(group.subtypes[0], free)
            free += len(group.subtypes)
        for group in self.donor.entries(TypeSection):
            count = len(group.subtypes)
            # Types of a group may name each other: all of them have their places first.
            self.indices.types.update({at + i: free + i for i in range(count)})
            moved = [self.indices.subtype(each) for each in group.subtypes]
            same = known.get(moved[0]) if _is_plain(group) else None
            if same is not None:
                self.indices.types[at] = same
            else:
                added.append(rectype.build(RecType(tuple(moved))))
                free += count
            at += count
        self._append(TypeSection, added)

    def _imports(self) -> None:
        missing = []
        counts = dict.fromkeys(KINDS, 0)
        for each in self._resolutions():
            index = counts[each.kind]
            counts[each.kind] += 1
            if each.index is None:
                missing.append(f"{each.module}.{each.name} ({each.kind}): {each.reason}")
            else:
                self._space(each.kind)[index] = each.index
        if missing:
            raise SectionError(f"the donor imports what the host does not have:{lines(missing)}")

    def _resolutions(self) -> Iterator[Resolution]:
        for each in self.donor.spaces.imports:
            kind = each.kind.removeprefix("exact ")
            index, reason = self._resolve(each, kind)
            found = ""
            if index is not None:
                found = f"{kind} {index}: {describe(self.host.type(kind, index))}"
            yield Resolution(each.module, each.name, kind, index, found, reason)

    def _resolve(self, wanted: Import, kind: str) -> tuple[int | None, str]:
        name = self.names.get(wanted.name, wanted.name)
        memories = [e.name for e in self.host.spaces.exports.values() if e.kind == "memory"]
        if kind == "memory" and len(memories) > 1 and wanted.name not in self.names:
            return None, f"the host exports several memories: say which, {listed(memories)}"
        export = self.host.spaces.exports.get(name)
        index = export.index if export is not None and export.kind == kind else None
        if index is None:
            index = self.host.same_import(kind, wanted.module, name)
        if index is None:
            known = [e.name for e in self.host.spaces.exports.values() if e.kind == kind]
            return None, f"not exported; exported are {', '.join(known[:20]) or 'none'}"
        there, here = self.host.type(kind, index), self.donor.import_type(wanted)
        if isinstance(here, FuncType):
            here = self.indices.functype(here)
        elif isinstance(here, GlobalType):
            here = replace(here, valtype=self.indices.valtype(here.valtype))
        if not matches(there, here):
            return None, f"is {describe(there)} in the host, the donor wants {describe(here)}"
        return index, ""

    def _definitions(self) -> None:
        donor, host, indices = self.donor, self.host, self.indices
        for kind in ("func", "global", "tag"):
            space, free = self._space(kind), host.count(kind)
            first = donor.imported(kind)
            space.update({first + i: free + i for i in range(donor.defined(kind))})
        indices.elements.update(
            _shifted(donor.entries(ElementSection), host.entries(ElementSection))
        )
        indices.data.update(_shifted(donor.spaces.data, host.spaces.data))
        self._append(
            FunctionSection,
            [u32.encode(indices.types[each]) for each in donor.entries(FunctionSection)],
        )
        self._append(
            TagSection,
            [
                tagtype.build(TagType(each.attribute, indices.types[each.typeidx]))
                for each in donor.entries(TagSection)
            ],
        )
        self._append(GlobalSection, [self._global(each) for each in donor.entries(GlobalSection)])
        self._append(
            ElementSection, [self._element(each) for each in donor.entries(ElementSection)]
        )
        if donor.section(DataCountSection) is not None and host.section(DataCountSection) is None:
            count = u32.encode(len(host.spaces.data))
            self.sections = insert(self.sections, DataCountSection, count)
        self._append(DataSection, [data_.build(each) for each in donor.spaces.data])
        self._append(CodeSection, [self._function(each) for each in donor.entries(CodeSection)])

    def _global(self, value: Global) -> bytes:
        type_ = replace(value.type, valtype=self.indices.valtype(value.type.valtype))
        return global_.build(Global(type_, self.indices.expr(value.init)))

    def _element(self, value: Elem) -> bytes:
        init: list[Any] = [
            self.indices.expr(each) if isinstance(each, Expr) else self.indices.functions[each]
            for each in value.init
        ]
        type_: Any = None if value.type is None else self.indices.valtype(value.type)
        return elem.build(replace(value, init=init, type=type_))

    def _function(self, func: Func) -> bytes:
        runs = tuple(map(self.indices.locals, func.locals()))
        body = self.indices.expr(func.expr())
        content = locals_list.encode(runs) + expr.encode(body)
        return u32.encode(len(content)) + content

    def _exports(self, *, replace_exports: bool) -> None:
        host = self.host.spaces.exports
        added, taken = [], set()
        for each in self.donor.spaces.exports.values():
            index = self._space(each.kind).get(each.index)
            if index is None:
                continue  # a table that nobody uses
            export = Export(each.name, each.kind, index)
            if host.get(each.name) == export:
                continue
            if each.name in host:
                taken.add(each.name)
            added.append(export)
        if not any(each.kind == "func" for each in added):
            raise SectionError("the donor exports no function")
        if taken and not replace_exports:
            raise SectionError(
                f"the host exports {', '.join(sorted(taken))}, too: the donor's take their place "
                "only if that is asked for"
            ).helped_by("replace_exports")
        if taken:
            kept = [export for name, export in host.items() if name not in taken]
            edited = self.host.module.with_sections(self.sections)
            self.sections = list(edited.with_entries({ExportSection: [*kept, *added]}).sections)
        else:
            self._append(ExportSection, [export_layout.build(each) for each in added])

    def _space(self, kind: str) -> dict[int, int]:
        indices = self.indices
        return {
            "func": indices.functions,
            "table": indices.tables,
            "memory": indices.memories,
            "global": indices.globals,
            "tag": indices.tags,
        }[kind]

    def _append(self, section_class: type[Section], added: Sequence[bytes]) -> None:
        self.sections = append(self.sections, section_class, added)


def _is_plain(group: RecType) -> bool:
    first = group.subtypes[0] if len(group.subtypes) == 1 else None
    return first is not None and first.final and not first.supertypes


def _shifted(donor: Sequence[Any], host: Sequence[Any]) -> dict[int, int]:
    return {index: len(host) + index for index in range(len(donor))}
