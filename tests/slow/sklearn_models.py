"""``make models``: estimators of scikit-learn as models, which predict alike and go on learning.

Run in build/models, which has scikit-learn, on the data that it brings. With ``-s`` each test
prints how far apart the two are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agreement import agree, peer
from guest import Guest, session_on
from wasmstate import ArgumentError, SchemaError, State, from_sklearn
from wasmstate.models import names

Array = NDArray[Any]


def data(name: str) -> tuple[Array, Array]:
    """A data set of scikit-learn."""
    found: tuple[Array, Array] = peer(f"sklearn.datasets.load_{name}")(return_X_y=True)
    return found


def make(path: str, **options: Any) -> Any:
    """An estimator."""
    return peer(f"sklearn.{path}")(**options)


def scaled(estimator: Any) -> Any:
    """The estimator behind a scaler."""
    return peer("sklearn.pipeline.make_pipeline")(make("preprocessing.StandardScaler"), estimator)


def guest(estimator: Any, **options: Any) -> Guest:
    """The model of it, running."""
    module = from_sklearn(estimator, **options)
    family = State.of(module).metadata["model"]
    return Guest(module, family if family in names() else None)


def called(model: Guest, name: str, rows: Array, *more: Any) -> Array:
    """What a function says of each row."""
    return np.array([model.call(name, row, *more) for row in rows])


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("linear_model.LinearRegression", {}),
        ("linear_model.LinearRegression", {"fit_intercept": False}),
        ("linear_model.Ridge", {"alpha": 0.3}),
        ("linear_model.SGDRegressor", {"random_state": 0}),
    ],
)
@pytest.mark.parametrize("wrap", [lambda each: each, scaled])
def test_lines_predict_alike(
    path: str, options: dict[str, Any], wrap: Callable[[Any], Any]
) -> None:
    x, y = data("diabetes")
    estimator = wrap(make(path, **options)).fit(x, y)
    agree(path, called(guest(estimator), "predict", x), estimator.predict(x), 1e-13)


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("linear_model.LogisticRegression", {"max_iter": 5000}),
        ("linear_model.SGDClassifier", {"loss": "log_loss", "random_state": 0}),
        ("neural_network.MLPClassifier", {"hidden_layer_sizes": (16,), "random_state": 0}),
    ],
)
def test_two_classes_have_the_same_probabilities(path: str, options: dict[str, Any]) -> None:
    x, y = data("breast_cancer")
    names = np.array(["benign", "malign"])[y]
    for each in (x, x[:, :4]):
        estimator = scaled(make(path, **options)).fit(each, names)
        model = guest(estimator)
        is_mlp = model.family.name == "mlp"
        found = called(model, *(("probability", each, 1) if is_mlp else ("predict", each)))
        agree(path, found, estimator.predict_proba(each)[:, 1], 1e-12)
        assert model.state.metadata["classes"] == ["benign", "malign"]


def test_a_feature_that_never_changed_is_scaled_as_scikit_learn_does() -> None:
    x, y = data("breast_cancer")
    x = np.column_stack([x, np.ones(len(x))])
    estimator = scaled(make("linear_model.LogisticRegression")).fit(x, y)
    x[:, -1] = np.arange(len(x))
    model = guest(estimator)
    agree("constant", called(model, "predict", x), estimator.predict_proba(x)[:, 1], 1e-12)


def test_many_classes_by_a_network_and_by_naive_bayes() -> None:
    x, y = data("digits")
    network = make("neural_network.MLPClassifier", hidden_layer_sizes=(16,), random_state=0)
    for estimator in (network, scaled(network)):
        estimator.fit(x[:600], y[:600])
        assert called(guest(estimator), "predict", x).tolist() == estimator.predict(x).tolist()
    words = make("naive_bayes.MultinomialNB", alpha=0.5).fit(x, y)
    model = guest(words)
    assert called(model, "predict", x.astype(int)).tolist() == words.predict(x).tolist()


@pytest.mark.parametrize("name", ["iris", "wine", "digits"])
@pytest.mark.parametrize("wrap", [lambda each: each, scaled])
@pytest.mark.parametrize("intercept", [True, False])
def test_many_classes_by_logistic_regression(
    name: str, wrap: Callable[[Any], Any], intercept: bool
) -> None:
    x, y = data(name)
    options = {"max_iter": 10000, "fit_intercept": intercept}
    estimator = wrap(make("linear_model.LogisticRegression", **options)).fit(x, y)
    model = guest(estimator)
    found = np.column_stack([called(model, "probability", x, each) for each in np.unique(y)])
    agree(f"LogisticRegression, {name}", found, estimator.predict_proba(x), 1e-11)
    assert called(model, "predict", x).tolist() == estimator.predict(x).tolist()


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
@pytest.mark.parametrize("wrap", [lambda each: each, scaled])
def test_gaussian_naive_bayes_says_the_same(name: str, wrap: Callable[[Any], Any]) -> None:
    x, y = data(name)
    estimator = wrap(make("naive_bayes.GaussianNB")).fit(x, y)
    found = called(guest(estimator), "predict", x)
    assert found.tolist() == estimator.predict(x).tolist()


def test_clusters_are_the_same() -> None:
    x, _ = data("digits")
    for name in ("KMeans", "MiniBatchKMeans"):
        estimator = make(f"cluster.{name}", n_clusters=10, random_state=0).fit(x)
        model = guest(estimator)
        assert called(model, "predict", x).tolist() == estimator.predict(x).tolist()


def test_sgd_goes_on_as_scikit_learn_does() -> None:
    x, y = data("diabetes")
    options = {"penalty": None, "learning_rate": "constant", "eta0": 0.01, "shuffle": False}
    estimator = make("linear_model.SGDRegressor", **options).fit(x[:200], y[:200])
    model = guest(estimator).feed(x[200:], y[200:])
    estimator.partial_fit(x[200:], y[200:])
    agree("goes on", model["weights"], estimator.coef_, 1e-13)
    target = (y > 140).astype(int)
    options["loss"] = "log_loss"
    classifier = make("linear_model.SGDClassifier", **options).fit(x[:200], target[:200])
    model = guest(classifier).feed(x[200:], target[200:])
    classifier.partial_fit(x[200:], target[200:])
    agree("goes on", model["weights"], classifier.coef_[0], 1e-13)


@pytest.mark.parametrize(
    "path",
    [
        "SGDRegressor(loss='huber', epsilon=0.2)",
        "SGDRegressor(loss='epsilon_insensitive', epsilon=0.2)",
        "SGDRegressor(loss='squared_epsilon_insensitive')",
        "SGDClassifier(loss='hinge')",
        "SGDClassifier(loss='squared_hinge')",
        "SGDClassifier(loss='modified_huber')",
        "SGDClassifier(loss='log_loss')",
        "SGDClassifier(loss='perceptron')",
        "SGDClassifier(loss='squared_error')",
        "SGDClassifier(learning_rate='pa1')",
        "SGDClassifier(learning_rate='pa2')",
        "SGDRegressor(loss='epsilon_insensitive', learning_rate='pa1')",
        "SGDRegressor(loss='epsilon_insensitive', learning_rate='pa2')",
    ],
)
def test_every_loss_goes_on_as_scikit_learn_does(path: str) -> None:
    x, y = data("diabetes") if path.startswith("SGDRegressor") else data("iris")
    x = x * 10 if path.startswith("SGDRegressor") else x
    y = y / 100 if path.startswith("SGDRegressor") else y
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order], y[order]
    name, _, given = path.partition("(")
    options = {"penalty": None, "learning_rate": "constant", "eta0": 0.01, "shuffle": False}
    options |= eval(f"dict({given}")
    estimator = make(f"linear_model.{name}", **options).fit(x[:75], y[:75])
    model = guest(estimator).feed(x[75:], y[75:])
    estimator.partial_fit(x[75:], y[75:])
    agree(f"{path} goes on", model["weights"], estimator.coef_, 1e-13)
    agree(f"{path} goes on", model["bias"], estimator.intercept_, 1e-13)


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_networks_go_on_as_scikit_learn_does(kind: str, activation: str) -> None:
    x, y = data("iris") if kind == "MLPClassifier" else data("diabetes")
    y = y if kind == "MLPClassifier" else y / 100
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order], y[order]
    options = {"solver": "sgd", "momentum": 0.0, "alpha": 0.0, "batch_size": 1, "max_iter": 2}
    network = make(
        f"neural_network.{kind}",
        hidden_layer_sizes=(7, 5),
        activation=activation,
        shuffle=False,
        random_state=0,
        **options,
    ).fit(x[:75], y[:75])
    model = guest(network).feed(x[75:120], y[75:120])
    for row in range(75, 120):
        network.partial_fit(x[row : row + 1], y[row : row + 1])
    for index, (weights, bias) in enumerate(
        zip(network.coefs_, network.intercepts_, strict=True), 1
    ):
        agree(f"{kind}, {activation}", model[f"weights_{index}"], weights.T, 1e-13)
        agree(f"{kind}, {activation}", model[f"bias_{index}"], bias, 1e-13)


def test_sums_go_on_as_with_all_rows() -> None:
    x, y = data("iris")
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order], y[order]
    for name, options in (
        ("GaussianNB", {}),
        ("MultinomialNB", {}),
        ("BernoulliNB", {"binarize": 15}),
        ("CategoricalNB", {"min_categories": 80}),
        ("ComplementNB", {}),
    ):
        rows = np.rint(x * 10)
        whole, half = (make(f"naive_bayes.{name}", **options) for _ in range(2))
        whole.fit(rows, y)
        half.fit(rows[:75], y[:75])
        model = guest(half).feed(rows[75:], y[75:])
        assert called(model, "predict", rows).tolist() == whole.predict(rows).tolist()
    half = make("preprocessing.StandardScaler").fit(x[:75])
    model = guest(half).feed(x[75:])
    agree("moments", model["m2"] / 150, x.var(axis=0), 1e-14)


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: make("neighbors.KNeighborsClassifier"),
        "there is no model for sklearn.neighbors",
    ),
    (lambda: 5, "there is no model for int"),
    (lambda: make("linear_model.Ridge"), "Ridge is not fitted: it has no coef_"),
    (lambda: make("linear_model.SGDClassifier"), "SGDClassifier is not fitted: it has no coef_"),
    (
        lambda: make("naive_bayes.GaussianNB", priors=[0.2, 0.3, 0.5]).fit(*data("iris")),
        "frequencies of classes as their priors",
    ),
    (
        lambda: scaled(make("cluster.KMeans", n_clusters=2)).fit(data("iris")[0]),
        "after a scaler is no single model",
    ),
    (
        lambda: peer("sklearn.pipeline.make_pipeline")(
            make("decomposition.PCA"), make("linear_model.Ridge")
        ),
        "of pipelines only one of StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler and an ",
    ),
    (
        lambda: make("naive_bayes.MultinomialNB").fit(*data("iris")),
        "numbers of occurrences are not whole",
    ),
    (
        lambda: make("linear_model.Ridge").fit(np.eye(9000), np.arange(9000.0)),
        "the model needs 19 pages of memory (64 KiB each), not 1: give pages=19",
    ),
]


@pytest.mark.parametrize(("estimator", "reason"), REFUSED)
def test_what_has_no_model_is_refused_with_the_reason(
    estimator: Callable[[], Any], reason: str
) -> None:
    with pytest.raises(SchemaError) as caught:
        from_sklearn(estimator())
    assert reason in str(caught.value)


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_frames_are_matched_by_the_names_of_their_columns(package: str) -> None:
    frame_of = peer(f"{package}.DataFrame")
    x, y = data("diabetes")
    names = [f"f{i}" for i in range(x.shape[1])]
    frame = frame_of(dict(zip(names, x.T, strict=True)))
    fitted = make("linear_model.LinearRegression").fit(frame, y)
    with session_on(from_sklearn(fitted)) as session:
        shuffled = frame[names[::-1]]
        agree(
            f"{package}, columns reversed",
            session.predict_many(shuffled),
            fitted.predict(frame),
            1e-13,
        )
        assert session.predict(shuffled[:1]) == session.predict(x[0])
        with pytest.raises(ArgumentError, match=r"missing: f9\."):
            session.predict_many(frame[names[:9]])


@pytest.mark.parametrize("kind", ["naive_bayes.GaussianNB", "linear_model.LogisticRegression"])
@pytest.mark.parametrize("labels", [(1, 2, 3), (-1.0, 0.0, 7.0), ("no", "perhaps", "yes")])
def test_classes_have_the_labels_that_were_fitted(kind: str, labels: tuple[Any, ...]) -> None:
    x, y = data("iris")
    named = np.array(labels)[y]
    fitted = make(kind).fit(x, named)
    with session_on(from_sklearn(fitted)) as session:
        assert (session.predict_many(x) == fitted.predict(x)).all()
        session.update(x[0], named[0])
        session.update_many(x, named)
