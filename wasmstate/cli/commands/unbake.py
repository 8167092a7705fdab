"""``wasmstate unbake``."""

from __future__ import annotations

from pathlib import Path

import click

from wasmstate.binary.edits.bake import is_baked
from wasmstate.binary.module import Module
from wasmstate.cli.common import about, existing_file
from wasmstate.cli.destination import Destination, destination_options, echo_size
from wasmstate.errors import SectionError
from wasmstate.state.change.bake import unbake


@click.command("unbake")
@click.argument("file", type=existing_file)
@destination_options()
def command(file: Path, to: Destination) -> None:
    """Undo what bake did: other runtimes start again from what the module was compiled with.

    Every byte outside the state section becomes what it was. The state stays.

    \b
    Example:  wasmstate unbake model.wasm
    """

    def edit(module: Module) -> Module:
        if not is_baked(module):
            raise SectionError("the module is not baked")
        return unbake(module)

    with about(file):
        written = to.write(file, edit)
    echo_size(written)
