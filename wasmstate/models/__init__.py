"""Models that learn, ready to be used: kernels of one page of memory, and their first states.

A model is a plain module with a state section: write it to a file, and open a session on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wasmstate.binary.module import Module
from wasmstate.errors import SchemaError
from wasmstate.models.choose import Choice, choose
from wasmstate.models.decisions import Decision, decide, decisions, makes_decisions, reward
from wasmstate.models.families import families
from wasmstate.models.family import Family, Option, TensorTemplate
from wasmstate.models.resize import resize

__all__ = [
    "Choice",
    "Decision",
    "Family",
    "Option",
    "TensorTemplate",
    "choose",
    "decide",
    "decisions",
    "describe",
    "makes_decisions",
    "names",
    "new",
    "resize",
    "reward",
]


def names() -> list[str]:
    """The families of models, in the order of the documentation."""
    return list(families())


def describe(name: str) -> Family:
    """A family: its options, tensors, entry points, and where its equations come from.

    Raises:
        SchemaError: if there is none of that name.
    """
    if name not in families():
        raise SchemaError(f"there is no model {name!r}; there are {', '.join(families())}")
    return families()[name]


def new(
    name: str,
    /,
    *,
    seed: int | None = None,
    feature_names: Sequence[str] | None = None,
    labels: Sequence[Any] | None = None,
    **options: float,
) -> Module:
    """A model that has learned nothing yet.

    Args:
        name: of its family, one of :func:`names`.
        seed: of its random numbers; if it is not given, the operating system gives one.
        feature_names: one for each feature; the option ``features`` need not be given then. Dicts,
            Series and frames are matched by them.
        labels: one for each class, numbers or texts; the option ``classes`` need not be given
            then. Calls take and give them instead of indices.
        options: as its family has them.

    Raises:
        SchemaError: if there is no such family or option, a value is invalid, or the names or
            labels are not as many as the features or classes.
    """
    return describe(name).make(seed, options, feature_names, labels)
