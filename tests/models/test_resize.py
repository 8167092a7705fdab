"""A model with more or fewer arms, features or classes knows what it knew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from guest import Guest
from support import message
from wasmstate import Module, SchemaError, State, StateError, history, models
from wasmstate.binary.edits.bake import is_baked
from wasmstate.models.families import families
from wasmstate.models.resize import SIZES, resize
from wasmstate.session.bake import bake
from wasmstate.state.attach.describe import with_state
from wasmstate.state.damage.check import check_module
from wasmstate.state.digest import module_digest
from wasmstate.state.older import STATE_SECTION
from wasmstate.state.schema import Schema

SMALL: dict[str, Any] = {"arms": 3, "actions": 3, "states": 2, "features": 2, "classes": 3}
SMALL |= {"observations": 2, "clusters": 2, "replicates": 4, "hidden": 3}


def new(name: str, **changes: Any) -> Module:
    options = {each.name for each in families()[name].options}
    return models.new(name, **{k: v for k, v in (SMALL | changes).items() if k in options})


def filled(name: str) -> Module:
    """A model with other numbers in each cell that may have any."""
    module = new(name)
    state = State.of(module)
    options = {each.name for each in families()[name].options}
    values = {
        each.name: np.arange(1, 1 + state[each.name].size).reshape(each.shape)
        for each in state.tensors
        if each.name not in (*options, "m2", "covariance", "rng") and "psd" not in each.bounds
    }
    return with_state(module, state.with_values(values))


CASES = [
    (name, size)
    for name, family in families().items()
    for size in SIZES
    if size not in family.fixed and size in {option.name for option in family.options}
]


@pytest.mark.parametrize(("name", "size"), CASES)
def test_what_is_added_and_dropped_again_leaves_the_rest_as_it_was(name: str, size: str) -> None:
    before = filled(name)
    count = int(State.of(before)[size])
    larger = resize(before, {size: count + 1})
    assert check_module(larger) == []
    assert [spec.shape for spec in State.of(larger).tensors] == [
        spec.shape for spec in State.of(new(name, **{size: count + 1})).tensors
    ]
    again = State.of(resize(larger, drop={size: [count]}))
    for tensor in again.tensors:
        was = State.of(before)
        if tensor.merge == "own" and size == "actions":
            assert not again[tensor.name].any()  # an episode that was running has ended
        elif (name, tensor.name) != ("bootstrap_thompson", "count"):
            np.testing.assert_array_equal(again[tensor.name], was[tensor.name], tensor.name)


def test_arms_that_stay_move_to_their_new_indices_and_new_ones_start_at_the_prior() -> None:
    guest = Guest(new("thompson"), "thompson")
    guest.feed(np.array([0, 0, 1, 2, 2, 2]), np.array([1.0, 0, 1, 1, 1, 0]))
    learned = with_state(new("thompson"), guest.state)
    resized = resize(learned, {"arms": 4}, drop={"arms": [1]})
    state = State.of(resized)
    assert state["pulls"].tolist() == [2, 3, 0, 0]
    assert state["rewards"].tolist() == [1.0, 2.0, 0.0, 0.0]
    assert (int(state["arms"]), int(state["count"])) == (4, 5)
    assert str(state.entry_points["update"]).startswith("(arm: i32 >= 0 < 4,")
    assert [entry.link for entry in history(resized)] == ["origin", "child"]
    Guest(resized, "thompson").feed(np.array([3]), np.array([1.0]))


@pytest.mark.parametrize("name", ["linear", "logistic", "rls", "ols", "ftrl"])
def test_a_feature_that_is_added_was_zero_in_all_rows_so_far(name: str) -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(40, 2))
    y = (x[:, 0] > 0).astype(float) if name in ("logistic", "ftrl") else x @ [2.0, -1.0] + 1
    x0 = np.insert(x, 1, 0.0, axis=1)
    narrow, wide = Guest(new(name), name), Guest(new(name, features=3), name)
    narrow.feed(x, y)
    wide.feed(x0, y)
    grown = State.of(resize(with_state(new(name), narrow.state), {"features": 3}))
    order = [0, 2, 1]
    for tensor in grown.tensors:
        values = wide.state[tensor.name]
        if tensor.shape and tensor.shape[0] >= 3:
            index = [*order, *range(3, tensor.shape[0])]
            values = values[np.ix_(*[index] * values.ndim)]
        if tensor.name != "covariance":
            np.testing.assert_allclose(grown[tensor.name], values, 1e-12, err_msg=tensor.name)


def test_what_cannot_be_resized_is_refused_with_what_to_do() -> None:
    ads = new("thompson")

    def refusal(module: Module = ads, *args: Any, **options: Any) -> str:
        with pytest.raises((SchemaError, StateError)) as caught:
            resize(module, *args, **options)
        return str(caught.value)

    assert refusal(ads, {"arms": 1}) == (
        "there are 3 arms, and 1 are to be left: say which 2 to drop, by index"
    )
    assert refusal(ads, drop={"arms": [3]}) == "there is no arms[3] to drop: there are 3"
    assert refusal(ads, {"states": 1}) == "thompson has no states to resize; it has arms"
    assert refusal(new("ddm"), {"arms": 1}) == "ddm has no arms to resize; it has none"
    assert refusal(ads, {"arms": 300}).startswith("arms must be <= 256, not 300")
    assert refusal(ads, drop={"arms": [0, 1, 2]}).startswith("arms must be >= 1, not 0")
    plain = with_state(ads, State.of(ads))
    state = State.of(plain)
    nameless = Schema(state.tensors, state.entry_points, {})
    record = replace(state.record, schema=nameless.encode())
    assert refusal(with_state(ads, State(record, nameless)), {"arms": 4}) == (
        "only a model that comes with wasmstate can be resized"
    )
    named = Schema(state.tensors, state.entry_points, {**state.metadata, "names": ["a", "b", "c"]})
    record = replace(state.record, schema=named.encode())
    assert refusal(with_state(ads, State(record, named)), {"arms": 4}) == (
        "the metadata name the arms (names), and would be wrong"
    )


def test_a_model_of_another_version_is_refused() -> None:
    module = new("thompson").without_custom(STATE_SECTION)
    exports = next(each for each in module.sections if each.name == "export")
    code = module.without_section(exports.index)
    state = State.of(new("thompson"))
    lineage = replace(state.record.lineage, module_digest=module_digest(code))
    other = with_state(code, State(replace(state.record, lineage=lineage)))
    with pytest.raises(StateError, match="its code is not that of thompson in this version"):
        resize(other, {"arms": 4})
    with pytest.raises(StateError, match="belongs to another module"):
        resize(with_state(code, state), {"arms": 4})


def test_a_baked_model_stays_baked() -> None:
    assert is_baked(resize(bake(new("linear")), {"features": 3}))


def with_metadata(module: Module, **metadata: Any) -> Module:
    state = State.of(module)
    more = Schema(state.tensors, state.entry_points, {**state.metadata, **metadata})
    return with_state(module, State(replace(state.record, schema=more.encode()), more))


def test_one_name_of_a_feature_is_not_kept_for_two() -> None:
    named = with_metadata(new("linear", features=1), feature_names_in=["a"])
    assert message(SchemaError, lambda: resize(named, {"features": 2})) == (
        "the features have names: 'a'; name each one that is added"
    )


def test_labels_of_classes_are_no_names_of_features() -> None:
    """A model of three features and three classes."""
    labelled = with_metadata(
        new("softmax_regression", features=3, classes=3), classes=["a", "b", "c"]
    )
    resized = State.of(resize(labelled, {"features": 4}))
    assert resized.metadata["classes"] == ["a", "b", "c"]
    assert message(SchemaError, lambda: resize(labelled, {"classes": 4})) == (
        "the classes have names: 'a', 'b', 'c'; name each one that is added"
    )
