"""What holds of every kernel of fitted estimators, whatever it predicts."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import wasmtime

from estimators import bayes, classifier, fitted, line, network, of_trees, stump
from guest import Guest
from wasmstate import from_fitted
from wasmstate.binary.spaces import Spaces
from wasmstate.models.fitted.from_fitted import from_sklearn

THREE = stump([0.5, 0.25, 0.25], [0.0, 0.0, 1.0], (4, 4))


def boosted(kind: str, loss: str, outputs: int) -> Any:
    """Two stages of stumps."""
    stage = [fitted("Tree", tree_=stump([1.0], [-1.0]))] * outputs
    attributes: dict[str, Any] = {
        "estimators_": np.array([stage] * 2, object),
        "n_features_in_": 2,
        "loss": loss,
        "learning_rate": 0.5,
        "init_": "zero",
        "_raw_predict_init": lambda _, x: np.zeros((len(x), outputs)),
    }
    if outputs > 1:
        attributes["classes_"] = np.arange(outputs)
    return fitted(kind, **attributes)


MODELS: dict[str, Any] = {
    "line_regressor": line("Lasso"),
    "line_classifier": classifier("LinearSVC", np.eye(3), loss="squared_hinge"),
    "forest_regressor": of_trees("RandomForestRegressor", *[stump([1.0], [2.0])] * 3),
    "forest_classifier": of_trees(
        "ExtraTreesClassifier", *[THREE] * 2, criterion="gini", classes_=np.arange(3)
    ),
    "boosted_regressor": boosted("GradientBoostingRegressor", "squared_error", 1),
    "boosted_classifier": boosted("GradientBoostingClassifier", "log_loss", 3),
    "layer_regressor": network("MLPRegressor"),
    "layer_classifier": network(
        "MLPClassifier", (2, 4, 3), out_activation_="softmax", classes_=np.arange(3), n_outputs_=3
    ),
    "categorical_nb": bayes("BernoulliNB", feature_count_=np.ones((2, 2)), binarize=0.5),
    "complement_nb": bayes("ComplementNB", feature_count_=np.ones((2, 2)), norm=False),
}


def traps(model: Guest, function: str, *args: Any) -> bool:
    """Whether the call traps; S must be as it was if it does."""
    before = model.state.contents()
    try:
        model.call(function, *args)
    except wasmtime.Trap:
        assert model.state.contents() == before
        return True
    return False


def row_of(model: Guest) -> list[Any]:
    """A row that the model can learn from."""
    features, target = model.params("update")
    return [np.full(features.shape, 0.25), 1 if target.name == "label" else 0.5]


@pytest.mark.parametrize("kernel", MODELS)
def test_nothing_is_imported_and_all_lies_in_the_pages(kernel: str) -> None:
    module = from_fitted(MODELS[kernel], pages=3)
    model = Guest(module)
    assert "import" not in [section.name for section in module.sections]
    (memory,) = Spaces(module).memories
    assert (memory.limits.min, memory.limits.max) == (3, 3)
    (x, target, _) = model.params("update_many")
    places = [(region.address, region.end) for region in model.state.regions]
    for each in (x, target):
        assert each.place is not None
        places.append((int(each.place), int(each.place) + each.nbytes))
    places.sort()
    assert places[0][0] >= 1024  # behind the stack
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(places))
    assert places[-1][1] <= 3 * 65536
    assert model.state.metadata["model"] == kernel


@pytest.mark.parametrize("kernel", MODELS)
def test_the_arena_is_behind_all_that_the_kernel_declares(kernel: str) -> None:
    model = Guest(from_fitted(MODELS[kernel]))
    symbols = [each.symbol for each in model.state.tensors if each.symbol]
    first = min(int(each.place or 0) for each in model.params("update_many") if each.is_array)
    assert all(model.address(symbol) < model.address("__heap_base") < first for symbol in symbols)


@pytest.mark.parametrize("kernel", MODELS)
def test_bad_numbers_and_labels_trap_and_change_nothing(kernel: str) -> None:
    model = Guest(from_fitted(MODELS[kernel]))
    row, target = row_of(model)
    wrong_targets = [3, -1] if isinstance(target, int) else [np.nan, np.inf, 1e51]
    for wrong in wrong_targets:
        assert traps(model, "update", row, wrong)
        assert traps(model, "update_many", [row, row], [target, wrong], 2)
    for number in (np.nan, np.inf, -np.inf):
        bad = row.copy()
        bad[-1] = number
        assert traps(model, "update", bad, target)
        assert traps(model, "predict", bad)
        assert traps(model, "update_many", [row, bad], [target, target], 2)


@pytest.mark.parametrize("kernel", MODELS)
def test_a_full_counter_and_sizes_beyond_memory_trap_and_change_nothing(kernel: str) -> None:
    model = Guest(from_fitted(MODELS[kernel]))
    row = row_of(model)
    assert traps(model.with_values(count=2**63 - 1), "update", *row)
    sizes = [
        each.name
        for each in model.state.tensors
        if each.name in ("features", "outputs", "trees", "nodes", "leaves", "layers", "columns")
    ]
    assert sizes
    for size in sizes:
        # Of a smaller size only the bounds of S tell.
        for wrong in (2**24, 2**32 - 1):
            broken = model.with_values(**{size: wrong})
            assert broken.state.violations()
            assert traps(broken, "update", *row), (size, wrong)
            assert traps(broken, "predict", row[0]), (size, wrong)


def test_from_sklearn_is_its_older_name() -> None:
    assert from_sklearn is from_fitted
