"""``wasmstate bisect``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from wasmstate import GrantOptions
from wasmstate.binary.module import Module
from wasmstate.cli.common import (
    about,
    as_json,
    columns,
    echo,
    echo_block,
    echo_json,
    existing_file,
    failed,
    plural,
    quoted,
)
from wasmstate.cli.grant_options import grant_options
from wasmstate.cli.limit_options import limit_options
from wasmstate.cli.logs import log_option, open_log, step_json
from wasmstate.cli.progress import bar
from wasmstate.runtime.limits import Limits
from wasmstate.session.replay import ReplayStep, replay
from wasmstate.state.compare.condition import Condition, step_size
from wasmstate.state.compare.diff import diff_states


@click.command("bisect")
@click.argument("file", type=existing_file)
@log_option
@click.option("--until", required=True, metavar="CONDITION", help="What S must not become.")
@grant_options
@limit_options()
@as_json
def command(
    file: Path,
    log_path: Path,
    until: str,
    grants: GrantOptions,
    limits: Limits,
    as_json: bool,
) -> None:
    """Find the call that spoiled S, and show what it was given and what it changed.

    Every call that was recorded is done again, and the first one after which the condition is true
    is shown. To do each again costs little more than to find some of them, and finds the first one
    also if the condition was true before for a while only.

    \b
    Examples:  wasmstate bisect model.wasm --log model.log --until "isnan(w).any()"
               wasmstate bisect model.wasm --log model.log --until "dS > 10"
    """
    with about(file):
        module = Module.open(file)
    with about(log_path, is_module=False):
        log = open_log(log_path)
        condition = Condition(until, log.base)
        if condition.holds(log.base, dS=0.0, step=0):
            raise failed(f"{log_path}: {until}: it was true before the first call")
        found: ReplayStep | None = None
        steps = 0
        with bar("calls", len(log.entries)) as progress:
            for step in replay(module, log, limits=limits, **grants):
                steps = step.number
                progress.show(steps)
                y = step.value if isinstance(step.value, (int, float)) else None
                size = step_size(step.before, step.after)
                if condition.holds(step.after, dS=size, y=y, step=steps):
                    found = step
                    break
    if found is None:
        raise failed(f"{log_path}: {until}: not true after any of {steps:,} calls")
    changes = diff_states(found.before, found.after)
    if as_json:
        echo_json(step_json(found) | {"changes": [asdict(each) for each in changes]})
        return
    echo(f"call {found.number}, {found.text}: {until}")
    rows = [
        (f"  {each.name}{list(cell.index) or ''}", repr(cell.before), "->", repr(cell.after))
        for each in changes
        for cell in each.changes
    ]
    if rows:
        echo_block(columns(rows))
    more = sum(each.count - len(each.changes) for each in changes)
    if more:
        echo(f"  and {plural(more, 'cell')} more")
    log_words = f"--log {quoted(log_path)} --to {found.number - 1}"
    echo(f"the S before it: wasmstate replay {quoted(file)} {log_words}")
