"""Where a stream begins to differ from what a model has learned: a model and a detector, composed.

A detector is a model, too: its S is what it has seen of the losses, in a file of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from wasmstate.errors import SchemaError
from wasmstate.session.session import Session


def find_drifts(
    model: Session, detector: Session, rows: Iterable[Sequence[Any]], *, learn: bool = True
) -> Iterator[int]:
    """Let a detector watch how well a model predicts.

    For each row the model predicts; its error (1 or 0 for a class, else the distance) is what the
    detector learns from; then the model learns the row. A probability of more than 0.5 stands for
    the class 1.

    Args:
        model: ``update`` takes what ``predict`` does, and what is right behind it.
        detector: a model with the tensor ``drifts``, such as ``ddm`` for classes or
            ``page_hinkley``; ``update`` takes one number.
        rows: the arguments of ``update``.
        learn: whether the model learns the rows; if not, it stays as it is.

    Yields:
        The index of each row, from 0, with which the detector told a drift.

    Raises:
        SchemaError: the models cannot be put together so.
        CallError, StateBoundsError: of a call, as :meth:`Session.call`.
    """
    is_class = _check(model, detector)
    before = int(detector.state["drifts"])
    for i, (*given, right) in enumerate(rows):
        said = model.predict(*given)
        if is_class:
            label = said if isinstance(said, int) else int(said > 0.5)
            detector.update(int(label != int(right)))
        else:
            detector.update(abs(said - float(right)))
        drifts = int(detector.state["drifts"])
        if drifts != before:
            before = drifts
            yield i
        if learn:
            model.update(*given, right)


def _check(model: Session, detector: Session) -> bool:
    """Whether what is right is a class."""
    given, learned = model.params("predict"), model.params("update")
    if len(learned) != len(given) + 1 or [each.type for each in given] != [
        each.type for each in learned[:-1]
    ]:
        raise SchemaError(
            "drift is found by what predict() says of a row and update() learns of it: update() "
            "has to take what predict() does, and what is right behind it"
        )
    losses = detector.params("update")
    if "drifts" not in detector.state or len(losses) != 1:
        raise SchemaError("a detector has the tensor drifts, and its update() takes one number")
    is_class = learned[-1].dtype.startswith("i")
    if losses[0].dtype.startswith("i") and not is_class:
        raise SchemaError(
            "the detector takes errors 0 and 1, and the model predicts numbers: take page_hinkley"
        )
    return is_class
