"""``wasmstate join``."""

from __future__ import annotations

from pathlib import Path

import click

from wasmstate import join
from wasmstate.cli.common import about, existing_file, new_file
from wasmstate.cli.destination import echo_size


@click.command("join")
@click.argument("code", type=existing_file)
@click.argument("state", type=existing_file)
@click.option("-o", "--output", type=new_file, required=True, help="The file to write.")
@click.option("--force", is_flag=True, help="Replace the output file if there is one.")
def command(code: Path, state: Path, output: Path, force: bool) -> None:
    """Put code and the state beside it in one file again.

    A state that CODE carries itself is replaced.

    \b
    Example:  wasmstate join code.wasm model.state -o model.wasm
    """
    with about(state):
        module = join(code, state)
    with about(output):
        module.save(output, overwrite=force)
    echo_size(output)
