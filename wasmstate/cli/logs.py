"""What the commands that read call logs share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from wasmstate.cli.common import echo, plural, readable_file
from wasmstate.session.replay import ReplayStep
from wasmstate.state.compare.call_log import MAGIC, CallLog, read_log

log_option = click.option(
    "--log", "log_path", type=readable_file, required=True, help="What run --record wrote."
)


def open_log(path: Path) -> CallLog:
    """Read a log, and say if its last entry was never finished."""
    with path.open("rb") as file:
        content = file.read(len(MAGIC))
        if content == MAGIC:  # another file may be a pipe without an end
            content += file.read()
    log = read_log(content)
    if log.torn:
        echo(
            f"Warning: {path}: the last {plural(log.torn, 'byte')} are of an entry that was never "
            "finished",
            err=True,
        )
    return log


def step_json(step: ReplayStep) -> dict[str, Any]:
    """A step as JSON has it."""
    return {
        "call": step.number,
        "fn": step.name or None,
        "args": [np.asarray(each).tolist() for each in step.arguments],
        "value": step.value,
    }
