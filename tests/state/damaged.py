"""Sound files with a state and a history, and ways to damage them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial

from support import FIXTURES, REAL_BINARIES, real_bytes
from wasmstate.binary import Module
from wasmstate.state.attach.describe import describe, with_state
from wasmstate.state.older import INIT_SECTION, PREV_SECTION, STATE_SECTION, with_next
from wasmstate.state.record import successor
from wasmstate.state.state import State
from wasmstate.state.tensor import TensorSpec

SPECS = [
    TensorSpec("w", "f32", (64, 8), "1024", bounds=("finite",)),
    TensorSpec("acc", "f64", (100,), "8192", bounds=("finite",)),
    TensorSpec("n", "i64", (), "16384", bounds=(">= 0",)),
]


@cache
def real_model(package: str) -> Module:
    """A binary of another toolchain, with a state of three regions."""
    module = Module.from_bytes(real_bytes(package))
    state = describe(module, SPECS)
    values = {"w": [[i * 8 + j for j in range(8)] for i in range(64)], "acc": [0.5] * 100, "n": 7}
    return with_state(module, state.with_values(values))


@cache
def fixture_model(name: str) -> Module:
    """A fixture as it is: its tensors touch, so they are one region."""
    return Module.from_bytes((FIXTURES / f"{name}.wasm").read_bytes())


MODELS: dict[str, Callable[[], Module]] = {
    "bandit": partial(fixture_model, "bandit"),
    **{name: partial(real_model, name) for name in REAL_BINARIES},
}
"""Sound modules by name, each with a state at generation 0 in its last section."""


def after_update(module: Module, values: dict[str, object], *, init: bool = False) -> Module:
    """The module one commit later, with its older record in wasmstate.prev."""
    before = State.of(module)
    record = successor(before.with_contents(before.contents(), updates=1).record, before.record)
    state = State(record).with_values(values)
    later = with_next(module, state.to_content(), 1)
    if init:
        index = later.custom_sections(PREV_SECTION)[0].index
        later = later.with_custom(INIT_SECTION, before.to_content(), index=index)
    return later


def state_at(module: Module) -> int:
    """Where the content of the state section starts."""
    return module.custom_sections(STATE_SECTION)[0].content_offset


def flipped(data: bytes, at: int, bit: int = 0) -> bytes:
    """The data with one bit flipped."""
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


def zeroed(data: bytes, at: int, size: int) -> bytes:
    """The data with some bytes zero."""
    return data[:at] + bytes(size) + data[at + size :]


def with_generation(state: State, generation: int) -> State:
    """The same values as another generation."""
    lineage = replace(state.record.lineage, generation=generation)
    return State(replace(state.record, lineage=lineage))
