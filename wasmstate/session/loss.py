"""How wrong a model is about a row, before it learns it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

from wasmstate.errors import ArgumentError, CallError, SchemaError
from wasmstate.state.signature import NUMERIC, Param


class Learner(Protocol):
    """What is watched: a :class:`Session`, or what else can be called as one."""

    def params(self, name: str) -> tuple[Param, ...]:
        """See :meth:`Session.params`."""

    def predict(self, *args: Any) -> Any:
        """See :meth:`Session.predict`."""

    def call(self, name: str, /, *args: Any) -> Any:
        """See :meth:`Session.call`."""

    def class_index(self, label: Any) -> int:
        """See :meth:`Session.class_index`."""


class Loss:
    """The loss of rows.

    It is that of what is predicted: for a class 1 if another one is right, else 0; for a number how
    far off it is. A probability of more than 0.5 stands for the class 1.

    Args:
        model: ``update`` takes what ``predict`` does, and one number that is right behind it: an
            integer is a class.

    Attributes:
        is_class: whether what is right is a class.

    Raises:
        SchemaError: for a model without a loss.
    """

    def __init__(self, model: Learner) -> None:
        self._model = model
        self._label = _label_of(model)
        self._count = len(model.params("update"))
        self.is_class = self._label.dtype.startswith("i")

    def __call__(self, *args: Any) -> float:
        """How wrong the model is about a row; nobody learns anything.

        Args:
            args: of the model's ``update``.

        Raises:
            CallError, StateBoundsError: as :meth:`Session.call`.
            SchemaError: if ``predict`` does not give one number.
        """
        if len(args) != self._count:
            raise ArgumentError(f"update takes {self._count} arguments, not {len(args)}")
        *given, right = args
        said = self._model.predict(*given)
        if not isinstance(said, (int, float) if not self.is_class else (int, float, str)):
            raise SchemaError(f"no loss: predict() has to give one number, it gave {said!r}")
        try:
            if not self.is_class:
                loss = abs(float(said) - float(right))
            elif isinstance(said, float):  # a probability
                wrong = int(said > 0.5) != self._model.class_index(right)
                loss = math.nan if math.isnan(said) else int(wrong)
            else:
                loss = int(self._model.class_index(said) != self._model.class_index(right))
        except (TypeError, ValueError, OverflowError) as error:
            raise ArgumentError(f"update, argument {self._label.name}: {error}") from error
        if not math.isfinite(loss):
            raise CallError(f"the loss is {loss}: predict() gave {said}, {right} is right")
        return loss


def _label_of(model: Learner) -> Param:
    """What is right, as ``update`` takes it."""
    given, learned = params_of(model, "predict"), params_of(model, "update")
    if given is None or learned is None:
        missing = "predict" if given is None else "update"
        raise SchemaError(f"no loss: the model has no {missing}()")
    if not learned or [each.type for each in given] != [each.type for each in learned[:-1]]:
        raise SchemaError(
            "no loss: update() has to take what predict() does, and what is right behind it, but "
            f"predict takes {_types(given)} and update {_types(learned)}"
        )
    if learned[-1].type not in NUMERIC:
        raise SchemaError(f"no loss: what is right has to be one number, not {learned[-1]}")
    return learned[-1]


def _types(params: Sequence[Param]) -> str:
    return f"({', '.join(f'{each.name}: {each.type}' for each in params)})"


def params_of(model: Learner, name: str) -> tuple[Param, ...] | None:
    """What a function takes; ``None`` if there is no such function."""
    try:
        return model.params(name)
    except CallError:
        return None
