"""``wasmstate bake``."""

from __future__ import annotations

from pathlib import Path

import click

from wasmstate.binary.module import Module
from wasmstate.cli.common import (
    about,
    echo,
    existing_file,
    no_validate,
    plural,
)
from wasmstate.cli.destination import Destination, destination_options
from wasmstate.runtime.validate import validate
from wasmstate.session.bake import bake
from wasmstate.state.state import State


@click.command("bake")
@click.argument("file", type=existing_file)
@destination_options()
@no_validate
def command(file: Path, to: Destination, no_validate: bool) -> None:
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
        before = Module.open(file).size
        path = to.write(file, edit)
        written = Module.open(path)
        generation = State.of(written).generation
    grown = plural(abs(written.size - before), "byte")
    echo(
        f"{path}: any runtime starts from generation {generation}, "
        f"{grown} {'more' if written.size >= before else 'less'}"
    )
