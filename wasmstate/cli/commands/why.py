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
    from wasmstate import GrantOptions, StackFrame, StrayWrite, Why, Write, WriteOutside
    from wasmstate.runtime.limits import Limits


@click.command("why", context_settings={"ignore_unknown_options": True})
@click.argument("file", type=existing_file)
@click.argument("function")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--cell", metavar="TENSOR[INDEX]", help="A cell, or a tensor.")
@click.option(
    "--write-outside", is_flag=True, help="Writes to memory outside of every tensor instead."
)
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
    write_outside: bool,
    grants: GrantOptions,
    limits: Limits,
    as_json: bool,
) -> None:
    """Say what a call writes to a cell of S: which instruction, called by whom, with what.

    The call is done on a copy that notes each write; FILE and its S stay what they are. An offset
    is one of the file, as 'wasmstate dump' shows it. With --write-outside the writes to memory
    that lies in no tensor are listed, one entry for each instruction; the stack is left out.

    \b
    Examples:  wasmstate why bandit.wasm update 2 1.0 --cell successes[2]
               wasmstate why linear.wasm update 0.5,1.5,-1 3.0 --cell weights
               wasmstate why linear.wasm update 0.5,1.5,-1 3.0 --write-outside
    """
    from wasmstate.session.session import Session  # noqa: PLC0415 (--help needs none of these)

    given = parse_values(ctx, arguments, CallArguments(file, function))
    if (cell is None) != write_outside:  # only now: mistyped options go to the arguments
        raise click.UsageError(
            "Missing option '--cell': a cell such as w[3], or a tensor; or --write-outside"
            if cell is None
            else "--cell and --write-outside: give one of them"
        )
    with (
        about(file),
        Session.open(file, persist="manual", limits=limits, **grants) as session,
    ):
        found: Why | WriteOutside
        if cell is None:
            found = outside = session.write_outside(function, *given)
            noted = sum(each.count for each in outside.writes)
            lines = map(_stray_lines, outside.writes)
        else:
            found = inside = session.why(cell, function, *given)
            noted = len(inside.writes)
            lines = map(_lines, inside.writes)
    if as_json:
        echo_json(asdict(found))
    else:
        for each in lines:
            echo_lines(each)
        if noted < found.count:
            echo(f"and {plural(found.count - noted, 'write')} more")
        if not found.count:
            echo(f"{found.call} writes nothing {f'to {cell}' if cell else 'outside of S'}")
    if found.problem is not None:
        raise failed(f"{file}: {found.problem}")


def _lines(write: Write) -> Iterator[str]:
    where = "" if write.address is None else f", address {write.address}"
    yield f"{write.cell}: {write.before} -> {write.after}"
    yield from _instruction(write, where)


def _stray_lines(write: StrayWrite) -> Iterator[str]:
    times = "" if write.count == 1 else f", {plural(write.count, 'write')}"
    yield f"{write.place}: addresses {write.start} to {write.end}"
    yield from _instruction(write, times)


def _instruction(write: Write | StrayWrite, where: str) -> Iterator[str]:
    yield f"  {write.instruction} at {write.offset:#x}{where}, operand {write.value}"
    inner, *outer = write.stack
    yield f"  in {inner.call}{_line(inner)}"
    for frame in outer:
        yield f"  called at {frame.offset:#x} in {frame.call}{_line(frame)}"


def _line(frame: StackFrame) -> str:
    return "" if frame.line is None else f", {frame.line}"
