"""Sums of a stream, and numbers predicted from features."""

from __future__ import annotations

import numpy as np

from wasmstate.models.family import Family, Option, TensorTemplate
from wasmstate.models.options import (
    COUNT,
    FEATURES_PARAM,
    FEATURES_PARAMS,
    FINITE,
    ROWS_PARAM,
    SQUARES,
    WITHIN,
    dimension,
    kept,
    switch,
)

_LEARN = {
    "update": f"({FEATURES_PARAM}, y: f64 {WITHIN}) -> ()",
    "update_many": f"({FEATURES_PARAMS}, y: f64[rows]@sym:y {WITHIN}, {ROWS_PARAM}) -> ()",
}
_PREDICT = {"predict": f"({FEATURES_PARAM}) -> f64"}
_BIAS = TensorTemplate("bias:f64", "mean", FINITE)

FAMILIES = (
    Family(
        "moments",
        "mean and variance of each feature of a stream",
        'B. P. Welford, "Note on a Method for Calculating Corrected Sums of Squares and Products" '
        '(1962); T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating Formulae and a Pairwise '
        'Algorithm for Computing Sample Variances" (1979) for merging',
        (dimension("features", 512, "numbers in a row", 1),),
        (
            kept("features", "u32"),
            TensorTemplate("count:i64", "chan", (">= 0",), unit="updates"),
            TensorTemplate("mean:f64[features]", "chan", FINITE),
            TensorTemplate("m2:f64[features]", "chan", SQUARES),
        ),
        {
            "predict": "(feature: i32 >= 0 < features) -> f64",
            "variance": "(feature: i32 >= 0 < features) -> f64",
            "update": f"({FEATURES_PARAM}) -> ()",
            "update_many": f"({FEATURES_PARAMS}, {ROWS_PARAM}) -> ()",
        },
        max_rows=4096,
        buffers={"features": 4096},
    ),
    Family(
        "linear",
        "linear regression by stochastic gradient descent",
        'B. Widrow, M. E. Hoff, "Adaptive Switching Circuits" (1960)',
        (
            dimension("features", 512, "numbers in a row"),
            Option("lr", "the learning rate", 0.01, bounds=("> 0",)),
        ),
        (
            kept("features", "u32"),
            COUNT,
            kept("lr"),
            TensorTemplate("weights:f64[features]", "mean", FINITE),
            _BIAS,
        ),
        _PREDICT | _LEARN,
        max_rows=1024,
        buffers={"features": 4096},
    ),
    Family(
        "adagrad",
        "linear regression by AdaGrad: a learning rate for each feature, for rare ones",
        'J. Duchi, E. Hazan, Y. Singer, "Adaptive Subgradient Methods for Online Learning and '
        'Stochastic Optimization" (2011)',
        (
            dimension("features", 512, "numbers in a row"),
            Option("lr", "the learning rate", 0.1, bounds=("> 0",)),
            Option("smoothing", "of the learning rates, the paper's delta", 1e-8, bounds=("> 0",)),
        ),
        (
            kept("features", "u32"),
            COUNT,
            kept("lr"),
            kept("smoothing"),
            TensorTemplate("weights:f64[features+1]", "mean", FINITE),
            TensorTemplate("squares:f64[features+1]", "mean", SQUARES),
        ),
        _PREDICT | _LEARN,
        max_rows=1024,
        buffers={"features": 4096},
    ),
    Family(
        "ols",
        "least squares and ridge regression from sums, the same as from all rows at once",
        'C.-T. Chu and others, "Map-Reduce for Machine Learning on Multicore" (2006); A. E. Hoerl, '
        'R. W. Kennard, "Ridge Regression" (1970)',
        (
            dimension("features", 48, "numbers in a row"),
            Option("l2", "the weight of squared weights (ridge)", 0.0, bounds=(">= 0",)),
            switch("intercept", "1 if the line need not go through zero", 1),
        ),
        (
            kept("features", "u32"),
            kept("intercept", "u32"),
            TensorTemplate("count:i64", "chan", (">= 0",), unit="updates"),
            kept("l2"),
            TensorTemplate("mean:f64[features+1]", "chan", FINITE),
            TensorTemplate("m2:f64[features+1,features+1]", "chan", FINITE),
        ),
        _PREDICT | _LEARN | {"coefficient": "(index: i32 >= 0 <= features) -> f64"},
        max_rows=512,
        buffers={"features": 2048},
    ),
    Family(
        "rls",
        "recursive least squares that forget: a line that follows what changes",
        'R. L. Plackett, "Some Theorems in Least Squares" (1950); K. J. Astrom, B. Wittenmark, '
        '"Adaptive Control" (1995)',
        (
            dimension("features", 48, "numbers in a row"),
            Option(
                "forgetting",
                "how much a row counts one row later; 1 forgets nothing",
                0.99,
                bounds=("> 0", "<= 1"),
            ),
            Option("variance", "of the weights before the first row", 1000.0, bounds=("> 0",)),
        ),
        (
            kept("features", "u32"),
            COUNT,
            kept("forgetting"),
            kept("variance"),
            TensorTemplate("weights:f64[features]", "none", FINITE),
            TensorTemplate("bias:f64", "none", FINITE),
            TensorTemplate(
                "covariance:f64[features+1,features+1]",
                "none",
                FINITE,
                value=lambda values, _: values["variance"] * np.eye(int(values["features"]) + 1),
            ),
        ),
        _PREDICT | _LEARN,
        max_rows=512,
        buffers={"features": 2048},
    ),
)
