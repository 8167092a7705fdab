"""Robust rules: a few poisoned devices do not move an average far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from models import model
from wasmstate import Merge, Merger, Module, SchemaError, State, TensorSpec, merge
from wasmstate.state.record import successor

CODE = '(module (memory (export "memory") 1))'
TENSORS = [
    TensorSpec("count", "i64", (), "0", merge="counts"),
    TensorSpec("w", "f64", (2,), "64", merge="mean"),
]


@pytest.fixture(scope="module")
def base() -> Module:
    return model(CODE, *TENSORS, values={"w": [1.0, 1.0]})


def merged(base: Module, robust: str | None, rows: Sequence[Sequence[float]]) -> Merge:
    """Devices with these weights, of one update each."""
    state = State.of(base)
    devices = {}
    for i, w in enumerate(rows):
        record = successor(state.with_values({"count": 1, "w": w}).record, state.record)
        devices[f"{i:02}"] = base.with_custom("wasmstate.state", record.encode())
    return merge(base, devices, robust=robust)


def weights(found: Merge) -> Any:
    return State.of(found.module)["w"]


SOUND = np.random.default_rng(4).normal(size=(19, 2)) + np.array([3, -3])
POISONED = [*SOUND.tolist(), [1e12, -1e300]]


@pytest.mark.parametrize(("robust", "most"), [("median", 0.5), ("trimmed:0.1", 0.5), ("clip:6", 1)])
def test_a_poisoned_device_moves_a_robust_average_little(
    base: Module, robust: str, most: float
) -> None:
    right = SOUND.mean(axis=0)
    assert np.abs(weights(merged(base, None, POISONED)) - right).max() > 1e10
    found = merged(base, robust, POISONED)
    assert np.abs(weights(found) - right).max() < most
    assert not found.is_exact


def test_the_median_is_that_of_each_cell(base: Module) -> None:
    assert weights(merged(base, "median", [[1, 9], [2, 8], [30, 7]])).tolist() == [2, 8]
    assert weights(merged(base, "median", [[1, 9], [2, 8], [4, 7], [30, 1]])).tolist() == [3, 7.5]


def test_a_trimmed_mean_leaves_out_a_part_at_each_end(base: Module) -> None:
    rows = [[i, 10.0**i] for i in range(10)]
    found = weights(merged(base, "trimmed:0.25", rows))
    assert found.tolist() == [4.5, np.mean([10.0**i for i in range(2, 8)])]


def test_a_clipped_step_has_the_norm_and_the_contribution_names_it(base: Module) -> None:
    found = merged(base, "clip:5", [[4, 5], [31, 41]])
    np.testing.assert_allclose(weights(found), [(4 + 4) / 2, (5 + 5) / 2], rtol=1e-15)
    assert [each.clipped for each in found.devices] == [1.0, 0.1]


def test_robust_averages_do_not_depend_on_the_grouping(base: Module) -> None:
    state = State.of(base)
    named = {}
    for i, w in enumerate(POISONED):
        record = successor(state.with_values({"count": 1, "w": w}).record, state.record)
        named[f"{i}"] = base.with_custom("wasmstate.state", record.encode())
    for robust in ("median", "trimmed:0.2", "clip:0.3"):
        merger = Merger(base, robust=robust)
        parts = [merger.partial({name: named[name]}) for name in reversed(named)]
        digest = State.of(merger.finish(sum(parts[1:], parts[0])).module).digest
        assert digest == State.of(merge(base, named, robust=robust).module).digest


def test_a_device_without_updates_has_no_vote(base: Module) -> None:
    state = State.of(base)
    record = successor(state.with_values({"w": [9, 9]}).record, state.record)
    idle = base.with_custom("wasmstate.state", record.encode())
    record = successor(state.with_values({"count": 1, "w": [2, 2]}).record, state.record)
    busy = base.with_custom("wasmstate.state", record.encode())
    assert weights(merge(base, [idle, busy], robust="median")).tolist() == [2, 2]


@pytest.mark.parametrize("text", ["mean", "trimmed", "trimmed:0.5", "trimmed:x", "clip:0", ""])
def test_another_rule_is_refused(base: Module, text: str) -> None:
    with pytest.raises(SchemaError) as caught:
        merge(base, [], robust=text)
    assert str(caught.value) == (
        f"no robust rule {text!r}: write 'median', 'trimmed:0.1' or 'clip:5'; a trimmed fraction "
        "is below 0.5, a norm above 0"
    )
