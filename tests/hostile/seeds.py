"""Sound records that forgeries are made of."""

from __future__ import annotations

import random
from collections.abc import Iterator

from hostile.forge import STATE, forged_file
from state.damaged import fixture_model
from wasmstate import State
from wasmstate.state.record import successor

_BANDIT = fixture_model("bandit")
SOUND = _BANDIT.to_bytes()
CODE = _BANDIT.without_custom(STATE)
"""A model without its state."""


def _generations(count: int) -> Iterator[bytes]:
    state = State.of(_BANDIT)
    for i in range(count):
        yield state.to_content()
        after = state.with_contents(state.with_values({"count": i}).contents(), updates=1)
        state = State(successor(after.record, state.record))


SEEDS = tuple(_generations(4))
"""Records of the model, one generation after the other."""


def forgeries(dice: random.Random, count: int) -> Iterator[bytes]:
    """Files with the code of the model, and a forged state or history."""
    for _ in range(count):
        yield forged_file(CODE, SEEDS, dice)
