"""What the functions of models take and give that have their tensors in an arena."""

from __future__ import annotations

from collections.abc import Sequence

from wasmstate.models.options import WITHIN

ROWS = "rows: i32 >= 0 <= {rows}"


def of_features(features: int, bounds: str = WITHIN) -> str:
    """The parameter that is one row."""
    return f"x: f64[{features}]@{{x}} {bounds}".rstrip()


def learning(
    features: int, target: str, dtype: str, bounds: str, x_bounds: str = WITHIN
) -> dict[str, str]:
    """``update`` and ``update_many``.

    Args:
        features: numbers in a row.
        target: ``y`` or ``label``.
        dtype: of the target.
        bounds: of the target.
        x_bounds: of the features.
    """
    rows = f"x: f64[{{rows}},{features}]@{{x}} {x_bounds}".rstrip()
    return {
        "update": f"({of_features(features, x_bounds)}, {target}: {dtype} {bounds}) -> ()",
        "update_many": (f"({rows}, {target}: {dtype}[{{rows}}]@{{target}} {bounds}, {ROWS}) -> ()"),
    }


def of_numbers(features: int, *, updates: bool, x_bounds: str = WITHIN) -> dict[str, str]:
    """The functions of a model that predicts a number."""
    predict = {"predict": f"({of_features(features, x_bounds)}) -> f64"}
    if not updates:
        return predict
    return predict | learning(features, "y", "f64", WITHIN, x_bounds)


def of_classes(
    features: int, classes: int, *, says: Sequence[str], updates: bool, x_bounds: str = WITHIN
) -> dict[str, str]:
    """The functions of a model that predicts a class.

    Args:
        features: numbers in a row.
        classes: how many there are.
        says: what it says of each class: ``probability``, ``decision``.
        updates: whether it learns.
        x_bounds: of the features.
    """
    x, label = of_features(features, x_bounds), f"label: i32 >= 0 < {classes}"
    found = {"predict": f"({x}) -> i32"} | dict.fromkeys(says, f"({x}, {label}) -> f64")
    if not updates:
        return found
    return found | learning(features, "label", "i32", f">= 0 < {classes}", x_bounds)


def of_outputs(features: int, outputs: int, name: str, x_bounds: str = WITHIN) -> dict[str, str]:
    """The function of a model that predicts several numbers, one a call."""
    return {name: f"({of_features(features, x_bounds)}, output: i32 >= 0 < {outputs}) -> f64"}
