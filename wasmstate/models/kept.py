"""A model that an estimator of another package holds: in memory, or in a file that follows it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.binary.module import Module
from wasmstate.errors import SchemaError
from wasmstate.escapes import visible
from wasmstate.models.naming import KEYS
from wasmstate.runtime.program import Program
from wasmstate.session.session import Session
from wasmstate.state.attach.describe import with_state
from wasmstate.state.state import State


class Kept:
    """A session that can be pickled: the model goes along, or the path of its file.

    Args:
        module: with the first state.
        path: of the file, which is made if there is none; one that is there goes on from its own
            state. ``None`` keeps the model in memory.

    Attributes:
        session: commits each change to the file.

    Raises:
        SchemaError: the file has another model.
        OSError, MalformedError, StateError, CommitError: the file cannot be read or written.
    """

    def __init__(self, module: Module, path: str | os.PathLike[str] | None = None) -> None:
        self._module = module
        self._functions = State.of(module).entry_points
        self._path = None if path is None else Path(os.fsdecode(path))
        if self._path is None:
            state, program = State.of(module), Program(module)
            self.session = Session(Path("the model"), module, program, state, persist="manual")
            return
        if self._path.exists():
            _check_alike(self._path, State.of(module))
        else:
            module.save(self._path)
        self.session = Session.open(self._path)

    @property
    def module(self) -> Module:
        """The model with S as it is now."""
        return with_state(self._module, self.session.state)

    def probabilities(self, row: Any, labels: Sequence[Any]) -> NDArray[np.float64]:
        """The probability of each class, ``(classes,)``, of a model that learns labels.

        Raises:
            CallError: as :meth:`wasmstate.Session.call`.
        """
        call = self.session.call
        if "probability" in self._functions:
            return np.array([call("probability", row, label) for label in labels])
        if "log_joint" in self._functions:
            joint = np.array([call("log_joint", row, label) for label in labels])
            if not np.isfinite(joint.max()):  # no class has rows
                joint = np.zeros(len(labels))
            odds = np.exp(joint - joint.max())
            return np.asarray(odds / odds.sum())
        second = call("predict", row)
        return np.array([1.0 - second, second])

    def __reduce__(self) -> tuple[object, ...]:
        if self._path is None:
            return _from_bytes, (self.module.to_bytes(),)
        return _from_path, (self._path,)


def _from_bytes(content: bytes) -> Kept:
    return Kept(Module.from_bytes(content))


def _from_path(path: Path) -> Kept:
    return Kept(Module.open(path), path)


def _check_alike(path: Path, made: State) -> None:
    found = State.of(Module.open(path))
    digests = [state.record.lineage.module_digest for state in (found, made)]
    names = [[state.metadata.get(key) for key in KEYS.values()] for state in (found, made)]
    if digests[0] != digests[1] or found.tensors != made.tensors:
        raise SchemaError(f"{visible(str(path))} has another model, or one of other sizes")
    if names[0] != names[1]:
        raise SchemaError(f"{visible(str(path))} has a model of other features or classes")
