"""``make models``: the models, held against other packages on the data that these bring.

Run in an environment of its own, build/models, with river, scikit-learn, Vowpal Wabbit, MABWiser
and statsmodels: they are large. With ``-s`` each test prints how far apart the two are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agreement import agree, peer
from guest import Guest

Rows = tuple[NDArray[np.float64], NDArray[Any]]


def river_rows(name: str) -> Rows:
    """A data set of river."""
    rows = list(peer(f"river.datasets.{name}")())
    return np.array([list(map(float, x.values())) for x, _ in rows]), np.array([y for _, y in rows])


@pytest.fixture(scope="module")
def approval() -> Rows:
    """1,001 rows of 6 features, standardised."""
    x, y = river_rows("TrumpApproval")
    return (x - x.mean(axis=0)) / x.std(axis=0), y


def named(row: NDArray[np.float64]) -> dict[int, float]:
    """A row as river takes it."""
    return dict(enumerate(map(float, row)))


def test_moments_and_river(approval: Rows) -> None:
    x, _ = approval
    guest = Guest.new("moments", features=6).feed(x)
    variances = [peer("river.stats.Var")() for _ in range(6)]
    for row in x:
        for variance, value in zip(variances, row, strict=True):
            variance.update(float(value))
    agree(
        "moments, river Var",
        [guest.call("variance", i) for i in range(6)],
        [variance.get() for variance in variances],
        1e-14,
    )


def test_linear_and_river_and_scikit_learn(approval: Rows) -> None:
    x, y = approval
    guest = Guest.new("linear", features=6, lr=0.005).feed(x, y)
    sgd = peer("river.optim.SGD")(0.005)
    model = peer("river.linear_model.LinearRegression")(sgd, intercept_lr=0.005)
    for row, target in zip(x, y, strict=True):
        model.learn_one(named(row), float(target))
    ours = [*guest["weights"], guest["bias"]]
    theirs = [*(model.weights[i] for i in range(6)), model.intercept]
    agree("linear, river LinearRegression", ours, theirs, 1e-13)
    regressor = peer("sklearn.linear_model.SGDRegressor")(
        penalty=None, learning_rate="constant", eta0=0.01
    )
    for row, target in zip(x, y, strict=True):
        regressor.partial_fit([row], [target])
    agree(
        "linear, scikit-learn SGDRegressor",
        ours,
        [*regressor.coef_, *regressor.intercept_],
        1e-12,
    )


@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_ols_and_scikit_learn(l2: float) -> None:
    x, y = peer("sklearn.datasets.load_diabetes")(return_X_y=True)
    name = "Ridge" if l2 else "LinearRegression"
    model = peer(f"sklearn.linear_model.{name}")(**({"alpha": l2} if l2 else {})).fit(x, y)
    guest = Guest.new("ols", features=10, l2=l2).feed(x, y)
    ours = [guest.call("coefficient", i) for i in range(11)]
    agree(f"ols, scikit-learn {name}, diabetes", ours, [*model.coef_, model.intercept_], 1e-11)


def test_rls_and_scikit_learn(approval: Rows) -> None:
    x, y = approval
    guest = Guest.new("rls", features=6, forgetting=1.0, variance=10.0).feed(x, y)
    model = peer("sklearn.linear_model.Ridge")(alpha=0.1, fit_intercept=False)
    model.fit(np.column_stack([x, np.ones(len(x))]), y)
    agree("rls, scikit-learn Ridge", [*guest["weights"], guest["bias"]], model.coef_, 1e-10)


def test_logistic_and_river() -> None:
    x, y = river_rows("Phishing")
    guest = Guest.new("logistic", features=x.shape[1], lr=0.05)
    sgd = peer("river.optim.SGD")(0.05)
    model = peer("river.preprocessing.StandardScaler")() | peer(
        "river.linear_model.LogisticRegression"
    )(sgd, intercept_lr=0.05)
    right = 0
    for row, label in zip(x, y, strict=True):
        right += (guest.call("predict", row) > 0.5) == bool(label)
        guest.call("update", row, int(label))
        # A pipeline's learn_one() does not move the scaler before it is applied; by hand it does.
        scaler, logistic = model["StandardScaler"], model["LogisticRegression"]
        scaler.learn_one(named(row))
        logistic.learn_one(scaler.transform_one(named(row)), bool(label))
    weights = model["LogisticRegression"].weights
    ours = [*guest["weights"], guest["bias"]]
    theirs = [weights[i] for i in range(x.shape[1])] + [model["LogisticRegression"].intercept]
    agree("logistic, river, phishing", ours, theirs, 1e-12)
    print(f"\nlogistic, phishing: {right / len(x):.3f} right before learning", end="")


def test_softmax_regression_and_river() -> None:
    x, y = river_rows("ImageSegments")
    names = sorted(set(y))
    labels = np.array([names.index(each) for each in y])
    x = (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-9)
    guest = Guest.new("softmax_regression", features=x.shape[1], classes=7, lr=0.05, scale=0)
    guest.feed(x, labels)
    model = peer("river.linear_model.SoftmaxRegression")(peer("river.optim.SGD")(0.05))
    for label in range(7):  # else a class would begin with the first row of it
        model.weights[label] = dict.fromkeys(range(x.shape[1] + 1), 0.0)
    for row, label in zip(x, labels, strict=True):
        model.learn_one(named(np.array([*row, 1.0])), int(label))
    theirs = [[model.weights[label][i] for i in range(x.shape[1] + 1)] for label in range(7)]
    ours = np.column_stack([guest["weights"], guest["bias"]])
    agree("softmax_regression, river, image segments", ours, theirs, 1e-11)


def test_ftrl_and_river() -> None:
    x, y = river_rows("Phishing")
    guest = Guest.new("ftrl", features=x.shape[1], lr=0.1, l2=1.0).feed(x, y.astype(int))
    ftrl = peer("river.optim.FTRLProximal")(alpha=0.1, beta=1.0, l1=0.0, l2=1.0)
    model = peer("river.linear_model.LogisticRegression")(ftrl, intercept_lr=0.0)
    for row, label in zip(x, y, strict=True):
        model.learn_one(named(np.array([*row, 1.0])), bool(label))
    # River predicts with the weights of a row earlier than the paper: near is all it can be.
    z = [ftrl.z[i] for i in range(x.shape[1] + 1)]
    agree("ftrl, river FTRLProximal, phishing", guest["z"], z, 1e-2)


def vw_weights(options: str, x: NDArray[np.float64], y: NDArray[Any]) -> list[float]:
    """What Vowpal Wabbit learns from labels 0 and 1: the weights, and that of a constant 1."""
    model = peer("vowpalwabbit.Workspace")(
        f"{options} --noconstant --loss_function logistic", quiet=True
    )
    for row, label in zip(x.tolist(), y.tolist(), strict=True):
        named = " ".join(f"x{i}:{each!r}" for i, each in enumerate([*row, 1.0]))
        model.learn(f"{2 * label - 1} | {named}")
    return [model.get_weight_from_name(f"x{i}") for i in range(x.shape[1] + 1)]


def test_logistic_and_vowpal_wabbit(approval: Rows) -> None:
    x, target = approval
    y = (target > np.median(target)).astype(int)
    guest = Guest.new("logistic", features=6, lr=0.05, scale=0).feed(x, y)
    theirs = vw_weights("--sgd --power_t 0 -l 0.05", x, y)
    agree("logistic, Vowpal Wabbit", [*guest["weights"], guest["bias"]], theirs, 1e-4)


@pytest.mark.parametrize(("l1", "l2"), [(0.0, 0.0), (0.0, 1.0), (2.0, 0.5)])
def test_ftrl_and_vowpal_wabbit(approval: Rows, l1: float, l2: float) -> None:
    x, target = approval
    y = (target > np.median(target)).astype(int)
    guest = Guest.new("ftrl", features=6, lr=0.1, smoothing=1.0, l1=l1, l2=l2).feed(x, y)
    ours = [guest.call("coefficient", i) for i in range(7)]
    options = f"--ftrl --ftrl_alpha 0.1 --ftrl_beta 1 --l1 {l1} --l2 {l2}"
    agree(f"ftrl, Vowpal Wabbit, l1 {l1}, l2 {l2}", ours, vw_weights(options, x, y), 1e-4)


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer"])
def test_gaussian_nb_and_scikit_learn(name: str) -> None:
    x, y = peer(f"sklearn.datasets.load_{name}")(return_X_y=True)
    model = peer("sklearn.naive_bayes.GaussianNB")().fit(x, y)
    classes = int(y.max()) + 1
    guest = Guest.new("gaussian_nb", classes=classes, features=x.shape[1]).feed(x, y)
    ours = [[guest.call("log_joint", row, each) for each in range(classes)] for row in x]
    agree(f"gaussian_nb, scikit-learn, {name}", ours, model.predict_joint_log_proba(x), 1e-10)
    assert [guest.call("predict", row) for row in x] == model.predict(x).tolist()


def test_multinomial_nb_and_scikit_learn() -> None:
    x, y = peer("sklearn.datasets.load_digits")(return_X_y=True)
    model = peer("sklearn.naive_bayes.MultinomialNB")().fit(x, y)
    guest = Guest.new("multinomial_nb", classes=10, features=64).feed(x.astype(int), y)
    ours = [[guest.call("log_joint", row, each) for each in range(10)] for row in x[:300]]
    theirs = model.predict_joint_log_proba(x[:300])
    agree("multinomial_nb, scikit-learn, digits", ours, theirs, 1e-12)
    assert [guest.call("predict", row) for row in x] == model.predict(x).tolist()


def test_kmeans_and_scikit_learn() -> None:
    x, _ = peer("sklearn.datasets.load_digits")(return_X_y=True)
    model = peer("sklearn.cluster.MiniBatchKMeans")(
        10, init=x[:10], n_init=1, reassignment_ratio=0.0
    )
    for row in x:
        # It refuses fewer rows than clusters: nine more that do not count.
        model.partial_fit([row] * 10, sample_weight=[1.0] + [0.0] * 9)
    guest = Guest.new("kmeans", clusters=10, features=64).feed(x)
    agree(
        "kmeans, scikit-learn MiniBatchKMeans, digits",
        guest["centers"],
        model.cluster_centers_,
        1e-12,
    )


def test_mlp_and_scikit_learn() -> None:
    x, y = peer("sklearn.datasets.load_digits")(return_X_y=True)
    x = x / 16
    guest = Guest.new("mlp", features=64, hidden=16, classes=10, lr=0.05)
    model = peer("sklearn.neural_network.MLPClassifier")(
        16,
        solver="sgd",
        alpha=0.0,
        batch_size=1,
        learning_rate_init=0.05,
        momentum=0.0,
        nesterovs_momentum=False,
    )
    model.partial_fit(x[:1], y[:1], classes=range(10))
    model.coefs_[0][...] = guest["first_weights"].T
    model.coefs_[1][...] = guest["second_weights"].T
    model.intercepts_[0][...] = 0
    model.intercepts_[1][...] = 0
    for row, label in zip(x, y, strict=True):
        model.partial_fit([row], [label])
    guest.feed(x, y)
    agree(
        "mlp, scikit-learn MLPClassifier, digits", guest["first_weights"].T, model.coefs_[0], 1e-9
    )
    agree("mlp, second layer", guest["second_weights"].T, model.coefs_[1], 1e-9)
    right = np.mean([guest.call("predict", row) for row in x] == y)
    print(f"\nmlp, digits: {right:.3f} right after one pass", end="")


def test_page_hinkley_and_ddm_and_river() -> None:
    rng = np.random.default_rng(1)
    for seed in range(20):
        x = np.concatenate([rng.normal(mean, 1, 400) for mean in rng.normal(0, 2, 5)])
        test = peer("river.drift.PageHinkley")(threshold=20.0)
        guest = Guest.new("page_hinkley", threshold=20.0)
        errors = rng.random(2000) < np.repeat(rng.uniform(0.05, 0.6, 5), 400)
        ddm, detector = peer("river.drift.binary.DDM")(), Guest.new("ddm")
        for value, error in zip(x, errors, strict=True):
            test.update(float(value))
            guest.call("update", value)
            assert bool(guest.call("predict")) == test.drift_detected, seed
            ddm.update(bool(error))
            detector.call("update", int(error))
            level = 2 if ddm.drift_detected else int(ddm.warning_detected)
            assert detector.call("predict") == level, seed
    print("\npage_hinkley, ddm, river: 40,000 of 40,000 rows told alike each", end="")


def test_ucb1_and_mabwiser() -> None:
    policy = peer("mabwiser.mab.LearningPolicy").UCB1(alpha=1.0)
    theirs = peer("mabwiser.mab.MAB")(list(range(5)), policy)
    guest = Guest.new("ucb1", arms=5)
    rng = np.random.default_rng(2)
    for arm in range(5):
        guest.call("update", arm, 1.0)
    theirs.fit(list(range(5)), [1.0] * 5)
    for _ in range(990):
        arm = guest.call("predict")
        assert arm == theirs.predict()
        reward = float(rng.random() < 0.2 + 0.1 * arm)
        guest.call("update", arm, reward)
        theirs.partial_fit([arm], [reward])
    print("\nucb1, MABWiser: 990 of 990 arms alike", end="")


def test_linucb_and_mabwiser() -> None:
    x, y = peer("sklearn.datasets.load_wine")(return_X_y=True)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    policy = peer("mabwiser.mab.LearningPolicy").LinUCB(alpha=1.0, l2_lambda=1.0)
    theirs = peer("mabwiser.mab.MAB")([0, 1, 2], policy)
    guest = Guest.new("linucb", arms=3, features=13)
    order = np.random.default_rng(3).permutation(len(x))
    ours, expected = [], []
    for step, at in enumerate(order):
        if step:
            found = theirs.predict_expectations([x[at]])
            found = found[0] if isinstance(found, list) else found
            expected.append([found[arm] for arm in range(3)])
            ours.append([guest.call("bound", x[at], arm) for arm in range(3)])
        arm = guest.call("predict", x[at])
        assert not step or arm == np.argmax(expected[-1])
        reward = float(arm == y[at])
        guest.call("update", x[at], arm, reward)
        (theirs.partial_fit if step else theirs.fit)([arm], [reward], [x[at]])
    agree("linucb, MABWiser, wine, all arms alike", ours, expected, 1e-12)


@pytest.mark.parametrize("slope", [False, True])
def test_sema_and_statsmodels(slope: bool) -> None:
    frame = peer("statsmodels.datasets.grunfeld").load_pandas().data
    firms = {firm: i for i, firm in enumerate(dict.fromkeys(frame["firm"]))}
    unit = np.array([firms[firm] for firm in frame["firm"]])
    y = frame["invest"].to_numpy(float) / 100
    columns = [frame[name].to_numpy(float) for name in ("value", "capital")]
    value, capital = ((column - column.mean()) / column.std() for column in columns)
    one = np.ones(len(y))
    x = np.column_stack([one, value, capital])
    z = np.column_stack([one, capital]) if slope else one[:, None]
    model = peer("statsmodels.api.MixedLM")(y, x, unit, exog_re=z).fit(
        reml=False, method="bfgs", gtol=1e-8, maxiter=1000
    )
    guest = Guest.new("sema", fixed=3, random=z.shape[1], units=11).feed(x, z, unit, y)
    for _ in range(10000):
        guest.call("sweep")
    what = f"sema, statsmodels MixedLM, Grunfeld, slope {slope}"
    agree(f"{what}: weights", guest["weights"], model.fe_params, 1e-8)
    agree(f"{what}: covariance", guest["covariance"], np.asarray(model.cov_re), 1e-6)
    agree(f"{what}: noise", guest["noise"], model.scale, 1e-8)
