"""``wasmstate section``: custom sections of any module, or of a component."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import click

from wasmstate.binary.module import Module
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
from wasmstate.errors import SectionError
from wasmstate.state.code_match import check_content
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


@click.group("section", cls=Group)
def command() -> None:
    """List, extract, add, replace or remove custom sections.

    FILE is rewritten so that a crash leaves the old file or the new one, whole; every other
    section keeps its bytes.
    """


@command.command("list")
@click.argument("file", type=existing_file)
@as_json
def list_(file: Path, as_json: bool) -> None:
    """List the custom sections of FILE.

    \b
    Example:  wasmstate section list model.wasm
    """
    with about(file):
        sections = Module.open(file).custom_sections()
    if as_json:
        echo_json([row(section) for section in sections])
    else:
        echo_block(table(map(row, sections)) if sections else "no custom sections")


@command.command("extract")
@click.argument("file", type=existing_file)
@click.argument("name")
@click.option("-o", "--output", type=new_file, help="Write here, not to standard output.")
@_force
def extract(file: Path, name: str, output: Path | None, force: bool) -> None:
    """Write the content of the custom section NAME to a file or to standard output.

    \b
    Example:  wasmstate section extract model.wasm producers -o producers.bin
    """
    with about(file):
        sections = Module.open(file).custom_sections(name)
        if len(sections) != 1:
            raise SectionError(
                f"{plural(len(sections), 'custom section')} named {name!r}"
                if sections
                else f"no custom section is named {name!r}"
            )
        content = sections[0].content
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
@click.argument("name")
@click.argument("content", type=_content)
@_output
@_force_state
@break_links
def replace(
    file: Path, name: str, content: BinaryIO, output: Path | None, force: bool, break_links: bool
) -> None:
    """Give the custom section NAME the bytes of CONTENT, a file or - for standard input.

    \b
    Example:  wasmstate section replace model.wasm licence LICENSE.new
    """
    data = content.read()

    def edit(module: Module) -> Module:
        if not module.custom_sections(name):
            raise SectionError(f"no custom section is named {name!r}: add it")
        if not force:
            check_content(module, name, data)
        return module.with_custom(name, data)

    _apply(file, edit, output, force, break_links)


@command.command("remove")
@click.argument("file", type=existing_file)
@click.argument("name")
@_output
@_force
@break_links
def remove(file: Path, name: str, output: Path | None, force: bool, break_links: bool) -> None:
    """Remove every custom section NAME.

    \b
    Example:  wasmstate section remove model.wasm .debug_info
    """
    _apply(file, lambda module: module.without_custom(name), output, force, break_links)


def _apply(
    file: Path,
    edit: Callable[[Module], Module],
    output: Path | None,
    force: bool,
    break_links: bool,
) -> None:
    with about(file):
        if output is None:
            rewrite(file, edit, allow_break_links=break_links)
        else:
            write_new(output, edit(Module.open(file)), overwrite=force)
        size = (output or file).stat().st_size
    echo(f"{output or file}: {plural(size, 'byte')}")
