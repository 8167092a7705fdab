"""``wasmstate history``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from wasmstate.cli.common import about, as_json, columns, echo, echo_block, echo_json, existing_file
from wasmstate.state.compare.diff import count_changed
from wasmstate.state.compare.history import HistoryEntry, history
from wasmstate.state.state import State


@click.command("history")
@click.argument("file", type=existing_file)
@as_json
def command(file: Path, as_json: bool) -> None:
    """List the generations that a file keeps, oldest first.

    PARENT says whether a generation is proven to follow from the one above it, CHANGED how many
    cells of the one above it are different. Exit status 1 if one is damaged, or does not belong to
    the history.

    \b
    Example:  wasmstate history model.wasm
    """
    with about(file):
        entries = history(file)
    rows = [_row(entry, changed) for entry, changed in zip(entries, _changed(entries), strict=True)]
    if as_json:
        echo_json(rows)
    else:
        head = ("generation", "updates", "state", "changed", "parent", "section")
        echo_block(columns([head, *map(_cells, rows)], right=(0, 1, 3)))
        for row in rows:
            if row["problem"] is not None:
                echo(f"at {row['offset']:#x}: {row['problem']}")
    if any(entry.is_wrong for entry in entries):
        sys.exit(1)


def _changed(entries: list[HistoryEntry]) -> list[int | None]:
    counts: list[int | None] = []
    before: State | None = None
    for entry in entries:
        if before is None or entry.state is None:
            counts.append(None)
        else:
            counts.append(count_changed(before, entry.state))
        before = entry.state or before
    return counts


def _row(entry: HistoryEntry, changed: int | None) -> dict[str, Any]:
    state = entry.state
    return {
        "generation": entry.generation,
        "update_count": None if state is None else state.update_count,
        "digest": None if state is None else state.digest.hex(),
        "changed": changed,
        "link": entry.link,
        "parent": entry.link_text,
        "section": entry.section,
        "offset": entry.offset,
        "size": entry.size,
        "problem": entry.problem,
    }


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    known = row["problem"] is None
    return (
        str(row["generation"]) if known else "?",
        str(row["update_count"]) if known else "?",
        row["digest"][:12] if known else "?",
        "" if row["changed"] is None else f"{row['changed']:,}",
        row["parent"],
        row["section"],
    )
