"""``make models``: every kind of estimator that has a model, held against scikit-learn.

Each kind is fitted on the data sets that scikit-learn brings; the model must predict alike on all
rows of them, and go on learning if its kind does. With ``-s`` the last test prints the table of
docs/models.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agreement import peer
from guest import session_on
from wasmstate import Session, from_fitted
from wasmstate.models.fitted.from_fitted import KINDS

Array = NDArray[Any]
CLASSES = ("iris", "wine", "breast_cancer", "digits")
NUMBERS = ("diabetes",)
TOLERANCE = 1e-12


@dataclass(frozen=True)
class Case:
    """An estimator and what it is fitted on.

    Attributes:
        path: below ``sklearn``.
        options: of its constructor.
        data: names of data sets.
        scaler: whether rows are standardised in front of it.
        goes_on: how it learns, as the table says it; empty if it predicts alone.
    """

    path: str
    options: dict[str, Any] = field(default_factory=dict)
    data: tuple[str, ...] = NUMBERS
    scaler: bool = False
    goes_on: str = ""

    @property
    def kind(self) -> str:
        """The class."""
        return self.path.rpartition(".")[2]

    def __str__(self) -> str:
        said = [
            f"{name}={value if name == 'estimator' else repr(value)}"
            for name, value in self.options.items()
            if name not in ("random_state", "max_iter", "cv", "learning_rate_init")
        ]
        two = ["two targets"] if self.data == ("two",) else []
        return f"{self.kind}({', '.join(said + two)})".removesuffix("()")


SQUARES = "squared error"
LOG = "log loss"


def linear(name: str, goes_on: str = SQUARES, **options: Any) -> Case:
    return Case(f"linear_model.{name}", options, goes_on=goes_on)


def classes(path: str, goes_on: str, data: tuple[str, ...] = CLASSES, **options: Any) -> Case:
    return Case(path, options, data, scaler=True, goes_on=goes_on)


LINES = [
    linear("LinearRegression"),
    linear("Ridge"),
    linear("RidgeCV"),
    linear("Lasso", alpha=0.1),
    linear("LassoCV"),
    linear("ElasticNet", alpha=0.1),
    linear("ElasticNetCV"),
    linear("Lars"),
    linear("LarsCV"),
    linear("LassoLars", alpha=0.1),
    linear("LassoLarsCV"),
    linear("LassoLarsIC"),
    linear("OrthogonalMatchingPursuit"),
    linear("OrthogonalMatchingPursuitCV"),
    linear("BayesianRidge"),
    linear("ARDRegression"),
    linear("HuberRegressor", "Huber loss", max_iter=1000),
    *(
        Case(f"linear_model.{name}", options, ("two",))
        for name, options in {
            "LinearRegression": {},
            "Ridge": {},
            "MultiTaskLasso": {"alpha": 0.1},
            "MultiTaskLassoCV": {},
            "MultiTaskElasticNet": {"alpha": 0.1},
            "MultiTaskElasticNetCV": {},
        }.items()
    ),
    linear("TheilSenRegressor", "", random_state=0),
    linear("QuantileRegressor", "", alpha=0.01),
    linear("RANSACRegressor", "", random_state=0),
    linear("SGDRegressor", random_state=0),
    linear("SGDRegressor", "Huber loss", loss="huber", random_state=0),
    linear("SGDRegressor", "its loss", loss="epsilon_insensitive", random_state=0),
    linear("SGDRegressor", "its loss", loss="squared_epsilon_insensitive", random_state=0),
    linear("PassiveAggressiveRegressor", "passive-aggressive I", random_state=0),
    Case("svm.LinearSVR", {"max_iter": 100000}, goes_on="its loss"),
    linear("PoissonRegressor", "deviance"),
    linear("GammaRegressor", "deviance"),
    linear("TweedieRegressor", "deviance", power=1.5),
    linear("TweedieRegressor", power=0),
    *(
        classes("linear_model.SGDClassifier", goes_on, loss=loss, random_state=0)
        for loss, goes_on in {
            "hinge": "hinge loss",
            "log_loss": LOG,
            "modified_huber": "its loss",
            "squared_hinge": "squared hinge loss",
            "perceptron": "perceptron",
            "squared_error": SQUARES,
            "huber": "Huber loss",
            "epsilon_insensitive": "its loss",
            "squared_epsilon_insensitive": "its loss",
        }.items()
    ),
    classes("linear_model.PassiveAggressiveClassifier", "passive-aggressive I", random_state=0),
    classes(
        "linear_model.PassiveAggressiveClassifier",
        "passive-aggressive II",
        loss="squared_hinge",
        random_state=0,
    ),
    classes("linear_model.Perceptron", "perceptron", random_state=0),
    classes("svm.LinearSVC", "squared hinge loss", random_state=0),
    classes("svm.LinearSVC", "hinge loss", loss="hinge", random_state=0, max_iter=100000),
    classes("linear_model.RidgeClassifier", SQUARES),
    classes("linear_model.RidgeClassifierCV", SQUARES),
    classes("linear_model.LogisticRegression", LOG),
    classes("linear_model.LogisticRegression", LOG, ("breast_cancer",), solver="liblinear"),
    classes("linear_model.LogisticRegressionCV", LOG, CLASSES[:3], cv=2),
    *(
        classes("multiclass.OneVsRestClassifier", goes_on, estimator=inner)
        for inner, goes_on in (
            (peer("sklearn.linear_model.LogisticRegression")(), LOG),
            (peer("sklearn.svm.LinearSVC")(random_state=0), "squared hinge loss"),
        )
    ),
    classes("discriminant_analysis.LinearDiscriminantAnalysis", LOG),
]
MEANS, STEPS = "means of leaves", "Newton's steps"


def trees(path: str, goes_on: str, data: tuple[str, ...], **options: Any) -> Case:
    return Case(path, {"random_state": 0, **options}, data, goes_on=goes_on)


TREES = [
    *(
        trees(f"{module}{kind}", MEANS, data)
        for module, kinds in {
            "tree.": ("DecisionTree", "ExtraTree"),
            "ensemble.": ("RandomForest", "ExtraTrees"),
        }.items()
        for name in kinds
        for kind, data in ((f"{name}Classifier", CLASSES), (f"{name}Regressor", NUMBERS))
    ),
    trees("tree.DecisionTreeRegressor", "", NUMBERS, criterion="absolute_error", max_depth=4),
    trees("tree.DecisionTreeRegressor", MEANS, NUMBERS, max_leaf_nodes=20),
    trees("tree.DecisionTreeClassifier", MEANS, CLASSES, class_weight="balanced", max_depth=4),
    trees("ensemble.RandomForestRegressor", "", ("two",), n_estimators=10),
    trees("ensemble.GradientBoostingClassifier", STEPS, CLASSES, n_estimators=20),
    trees("ensemble.GradientBoostingClassifier", "", CLASSES[2:3], loss="exponential"),
    trees("ensemble.GradientBoostingRegressor", STEPS, NUMBERS),
    trees("ensemble.GradientBoostingRegressor", "", NUMBERS, loss="huber"),
    trees("ensemble.HistGradientBoostingClassifier", STEPS, CLASSES, max_iter=20),
    trees("ensemble.HistGradientBoostingRegressor", STEPS, NUMBERS),
    trees("ensemble.HistGradientBoostingRegressor", STEPS, NUMBERS, loss="poisson"),
    trees("ensemble.HistGradientBoostingRegressor", "", NUMBERS, loss="gamma"),
    trees("ensemble.HistGradientBoostingRegressor", "", NUMBERS, loss="absolute_error"),
    Case("ensemble.IsolationForest", {"random_state": 0}, CLASSES),
    Case(
        "ensemble.IsolationForest",
        {"random_state": 0, "contamination": 0.1, "max_features": 0.5},
        CLASSES,
    ),
]
FAMILIES = [
    classes("neural_network.MLPClassifier", LOG, hidden_layer_sizes=(16,), random_state=0),
    Case("naive_bayes.GaussianNB", {}, CLASSES[:3], goes_on="sums of all rows"),
    Case("naive_bayes.MultinomialNB", {}, ("digits",), goes_on="sums of all rows"),
]
NETWORKS = [
    *(
        classes(
            "neural_network.MLPClassifier",
            LOG,
            hidden_layer_sizes=sizes,
            activation=name,
            random_state=0,
            max_iter=50,
        )
        for sizes, name in (
            ((100,), "relu"),
            ((30, 20), "relu"),
            ((20,), "tanh"),
            ((9, 8, 7), "logistic"),
            ((9,), "identity"),
        )
    ),
    *(
        Case(
            "neural_network.MLPRegressor",
            {"random_state": 0, "max_iter": 50, **options},
            data,
            True,
            goes_on,
        )
        for options, data, goes_on in (
            ({}, NUMBERS, SQUARES),
            ({"hidden_layer_sizes": (20, 10), "activation": "tanh"}, NUMBERS, SQUARES),
            ({"loss": "poisson", "learning_rate_init": 1e-5}, NUMBERS, "deviance"),
            ({}, ("two",), ""),
        )
    ),
]
COUNTS = "counts of all rows"
BAYES = [
    Case("naive_bayes.BernoulliNB", {"binarize": 1.5}, CLASSES, goes_on=COUNTS),
    Case("naive_bayes.BernoulliNB", {"fit_prior": False}, CLASSES, goes_on=COUNTS),
    Case("naive_bayes.CategoricalNB", {"min_categories": 17}, ("digits",), goes_on=COUNTS),
    Case("naive_bayes.ComplementNB", {}, CLASSES, goes_on=COUNTS),
    Case("naive_bayes.ComplementNB", {"norm": True}, CLASSES, goes_on=COUNTS),
    *(
        Case(f"decomposition.{name}", {"n_components": 3, **options}, CLASSES)
        for name, options in (
            ("PCA", {}),
            ("PCA", {"whiten": True}),
            ("IncrementalPCA", {}),
            ("TruncatedSVD", {}),
        )
    ),
]
CASES = [*LINES, *TREES, *NETWORKS, *BAYES, *FAMILIES]
_AGREEMENTS: dict[str, tuple[float, int, int]] = {}


@cache
def data(name: str) -> tuple[Array, Array]:
    """A data set of scikit-learn; ``two`` is that of diabetes with two targets."""
    if name == "two":
        x, y = data("diabetes")
        return x, np.column_stack([y, y * x[:, 2]])
    x, y = peer(f"sklearn.datasets.load_{name}")(return_X_y=True)
    return x, y


@cache
def fitted(path: str, options: tuple[tuple[str, Any], ...], name: str, scaler: bool) -> Any:
    """The estimator, fitted on a data set."""
    estimator = peer(f"sklearn.{path}")(**dict(options))
    if scaler:
        scale = peer("sklearn.preprocessing.StandardScaler")()
        estimator = peer("sklearn.pipeline.make_pipeline")(scale, estimator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return peer("sklearn.base.clone")(estimator).fit(*data(name))


def of(case: Case) -> Iterator[tuple[Any, Session, Array]]:
    """The estimator on each data set, a session on its model, and the rows."""
    for name in case.data:
        estimator = fitted(case.path, tuple(case.options.items()), name, case.scaler)
        with session_on(from_fitted(estimator, pages=256)) as session:
            yield estimator, session, data(name)[0]


def apart(ours: Any, theirs: Any) -> float:
    """How far apart, over the largest."""
    a, b = np.asarray(ours, float), np.asarray(theirs, float)
    return float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-300))


def outputs(estimator: Any, x: Array) -> dict[str, Array]:
    """What scikit-learn says of each class, a column for each."""
    found = {}
    methods = {
        "probability": "predict_proba",
        "decision": "decision_function",
        "log_joint": "predict_joint_log_proba",
    }
    for function, method in methods.items():
        if hasattr(estimator, method):
            said = getattr(estimator, method)(x)
            found[function] = said if said.ndim > 1 else np.column_stack([-said, said])
    return found


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_model_predicts_as_its_estimator(case: Case) -> None:
    worst, unequal, rows = -1.0, 0, 0  # -1: there are no numbers to compare
    for estimator, session, x in of(case):
        predicts = getattr(estimator, "predict", None) or estimator.transform
        theirs = predicts(x)
        rows += len(x)
        if theirs.ndim > 1:  # one output a call
            columns = [np.full(len(x), k) for k in range(theirs.shape[1])]
            ours = np.column_stack([session.predict_many(x, each) for each in columns])
        else:
            ours = session.predict_many(x)
        if hasattr(estimator, "offset_"):  # outliers are -1
            unequal += int((ours != theirs).sum())
            found = [session.call("decision", row) for row in x[:50]]
            worst = max(worst, apart(found, estimator.decision_function(x[:50])))
            continue
        if not hasattr(estimator, "classes_"):
            worst = max(worst, apart(ours, theirs))
            continue
        points = session.state.entry_points
        if points["predict"].results == ("f64",):  # logistic: the probability of the second
            assert apart(ours, estimator.predict_proba(x)[:, 1]) <= TOLERANCE
            ours = estimator.classes_[(ours > 0.5).astype(int)]
        unequal += int((np.asarray(ours) != theirs).sum())
        said = outputs(estimator, x[:50])
        for name in set(points) & set(said):
            labels = estimator.classes_.tolist()
            found = [[session.call(name, row, label) for label in labels] for row in x[:50]]
            worst = max(worst, apart(found, said[name]))
    _AGREEMENTS[str(case)] = worst, unequal, rows
    print(f"\n{case}: {worst:.1e} apart, {unequal} of {rows} labels differ", end="")
    assert worst <= TOLERANCE
    assert not unequal


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_model_goes_on_if_the_table_says_so(case: Case) -> None:
    for _estimator, session, x in of(case):
        assert ("update" in session.state.entry_points) == bool(case.goes_on)
        if case.goes_on:
            before = session.state.contents()
            y = data(case.data[0])[1][: len(x)]
            session.update_many(x[:40], y[:40].tolist())
            assert session.state.contents() != before
            assert session.state.violations() == []
        break


def test_every_kind_has_a_case() -> None:
    elsewhere = {"StandardScaler", "KMeans", "MiniBatchKMeans"}  # sklearn_models.py has them
    assert {case.kind for case in CASES} == set(KINDS) - elsewhere


def table() -> str:
    """The table of docs/models.md."""
    lines = ["| estimator | goes on by | apart | labels |", "| --- | --- | ---: | ---: |"]
    for case in CASES:
        worst, unequal, rows = _AGREEMENTS[str(case)]
        predicts = case.data[0] in CLASSES and not case.path.startswith("decomposition")
        labels = f"{rows - unequal:,} of {rows:,}" if predicts else ""
        apart = f"{worst:.1e}" if worst >= 0 else ""
        lines.append(f"| `{case}` | {case.goes_on or 'predicts alone'} | {apart} | {labels} |")
    return "\n".join(lines)


def test_the_documentation_has_the_table() -> None:
    """The figures depend on the processor; the kinds and how they go on do not."""
    print("\n" + table())
    page = (Path(__file__).resolve().parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
    for line in table().splitlines()[2:]:
        assert line.rsplit("|", 3)[0] in page
