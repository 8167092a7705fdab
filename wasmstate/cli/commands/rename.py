"""``wasmstate rename``."""

from __future__ import annotations

from pathlib import Path

import click

from wasmstate.binary.module import Module
from wasmstate.cli.common import about, existing_file
from wasmstate.cli.destination import Destination, destination_options, echo_size
from wasmstate.state.change.rename import rename_exports, rename_imports


@click.command("rename")
@click.argument("file", type=existing_file)
@click.argument("old")
@click.argument("new")
@click.option("--import", "is_import", is_flag=True, help="Rename an import, not an export.")
@destination_options()
def command(
    file: Path,
    old: str,
    new: str,
    is_import: bool,
    to: Destination,
) -> None:
    """Give the export OLD the name NEW, or an import, MODULE.NAME; MODULE alone renames all of it.

    A state in FILE goes on: its entry points and symbols get the new name, and its generation is
    one more. All code keeps its bytes.

    \b
    Examples:  wasmstate rename model.wasm score predict
               wasmstate rename model.wasm --import env.log host.print
               wasmstate rename model.wasm --import wasi_unstable wasi_snapshot_preview1
    """
    if not new:
        raise click.UsageError("NEW is empty")

    def edit(module: Module) -> Module:
        if is_import:
            return rename_imports(module, {old: new})
        return rename_exports(module, {old: new})

    with about(file):
        written = to.write(file, edit)
    echo_size(written)
