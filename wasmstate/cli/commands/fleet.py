"""``wasmstate fleet``: files of many devices.

The package behind it is an extra, and loaded by the commands that need it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click

from wasmstate.cli.common import (
    Unusable,
    about,
    as_json,
    columns,
    echo,
    echo_block,
    echo_json,
    echo_lines,
    existing_file,
    new_file,
    plural,
)
from wasmstate.cli.groups import Group
from wasmstate.cli.progress import bar
from wasmstate.cli.publishing import init, publish
from wasmstate.escapes import listed
from wasmstate.storage.commit import write_new

Function = TypeVar("Function", bound=Callable[..., Any])
_NAMED = 20  # devices that are refused


def _engine(function: Function) -> Function:
    """The options that say where the work is done."""
    scheduler = click.option(
        "--scheduler", metavar="ADDRESS", help="Of a Dask scheduler, such as tcp://10.0.0.1:8786."
    )
    jobs = click.option(
        "--jobs",
        type=click.IntRange(1),
        default=os.cpu_count() or 1,
        help="Processes of this machine; if not given, one a core.",
    )
    return jobs(scheduler(function))


@click.group("fleet", cls=Group)
def command() -> None:
    """Scan files of many devices into a table, query it, merge the devices, publish the result.

    It needs more packages: pip install 'wasmstate[fleet]'.
    """


@command.command("scan")
@click.argument("paths", nargs=-1, required=True)
@click.option("--to", type=new_file, required=True, help="The Parquet file to write.")
@click.option("--tensor", "tensors", multiple=True, metavar="NAME", help="Its cells as a column.")
@click.option(
    "--stat",
    "stats",
    multiple=True,
    metavar="NAME:STAT",
    help="A number about a tensor as a column: norm, min, max or mean.",
)
@click.option("--resume", is_flag=True, help="Go on with a scan that was ended.")
@click.option("--force", is_flag=True, help="Replace the table if there is one.")
@_engine
@as_json
def scan(
    paths: tuple[str, ...],
    to: Path,
    tensors: tuple[str, ...],
    stats: tuple[str, ...],
    resume: bool,
    force: bool,
    jobs: int,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Write a table with a row for each file under PATHS.

    Each path is a file, a folder, a pattern, a zip or tar archive, or a URL of one of these
    (s3://, https://: what fsspec knows). A damaged file is a row that says where and why. Exit
    status 1 if there is one.

    \b
    Example:  wasmstate fleet scan devices/ --to fleet.parquet --stat weights:norm
    """
    fleet = _fleet()
    started = time.monotonic()
    with about(to, is_module=False), bar("looking for files", 1) as progress:

        def show(now: Any) -> None:
            rate = now.done / (time.monotonic() - started)
            progress.resize(now.total)
            progress.show(now.done, f"{rate:,.0f} files/s, {now.bad:,} bad")

        found = fleet.scan(
            paths,
            to,
            tensors=tensors,
            stats=stats,
            jobs=jobs,
            scheduler=scheduler,
            resume=resume,
            overwrite=force,
            progress=show,
        )
    if as_json:
        echo_json(
            {
                "files": found.files,
                "health": found.health,
                "codes": found.codes,
                "bad": found.bad,
            }
        )
    else:
        health = [f"{number:,} {name}" for name, number in found.health.items()]
        echo(f"{plural(found.files, 'file')}: {', '.join(health)}")
        for digest, number in found.codes.items():
            echo(f"  code {digest[:12] or 'unknown'}: {plural(number, 'file')}")
        echo_lines(found.bad)
        if found.bad_files > len(found.bad):
            echo(f"and {found.bad_files - len(found.bad):,} more, in the table")
    if found.bad_files:
        sys.exit(1)


@command.command("query")
@click.argument("sql")
@as_json
def query(sql: str, as_json: bool) -> None:
    """Ask tables with SQL, in DuckDB's dialect.

    \b
    Example:  wasmstate fleet query "SELECT health, count(*) FROM 'fleet.parquet' GROUP BY ALL"
    """
    fleet = _fleet()
    with _told():
        answer = fleet.query(sql)
    if as_json:
        rows = [dict(zip(answer.columns, map(_value, row), strict=True)) for row in answer.rows]
        echo_json(rows)
    elif answer.rows:
        cells = [["" if each is None else str(each) for each in row] for row in answer.rows]
        echo_block(columns([answer.columns, *cells]))
    else:
        echo("no rows")


@command.command("merge")
@click.argument("table", type=existing_file)
@click.option("--base", type=existing_file, required=True, help="What the devices started from.")
@click.option("-o", "--output", type=new_file, help="The file to write; else only tell.")
@click.option("--force", is_flag=True, help="Replace the output file if there is one.")
@click.option("--where", metavar="SQL", help="Only rows that fulfil a condition.")
@click.option("--keep-base", multiple=True, metavar="TENSOR", help="Stays as in the base.")
@click.option("--allow-equal", is_flag=True, help="Devices may have equal states by chance.")
@click.option("--assume-base", is_flag=True, help="Devices came from the base without proof.")
@click.option("--robust", metavar="RULE", help="As for wasmstate merge.")
@_engine
@as_json
def merge(
    table: Path,
    base: Path,
    output: Path | None,
    force: bool,
    where: str | None,
    keep_base: tuple[str, ...],
    allow_equal: bool,
    assume_base: bool,
    robust: str | None,
    jobs: int,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Join what the devices in TABLE have learned since they started from copies of a base.

    The result has the bits of one `wasmstate merge` of these files, wherever they are read.
    Damaged files, files of other code or another start, and files whose learning is in another one
    too are passed over, each with its reason.

    \b
    Example:  wasmstate fleet merge fleet.parquet --base base.wasm -o next.wasm
    """
    fleet = _fleet()
    with about(table, is_module=False), bar("merging", fleet.summary_of(table).files) as progress:
        found = fleet.merge_table(
            table,
            base,
            keep_base=keep_base,
            allow_equal=allow_equal,
            assume_base=assume_base,
            robust=robust,
            where=where,
            jobs=jobs,
            scheduler=scheduler,
            progress=progress.show,
        )
    merged = found.merge
    if output is not None:
        with about(output):
            write_new(output, merged.module, overwrite=force)
    if as_json:
        echo_json(
            {
                "exact": merged.is_exact,
                "devices": [
                    {
                        "name": each.name,
                        "updates": each.updates,
                        "clipped": each.clipped,
                        "digest": each.digest,
                    }
                    for each in merged.devices
                ],
                "refused": found.refused,
                "tensors": [
                    {"name": each.name, "rule": each.rule, "precision": each.precision}
                    for each in merged.tensors
                ],
            }
        )
        return
    updates = sum(each.updates for each in merged.devices)
    clipped = [each.name for each in merged.devices if each.clipped < 1]
    echo(f"{plural(len(merged.devices), 'device')}, {plural(updates, 'update')}")
    if clipped:
        echo(f"clipped: {listed(clipped)}")
    rules = [(f"  {each.name}", each.rule or "none", each.precision) for each in merged.tensors]
    echo_block(columns(rules))
    _echo_reasons(f"{plural(len(found.refused), 'file')} passed over:", found.refused)


@command.command("report")
@click.argument("table", type=existing_file)
@click.option("-o", "--output", type=new_file, required=True, help="The HTML file to write.")
@click.option("--force", is_flag=True, help="Replace the output file if there is one.")
def report(table: Path, output: Path, force: bool) -> None:
    """Write a page about TABLE: health, generations, values over devices, outliers.

    The page is one file without scripts. Values are those that the scan was asked for.

    \b
    Example:  wasmstate fleet report fleet.parquet -o report.html
    """
    with about(table, is_module=False):
        _fleet().report(table, output, overwrite=force)


@command.command("evaluate")
@click.argument("candidate", type=existing_file)
@click.argument("paths", nargs=-1, required=True)
@_engine
@as_json
def evaluate(
    candidate: Path, paths: tuple[str, ...], jobs: int, scheduler: str | None, as_json: bool
) -> None:
    """Estimate what CANDIDATE would have earned, from decisions that bandits under PATHS keep.

    The devices need models with room for decisions (`wasmstate models new --decisions`). Each
    estimate is a mean reward, with its confidence interval of 95 %.

    \b
    Example:  wasmstate fleet evaluate next.wasm devices/
    """
    fleet = _fleet()
    with about(candidate), bar("reading decisions", 0) as progress:
        found = fleet.evaluate(
            candidate, paths, jobs=jobs, scheduler=scheduler, progress=progress.show
        )
    if as_json:
        echo_json(asdict(found))
        return
    worth = f"{found.effective_rows:,.0f} of the candidate's own"
    echo(f"{found.rows:,} decisions of {plural(found.devices, 'device')}, worth {worth}")
    rows = [("logged", found.logged), *found.estimates.items()]
    echo_block(
        columns(
            [
                (f"  {name}", f"{each.value:.4g}", f"{each.low:.4g} to {each.high:.4g}")
                for name, each in rows
            ]
        )
    )
    if found.unseen:
        arms = listed([str(arm) for arm in found.unseen])
        echo(f"no device has tried arm {arms}: ips counts its reward as 0")
    _echo_reasons(f"{plural(len(found.left_out), 'file')} left out:", found.left_out)


command.add_command(init)
command.add_command(publish)


def _echo_reasons(title: str, reasons: Mapping[str, str]) -> None:
    if reasons:
        echo(title)
        lines = [f"  {path}: {reason}" for path, reason in reasons.items()]
        echo_lines(lines[:_NAMED])
        if len(lines) > _NAMED:
            echo(f"  and {len(lines) - _NAMED:,} more, which --json lists")


def _fleet() -> Any:
    try:
        from wasmstate import fleet  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError as error:
        raise Unusable(str(error)) from error
    return fleet


@contextmanager
def _told() -> Iterator[None]:
    """Errors of a query, which concern no file in particular."""
    try:
        yield
    except _fleet().FleetError as error:
        raise click.ClickException(str(error)) from error
    except ModuleNotFoundError as error:
        raise Unusable(f"a query needs {error.name}: pip install 'wasmstate[fleet]'") from error


def _value(value: Any) -> Any:
    """A value as JSON has it."""
    return value if isinstance(value, (str, int, float, list, dict, type(None))) else str(value)
