"""``wasmstate bake``."""

from __future__ import annotations

from pathlib import Path

import click

from wasmstate.binary.module import Module
from wasmstate.cli.common import (
    about,
    break_links,
    echo,
    existing_file,
    new_file,
    no_validate,
    plural,
)
from wasmstate.runtime.validate import validate
from wasmstate.session.bake import bake
from wasmstate.state.state import State
from wasmstate.storage.commit import rewrite, write_new


@click.command("bake")
@click.argument("file", type=existing_file)
@click.option("-o", "--output", type=new_file, help="Write a copy, and leave FILE as it is.")
@click.option("--force", is_flag=True, help="Replace the output file if there is one.")
@break_links
@no_validate
def command(
    file: Path, output: Path | None, force: bool, break_links: bool, no_validate: bool
) -> None:
    """Write the state into data segments and globals, so that any runtime starts from it.

    A browser, Node or the wasmtime command line knows nothing of a state section; a baked file
    starts from S there, too. Commits to a baked file keep both in step. Code stays as it is, and
    'wasmstate unbake' gives back the file as it was.

    \b
    Examples:  wasmstate bake model.wasm -o for-the-web.wasm
               wasmstate bake model.wasm
    """

    def edit(module: Module) -> Module:
        return bake(module if no_validate else validate(module))

    with about(file):
        if output is None:
            before = Module.open(file).size
            rewrite(file, edit, allow_break_links=break_links)
        else:
            module = Module.open(file)
            before = module.size
            write_new(output, edit(module), overwrite=force)
        written = Module.open(output or file)
        generation = State.of(written).generation
    grown = plural(abs(written.size - before), "byte")
    echo(
        f"{output or file}: any runtime starts from generation {generation}, "
        f"{grown} {'more' if written.size >= before else 'less'}"
    )
