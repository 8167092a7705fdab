"""A newer base, with what one device has learned since its own start."""

from __future__ import annotations

import numpy as np
import pytest

from fleet_support import learned
from wasmstate import Module, SchemaError, State, StateBoundsError, StateError, merge, models
from wasmstate.state.merge.rebase import rebase
from wasmstate.state.older import with_next
from wasmstate.state.record import successor


def stepped(module: Module, **values: object) -> Module:
    """The next generation, with other values."""
    before = State.of(module)
    state = before.with_values(values)
    state = state.with_contents(state.contents(), updates=1)
    record = successor(state.record, before.record)
    return with_next(module, record.encode(), record.keep)


@pytest.fixture(scope="module")
def base() -> Module:
    """A base that devices can prove."""
    return merge(models.new("moments", features=2), []).module


def test_what_was_merged_counts_once_and_what_came_later_is_kept(base: Module) -> None:
    sent, other = learned(base, 1), learned(base, 2)
    merged = merge(base, [sent, other]).module
    later = State.of(sent).with_values({"count": 8, "mean": [2.0, 1.0], "m2": [70.0, 50.0]})
    found = State.of(rebase(merged, State.of(sent), later))
    assert int(found["count"]) == 13
    total = 5 * State.of(other)["mean"] + 8 * later["mean"]
    np.testing.assert_allclose(found["mean"], total / 13, rtol=1e-14)


def test_the_result_is_a_device_of_the_newer_base(base: Module) -> None:
    sent = learned(base, 1)
    merged = merge(base, [sent]).module
    rebased = rebase(merged, State.of(base), State.of(learned(base, 2)))
    again = merge(merged, {"rebased": rebased})
    assert [each.updates for each in again.devices] == [5]
    assert int(State.of(again.module)["count"]) == 10


def test_a_device_that_learned_nothing_gets_the_base_itself(base: Module) -> None:
    merged = merge(base, [learned(base, 1)]).module
    assert rebase(merged, State.of(base), State.of(base)) is merged


@pytest.mark.parametrize(
    ("device", "newer", "expected"),
    [({"lr": 0.5}, {}, 0.5), ({}, {"lr": 0.25}, 0.25), ({"lr": 0.5}, {"lr": 0.5}, 0.5)],
    ids=["device", "base", "both alike"],
)
def test_a_tensor_without_a_rule_is_of_the_side_that_changed_it(
    device: dict[str, float], newer: dict[str, float], expected: float
) -> None:
    start = models.new("logistic", features=1, lr=0.1)
    found = rebase(stepped(start, **newer), State.of(start), State.of(stepped(start, **device)))
    assert float(State.of(found)["lr"]) == expected


def test_weights_move_by_the_step_of_the_device() -> None:
    start = models.new("logistic", features=1, lr=0.1)
    newer, device = stepped(start, weights=[1.0]), stepped(start, weights=[0.25])
    assert State.of(rebase(newer, State.of(start), State.of(device)))["weights"].tolist() == [1.25]


def test_what_cannot_be_joined_is_refused_with_the_reason() -> None:
    start = models.new("logistic", features=1, lr=0.1)
    newer, device = stepped(start, lr=0.2), State.of(stepped(start, lr=0.3))
    with pytest.raises(SchemaError, match=r"^lr has no merge rule, and both the device and the"):
        rebase(newer, State.of(start), device)
    with pytest.raises(StateError, match=r"0 updates, and 1 at its start: it was set back"):
        rebase(newer, device, State.of(start))
    spoiled = State.of(start).with_values({"weights": [np.nan]})
    with pytest.raises(StateBoundsError, match=r"^the device: weights has values that are not fin"):
        rebase(newer, State.of(start), spoiled)
    with pytest.raises(SchemaError, match=r"^the device has other tensors than the base$"):
        rebase(models.new("moments", features=2), State.of(start), device)
