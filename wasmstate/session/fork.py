"""A model that goes on from a state of a recording."""

from __future__ import annotations

from wasmstate.binary.module import Module
from wasmstate.state.change.bake import keep_baked
from wasmstate.state.older import PREV_SECTION, STATE_SECTION
from wasmstate.state.record import successor
from wasmstate.state.state import State


def fork(module: Module, base: State, state: State) -> Module:
    """A copy of the module that carries another state, as the generation after ``base``.

    Older records stay behind: they may be of what came later.

    Args:
        module: the code.
        base: what the recording began with.
        state: what was made of it; ``base`` itself stays the generation that it is.
    """
    if state is not base:
        state = State(successor(state.record, base.record), base.schema)
    if module.custom_sections(PREV_SECTION):
        module = module.without_custom(PREV_SECTION)
    return keep_baked(
        module.with_custom(STATE_SECTION, state.to_content(), force=True), state, baked=None
    )
