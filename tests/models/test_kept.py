"""A model that an estimator of another package holds."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from wasmstate import SchemaError, State, models
from wasmstate.models.kept import Kept

LINE = models.new("linear", feature_names=["a", "b"])


@pytest.mark.parametrize("is_file", [False, True])
def test_a_pickle_goes_on_where_the_model_was(tmp_path: Path, is_file: bool) -> None:
    kept = Kept(LINE, tmp_path / "line.wasm" if is_file else None)
    kept.session.update([1.0, 2.0], 3.0)
    again = pickle.loads(pickle.dumps(kept))
    assert State.of(again.module).contents() == kept.session.state.contents()
    again.session.update([1.0, 2.0], 3.0)
    assert again.session.value("count") == 2
    assert kept.session.value("count") == 1


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (models.new("ols", features=2), "has another model, or one of other sizes"),
        (models.new("linear", features=3), "has another model, or one of other sizes"),
        (models.new("linear", features=2), "has a model of other features or classes"),
    ],
)
def test_a_file_of_another_model_is_refused(tmp_path: Path, other: object, reason: str) -> None:
    path = tmp_path / "line.wasm"
    LINE.save(path)
    with pytest.raises(SchemaError) as caught:
        Kept(other, path)  # type: ignore[arg-type]
    assert str(caught.value) == f"{path} {reason}"


def test_the_probabilities_of_classes_add_up_before_the_first_row_and_after() -> None:
    for name in ("logistic", "softmax_regression", "gaussian_nb"):
        kept = Kept(models.new(name, features=1, labels=["no", "yes"]))
        assert kept.probabilities([1.0], ["no", "yes"]).tolist() == [0.5, 0.5]
        for x, label in ((1.0, "yes"), (-1.0, "no"), (1.5, "yes"), (-1.5, "no")):
            kept.session.update([x], label)
        no, yes = kept.probabilities([1.0], ["no", "yes"])
        assert yes > no
        assert np.isclose(no + yes, 1.0)
