"""``wasmstate replay``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import click

from wasmstate import GrantOptions
from wasmstate.binary.module import Module
from wasmstate.cli.common import (
    about,
    as_json,
    echo,
    echo_json,
    existing_file,
    failed,
    new_file,
    plural,
)
from wasmstate.cli.grant_options import grant_options
from wasmstate.cli.limit_options import limit_options
from wasmstate.cli.logs import log_option, open_log, step_json
from wasmstate.cli.progress import bar
from wasmstate.runtime.limits import Limits
from wasmstate.session.fork import fork
from wasmstate.session.replay import ReplayStep, replay
from wasmstate.state.compare.call_log import contents_digest
from wasmstate.state.state import State
from wasmstate.storage.commit import write_new


@click.command("replay")
@click.argument("file", type=existing_file)
@log_option
@click.option("--to", type=click.IntRange(0), metavar="CALL", help="Only so many calls.")
@click.option("-o", "--output", type=new_file, help="Write a model with the S of then.")
@grant_options
@limit_options()
@as_json
@click.pass_context
def command(
    ctx: click.Context,
    file: Path,
    log_path: Path,
    to: int | None,
    output: Path | None,
    grants: GrantOptions,
    limits: Limits,
    as_json: bool,
) -> None:
    """Do again what was recorded, and say where it comes out differently.

    The log begins with the state that the recording began with; FILE gives the code. After each
    call S is compared with what it was, bit for bit. With --to and -o, a model with the S of any
    moment becomes a file of its own.

    \b
    Examples:  wasmstate run bandit.wasm update 2 1.0 --times 5 --record bandit.log
               wasmstate replay bandit.wasm --log bandit.log
               wasmstate replay bandit.wasm --log bandit.log --to 3 -o third.wasm
    """
    with about(file):
        module = Module.open(file)
        held = State.of(module)
    with about(log_path, is_module=False):
        log = open_log(log_path)
        steps, state, wrong = 0, log.base, None
        with bar("calls", to or len(log.entries)) as progress:
            for step in _first(replay(module, log, limits=limits, **grants), to):
                steps, state = step.number, step.after
                progress.show(steps)
                if step.is_same is False or step.problem is not None:
                    wrong = step
                    break
    if to is not None and steps < to and wrong is None:
        raise failed(f"{log_path}: it tells of {plural(steps, 'call')} only")
    if output is not None and wrong is None:
        with about(output):
            write_new(output, fork(module, log.base, state))
    is_held = contents_digest(state.contents()) == contents_digest(held.contents())
    if as_json:
        echo_json(
            {
                "calls": steps,
                "same": wrong is None,
                "differs": None if wrong is None else step_json(wrong) | {"error": wrong.problem},
                "is_state_of_file": is_held,
                "torn": log.torn,
            }
        )
    elif wrong is not None:
        why = wrong.problem or "S is not what it was"
        echo(f"call {wrong.number}, {wrong.text}: {why}")
    else:
        where = "" if is_held else " not"
        echo(f"{plural(steps, 'call')}: S is the same, bit for bit; it is{where} the one in {file}")
    if wrong is not None:
        ctx.exit(1)


def _first(steps: Iterator[ReplayStep], to: int | None) -> Iterator[ReplayStep]:
    return steps if to is None else islice(steps, to)
