"""Functions that learn, to be grafted to models that only predict.

Each is a module without memory, data or stack of its own; their sources are in ``fixtures/donors``.
"""

from __future__ import annotations

from pathlib import Path

from wasmstate.binary.module import Module
from wasmstate.errors import SectionError

_FOLDER = Path(__file__).parent

_SUMMARIES = {
    "bandit-counts": "how often each arm of a bandit was pulled, and what it paid in all",
    "running-mean": "the mean of a stream of numbers",
    "sgd-linear": "a step of stochastic gradient descent for a linear model",
}


def names() -> list[str]:
    """The donors that there are."""
    return sorted(path.stem for path in _FOLDER.glob("*.wasm"))


def donor(name: str) -> Module:
    """A donor by its name.

    Raises:
        SectionError: if there is none of that name.
    """
    if name not in names():
        raise SectionError(f"there is no donor {name!r}; there are {', '.join(names())}")
    return Module.open(_FOLDER / f"{name}.wasm")


def summary(name: str) -> str:
    """What a donor does, in one clause.

    Raises:
        SectionError: as :func:`donor`.
    """
    if name not in _SUMMARIES:
        raise SectionError(f"there is no donor {name!r}; there are {', '.join(names())}")
    return _SUMMARIES[name]
