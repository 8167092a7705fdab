"""What other packages have of our families, and the data of :mod:`families`.

All run in one process, in the environment build/models. Each learner is given as a function that
learns from all rows, one call a row; what it takes for a row is made before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

Columns = list[NDArray[Any]]
Learn = Callable[[], object]

ARMS = 10


def peer(path: str) -> Any:
    """Something of another package."""
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


@cache
def approval() -> Columns:
    """River's TrumpApproval: 1,001 rows of 6 features, standardised, and the approval."""
    rows = list(peer("river.datasets.TrumpApproval")())
    x = np.array([list(map(float, features.values())) for features, _ in rows])
    return [(x - x.mean(axis=0)) / x.std(axis=0), np.array([y for _, y in rows])]


@cache
def digits() -> Columns:
    """scikit-learn's digits: 1,797 rows of the 6 pixels that vary most, and the digit."""
    x, y = peer("sklearn.datasets.load_digits")(return_X_y=True)
    return [x[:, np.argsort(x.var(axis=0))[-6:]], y]


@cache
def firms() -> Columns:
    """Grunfeld's firms, of statsmodels: a constant and the capital, the firm, the investment."""
    frame = peer("statsmodels.datasets.grunfeld").load_pandas().data
    capital = frame["capital"].to_numpy(float)
    x = np.column_stack([np.ones(len(frame)), (capital - capital.mean()) / capital.std()])
    return [x, x, frame["firm"].factorize()[0], frame["invest"].to_numpy(float) / 100]


def columns_for(name: str, rng: np.random.Generator) -> Columns:
    """Rows that a family can learn from.

    As bandits the digits are arms that somebody chose at random, and that paid 1 if right.
    """
    x, y = approval()
    pixels, digit = digits()
    arm = rng.integers(0, ARMS, len(digit))
    above = (y > np.median(y)).astype(int)
    match name:
        case "moments" | "kmeans":
            return [x]
        case "linear" | "ols" | "rls":
            return [x, y]
        case "logistic" | "ftrl":
            return [x, above]
        case "softmax_regression" | "gaussian_nb" | "mlp":
            return [x, np.digitize(y, np.quantile(y, [1 / 3, 2 / 3]))]
        case "multinomial_nb":
            return [pixels.astype(int)[digit < 3], digit[digit < 3]]
        case "linucb":
            return [(pixels - pixels.mean(axis=0)) / pixels.std(axis=0), arm, 1.0 * (arm == digit)]
        case "q_learning":
            states = rng.integers(0, 16, 1001)
            return [states[:-1], rng.integers(0, 4, 1000), above[1:] * 1.0, states[1:], above[1:]]
        case "sarsa":
            x, actions = rng.uniform(-1, 1, (1001, 4)), rng.integers(0, 2, 1001)
            rewards, done = np.ones(1000), np.zeros(1000, int)
            return [x[:-1], actions[:-1], rewards, x[1:], actions[1:], done]
        case "page_hinkley":
            return [y]
        case "ddm":
            return [above]
        case "sema":
            return firms()
        case _:
            return [arm, 1.0 * (arm == digit)]


def _each(learn: Callable[..., object], rows: list[tuple[Any, ...]]) -> Learn:
    def every_row() -> None:
        for row in rows:
            learn(*row)

    return every_row


def _named(x: NDArray[Any]) -> list[dict[int, float]]:
    return [dict(enumerate(row)) for row in x.tolist()]


def river(name: str, columns: Columns) -> Learn | None:
    """What river has."""
    linear, bandit = "river.linear_model", "river.bandit"
    sgd = peer("river.optim.SGD")
    models: dict[str, Callable[[], Any]] = {
        "thompson": lambda: peer(f"{bandit}.ThompsonSampling")(peer("river.proba.Beta")()),
        "epsilon_greedy": lambda: peer(f"{bandit}.EpsilonGreedy")(epsilon=0.1),
        "ucb1": lambda: peer(f"{bandit}.UCB")(delta=1),
        "exp3": lambda: peer(f"{bandit}.Exp3")(gamma=0.1),
        "linucb": peer(f"{bandit}.LinUCBDisjoint"),
        "moments": peer("river.preprocessing.StandardScaler"),
        "linear": lambda: peer(f"{linear}.LinearRegression")(sgd(0.005)),
        "rls": peer(f"{linear}.BayesianLinearRegression"),
        "logistic": lambda: (
            peer("river.preprocessing.StandardScaler")()
            | peer(f"{linear}.LogisticRegression")(sgd(0.01))
        ),
        "softmax_regression": lambda: (
            peer("river.preprocessing.StandardScaler")()
            | peer(f"{linear}.SoftmaxRegression")(sgd(0.01))
        ),
        "ftrl": lambda: peer(f"{linear}.LogisticRegression")(peer("river.optim.FTRLProximal")()),
        "gaussian_nb": peer("river.naive_bayes.GaussianNB"),
        "multinomial_nb": peer("river.naive_bayes.MultinomialNB"),
        "kmeans": lambda: peer("river.cluster.KMeans")(n_clusters=8),
        "page_hinkley": peer("river.drift.PageHinkley"),
        "ddm": peer("river.drift.binary.DDM"),
    }
    if name not in models:
        return None
    model = models[name]()
    lists = [column.tolist() if column.ndim == 1 else _named(column) for column in columns]
    if name == "linucb":  # river: the arm, its context, the reward
        lists = [lists[1], lists[0], lists[2]]
    if name == "exp3":  # it divides by the probability that the arm had when it was pulled
        model.pull(range(ARMS))
    learn = model.learn_one if hasattr(model, "learn_one") else model.update
    return _each(learn, list(zip(*lists, strict=True)))


def scikit_learn(name: str, columns: Columns) -> Learn | None:
    """What scikit-learn has with ``partial_fit``, of the first hundred rows."""
    linear = "sklearn.linear_model"
    models: dict[str, Callable[[], Any]] = {
        "moments": peer("sklearn.preprocessing.StandardScaler"),
        "linear": lambda: peer(f"{linear}.SGDRegressor")(learning_rate="constant", eta0=0.01),
        "logistic": lambda: peer(f"{linear}.SGDClassifier")(loss="log_loss"),
        "gaussian_nb": peer("sklearn.naive_bayes.GaussianNB"),
        "multinomial_nb": peer("sklearn.naive_bayes.MultinomialNB"),
        "mlp": lambda: peer("sklearn.neural_network.MLPClassifier")(16, solver="sgd"),
    }
    if name not in models:
        return None
    classes = {"classes": np.unique(columns[1])} if columns[1:] and name != "linear" else {}
    rows = [column[:100].reshape(100, 1, *column.shape[1:]) for column in columns]
    return _each(partial(models[name]().partial_fit, **classes), list(zip(*rows, strict=True)))


_ADF = "--cb_explore_adf --noconstant"
_BANDIT = f"--cb_explore {ARMS} --noconstant"
_SGD = "--sgd --power_t 0 --noconstant"
VW_OPTIONS = {
    "bootstrap_thompson": f"{_BANDIT} --bag 100",
    "epsilon_greedy": f"{_BANDIT} --epsilon 0.1",
    "epsilon_first": f"{_BANDIT} --first 100",
    "softmax": f"{_ADF} --softmax --lambda 10",
    "linucb": f"{_ADF} --regcb -q ua",
    "linear": f"{_SGD} -l 0.005 --min_prediction -1e6 --max_prediction 1e6",
    "logistic": f"{_SGD} -l 0.01 --loss_function logistic",
    "ftrl": "--ftrl --ftrl_alpha 0.1 --ftrl_beta 1 --noconstant --loss_function logistic",
    "mlp": "--nn 16 --oaa 3 --noconstant -l 0.01",
}
"""What Vowpal Wabbit has that learns row by row: the same model, or one for the same purpose."""


def vw_example(name: str, row: tuple[Any, ...]) -> str | list[str]:
    """A row as Vowpal Wabbit's text; several lines if each arm has one."""
    *x, last = row
    if name in ("linear", "logistic", "ftrl", "mlp"):
        label = {"linear": last, "mlp": last + 1}.get(name, 2 * last - 1)
        return f"{label} | " + " ".join(f"x{i}:{each!r}" for i, each in enumerate(x[0])) + " c:1"
    arm, cost = int(x[-1]), f"{-last!r}:{1 / ARMS}"  # the cost, and how probable the arm was
    if "adf" not in VW_OPTIONS[name]:
        return f"{arm + 1}:{cost} | c:1"
    lines = [(f"0:{cost} " if i == arm else "") + f"|a a{i}" for i in range(ARMS)]
    if name == "linucb":
        lines.insert(0, "shared |u " + " ".join(f"x{i}:{each!r}" for i, each in enumerate(x[0])))
    return lines


def vowpal_wabbit(name: str, columns: Columns) -> Learn | None:
    """What Vowpal Wabbit has; it is given text, which is what it reads."""
    if name not in VW_OPTIONS:
        return None
    model = peer("vowpalwabbit.Workspace")(VW_OPTIONS[name], quiet=True)
    rows: Iterator[tuple[Any, ...]] = zip(*(column.tolist() for column in columns), strict=True)
    return _each(model.learn, [(vw_example(name, row),) for row in rows])


PEERS = {"river": river, "scikit-learn": scikit_learn, "vowpalwabbit": vowpal_wabbit}
"""By the name of the distribution."""
