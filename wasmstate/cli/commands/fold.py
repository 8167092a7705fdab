"""``wasmstate fold``."""

from __future__ import annotations

from pathlib import Path

import click

from wasmstate.cli.common import about, existing_file, no_validate
from wasmstate.cli.destination import Destination, destination_options, echo_size
from wasmstate.runtime.validate import validate
from wasmstate.state.change.fold import fold


@click.command("fold")
@click.argument("file", type=existing_file)
@destination_options()
@no_validate
def command(file: Path, to: Destination, no_validate: bool) -> None:
    """Undo what unfold did: the values of its tensors become constants of the code again.

    While S holds the values that the constants had, every byte becomes what it was; else the code
    has what was learned. Tensors that unfold did not add stay in the state.

    \b
    Example:  wasmstate fold learning.wasm -o trained.wasm
    """
    with about(file):
        written = to.write(file, lambda module: fold(module if no_validate else validate(module)))
    echo_size(written)
