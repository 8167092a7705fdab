"""``make models``: scikit-learn and River use models as their own estimators."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agreement import peer
from wasmstate import DriftWatch, SchemaError, Session, State, check, models
from wasmstate.models.kept import Kept

wasm_sklearn: Any = pytest.importorskip("wasmstate.sklearn")
wasm_river: Any = pytest.importorskip("wasmstate.river")
WasmClassifier = wasm_sklearn.WasmClassifier
WasmRegressor = wasm_sklearn.WasmRegressor
WasmTransformer = wasm_sklearn.WasmTransformer

CONFORMING = [
    WasmClassifier(),
    WasmClassifier("gaussian_nb"),
    WasmClassifier("logistic"),
    WasmClassifier("ftrl"),
    WasmRegressor(),
    WasmRegressor("linear"),
    WasmTransformer(),
    WasmTransformer("kmeans", options={"clusters": 3}),
]
"""All but two families: ``multinomial_nb`` takes whole numbers only, ``mlp`` learns slowly."""


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.parametrize("estimator", CONFORMING, ids=repr)
def test_an_estimator_passes_the_checks_of_scikit_learn(estimator: Any) -> None:
    found = peer("sklearn.utils.estimator_checks.check_estimator")(estimator, on_skip=None)
    skipped = {each["check_name"] for each in found if each["status"] == "skipped"}
    assert skipped <= {"check_array_api_input", "check_array_api_same_namespace"}


def iris() -> tuple[Any, Any]:
    x, y = peer("sklearn.datasets.load_iris")(return_X_y=True)
    return x, np.array(["setosa", "versicolor", "virginica"])[y]


def test_a_classifier_agrees_with_scikit_learn() -> None:
    x, y = iris()
    ours, theirs = WasmClassifier("gaussian_nb"), peer("sklearn.naive_bayes.GaussianNB")()
    np.testing.assert_allclose(
        ours.fit(x, y).predict_proba(x), theirs.fit(x, y).predict_proba(x), rtol=1e-9, atol=1e-12
    )
    counts = np.round(x * 10)
    ours, theirs = WasmClassifier("multinomial_nb"), peer("sklearn.naive_bayes.MultinomialNB")()
    np.testing.assert_allclose(
        ours.fit(counts, y).predict_proba(counts),
        theirs.fit(counts, y).predict_proba(counts),
        rtol=1e-9,
    )
    with pytest.raises(ValueError, match="whole numbers"):
        WasmClassifier("multinomial_nb").fit(x, y)


def test_it_works_in_a_pipeline_and_in_a_search() -> None:
    x, y = iris()
    scaled = peer("sklearn.pipeline.make_pipeline")(
        WasmTransformer(), WasmClassifier("mlp", passes=20, random_state=0)
    )
    options = [{"hidden": 8, "lr": lr} for lr in (1e-6, 0.1)]
    search = peer("sklearn.model_selection.GridSearchCV")(
        scaled, {"wasmclassifier__options": options}, cv=3
    ).fit(x, y)
    assert search.best_params_ == {"wasmclassifier__options": options[1]}
    assert search.score(x, y) > 0.9


def test_a_file_goes_on_where_another_estimator_stopped(tmp_path: Path) -> None:
    pandas = peer("pandas.DataFrame")
    x, y = iris()
    frame = pandas(x, columns=["a", "b", "c", "d"])
    path = tmp_path / "iris.wasm"
    whole = WasmClassifier().partial_fit(frame, y, classes=np.unique(y))
    WasmClassifier(path=path).partial_fit(frame[:70], y[:70], classes=np.unique(y))
    again = WasmClassifier(path=path)
    assert again.partial_fit(frame[70:], y[70:]).classes_.tolist() == np.unique(y).tolist()
    assert State.open(path).contents() == State.of(whole.module_).contents()
    assert check(path) == []
    np.testing.assert_array_equal(
        WasmClassifier(path=path).predict_proba(frame), whole.predict_proba(frame)
    )
    with Session.open(path) as session:  # any other way to call it
        row = dict(reversed(frame.iloc[3].to_dict().items()))
        assert session.predict(row) == whole.predict(frame[3:4])[0]


def test_fit_begins_again_as_the_next_generation(tmp_path: Path) -> None:
    path = tmp_path / "line.wasm"
    x = np.arange(12.0).reshape(6, 2) ** 2
    WasmRegressor(path=path).fit(x, x[:, 0])
    before = State.open(path)
    WasmRegressor(path=path).fit(x, x[:, 0])
    assert State.open(path).contents() == before.contents()
    assert State.open(path).generation > before.generation
    with pytest.raises(SchemaError, match=r"line\.wasm has another model, or one of other sizes"):
        WasmRegressor(path=path).fit(x[:, :1], x[:, 0])


def test_a_pickle_has_the_model_or_the_path_of_it(tmp_path: Path) -> None:
    x = np.arange(12.0).reshape(6, 2) ** 2
    for path in (None, tmp_path / "line.wasm"):
        fitted = WasmRegressor(path=path).fit(x, x[:, 0])
        again = pickle.loads(pickle.dumps(fitted))
        np.testing.assert_array_equal(again.predict(x), fitted.predict(x))
        again.partial_fit(x, x[:, 1])
        assert State.of(again.module_)["count"] == 12


def test_a_pipeline_of_river_learns_as_river_does() -> None:
    dataset = peer("river.datasets.TrumpApproval")()
    metric = peer("river.metrics.MAE")
    scaler = peer("river.preprocessing.StandardScaler")
    theirs = peer("river.linear_model.LinearRegression")(
        optimizer=peer("river.optim.SGD")(0.005), intercept_lr=0.005
    )
    ours = wasm_river.WasmRegressor("linear", options={"lr": 0.005})
    score = peer("river.evaluate.progressive_val_score")
    expected = score(dataset, scaler() | theirs, metric())
    found = score(dataset, scaler() | ours, metric())
    assert found.get() == pytest.approx(expected.get(), rel=1e-12)


def test_a_classifier_of_river_learns_and_is_cloned() -> None:
    dataset = peer("river.datasets.ImageSegments")()
    labels = sorted({y for _, y in dataset})
    model = wasm_river.WasmClassifier(labels, "gaussian_nb")
    score = peer("river.evaluate.progressive_val_score")
    theirs = score(
        dataset, peer("river.naive_bayes.GaussianNB")(), peer("river.metrics.Accuracy")()
    )
    accuracy = score(dataset, model, peer("river.metrics.Accuracy")())
    assert accuracy.get() > theirs.get() - 0.02
    fresh, copied = model.clone(), model.clone(include_attributes=True)
    with pytest.raises(SchemaError):
        _ = fresh.module
    x = next(iter(dataset))[0]
    assert copied.predict_proba_one(x) == model.predict_proba_one(x)
    assert sum(model.predict_proba_one(x).values()) == pytest.approx(1)


def test_a_model_of_river_is_a_file_that_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "line.wasm"
    for y in (1.0, 2.0):
        wasm_river.WasmRegressor(path=path).learn_one({"a": 1.0, "b": 2.0}, y)
    assert State.open(path)["count"] == 2
    assert State.open(path).metadata["feature_names_in"] == ["a", "b"]


def test_an_anomaly_detector_of_river_finds_what_rivers_does() -> None:
    rows = list(peer("river.datasets.Shuttle")().take(10000))
    scaled = [peer("river.preprocessing.MinMaxScaler")() for _ in range(2)]
    theirs = scaled[0] | peer("river.anomaly.HalfSpaceTrees")(n_trees=10, seed=1)
    ours = scaled[1] | wasm_river.WasmAnomalyDetector(options={"trees": 10, "height": 8}, seed=1)
    areas = []
    for model in (theirs, ours):
        area = peer("river.metrics.ROCAUC")()
        for x, y in rows:
            model.learn_one(x)  # first, for the scaler knows no range before
            area.update(bool(y), model.score_one(x))
        areas.append(area.get())
    print(f"\nhalf_space_trees: area {areas[1]:.3f}, of River's {areas[0]:.3f}", end="")
    assert areas[1] > areas[0] - 0.05


@pytest.mark.parametrize("name", ["ADWIN", "KSWIN", "PageHinkley"])
def test_a_drift_watch_takes_a_detector_of_river(name: str) -> None:
    detector = peer(f"river.drift.{name}")(**({"seed": 1} if name == "KSWIN" else {}))
    model = Kept(models.new("linear", features=1, lr=1e-6)).session
    watch = DriftWatch(model, detector)
    rng = np.random.default_rng(0)
    for row in range(2000):
        watch.update([rng.normal()], rng.normal() + 20.0 * (row > 1000))
    assert any(1000 < drift.row < 1200 for drift in watch.drifts)
