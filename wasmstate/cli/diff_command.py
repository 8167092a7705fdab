"""``wasmstate diff``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from wasmstate.binary.module import Module
from wasmstate.cli.common import about, as_json, columns, echo_json, existing_file, plural
from wasmstate.state.diff import TensorDiff, diff_states
from wasmstate.state.state import State


@click.command("diff")
@click.argument("before", type=existing_file)
@click.argument("after", type=existing_file)
@click.option("--limit", default=20, show_default=True, help="Cells shown of each tensor.")
@as_json
def command(before: Path, after: Path, limit: int, as_json: bool) -> None:
    """Show what changed from the state of BEFORE to that of AFTER, cell by cell.

    Exit status 0 if the states are equal, 1 if they differ.

    \b
    Example:  wasmstate diff yesterday.wasm today.wasm
    """
    with about(before):
        old = State.of(Module.open(before))
    with about(after):
        new = State.of(Module.open(after))
    diffs = diff_states(old, new)
    if as_json:
        echo_json([asdict(each) for each in diffs])
    else:
        click.echo(f"generation {old.generation} -> {new.generation}")
        for each in diffs:
            click.echo(_text(each, limit))
        if not diffs:
            click.echo("the states are equal")
    if diffs:
        sys.exit(1)


def _text(diff: TensorDiff, limit: int) -> str:
    if diff.kind != "changed":
        return f"{diff.name}: {diff.kind}"
    head = f"{diff.name}: {len(diff.changes):,} of {plural(diff.size, 'cell')} changed"
    rows = [
        (
            f"  [{','.join(map(str, change.index))}]" if change.index else "  ",
            repr(change.before),
            "->",
            repr(change.after),
        )
        for change in diff.changes[:limit]
    ]
    more = len(diff.changes) - limit
    return "\n".join([head, columns(rows), *([f"  and {more:,} more"] if more > 0 else [])])
