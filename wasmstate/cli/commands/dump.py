"""``wasmstate dump``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from wasmstate.binary.content import Field
from wasmstate.binary.module import Module
from wasmstate.binary.names import function_names
from wasmstate.binary.sections import CUSTOM_ID
from wasmstate.binary.sections.base import Section
from wasmstate.binary.sections.code import CodeSection, Func
from wasmstate.binary.spaces import Spaces
from wasmstate.binary.text import disassemble
from wasmstate.cli.common import about, echo, existing_file, plural
from wasmstate.errors import MalformedError, SectionError

_LONGEST_VALUE = 60
_BYTES_SHOWN = 8


@click.command("dump")
@click.argument("file", type=existing_file)
@click.option("--section", "wanted", metavar="NAME|INDEX", help="Only this section.")
@click.option("--function", "function", metavar="NAME|INDEX", help="Only this function's code.")
def command(file: Path, wanted: str | None, function: str | None) -> None:
    """Show every field of a module with its offset, and its code as instructions.

    A section that is malformed is shown up to the fault, and the others still are.

    \b
    Examples:  wasmstate dump model.wasm --section export
               wasmstate dump model.wasm --function update
    """
    with about(file):
        module = Module.open(file, strict=False)
        if function is not None:
            for line in _one_function(module, function):
                echo(line)
        else:
            for section in _chosen(module, wanted):
                for line in _section(module, section):
                    echo(line)
        if module.damage is not None:
            raise module.damage


def _chosen(module: Module, wanted: str | None) -> list[Section]:
    if wanted is None:
        return list(module.sections)
    chosen = [s for s in module.sections if wanted in (s.name, str(s.index))]
    if not chosen:
        names = ", ".join(dict.fromkeys(section.name for section in module.sections))
        raise SectionError(f"no section {wanted!r}; there are {names or 'none'}")
    return chosen


def _section(module: Module, section: Section) -> Iterator[str]:
    yield f"{section.path} {section.name} at {section.offset:#x}, {plural(section.size, 'byte')}"
    try:
        if isinstance(section, CodeSection) and not module.is_component:
            names = function_names(module)
            first = _imported(module)
            for i, func in enumerate(section.entries, first):
                yield from _function(module, i, func, names.get(i))
        else:
            fields, wrong = _fields(section)
            for field in fields:
                yield f"  {field.offset:#08x}  {field.path} = {_short(field.value)}"
            for problem in wrong:
                yield f"  malformed: {problem}"
    except MalformedError as error:
        yield f"  malformed: {error}"


def _fields(section: Section) -> tuple[list[Field], list[str]]:
    if section.id == CUSTOM_ID and section.name.startswith("wasmstate."):
        from wasmstate.state.compare.record_fields import RECORD_SECTIONS, section_fields  # noqa: PLC0415 (NumPy)

        if section.name in RECORD_SECTIONS:
            return section_fields(section.name, section.content, section.content_offset)
    return section.fields(), []


def _one_function(module: Module, wanted: str) -> Iterator[str]:
    names = function_names(module)
    first = _imported(module)
    code = module.section(CodeSection)
    count = len(code.entries) if code else 0
    indices = [i for i, name in names.items() if name == wanted]
    index = indices[0] if indices else int(wanted) if wanted.isdecimal() else -1
    if code is None or not first <= index < first + count:
        if 0 <= index < first:
            raise SectionError(f"function {wanted!r} is imported: its code is not in this module")
        known = f"those with code have the indices {first} to {first + count - 1}"
        raise SectionError(f"no function {wanted!r}; {known if count else 'none has code'}")
    yield from _function(module, index, code.entries[index - first], names.get(index))


def _function(module: Module, index: int, func: Func, name: str | None) -> Iterator[str]:
    try:
        spaces = Spaces(module)
        signature = str(spaces.func_type(spaces.functions[index]))
    except (MalformedError, IndexError):
        signature = "of unknown type"
    yield f"func {index}{f' <{name}>' if name else ''} {signature} at {func.offset:#x}"
    try:
        for run in func.locals():
            yield f"  {'':8}  {'':25}  local {run.count} x {run.type}"
        for offset, raw, text in disassemble(func):
            more = ".." if len(raw) > _BYTES_SHOWN else ""
            shown = raw[:_BYTES_SHOWN].hex(" ") + more
            yield f"  {offset:#08x}  {shown:25}  {text}"
    except MalformedError as error:
        yield f"  malformed: {error}"


def _imported(module: Module) -> int:
    return sum(isinstance(each.type, int) for each in Spaces(module).imports)


def _short(value: object) -> str:
    text = value.hex(" ") if isinstance(value, bytes) else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}.."
