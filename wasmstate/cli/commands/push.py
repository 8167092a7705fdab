"""``wasmstate push``."""

from __future__ import annotations

from pathlib import Path

import click

from wasmstate.cli.common import Unusable, about, echo, existing_file, new_file, plural


@click.command("push")
@click.argument("file", type=existing_file)
@click.argument("to", type=new_file)
def command(file: Path, to: Path) -> None:
    """Copy a model to where the fleet is merged, and remember what was sent.

    FILE.rounds keeps the state until a round tells that it was merged: 'wasmstate pull' then knows
    what the device learned afterwards. An older copy at TO is replaced.

    \b
    Example:  wasmstate push model.wasm /mnt/fleet/0417.wasm
    """
    try:
        from wasmstate import rounds  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError as error:
        raise Unusable(str(error)) from error
    with about(file):
        state = rounds.push(file, to)
    updates = plural(state.update_count, "update")
    echo(f"{to}: generation {state.generation}, {updates}")
