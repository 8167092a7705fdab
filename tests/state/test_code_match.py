"""A state section holds a state of its own module, or somebody says that it may hold anything."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from models import FIXTURES
from wasmstate import Module, SectionError, State

BANDIT = Module.open(FIXTURES / "bandit.wasm")
BARE = BANDIT.without_custom("wasmstate.state")
FOREIGN = State.open(FIXTURES / "welford.wasm").to_content()
NOTED = BARE.with_custom("note", b"not a state", index=0)

Edit = Callable[..., Module]
EDITS: dict[str, tuple[Edit, tuple[object, ...]]] = {
    "with_custom": (BANDIT.with_custom, ("wasmstate.state", b"not a state")),
    "with_custom, of other code": (BARE.with_custom, ("wasmstate.state", FOREIGN)),
    "with_content": (
        BANDIT.with_content,
        (BANDIT.custom_sections("wasmstate.state")[0].index, b"not a state"),
    ),
    "with_name": (NOTED.with_name, (0, "wasmstate.state")),
}


@pytest.mark.parametrize("what", EDITS)
def test_what_is_no_state_of_the_module_is_refused_unless_forced(what: str) -> None:
    edit, arguments = EDITS[what]
    with pytest.raises(SectionError, match=r"no state for wasmstate\.state"):
        edit(*arguments)
    assert edit(*arguments, force=True).custom_sections("wasmstate.state")


def test_a_state_of_the_module_is_taken() -> None:
    content = State.of(BANDIT).to_content()
    assert State.of(BARE.with_custom("wasmstate.state", content)) == State.of(BANDIT)
