"""The edits of ``wasmstate section``: each rewrites the file, or writes a copy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import click

from wasmstate.binary.edits.strip import strip as strip_module
from wasmstate.binary.module import Module
from wasmstate.cli import section_choice
from wasmstate.cli.common import about, break_links, echo, existing_file, plural
from wasmstate.cli.destination import Destination, destination_options, echo_size
from wasmstate.cli.nested import edited_inside
from wasmstate.cli.section_choice import chosen
from wasmstate.errors import MalformedError, SectionError
from wasmstate.state.sums import paired, with_sums
from wasmstate.storage.commit import rewrite

_content = click.File("rb")
_destination_of_any_content = destination_options(
    "Replace the output file if there is one; let wasmstate.state hold anything."
)


@click.command("add")
@click.argument("file", type=existing_file)
@click.argument("name")
@click.argument("content", type=_content)
@click.option("--index", type=int, help="Put it before the section of this index, not at the end.")
@section_choice.nested
@_destination_of_any_content
def add(
    file: Path,
    name: str,
    content: BinaryIO,
    index: int | None,
    nested: str | None,
    to: Destination,
) -> None:
    """Add a custom section NAME with the bytes of CONTENT, a file or - for standard input.

    \b
    Example:  wasmstate section add model.wasm licence LICENSE
    """
    data = content.read()

    def edit(module: Module) -> Module:
        place = len(module.sections) if index is None else index
        if module.custom_sections(name) and index is None:
            raise SectionError(f"there is a custom section {name!r} already: replace it")
        return module.with_custom(name, data, index=place, force=to.force)

    _apply(file, edit, nested, to)


@click.command("replace")
@click.argument("file", type=existing_file)
@click.argument("words", nargs=-1, metavar="[NAME] CONTENT")
@section_choice.index
@section_choice.nested
@_destination_of_any_content
def replace(
    file: Path,
    words: tuple[str, ...],
    index: int | None,
    nested: str | None,
    to: Destination,
) -> None:
    """Give the custom section NAME the bytes of CONTENT, a file or - for standard input.

    \b
    Examples:  wasmstate section replace model.wasm licence LICENSE.new
               wasmstate section replace model.wasm LICENSE.new --index 12
    """
    if not 1 <= len(words) <= 2 or (len(words) == 1 and index is None):
        raise click.UsageError("give NAME and CONTENT, or --index and CONTENT")
    name = words[0] if len(words) == 2 else None
    data: bytes = _content.convert(words[-1], None, click.get_current_context()).read()

    def edit(module: Module) -> Module:
        if name is not None and index is None and not module.custom_sections(name):
            raise SectionError(f"no custom section is named {name!r}: add it")
        section = chosen(module, name, index)
        return module.with_content(section.index, data, force=to.force)

    _apply(file, edit, nested, to)


@click.command("sums")
@click.argument("file", type=existing_file)
@break_links
def sums(file: Path, break_links: bool) -> None:
    """Keep a checksum of each custom section of others, so that check notices damage in them.

    The code has its digest and the state its own checksums; names, sources and notes of other tools
    have none. The section wasmstate.sums keeps them; what is edited with wasmstate is kept up to
    date. After another tool has written to FILE, run it again.

    \b
    Example:  wasmstate section sums model.wasm
    """
    with about(file):
        rewrite(file, with_sums, allow_break_links=break_links)
        count = len(paired(Module.open(file)))
    echo(f"{file}: checksums of {plural(count, 'custom section')}")


@click.command("rename")
@click.argument("file", type=existing_file)
@click.argument("words", nargs=-1, metavar="[NAME] NEW")
@section_choice.index
@section_choice.nested
@destination_options()
def rename(
    file: Path,
    words: tuple[str, ...],
    index: int | None,
    nested: str | None,
    to: Destination,
) -> None:
    """Give the custom section NAME the name NEW; its content stays.

    \b
    Examples:  wasmstate section rename model.wasm licence license
               wasmstate section rename model.wasm note --index 8
    """
    if not 1 <= len(words) <= 2 or (len(words) == 1 and index is None):
        raise click.UsageError("give NAME and NEW, or --index and NEW")
    name = words[0] if len(words) == 2 else None

    def edit(module: Module) -> Module:
        section = chosen(module, name, index)
        if module.custom_sections(words[-1]):
            raise SectionError(f"there is a custom section {words[-1]!r} already")
        return module.with_name(section.index, words[-1])

    _apply(file, edit, nested, to)


@click.command("remove")
@click.argument("file", type=existing_file)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--keep", metavar="NAMES", help="Remove all but these: names with commas between.")
@section_choice.index
@section_choice.nested
@destination_options()
def remove(
    file: Path,
    names: tuple[str, ...],
    keep: str | None,
    index: int | None,
    nested: str | None,
    to: Destination,
) -> None:
    """Remove every custom section NAME, or the one of --index, or all but those to --keep.

    NAME may be a pattern, in quotes: '.debug*'. The sections of wasmstate itself are removed only
    by a NAME that begins with wasmstate.

    \b
    Examples:  wasmstate section remove model.wasm '.debug*' producers
               wasmstate section remove model.wasm --index 8
               wasmstate section remove model.wasm --keep name,producers -o small.wasm
    """
    is_chosen = bool(names) or index is not None
    if is_chosen == (keep is not None) or (index is not None and len(names) > 1):
        raise click.UsageError("give one or more NAMES, or --index, or --keep")

    def edit(module: Module) -> Module:
        if keep is not None:
            return strip_module(module, keep.split(","), keep_needed=False)
        if index is None:
            return module.without_custom(*names)
        section = module.sections[index] if 0 <= index < len(module.sections) else None
        if section is not None and section.fault is not None and not names:
            return module.without_section(index)
        return module.without_section(chosen(module, names[0] if names else None, index).index)

    _apply(file, edit, nested, to)


@click.command("strip")
@click.argument("file", type=existing_file)
@click.option("--keep", metavar="NAMES", help="Keep these too: names with commas between.")
@destination_options()
def strip(file: Path, keep: str | None, to: Destination) -> None:
    """Remove the custom sections that only people and tools read: names, debug information, notes.

    What a linker, an engine or wasmstate reads stays. The modules in a component are stripped, too.

    \b
    Examples:  wasmstate section strip model.wasm -o small.wasm
               wasmstate section strip model.wasm --keep name,producers
    """
    names = () if keep is None else keep.split(",")
    _apply(file, lambda module: strip_module(module, names), None, to)


COMMANDS = (add, replace, rename, remove, strip, sums)


def _apply(
    file: Path,
    edit: Callable[[Module], Module],
    nested: str | None,
    to: Destination,
) -> None:
    left: list[MalformedError] = []

    def edited(module: Module) -> Module:
        if module.unread is not None:
            raise module.unread
        after = edited_inside(module, nested, edit)
        left.extend(after.faults)
        return after

    with about(file):
        written = to.write(file, edited, strict=False)
    echo_size(written)
    for fault in left:
        echo(f"Warning: still malformed: {fault}", err=True)
