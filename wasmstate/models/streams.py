"""Clusters, drift, and units with effects of their own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from wasmstate.models.family import Family, Option, TensorTemplate, Values
from wasmstate.models.options import (
    COUNT,
    FEATURES_PARAM,
    FEATURES_PARAMS,
    FINITE,
    NOT_NEGATIVE,
    ROWS_PARAM,
    WITHIN,
    dimension,
    kept,
)

_SINCE = TensorTemplate("count:i64", "none", NOT_NEGATIVE, unit="updates since the last drift")
_DRIFTS = TensorTemplate("drifts:i64", "none", NOT_NEGATIVE)
_UNIT = "unit: i32 >= 0 < units"
_ROW = f"x: f64[fixed]@sym:x {WITHIN}, z: f64[random]@sym:z {WITHIN}"


def _sums(spec: str) -> TensorTemplate:
    return TensorTemplate(spec, "sum", FINITE)


_PLACE = ("finite", "<= 1e50", ">= -1e50")


def _shifts(values: Values, numbers: Iterator[int]) -> Any:
    """Uniform numbers from 0 to 1."""
    size = int(values["trees"]), int(values["features"])
    drawn = [number >> 11 for number in islice(numbers, math.prod(size))]
    return np.array(drawn).reshape(size) * 2.0**-53


def _splits(values: Values, numbers: Iterator[int]) -> Any:
    """A feature for each node, by numbers that no shift was made of."""
    size = int(values["trees"]), int(values["nodes"])
    numbers = islice(numbers, int(values["trees"] * values["features"]), None)
    drawn = [number % int(values["features"]) for number in islice(numbers, math.prod(size))]
    return np.array(drawn).reshape(size)


FAMILIES = (
    Family(
        "kmeans",
        "k-means, one row at a time",
        'J. MacQueen, "Some Methods for Classification and Analysis of Multivariate Observations" '
        "(1967)",
        (
            dimension("clusters", 256, "how many there are to be"),
            dimension("features", 2048, "numbers in a row"),
        ),
        (
            kept("clusters", "u32"),
            kept("features", "u32"),
            TensorTemplate("count:i64[clusters]", "counts", NOT_NEGATIVE, unit="updates"),
            TensorTemplate("centers:f64[clusters,features]", "mean", FINITE),
        ),
        {
            "predict": f"({FEATURES_PARAM}) -> i32",
            "distance": f"({FEATURES_PARAM}) -> f64",
            "update": f"({FEATURES_PARAM}) -> ()",
            "update_many": f"({FEATURES_PARAMS}, {ROWS_PARAM}) -> ()",
        },
        max_rows=4096,
        buffers={"features": 4096},
        room={"clusters*features": 2048},
    ),
    Family(
        "page_hinkley",
        "the Page-Hinkley test: has the mean of a stream moved?",
        'E. S. Page, "Continuous Inspection Schemes" (1954); River, "PageHinkley", for both '
        "directions and the forgetting factor",
        (
            Option(
                "min_rows", "how many there are before it tells", 30, integer=True, bounds=(">= 1",)
            ),
            Option("delta", "the move that does not count", 0.005, bounds=(">= 0",)),
            Option("threshold", "of the moves added up", 50.0, bounds=("> 0",)),
            Option("alpha", "how much a move counts a row later", 0.9999, bounds=("> 0", "<= 1")),
        ),
        (
            kept("min_rows", "i64"),
            kept("delta"),
            kept("threshold"),
            kept("alpha"),
            _SINCE,
            *(
                TensorTemplate(f"{name}:f64", "none", FINITE)
                for name in ("mean", "up", "least_up", "down", "most_down")
            ),
            TensorTemplate("drift:u32", "none", ("<= 1",)),
            _DRIFTS,
        ),
        {
            "predict": "() -> i32",
            "update": f"(x: f64 {WITHIN}) -> ()",
            "update_many": f"(x: f64[rows]@sym:x {WITHIN}, {ROWS_PARAM}) -> ()",
        },
        max_rows=4096,
    ),
    Family(
        "ddm",
        "the drift detection method: has a classifier begun to err more often?",
        'J. Gama, P. Medas, G. Castillo, P. Rodrigues, "Learning with Drift Detection" (2004)',
        (
            Option(
                "min_rows", "how many there are before it tells", 30, integer=True, bounds=(">= 1",)
            ),
            Option("warning", "standard deviations before it warns", 2.0, bounds=("> 0",)),
            Option("alarm", "standard deviations before it tells a drift", 3.0, bounds=("> 0",)),
        ),
        (
            kept("min_rows", "i64"),
            kept("warning"),
            kept("alarm"),
            _SINCE,
            TensorTemplate("errors:i64", "none", NOT_NEGATIVE),
            TensorTemplate("least_rate:f64", "none", ("finite", ">= 0", "<= 1")),
            TensorTemplate("least_deviation:f64", "none", ("finite", ">= 0")),
            TensorTemplate("level:u32", "none", ("<= 2",)),
            _DRIFTS,
        ),
        {
            "predict": "() -> i32",
            "update": "(error: i32 >= 0 <= 1) -> ()",
            "update_many": f"(error: i32[rows]@sym:error >= 0 <= 1, {ROWS_PARAM}) -> ()",
        },
        max_rows=4096,
    ),
    Family(
        "ewma",
        "the EWMA chart: has the mean of a stream moved, in units of its own deviation?",
        'S. W. Roberts, "Control Chart Tests Based on Geometric Moving Averages" (1959)',
        (
            Option(
                "min_rows", "how many there are before it tells", 30, integer=True, bounds=(">= 1",)
            ),
            Option("weight", "of the newest row in the average", 0.1, bounds=("> 0", "<= 1")),
            Option("width", "deviations of the average that are a drift", 4.0, bounds=("> 0",)),
        ),
        (
            kept("min_rows", "i64"),
            kept("weight"),
            kept("width"),
            _SINCE,
            TensorTemplate("mean:f64", "none", FINITE),
            TensorTemplate("m2:f64", "none", ("finite", ">= 0")),
            TensorTemplate("average:f64", "none", FINITE),
            TensorTemplate("faded:f64", "none", ("finite", ">= 0", "<= 1")),
            TensorTemplate("drift:u32", "none", ("<= 1",)),
            _DRIFTS,
        ),
        {
            "predict": "() -> i32",
            "update": f"(x: f64 {WITHIN}) -> ()",
            "update_many": f"(x: f64[rows]@sym:x {WITHIN}, {ROWS_PARAM}) -> ()",
        },
        max_rows=4096,
    ),
    Family(
        "half_space_trees",
        "half-space trees: how unusual is a row beside those of the last window?",
        'S. C. Tan, K. M. Ting, F. T. Liu, "Fast Anomaly Detection for Streaming Data" (2011)',
        (
            dimension("features", 256, "numbers in a row"),
            dimension("trees", 64, "how many there are", 10),
            dimension("height", 11, "how often a tree halves the space", 8),
            dimension("window", 6400, "rows that are counted before they count", 250),
        ),
        (
            kept("trees", "u32"),
            kept("height", "u32"),
            kept("window", "u32"),
            kept("features", "u32"),
            TensorTemplate("count:i64", "none", NOT_NEGATIVE, unit="updates"),
            TensorTemplate("windows:i64", "none", NOT_NEGATIVE),
            TensorTemplate("row_of_window:u32", "none"),
            TensorTemplate("low:f64[features]", "none", _PLACE),
            TensorTemplate(
                "high:f64[features]",
                "none",
                _PLACE,
                value=lambda values, _: np.ones(int(values["features"])),
            ),
            TensorTemplate(
                "shifts:f64[trees,features]", "none", ("finite", ">= 0", "<= 1"), value=_shifts
            ),
            TensorTemplate("split:u8[trees,nodes]", "none", value=_splits),
            TensorTemplate("mass:u16[trees,nodes]", "none"),
            TensorTemplate("latest:u16[trees,nodes]", "none"),
        ),
        {
            "predict": f"({FEATURES_PARAM}) -> f64",
            "update": f"({FEATURES_PARAM}) -> ()",
            "update_many": f"({FEATURES_PARAMS}, {ROWS_PARAM}) -> ()",
        },
        max_rows=1024,
        buffers={"features": 1024},
        room={"trees*nodes": 6350, "trees*features": 1024},
        derived={"nodes": lambda values: 2 ** (values["height"] + 1) - 1},
        takes_seed=True,
        fixed=("features",),
    ),
    Family(
        "sema",
        "a multilevel model: a line, and how each unit differs from it",
        'L. Ippel, M. C. Kaptein, J. K. Vermunt, "Estimating Multilevel Models on Data Streams" '
        "(2019)",
        (
            dimension("fixed", 8, "columns of x, which have one weight for all units"),
            dimension("random", 4, "columns of z, which have an effect for each unit"),
            dimension("units", 256, "how many there can be"),
            Option(
                "warmup",
                "how many rows leave the parameters as they were",
                20,
                integer=True,
                bounds=(">= 0",),
            ),
        ),
        (
            kept("fixed", "u32"),
            kept("random", "u32"),
            kept("units", "u32"),
            kept("warmup", "i64"),
            COUNT,
            TensorTemplate("weights:f64[fixed]", "mean", FINITE),
            TensorTemplate(
                "covariance:f64[random,random]",
                "mean",
                FINITE,
                value=lambda values, _: np.eye(int(values["random"])),
            ),
            TensorTemplate("noise:f64", "mean", ("finite", "> 0"), value=lambda _, _numbers: 1.0),
            _sums("xx:f64[fixed,fixed]"),
            _sums("xy:f64[fixed]"),
            _sums("t1:f64[fixed]"),
            _sums("t2:f64[random,random]"),
            _sums("t3:f64"),
            TensorTemplate("unit_count:i64[units]", "counts", NOT_NEGATIVE, unit="updates"),
            _sums("unit_yy:f64[units]"),
            _sums("unit_xx:f64[units,fixed,fixed]"),
            _sums("unit_zz:f64[units,random,random]"),
            _sums("unit_zx:f64[units,random,fixed]"),
            _sums("unit_xy:f64[units,fixed]"),
            _sums("unit_zy:f64[units,random]"),
            _sums("unit_t1:f64[units,fixed]"),
            _sums("unit_t2:f64[units,random,random]"),
            _sums("unit_t3:f64[units]"),
        ),
        {
            "predict": f"({_ROW}, {_UNIT}) -> f64",
            "unit_effect": f"({_UNIT}, index: i32 >= 0 < random) -> f64",
            "update": f"({_ROW}, {_UNIT}, y: f64 {WITHIN}) -> ()",
            "update_many": (
                f"(x: f64[rows,fixed]@sym:x {WITHIN}, z: f64[rows,random]@sym:z {WITHIN}, "
                f"unit: i32[rows]@sym:unit >= 0 < units, y: f64[rows]@sym:y {WITHIN}, "
                f"{ROWS_PARAM}) -> ()"
            ),
            "sweep": "() -> ()",
        },
        max_rows=256,
        buffers={"fixed": 512, "random": 512},
        # What else depends on the three fits if these do.
        room={"units*fixed*fixed": 1024, "units*random*random": 512},
    ),
)
