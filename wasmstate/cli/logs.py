"""What the commands that read call logs share."""

from __future__ import annotations

import os
from glob import escape
from pathlib import Path
from typing import Any

import click
import numpy as np

import wasmstate
from wasmstate import CallLog, ReplayStep
from wasmstate.cli.common import echo, plural, readable_file


class _LogFile(click.ParamType[Path]):
    """What ``run --record`` wrote: a file, or the segments of that name."""

    name = "log"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(value)
        if not os.path.lexists(path) and any(path.parent.glob(f"{escape(path.name)}.[0-9]*")):
            return path
        return Path(readable_file.convert(value, param, ctx))


log_file = _LogFile()
log_option = click.option(
    "--log", "log_path", type=log_file, required=True, help="What run --record wrote."
)


def open_log(path: Path) -> CallLog:
    """Read a log, and say if its last entry was never finished."""
    log = wasmstate.open_log(path)
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
