"""Why a cell changed: the writes of a call, and the functions that were on the stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wasmstate.session.why import StackFrame
from wasmstate_gui.core.calls.protocol import Outcome
from wasmstate_gui.core.texts import counted


@dataclass(frozen=True, slots=True)
class Line:
    """A write, or a function on the stack of it.

    Attributes:
        offset: of the instruction, in the file.
        text: what it did.
        is_write: False for a function.
    """

    offset: int
    text: str
    is_write: bool


def lines(outcome: Outcome) -> list[Line]:
    """Each write with its functions, innermost first."""
    return [line for write in outcome.writes for line in _lines(write)]


def heading(cell: str, call: str, step: int, outcome: Outcome) -> str:
    """What was asked, and how many writes there were."""
    where = f"{cell} in step {step:,}, {call}"
    if outcome.error:
        return f"{where}: {outcome.text}"
    if not outcome.write_count:
        return f"{where}: no write"
    more = outcome.write_count - len(outcome.writes)
    rest = f", of which the first {len(outcome.writes):,} are listed" if more else ""
    return f"{where}: {counted(outcome.write_count, 'write')}{rest}"


def _lines(write: dict[str, Any]) -> Sequence[Line]:
    inner, *outer = (StackFrame(**frame) for frame in write["stack"])
    place = "" if write["address"] is None else f", address {write['address']}"
    change = f"{write['cell']}: {write['before']} \u2192 {write['after']}"
    text = f"{change} by {write['instruction']}{place}, operand {write['value']}"
    return [
        Line(write["offset"], text, is_write=True),
        Line(inner.offset, f"in {_call(inner)}", is_write=False),
        *(Line(frame.offset, f"called in {_call(frame)}", is_write=False) for frame in outer),
    ]


def _call(frame: StackFrame) -> str:
    return StackFrame(frame.function, frame.offset, tuple(frame.args)).call
