"""Classes predicted from features."""

from __future__ import annotations

from wasmstate.models.family import Family, Option, TensorTemplate
from wasmstate.models.parts import FINITE, SQUARES, dimension, kept, switch

_LEARN = {
    "update": "(x: f64[features]@sym:x, label: i32) -> ()",
    "update_many": "(x: f64[rows,features]@sym:x, label: i32[rows]@sym:label, rows: i32) -> ()",
}

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
        {"predict": "(x: f64[features]@sym:x) -> f64"} | _LEARN,
        buffer=4096,
        max_rows=1024,
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
        {
            "predict": "(x: f64[features]@sym:x) -> i32",
            "log_joint": "(x: f64[features]@sym:x, label: i32) -> f64",
        }
        | _LEARN,
        buffer=4096,
        max_rows=512,
        room={"classes*features": 1024},
    ),
)
