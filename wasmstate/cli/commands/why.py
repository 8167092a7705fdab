"""``wasmstate why``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wasmstate.cli.call_arguments import CallArguments, parse_values
from wasmstate.cli.common import (
    about,
    as_json,
    echo,
    echo_json,
    echo_lines,
    existing_file,
    failed,
    plural,
)
from wasmstate.cli.grant_options import grant_options
from wasmstate.cli.limit_options import limit_options

if TYPE_CHECKING:
    from wasmstate import GrantOptions
    from wasmstate.runtime.limits import Limits
    from wasmstate.session.why import Write


@click.command("why", context_settings={"ignore_unknown_options": True})
@click.argument("file", type=existing_file)
@click.argument("function")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--cell", metavar="TENSOR[INDEX]", help="A cell, or a tensor; has to be given.")
@grant_options
@limit_options()
@as_json
@click.pass_context
def command(
    ctx: click.Context,
    file: Path,
    function: str,
    arguments: tuple[str, ...],
    cell: str | None,
    grants: GrantOptions,
    limits: Limits,
    as_json: bool,
) -> None:
    """Say what a call writes to a cell of S: which instruction, called by whom, with what.

    The call is done on a copy that notes each write; FILE and its S stay what they are. An offset
    is one of the file, as 'wasmstate dump' shows it.

    \b
    Examples:  wasmstate why bandit.wasm update 2 1.0 --cell successes[2]
               wasmstate why linear.wasm update 0.5,1.5,-1 3.0 --cell weights
    """
    from wasmstate.session.session import Session  # noqa: PLC0415 (--help needs none of these)

    given = parse_values(ctx, arguments, CallArguments(file, function))
    if cell is None:  # only now: a mistyped option is let through to the arguments
        raise click.UsageError("Missing option '--cell': a cell such as w[3], or a tensor")
    with (
        about(file),
        Session.open(file, persist="manual", limits=limits, **grants) as session,
    ):
        found = session.why(cell, function, *given)
    if as_json:
        echo_json(asdict(found))
    else:
        for write in found.writes:
            echo_lines(_lines(write))
        if len(found.writes) < found.count:
            echo(f"and {plural(found.count - len(found.writes), 'write')} more")
        if not found.count:
            echo(f"{found.call} writes nothing to {cell}")
    if found.problem is not None:
        raise failed(f"{file}: {found.problem}")


def _lines(write: Write) -> Iterator[str]:
    where = "" if write.address is None else f", address {write.address}"
    yield f"{write.cell}: {write.before} -> {write.after}"
    yield f"  {write.instruction} at {write.offset:#x}{where}, operand {write.value}"
    inner, *outer = write.stack
    yield f"  in {inner.call}"
    for frame in outer:
        yield f"  called at {frame.offset:#x} in {frame.call}"
