"""Devices of a small fleet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wasmstate import Module, State
from wasmstate.state.older import with_next
from wasmstate.state.record import successor


def learned(base: Module, seed: int, rows: int = 5) -> Module:
    """The base as a device has it that saw some rows and committed once."""
    x = np.random.default_rng(seed).normal(size=(rows, 2))
    mean = x.mean(axis=0)
    before = State.of(base)
    count = int(before["count"]) + rows
    state = before.with_values({"count": count, "mean": mean, "m2": ((x - mean) ** 2).sum(axis=0)})
    state = state.with_contents(state.contents(), updates=rows)
    record = successor(state.record, before.record)
    return with_next(base, record.encode(), record.keep)


@dataclass(frozen=True)
class Devices:
    """Files in a folder.

    Attributes:
        folder: that holds them.
        base: the file that they started from, beside the folder.
        sound: the paths of devices that can be merged.
    """

    folder: Path
    base: Path
    sound: list[Path]
