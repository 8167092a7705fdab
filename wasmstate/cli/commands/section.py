"""``wasmstate section``: custom sections of any module, or of a component.

A section whose name is malformed makes the file no module, but neither it nor the others are out of
reach: each can be chosen by its index.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import click

from wasmstate.binary.module import Module
from wasmstate.binary.sections.custom import CustomSection
from wasmstate.cli.commands.layout import row, table
from wasmstate.cli.common import (
    about,
    as_json,
    break_links,
    echo,
    echo_block,
    echo_bytes,
    echo_json,
    existing_file,
    new_file,
    plural,
)
from wasmstate.cli.groups import Group
from wasmstate.cli.nested import opened
from wasmstate.errors import MalformedError, SectionError
from wasmstate.state.code_match import check_content
from wasmstate.state.sums import paired, with_sums
from wasmstate.storage.commit import rewrite, write_apart, write_new

_content = click.File("rb")
_output = click.option(
    "-o", "--output", type=new_file, help="Write a copy, and leave FILE as it is."
)
_force = click.option("--force", is_flag=True, help="Replace the output file if there is one.")
_force_state = click.option(
    "--force",
    is_flag=True,
    help="Replace the output file if there is one; let wasmstate.state hold anything.",
)
_index = click.option(
    "--index", type=int, metavar="N", help="The section of this index, if NAME does not tell."
)
_module = click.option(
    "--module", "nested", metavar="N", help="Of a component, the module that layout lists as N."
)


@click.group("section", cls=Group)
def command() -> None:
    """List, extract, add, replace, rename or remove custom sections.

    A section is chosen by its name, or by --index, the number that `list` shows: of several with
    one name, or of one whose name is not UTF-8.

    FILE is rewritten so that a crash leaves the old file or the new one, whole; every other
    section keeps its bytes.
    """


@command.command("list")
@click.argument("file", type=existing_file)
@_module
@as_json
def list_(file: Path, nested: str | None, as_json: bool) -> None:
    """List the custom sections of FILE.

    \b
    Example:  wasmstate section list model.wasm
    """
    with about(file):
        module, base = opened(file, nested)
        sections = module.custom_sections()
        if as_json:
            echo_json([row(section, base) for section in sections])
        elif sections:
            echo_block(table(row(section, base) for section in sections))
        else:
            echo("no custom sections")
        if module.damage is not None:
            raise module.damage


@command.command("extract")
@click.argument("file", type=existing_file)
@click.argument("name", required=False)
@_index
@_module
@click.option("-o", "--output", type=new_file, help="Write here, not to standard output.")
@_force
def extract(
    file: Path,
    name: str | None,
    index: int | None,
    nested: str | None,
    output: Path | None,
    force: bool,
) -> None:
    """Write the content of the custom section NAME to a file or to standard output.

    With --module and neither NAME nor --index, the whole core module or component inside a
    component is written.

    \b
    Examples:  wasmstate section extract model.wasm producers -o producers.bin
               wasmstate section extract component.wasm --module 0 -o core.wasm
    """
    with about(file):
        module, _ = opened(file, nested)
        if nested is not None and name is None and index is None:
            content = module.to_bytes()
        else:
            content = _chosen(module, name, index).content
    if output is None:
        if sys.stdout.isatty():
            raise click.UsageError("the content is binary: give -o, or send it to a pipe")
        echo_bytes(content)
    else:
        with about(output):
            write_apart(content, output, file, overwrite=force)
        echo(f"{output}: {plural(len(content), 'byte')}")


@command.command("add")
@click.argument("file", type=existing_file)
@click.argument("name")
@click.argument("content", type=_content)
@click.option("--index", type=int, help="Put it before the section of this index, not at the end.")
@_output
@_force_state
@break_links
def add(
    file: Path,
    name: str,
    content: BinaryIO,
    index: int | None,
    output: Path | None,
    force: bool,
    break_links: bool,
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
        if not force:
            check_content(module, name, data)
        return module.with_custom(name, data, index=place)

    _apply(file, edit, output, force, break_links)


@command.command("replace")
@click.argument("file", type=existing_file)
@click.argument("words", nargs=-1, metavar="[NAME] CONTENT")
@_index
@_output
@_force_state
@break_links
def replace(
    file: Path,
    words: tuple[str, ...],
    index: int | None,
    output: Path | None,
    force: bool,
    break_links: bool,
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
        section = _chosen(module, name, index)
        if not force and section.fault is None:
            check_content(module, section.name, data)
        return module.with_content(section.index, data)

    _apply(file, edit, output, force, break_links)


@command.command("sums")
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


@command.command("rename")
@click.argument("file", type=existing_file)
@click.argument("words", nargs=-1, metavar="[NAME] NEW")
@_index
@_output
@_force
@break_links
def rename(
    file: Path,
    words: tuple[str, ...],
    index: int | None,
    output: Path | None,
    force: bool,
    break_links: bool,
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
        section = _chosen(module, name, index)
        if module.custom_sections(words[-1]):
            raise SectionError(f"there is a custom section {words[-1]!r} already")
        check_content(module, words[-1], section.content)
        return module.with_name(section.index, words[-1])

    _apply(file, edit, output, force, break_links)


@command.command("remove")
@click.argument("file", type=existing_file)
@click.argument("name", required=False)
@_index
@_output
@_force
@break_links
def remove(
    file: Path,
    name: str | None,
    index: int | None,
    output: Path | None,
    force: bool,
    break_links: bool,
) -> None:
    """Remove every custom section NAME, or the one of --index.

    \b
    Examples:  wasmstate section remove model.wasm .debug_info
               wasmstate section remove model.wasm --index 8
    """
    if name is None and index is None:
        raise click.UsageError("give NAME, or --index")

    def edit(module: Module) -> Module:
        if index is not None:
            section = module.sections[index] if 0 <= index < len(module.sections) else None
            if section is not None and section.fault is not None and name is None:
                return module.without_section(index)
            return module.without_section(_chosen(module, name, index).index)
        return module.without_custom(str(name))

    _apply(file, edit, output, force, break_links)


def _chosen(module: Module, name: str | None, index: int | None) -> CustomSection:
    """The one custom section of this name or index."""
    if index is not None:
        section = next((s for s in module.custom_sections() if s.index == index), None)
        if section is None:
            raise SectionError(f"section {index} is no custom section")
        if name is not None and section.name != name:
            raise SectionError(f"section {index} is named {section.name!r}, not {name!r}")
        return section
    if name is None:
        raise click.UsageError("give NAME, or --index")
    found = module.custom_sections(name)
    if not found:
        raise SectionError(f"no custom section is named {name!r}")
    if len(found) > 1:
        places = ", ".join(str(each.index) for each in found)
        raise SectionError(
            f"{plural(len(found), 'custom section')} named {name!r}: give --index, one of {places}"
        )
    return found[0]


def _apply(
    file: Path,
    edit: Callable[[Module], Module],
    output: Path | None,
    force: bool,
    break_links: bool,
) -> None:
    left: list[MalformedError] = []

    def edited(module: Module) -> Module:
        if module.unread is not None:
            raise module.unread
        after = edit(module)
        left.extend(after.faults)
        return after

    with about(file):
        if output is None:
            rewrite(file, edited, strict=False, allow_break_links=break_links)
        else:
            write_new(output, edited(Module.open(file, strict=False)), overwrite=force)
        size = (output or file).stat().st_size
    echo(f"{output or file}: {plural(size, 'byte')}")
    for fault in left:
        echo(f"Warning: still malformed: {fault}", err=True)
