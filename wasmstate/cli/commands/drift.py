"""``wasmstate drift``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from wasmstate.cli import detectors
from wasmstate.cli.common import (
    about,
    as_json,
    echo,
    echo_json,
    existing_file,
    plural,
    readable_file,
)
from wasmstate.cli.stopping import Stopped, Stopping
from wasmstate.cli.tables import Rows, table_options
from wasmstate.errors import ArgumentError, CallError, StateBoundsError
from wasmstate.session.drift import find_drifts
from wasmstate.session.session import Session
from wasmstate.session.table import Row, TableFormat


@click.command("drift")
@click.argument("model", type=existing_file)
@click.option(
    "--from",
    "source",
    type=readable_file,
    required=True,
    help="The arguments of update(), a row each: a table as of 'wasmstate run --from'.",
)
@table_options
@click.option(
    "--detector",
    "named",
    metavar="NAME|FILE",
    help="ddm, page_hinkley, ewma, or a file with a detector; ddm for classes if nothing is said.",
)
@click.option("--frozen", is_flag=True, help="The model does not learn the rows.")
@as_json
def command(
    model: Path,
    source: Path,
    table: TableFormat,
    named: str | None,
    frozen: bool,
    as_json: bool,
) -> None:
    """Tell at which rows what a model predicts began to be wrong more often.

    For each row the model predicts, a detector takes its error, and the model learns the row.
    Nothing is written. Exit status 1 if there is a drift.

    \b
    Examples:  wasmstate drift rain.wasm --from days.csv
               wasmstate drift rain.wasm --from days.csv --frozen --detector page_hinkley --json
    """
    where = ""

    def rows() -> Iterator[Row]:
        nonlocal where
        try:
            for where, row in placed:  # noqa: B007 (of the last row)
                yield row
        except ArgumentError:
            where = ""  # the error has the place of the row that cannot be read
            raise

    with (
        about(model),
        Stopping() as stop,
        Session.open(model, persist="manual") as learner,
    ):
        params = learner.params("update")
        placed = Rows(source, params, stop, table, learner.names)
        name = named or detectors.fitting(params)
        with detectors.detector(name, persist="manual") as watcher:
            drifts = find_drifts(learner, watcher, rows(), learn=not frozen)
            try:
                found = [(i, where) for i in drifts]
                placed.tell_skipped()
            except Stopped:
                assert stop.signal is not None
                echo(f"ended by {stop.signal.name}", err=True)
                sys.exit(128 + stop.signal)
            except (CallError, StateBoundsError) as error:
                if not where:
                    raise
                raise CallError(f"{where}: {error}").helped_by(*error.remedies) from error
    if as_json:
        told = [{"row": i, "place": place} for i, place in found]
        echo_json({"detector": name, "drifts": told})
    else:
        echo(f"{plural(len(found), 'drift')}, told by {name}")
        for _, place in found:
            echo(f"  {place}")
    if found:
        sys.exit(1)
