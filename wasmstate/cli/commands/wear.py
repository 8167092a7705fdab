"""``wasmstate wear``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from wasmstate import estimate_wear
from wasmstate.cli.byte_size import byte_size
from wasmstate.cli.common import about, as_json, columns, echo_block, echo_json, existing_file
from wasmstate.cli.persist_option import persist_option


@click.command("wear")
@click.argument("file", type=existing_file)
@click.option(
    "--updates",
    type=click.FloatRange(0, min_open=True),
    required=True,
    metavar="N",
    help="Number of calls a day that change S.",
)
@persist_option
@click.option("--capacity", type=byte_size, metavar="SIZE", help="Of the flash, as in 4GB.")
@click.option("--cycles", type=click.IntRange(1), help="Erase cycles that a cell stands.")
@click.option(
    "--amplification",
    type=click.FloatRange(1),
    default=1.0,
    show_default=True,
    help="Bytes that the flash writes for each byte that it is given.",
)
@as_json
def command(
    file: Path,
    updates: float,
    persist: str,
    capacity: int | None,
    cycles: int | None,
    amplification: float,
    as_json: bool,
) -> None:
    """Say what commits of FILE write in a day, and how long flash memory stands it.

    FILE is what a commit replaces: a model, or the state file beside its code. The time is for
    flash whose controller levels wear, and on which nothing else is written; --capacity and
    --cycles are in its data sheet.

    \b
    Examples:  wasmstate wear model.wasm --updates 86400
               wasmstate wear model.wasm --updates 86400 --persist budget:20MB/day
               wasmstate wear model.state --updates 1440 --capacity 4GB --cycles 3000
    """
    if (capacity is None) != (cycles is None):
        raise click.UsageError("give --capacity and --cycles, or neither")
    with about(file):
        size = file.stat().st_size
    try:
        wear = estimate_wear(size, persist, updates)
    except ValueError as error:
        raise click.UsageError(f"--persist {persist}: {error}") from error
    years = None
    if capacity is not None and cycles is not None:
        years = wear.years(capacity, cycles, amplification)
    if as_json:
        echo_json({**asdict(wear), "bytes_per_day": wear.bytes_per_day, "years": years})
        return
    rows = [
        ("bytes a commit", f"{wear.bytes_per_commit:,}"),
        ("commits a day", f"{wear.commits_per_day:,.1f}"),
        ("bytes a day", f"{wear.bytes_per_day:,.0f}"),
    ]
    if years is not None:
        rows.append(("years", f"{years:,.1f}"))
    echo_block(columns(rows, right=(1,)))
