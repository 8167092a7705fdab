"""``wasmstate rename``."""

from __future__ import annotations

from pathlib import Path

import click

from wasmstate.binary.module import Module
from wasmstate.cli.common import about, break_links, echo, existing_file, new_file, plural
from wasmstate.state.change.rename import rename_exports, rename_imports
from wasmstate.storage.commit import rewrite, write_new


@click.command("rename")
@click.argument("file", type=existing_file)
@click.argument("old")
@click.argument("new")
@click.option("--import", "is_import", is_flag=True, help="Rename an import, not an export.")
@click.option("-o", "--output", type=new_file, help="Write a copy, and leave FILE as it is.")
@click.option("--force", is_flag=True, help="Replace the output file if there is one.")
@break_links
def command(
    file: Path,
    old: str,
    new: str,
    is_import: bool,
    output: Path | None,
    force: bool,
    break_links: bool,
) -> None:
    """Give the export OLD the name NEW, or an import, MODULE.NAME; MODULE alone renames all of it.

    A state in FILE goes on: its entry points and symbols get the new name, and its generation is
    one more. All code keeps its bytes.

    \b
    Examples:  wasmstate rename model.wasm score predict
               wasmstate rename model.wasm --import env.log host.print
               wasmstate rename model.wasm --import wasi_unstable wasi_snapshot_preview1
    """

    def edit(module: Module) -> Module:
        if is_import:
            return rename_imports(module, {old: new})
        return rename_exports(module, {old: new})

    with about(file):
        if output is None:
            rewrite(file, edit, allow_break_links=break_links)
        else:
            write_new(output, edit(Module.open(file)), overwrite=force)
        size = (output or file).stat().st_size
    echo(f"{output or file}: {plural(size, 'byte')}")
