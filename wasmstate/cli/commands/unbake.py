"""``wasmstate unbake``."""

from __future__ import annotations

from pathlib import Path

import click

from wasmstate.binary.edits.bake import is_baked
from wasmstate.binary.module import Module
from wasmstate.cli.common import about, break_links, echo, existing_file, new_file, plural
from wasmstate.errors import SectionError
from wasmstate.state.change.bake import unbake
from wasmstate.storage.commit import rewrite, write_new


@click.command("unbake")
@click.argument("file", type=existing_file)
@click.option("-o", "--output", type=new_file, help="Write a copy, and leave FILE as it is.")
@click.option("--force", is_flag=True, help="Replace the output file if there is one.")
@break_links
def command(file: Path, output: Path | None, force: bool, break_links: bool) -> None:
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
        if output is None:
            rewrite(file, edit, allow_break_links=break_links)
        else:
            write_new(output, edit(Module.open(file)), overwrite=force)
        size = (output or file).stat().st_size
    echo(f"{output or file}: {plural(size, 'byte')}")
