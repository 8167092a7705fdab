"""Classes predicted from features."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from wasmstate.models.family import Family, Option, TensorTemplate, Values
from wasmstate.models.options import (
    COUNT,
    FEATURES_PARAM,
    FEATURES_PARAMS,
    FINITE,
    ROWS_PARAM,
    SQUARES,
    dimension,
    kept,
    switch,
)

_WORDS = "x: i32[features]@sym:x >= 0"
_LABEL = "label: i32 >= 0 < classes"


def _learn(bounds: str) -> dict[str, str]:
    return {
        "update": f"({FEATURES_PARAM}, label: i32 {bounds}) -> ()",
        "update_many": (
            f"({FEATURES_PARAMS}, label: i32[rows]@sym:label {bounds}, {ROWS_PARAM}) -> ()"
        ),
    }


_LEARN_TWO = _learn(">= 0 <= 1")
_LEARN_CLASSES = _learn(">= 0 < classes")
_PROBABILITY = {"predict": f"({FEATURES_PARAM}) -> f64"}
_CLASS = {"predict": f"({FEATURES_PARAM}) -> i32"}


def _glorot(inputs: str, outputs: str) -> Callable[[Values, Iterator[int]], Any]:
    """Uniform weights, a row for each output, as X. Glorot and Y. Bengio (2010) have them."""

    def weights(values: Values, numbers: Iterator[int]) -> Any:
        size = int(values[outputs]), int(values[inputs])
        limit = math.sqrt(6.0 / sum(size))
        if inputs == "hidden":  # other numbers than the first layer's
            numbers = islice(numbers, int(values["hidden"] * values["features"]), None)
        drawn = np.array([number >> 11 for number in islice(numbers, math.prod(size))])
        return limit * (2.0 * drawn * 2.0**-53 - 1.0).reshape(size)

    return weights


FAMILIES = (
    Family(
        "logistic",
        "logistic regression of standardised features by stochastic gradient descent",
        'D. R. Cox, "The Regression Analysis of Binary Sequences" (1958); H. Robbins, S. Monro, '
        '"A Stochastic Approximation Method" (1951)',
        (
            dimension("features", 512, "numbers in a row"),
            Option("lr", "the learning rate", 0.01, bounds=("> 0",)),
            switch("scale", "1 to standardise features by their running mean and variance", 1),
        ),
        (
            kept("features", "u32"),
            kept("scale", "u32"),
            TensorTemplate("count:i64", "chan", (">= 0",), unit="updates"),
            kept("lr"),
            TensorTemplate("weights:f64[features]", "mean", FINITE),
            TensorTemplate("bias:f64", "mean", FINITE),
            TensorTemplate("mean:f64[features]", "chan", FINITE),
            TensorTemplate("m2:f64[features]", "chan", SQUARES),
        ),
        _PROBABILITY | _LEARN_TWO,
        max_rows=1024,
        buffers={"features": 4096},
    ),
    Family(
        "softmax_regression",
        "logistic regression for several classes",
        'D. R. Cox, "Some Procedures Connected with the Logistic Qualitative Response Curve" '
        '(1966); H. Robbins, S. Monro, "A Stochastic Approximation Method" (1951)',
        (
            dimension("features", 256, "numbers in a row"),
            dimension("classes", 64, "how many there are"),
            Option("lr", "the learning rate", 0.01, bounds=("> 0",)),
            switch("scale", "1 to standardise features by their running mean and variance", 1),
        ),
        (
            kept("features", "u32"),
            kept("classes", "u32"),
            kept("scale", "u32"),
            TensorTemplate("count:i64", "chan", (">= 0",), unit="updates"),
            kept("lr"),
            TensorTemplate("weights:f64[classes,features]", "mean", FINITE),
            TensorTemplate("bias:f64[classes]", "mean", FINITE),
            TensorTemplate("mean:f64[features]", "chan", FINITE),
            TensorTemplate("m2:f64[features]", "chan", SQUARES),
        ),
        _CLASS | _LEARN_CLASSES | {"probability": f"({FEATURES_PARAM}, {_LABEL}) -> f64"},
        max_rows=1024,
        buffers={"features": 2048},
        room={"classes*features": 2560},
    ),
    Family(
        "gaussian_nb",
        "Gaussian naive Bayes",
        'B. P. Welford, "Note on a Method for Calculating Corrected Sums of Squares and Products" '
        '(1962); scikit-learn, "GaussianNB", for the smoothing',
        (
            dimension("classes", 64, "how many there are"),
            dimension("features", 1024, "numbers in a row"),
            Option(
                "smoothing",
                "of the largest variance of a feature, added to each",
                1e-9,
                bounds=(">= 0",),
            ),
        ),
        (
            kept("classes", "u32"),
            kept("features", "u32"),
            kept("smoothing"),
            TensorTemplate("count:i64[classes]", "chan", (">= 0",), unit="updates"),
            TensorTemplate("mean:f64[classes,features]", "chan", FINITE),
            TensorTemplate("m2:f64[classes,features]", "chan", SQUARES),
        ),
        _CLASS | _LEARN_CLASSES | {"log_joint": f"({FEATURES_PARAM}, {_LABEL}) -> f64"},
        max_rows=512,
        buffers={"features": 4096},
        room={"classes*features": 1024},
    ),
    Family(
        "multinomial_nb",
        "multinomial naive Bayes, for how often each word occurs",
        'A. McCallum, K. Nigam, "A Comparison of Event Models for Naive Bayes Text '
        'Classification" (1998)',
        (
            dimension("classes", 64, "how many there are"),
            dimension("features", 4096, "words, of which a row has the numbers"),
            Option("alpha", "added to each number of occurrences", 1.0, bounds=(">= 1e-10",)),
        ),
        (
            kept("classes", "u32"),
            kept("features", "u32"),
            kept("alpha"),
            TensorTemplate("count:i64[classes]", "counts", (">= 0",), unit="updates"),
            TensorTemplate("occurrences:u32[classes,features]", "counts"),
        ),
        {
            "predict": f"({_WORDS}) -> i32",
            "log_joint": f"({_WORDS}, {_LABEL}) -> f64",
            "update": f"({_WORDS}, {_LABEL}) -> ()",
            "update_many": (
                "(x: i32[rows,features]@sym:x >= 0, label: i32[rows]@sym:label >= 0 < classes, "
                f"{ROWS_PARAM}) -> ()"
            ),
        },
        max_rows=1024,
        buffers={"features": 4096},
        room={"classes*features": 6144},
    ),
    Family(
        "ftrl",
        "logistic regression by FTRL-Proximal, with weights that are 0",
        'H. B. McMahan and others, "Ad Click Prediction: a View from the Trenches" (2013)',
        (
            dimension("features", 512, "numbers in a row"),
            Option("lr", "the learning rate, the paper's alpha", 0.1, bounds=("> 0",)),
            Option("smoothing", "of the learning rates, the paper's beta", 1.0, bounds=("> 0",)),
            Option("l1", "the weight of absolute weights", 0.0, bounds=(">= 0",)),
            Option("l2", "the weight of squared weights", 0.0, bounds=(">= 0",)),
        ),
        (
            kept("features", "u32"),
            COUNT,
            kept("lr"),
            kept("smoothing"),
            kept("l1"),
            kept("l2"),
            TensorTemplate("z:f64[features+1]", "mean", FINITE),
            TensorTemplate("squares:f64[features+1]", "mean", SQUARES),
        ),
        _PROBABILITY | _LEARN_TWO | {"coefficient": "(index: i32 >= 0 <= features) -> f64"},
        max_rows=1024,
        buffers={"features": 4096},
    ),
    Family(
        "mlp",
        "a neural network with one hidden layer, for classes",
        'D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning Representations by '
        'Back-propagating Errors" (1986)',
        (
            dimension("features", 256, "numbers in a row"),
            dimension("hidden", 128, "units between features and classes", 16),
            dimension("classes", 64, "how many there are"),
            Option("lr", "the learning rate", 0.01, bounds=("> 0",)),
        ),
        (
            kept("features", "u32"),
            kept("hidden", "u32"),
            kept("classes", "u32"),
            COUNT,
            kept("lr"),
            TensorTemplate(
                "first_weights:f64[hidden,features]",
                "mean",
                FINITE,
                value=_glorot("features", "hidden"),
            ),
            TensorTemplate("first_bias:f64[hidden]", "mean", FINITE),
            TensorTemplate(
                "second_weights:f64[classes,hidden]",
                "mean",
                FINITE,
                value=_glorot("hidden", "classes"),
            ),
            TensorTemplate("second_bias:f64[classes]", "mean", FINITE),
        ),
        _CLASS | _LEARN_CLASSES | {"probability": f"({FEATURES_PARAM}, {_LABEL}) -> f64"},
        max_rows=512,
        buffers={"features": 2048},
        room={"hidden*features": 2560, "classes*hidden": 1024},
        takes_seed=True,
    ),
)
