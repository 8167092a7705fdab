"""What the schemas say of merging holds: devices that saw parts of a stream know all of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from guest import Guest
from wasmstate import Module, SchemaError, State, StateError, merge, models
from wasmstate.state.record import successor

EXACT: dict[str, dict[str, Any]] = {
    "moments": {"features": 3},
    "ols": {"features": 3},
    "gaussian_nb": {"classes": 3, "features": 2},
    "multinomial_nb": {"classes": 3, "features": 4},
    "linucb": {"arms": 3, "features": 2},
    "ucb1": {"arms": 3},
}


def rows_of(name: str, count: int) -> list[NDArray[Any]]:
    rng = np.random.default_rng(9)
    x = rng.normal(size=(count, EXACT[name].get("features", 1))) + 100
    which = rng.integers(0, 3, count)
    reward = rng.integers(0, 2, count).astype(float)
    return {
        "moments": [x],
        "ols": [x, x.sum(axis=1) + rng.normal(size=count)],
        "gaussian_nb": [x, which],
        "multinomial_nb": [rng.integers(0, 9, x.shape), which],
        "linucb": [x, which, reward],
        "ucb1": [which, reward],
    }[name]


def learned(base: Module, name: str, *rows: Any) -> Module:
    """The base as a device has it that learned from these rows and committed once."""
    state = Guest(base, name).feed(*rows).state
    record = successor(state.record, State.of(base).record)
    return base.with_custom("wasmstate.state", record.encode())


@pytest.mark.parametrize("name", EXACT)
def test_four_devices_know_what_one_would_that_saw_all(name: str) -> None:
    rows = rows_of(name, 500)
    whole = Guest.new(name, **EXACT[name]).feed(*rows).state
    new = models.new(name, **EXACT[name])
    base = merge(learned(new, name, *(column[:100] for column in rows)), []).module
    parts = np.array_split(100 + np.random.default_rng(0).permutation(400), [30, 31, 250])
    devices = [learned(base, name, *(column[part] for column in rows)) for part in parts]
    found = merge(base, devices)
    merged = State.of(found.module)
    assert found.is_exact
    assert State.of(merge(base, devices[::-1]).module).digest == merged.digest
    regional = merge(base, devices[:3]).module
    in_groups = State.of(merge(base, [devices[3], regional]).module)
    for tensor in whole.tensors:
        if tensor.dtype[0] in "iu":
            assert merged[tensor.name].tolist() == whole[tensor.name].tolist()
            assert in_groups[tensor.name].tolist() == whole[tensor.name].tolist()
        else:
            scale = np.abs(whole[tensor.name]).max(initial=1e-300)
            for each in (merged, in_groups):
                np.testing.assert_allclose(
                    each[tensor.name], whole[tensor.name], rtol=0, atol=1e-12 * scale
                )


def as_if_started_from(base: Module, device: Module) -> Module:
    """A device with the values of another, as its first generation after the base."""
    state = State.of(base)
    record = successor(state.with_values(State.of(device)).record, state.record)
    return base.with_custom("wasmstate.state", record.encode())


def test_adding_up_files_that_share_a_base_is_wrong() -> None:
    """What devices have in common would count four times: merging takes it off."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(1200, 3))
    y = x @ [1.0, -2.0, 3.0] + 5 + rng.normal(size=1200) * 0.1
    y[:800] -= 4 * x[:800, 0]  # the world was another when the base was trained
    new = models.new("ols", features=3)
    base = merge(learned(new, "ols", x[:800], y[:800]), []).module
    parts = np.array_split(np.arange(800, 1200), 4)
    devices = [learned(base, "ols", x[part], y[part]) for part in parts]

    def weights(module: Module) -> Any:
        guest = Guest(module, "ols")
        return np.array([guest.call("coefficient", i) for i in range(3)])

    right = weights(learned(new, "ols", x, y))
    merged = weights(merge(base, devices).module)
    # Devices that are merged with an empty model have nothing in common that is taken off.
    strangers = [as_if_started_from(new, device) for device in devices]
    added = weights(merge(new, strangers).module)
    np.testing.assert_allclose(merged, right, rtol=1e-12)
    assert np.abs(added - right).max() > 0.2 * np.abs(right).max()


@pytest.mark.parametrize(
    ("name", "options"),
    [("linear", {"features": 2}), ("kmeans", {"clusters": 2, "features": 2})],
)
def test_averages_are_told_to_be_heuristics(name: str, options: dict[str, Any]) -> None:
    x = np.random.default_rng(5).normal(size=(60, 2))
    rows = [x, x.sum(axis=1)][: 1 + (name == "linear")]
    base = models.new(name, **options)
    if name == "kmeans":
        base = learned(base, name, x[:2])
    devices = [learned(base, name, *(column[i::3] for column in rows)) for i in range(3)]
    found = merge(base, devices)
    assert not found.is_exact
    assert [device.updates for device in found.devices] == [20, 20, 20]


def test_clusters_that_each_device_numbered_for_itself_are_not_averaged() -> None:
    low, high = [[0.0], [0.2]], [[10.0], [10.2]]
    base = models.new("kmeans", clusters=2, features=1)
    devices = [learned(base, "kmeans", rows) for rows in (low + high, high + low)]
    with pytest.raises(StateError) as caught:
        merge(base, devices)
    assert str(caught.value) == (
        "centers: the base has no center 0, 1 yet, and each device numbers its clusters as it "
        "meets them, so an average would join different ones: give devices a base that has "
        "learned a row for each cluster"
    )
    started = learned(base, "kmeans", [[0.0], [10.0]])
    others = [learned(started, "kmeans", rows) for rows in (low + high, high + low[1:])]
    centers = State.of(merge(started, others).module)["centers"]
    np.testing.assert_allclose(centers, [[0.0778], [10.0667]], atol=1e-4)
    alone = State.of(merge(base, devices[:1]).module)
    assert alone["centers"].tolist() == State.of(devices[0])["centers"].tolist()


def test_what_has_no_rule_is_refused_rather_than_lost() -> None:
    base = models.new("rls", features=2)
    device = learned(base, "rls", [[1.0, 2.0]], [3.0])
    with pytest.raises(SchemaError, match="weights has no merge rule, and device 1 changed it"):
        merge(base, [device])


def test_bandits_that_are_merged_draw_new_numbers() -> None:
    base = models.new("thompson", arms=3, seed=1)
    devices = [learned(base, "thompson", [arm], [1.0]) for arm in (0, 2)]
    merged = State.of(merge(base, devices).module)
    assert merged["pulls"].tolist() == [1, 0, 1]
    others = [State.of(module)["rng"].tolist() for module in (base, *devices)]
    assert merged["rng"].tolist() not in others
