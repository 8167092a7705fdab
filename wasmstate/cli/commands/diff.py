"""``wasmstate diff``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from wasmstate.binary.module import Module
from wasmstate.cli.common import (
    about,
    as_json,
    columns,
    echo_block,
    echo_json,
    existing_file,
    plural,
)
from wasmstate.escapes import visible
from wasmstate.state.compare.compare_files import Diff, diff
from wasmstate.state.compare.diff import CellChange, TensorDiff
from wasmstate.state.state import State


@click.command("diff")
@click.argument("before", type=existing_file)
@click.argument("after", type=existing_file, required=False)
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=20,
    show_default=True,
    help="Cells shown of each tensor.",
)
@as_json
def command(before: Path, after: Path | None, limit: int, as_json: bool) -> None:
    """Show what changed from the state of BEFORE to that of AFTER, and how the two are related.

    With one file, its state is compared with the generation before, which is in the file, too.
    Of each cell: before, after, the change, the change relative to the value before, and how many
    floats of its type lie between (ulp). Exit status 0 if the states and all other sections are
    equal, 1 if they differ.

    \b
    Examples:  wasmstate diff model.wasm
               wasmstate diff yesterday.wasm today.wasm
    """
    with about(before):
        first = Module.open(before)
        if after is None:
            found = diff(first, limit=limit)
        else:
            State.of(first)  # whose fault it is, if there is none
            with about(after):
                found = diff(first, Module.open(after), limit=limit)
    if as_json:
        echo_json(document(found))
    else:
        echo_block("\n".join(_lines(found)))
    if not found.is_empty:
        sys.exit(1)


def document(found: Diff) -> dict[str, Any]:
    """A diff as JSON shows it."""
    return {
        "before": _state(found.before),
        "after": _state(found.after),
        "relation": {**asdict(found.relation), "text": str(found.relation)},
        "tensors": [
            {
                **asdict(each),
                "largest": each.largest and _cell(each.largest),
                "changes": [_cell(change) for change in each.changes],
            }
            for each in found.tensors
        ],
        "ranges": None if found.ranges is None else [asdict(each) for each in found.ranges],
        "sections": [asdict(each) for each in found.sections],
    }


def _state(state: State) -> dict[str, Any]:
    return {
        "generation": state.generation,
        "update_count": state.update_count,
        "digest": state.digest.hex(),
    }


def _cell(change: CellChange) -> dict[str, Any]:
    return {**asdict(change), "absolute": change.absolute}


def _lines(found: Diff) -> list[str]:
    generations = f"generation {found.before.generation} -> {found.after.generation}"
    lines = [f"{generations}: {found.relation}"]
    for tensor in found.tensors:
        lines += _tensor(tensor)
    if not found.tensors:
        lines.append("the values are equal")
    if found.ranges is None:
        lines.append("bytes: the two records are not laid out alike")
    elif found.ranges:
        lines.append("bytes of the state section:")
        rows = [
            (f"  {r.offset:#08x}", plural(r.size, "byte"), r.tensor or r.part) for r in found.ranges
        ]
        lines.append(columns(rows, right=(1,)))
    for section in found.sections:
        where = f"at {section.offset:#x}, {plural(section.size, 'byte')}"
        lines.append(f"section {visible(section.name)}: {section.kind}, {where}")
    return lines


def _tensor(diff: TensorDiff) -> list[str]:
    if diff.kind != "changed":
        return [f"{diff.name}: {diff.kind}"]
    head = f"{diff.name}: {diff.count:,} of {plural(diff.size, 'cell')} changed"
    if diff.largest is not None and diff.count > 1:
        head += f", {_index(diff.largest)} most: {_percent(diff.largest.relative)}"
    if diff.not_finite:
        head += f"; {diff.not_finite:,} not finite now"
    lines = [head]
    rows = [
        (
            f"  {_index(change)}",
            repr(change.before),
            "->",
            repr(change.after),
            f"{change.absolute:+.6g}",
            _percent(change.relative) if change.before else "from 0",
            "" if change.ulps is None else f"{change.ulps:,} ulp",
        )
        for change in diff.changes
    ]
    if rows:
        lines.append(columns(rows, right=(4, 5, 6)))
    more = diff.count - len(rows)
    return [*lines, *([f"  and {more:,} more"] if more else [])]


def _index(change: CellChange) -> str:
    return f"[{','.join(map(str, change.index))}]" if change.index else ""


def _percent(relative: float) -> str:
    return f"{relative * 100:.3g} %"
