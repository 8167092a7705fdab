"""``wasmstate run``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from wasmstate.cli.assignments import parse_number
from wasmstate.cli.common import (
    about,
    as_json,
    break_links,
    echo_json_line,
    existing_file,
    keep_option,
    plural,
)
from wasmstate.cli.progress import bar, waiting
from wasmstate.cli.rows import read_rows
from wasmstate.errors import CallError
from wasmstate.runtime.limits import Limits
from wasmstate.session.policy import Policy
from wasmstate.session.session import Session

_LARGE = 1 << 20  # bytes of a module that takes a while to compile


class _Persist(click.ParamType[str]):
    name = "policy"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        try:
            Policy.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return str(value)


@click.command("run", context_settings={"ignore_unknown_options": True})
@click.argument("file", type=existing_file)
@click.argument("function")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--from", "source", type=existing_file, help="Call it once for each row of a CSV.")
@click.option("--times", type=click.IntRange(1), default=1, help="Call it so many times.")
@click.option(
    "--persist",
    type=_Persist(),
    default="every-change",
    show_default=True,
    help="When a changed state is written: every-change, every:100, every:5s, on-close, or manual: "
    "never.",
)
@keep_option
@click.option("--timeout", type=float, default=10.0, show_default=True, help="Seconds for a call.")
@break_links
@as_json
def command(
    file: Path,
    function: str,
    arguments: tuple[str, ...],
    source: Path | None,
    times: int,
    persist: str,
    keep: int | None,
    timeout: float,
    break_links: bool,
    as_json: bool,
) -> None:
    """Call an exported function of a model, and keep what it learns.

    The state is loaded, the function is called, and if the state has changed it is written back to
    FILE so that no crash leaves anything but the old state or the new one. What the function gives
    is printed, a line a call.

    \b
    Examples:  wasmstate run bandit.wasm predict
               wasmstate run bandit.wasm update 2 1.0
               wasmstate run bandit.wasm update --from clicks.csv --persist on-close
    """
    if source is not None and arguments:
        raise click.UsageError("give the arguments, or --from, not both")
    if timeout <= 0:
        raise click.UsageError("--timeout must be more than 0 seconds")
    with about(file):
        with waiting("compiling", slow=file.stat().st_size > _LARGE):
            session = Session.open(
                file,
                persist=persist,
                limits=Limits(seconds=timeout),
                keep=keep,
                allow_break_links=break_links,
            )
        with session:
            before = session.generation
            rows: Sequence[Sequence[int | float]]
            if source is None:
                rows = [_numbers(arguments)] * times
            else:
                rows = read_rows(source, session.parameters(function)) * times
            for value in _calls(session, function, rows):
                if as_json:
                    echo_json_line({"value": value, "generation": session.generation})
                elif value is not None:
                    click.echo(value)
    if not as_json and session.generation != before:
        click.echo(
            f"{file}: generation {before} -> {session.generation}, "
            f"{plural(session.state.update_count, 'update')} in all",
            err=True,
        )


def _numbers(arguments: Iterable[str]) -> list[int | float]:
    numbers = []
    for text in arguments:
        try:
            numbers.append(parse_number(text))
        except ValueError as error:
            raise click.UsageError(f"{text!r} is not a number") from error
    return numbers


def _calls(session: Session, function: str, rows: Sequence[Sequence[int | float]]) -> Iterable[Any]:
    with bar("calls", len(rows)) as progress:
        for i, row in enumerate(rows):
            try:
                yield session.call(function, *row)
            except CallError as error:
                if len(rows) == 1:
                    raise
                raise CallError(f"call {i + 1} of {len(rows)}: {error}") from error
            progress.show(i + 1)
