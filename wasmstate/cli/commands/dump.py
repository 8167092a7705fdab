"""``wasmstate dump``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import click

from wasmstate.binary.code.instructions import Expr
from wasmstate.binary.content import Field
from wasmstate.binary.disassemble import disassemble
from wasmstate.binary.module import Module
from wasmstate.binary.names import function_names
from wasmstate.binary.sections import CUSTOM_ID
from wasmstate.binary.sections.base import Section
from wasmstate.binary.sections.code import CodeSection, Func
from wasmstate.binary.sections.nested import MAX_DEPTH, NestedSection
from wasmstate.binary.spaces import Spaces
from wasmstate.cli.common import about, echo_lines, existing_file, plural
from wasmstate.cli.nested import opened
from wasmstate.errors import MalformedError, SectionError
from wasmstate.escapes import visible

_LONGEST_VALUE = 60
_BYTES_SHOWN = 8
_LINES_AT_ONCE = 500


class _Range(click.ParamType[tuple[int, int]]):
    name = "range"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, int]:
        start, _, end = value.partition(":")
        try:
            found = int(start, 0), int(end, 0)
        except ValueError:
            self.fail(f"{value!r} is no range of offsets: write 0x100:0x180", param, ctx)
        return found


@click.command("dump")
@click.argument("file", type=existing_file)
@click.option("--section", "wanted", metavar="NAME|INDEX", help="Only this section.")
@click.option("--function", "function", metavar="NAME|INDEX", help="Only this function's code.")
@click.option(
    "--range",
    "range_",
    type=_Range(),
    metavar="FROM:TO",
    help="Only what has bytes between these offsets in the file, the last one not counted.",
)
@click.option(
    "--module", "nested", metavar="N", help="Of a component, the module that layout lists as N."
)
def command(
    file: Path,
    wanted: str | None,
    function: str | None,
    range_: tuple[int, int] | None,
    nested: str | None,
) -> None:
    """Show every field of a module with its offset, and its code as instructions.

    A section that is malformed is shown up to the fault, and the others still are. The core
    modules and components in a component are shown where they stand. On a terminal the text goes
    to a pager.

    \b
    Examples:  wasmstate dump model.wasm --section export
               wasmstate dump model.wasm --function update
               wasmstate dump model.wasm --range 0x100:0x180
    """
    with about(file):
        module, base = opened(file, nested)
        start, end = range_ if range_ is not None else (0, base + module.size)
        dump = _Dump(module, base, start, end)
        lines = dump.function(function) if function is not None else dump.sections(wanted)
        _show(lines)
        if module.damage is not None:
            raise module.damage


def _show(lines: Iterator[str]) -> None:
    """Print the lines as they come: the text of a large module does not fit in memory."""
    if sys.stdout.isatty():
        click.echo_via_pager(f"{visible(line)}\n" for line in lines)
    else:
        while batch := list(islice(lines, _LINES_AT_ONCE)):
            echo_lines(batch)


class _Dump:
    """The text of one module; of a component, also of those in it.

    Args:
        module: opened with ``strict=False``.
        base: where it begins in the file.
        start, end: the offsets in the file between which something is shown.
        prefix: what paths begin with.
        depth: how many components it is nested in.
    """

    def __init__(
        self, module: Module, base: int, start: int, end: int, prefix: str = "", depth: int = 0
    ) -> None:
        self.module = module
        self.base = base
        self.start, self.end = start - base, end - base
        self.prefix = prefix
        self.depth = depth
        self.spaces = Spaces(module)

    @cached_property
    def names(self) -> dict[int, str]:
        return function_names(self.module)

    @cached_property
    def imported(self) -> int:
        return sum(isinstance(each.type, int) for each in self.spaces.imports)

    def sections(self, wanted: str | None) -> Iterator[str]:
        for section in self._chosen(wanted):
            if self._shows(section.offset, section.end):
                yield from self._section(section)

    def _chosen(self, wanted: str | None) -> Iterable[Section]:
        if wanted is None:
            return self.module.sections
        chosen = [s for s in self.module.sections if wanted in (s.name, str(s.index))]
        if not chosen:
            names = ", ".join(dict.fromkeys(section.name for section in self.module.sections))
            raise SectionError(f"no section {wanted!r}; there are {names or 'none'}")
        return chosen

    def _shows(self, start: int, end: int) -> bool:
        return start < self.end and self.start < end

    def _section(self, section: Section) -> Iterator[str]:
        at = self.base + section.offset
        size = plural(section.size, "byte")
        yield f"{self.prefix}{section.path} {section.name} at {at:#x}, {size}"
        if section.fault is not None:
            yield f"  malformed: {section.fault}"
        try:
            if isinstance(section, CodeSection):
                for index, func in enumerate(section.entries, self.imported):
                    if self._shows(func.offset, func.offset + len(func.content)):
                        yield from self._function(index, func)
            elif isinstance(section, NestedSection):
                yield from self._nested(section)
            else:
                fields, wrong = _fields(section)
                for field in fields:
                    if self._shows(field.offset, field.offset + field.size):
                        place = f"{self.base + field.offset:#08x}"
                        yield f"  {place}  {field.path} = {_short(field.value)}"
                for problem in wrong:
                    yield f"  malformed: {problem}"
        except MalformedError as error:
            yield f"  malformed: {error}"

    def _nested(self, section: NestedSection) -> Iterator[str]:
        if self.depth == MAX_DEPTH:
            raise section.too_deep()
        module = section.open(strict=False)
        base, start, end = self.base + section.content_offset, self.start, self.end
        prefix = f"{self.prefix}{section.path}."
        inner = _Dump(module, base, start + self.base, end + self.base, prefix, self.depth + 1)
        yield from inner.sections(None)
        for fault in module.faults[-1:] if module.unread is not None else ():
            yield f"  malformed: {section.place(fault)}"

    def function(self, wanted: str) -> Iterator[str]:
        first = self.imported
        code = self.module.section(CodeSection)
        count = len(code.entries) if code else 0
        indices = [i for i, name in self.names.items() if name == wanted]
        index = indices[0] if indices else int(wanted) if wanted.isdecimal() else -1
        if code is None or not first <= index < first + count:
            if 0 <= index < first:
                reason = "is imported: its code is not in this module"
                raise SectionError(f"function {wanted!r} {reason}")
            known = f"those with code have the indices {first} to {first + count - 1}"
            raise SectionError(f"no function {wanted!r}; {known if count else 'none has code'}")
        yield from self._function(index, code.entries[index - first])

    def _function(self, index: int, func: Func) -> Iterator[str]:
        try:
            signature = str(self.spaces.func_type(self.spaces.functions[index]))
        except (MalformedError, IndexError):
            signature = "of unknown type"
        name = f" <{self.names[index]}>" if index in self.names else ""
        yield f"func {index}{name} {signature} at {self.base + func.offset:#x}"
        try:
            for run in func.locals():
                yield f"  {'':8}  {'':25}  local {run}"
            for offset, raw, text in disassemble(func):
                if self._shows(offset, offset + len(raw)):
                    more = ".." if len(raw) > _BYTES_SHOWN else ""
                    shown = raw[:_BYTES_SHOWN].hex(" ") + more
                    yield f"  {self.base + offset:#08x}  {shown:25}  {text}"
        except MalformedError as error:
            yield f"  malformed: {error}"


def _fields(section: Section) -> tuple[Iterable[Field], list[str]]:
    if section.id == CUSTOM_ID and section.name.startswith("wasmstate."):
        from wasmstate.state.compare.record_fields import RECORD_SECTIONS, section_fields  # noqa: PLC0415 (NumPy)

        if section.name in RECORD_SECTIONS:
            return section_fields(section.name, section.content, section.content_offset)
    return section.each_field(), []


def _short(value: object) -> str:
    if isinstance(value, Expr):
        return str(value)
    text = value.hex(" ") if isinstance(value, bytes) else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}.."
