"""What a call, and the compilation before it, may use."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

_LARGEST = {"memory": (1 << 63) - 1, "fuel": (1 << 64) - 1, "compile_memory": (1 << 63) - 1}
"""What wasmtime has room for; more would arrive as something else."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may use, and the compilation of a module.

    Attributes:
        seconds: of wall clock, ``None`` for no deadline; exact to 10 ms.
        memory: bytes of all linear memories and the GC heap, ``None`` for what the module itself
            declares; tables may take as much, at eight bytes an element. Those that can grow get
            equal shares of what the others leave.
        fuel: units of work, about one an instruction, ``None`` for no limit. Unlike time it is
            the same in every run. Counting it makes all code slower, so it is off by default.
        compile_seconds: of wall clock for a compilation, ``None`` for no deadline. yosys.wasm, of
            69 MB, took 29 to 55 s on two processors.
        compile_memory: bytes that a compilation may take, ``None`` for no limit; Linux enforces
            it. With neither limit every module is compiled in this process.

    Raises:
        ValueError: if one of them is negative, not a number, or larger than can be.
    """

    seconds: float | None = 10.0
    memory: int | None = 1 << 30
    fuel: int | None = None
    compile_seconds: float | None = 60.0
    compile_memory: int | None = 2 << 30

    def __post_init__(self) -> None:
        number = (int, float, np.integer, np.floating)
        for name in ("seconds", "compile_seconds"):
            if not _is_none_or(number, getattr(self, name)):
                raise ValueError(
                    f"the limit of {name} must be a number that is not negative, or None, "
                    f"not {getattr(self, name)!r}"
                )
        for name, largest in _LARGEST.items():
            value = getattr(self, name)
            if not _is_none_or((int, np.integer), value, largest):
                raise ValueError(
                    f"the limit of {name} must be a whole number from 0 to {largest:,}, or None, "
                    f"not {value!r}"
                )


def _is_none_or(types: tuple[type, ...], value: Any, largest: float = math.inf) -> bool:
    """Whether a value is ``None``, or a number of these types that can be; NaN cannot."""
    if value is None:
        return True
    is_number = isinstance(value, types) and not isinstance(value, bool)
    return is_number and bool(0 <= value <= largest)
