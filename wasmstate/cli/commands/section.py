"""``wasmstate section``: custom sections of any module, or of a component.

A section whose name is malformed makes the file no module, but neither it nor the others are out of
reach: each can be chosen by its index.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from wasmstate.cli import section_choice, section_edits
from wasmstate.cli.commands.layout import row, table
from wasmstate.cli.common import (
    about,
    as_json,
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
from wasmstate.storage.commit import write_apart


@click.group("section", cls=Group)
def command() -> None:
    """List, extract, add, replace, rename, remove or strip custom sections.

    A section is chosen by its name, or by --index, the number that `list` shows: of several with
    one name, or of one whose name is not UTF-8.

    FILE is rewritten so that a crash leaves the old file or the new one, whole; every other
    section keeps its bytes.
    """


@command.command("list")
@click.argument("file", type=existing_file)
@section_choice.nested
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
@section_choice.index
@section_choice.nested
@click.option("-o", "--output", type=new_file, help="Write here, not to standard output.")
@click.option("--force", is_flag=True, help="Replace the output file if there is one.")
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
            content = section_choice.chosen(module, name, index).content
    if output is None:
        if sys.stdout.isatty():
            raise click.UsageError("the content is binary: give -o, or send it to a pipe")
        echo_bytes(content)
    else:
        with about(output):
            write_apart(content, output, file, overwrite=force)
        echo(f"{output}: {plural(len(content), 'byte')}")


for each in section_edits.COMMANDS:
    command.add_command(each)
