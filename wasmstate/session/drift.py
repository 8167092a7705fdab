"""Where a stream begins to differ from what a model has learned: a model and a detector, composed.

A detector is a model, too: its S is what it has seen of the losses. It is any module whose
``update`` takes one number and whose tensor ``drifts`` counts the drifts that it has told.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wasmstate.binary.module import Module
from wasmstate.errors import CallError, SchemaError, StateBoundsError
from wasmstate.runtime.program import Program
from wasmstate.session.foreign_detector import FlagDetector, ForeignDetector
from wasmstate.session.loss import Learner, Loss, params_of
from wasmstate.session.session import Session
from wasmstate.session.watched import Watched
from wasmstate.state.signature import NUMERIC
from wasmstate.state.state import State

RECENT = 30
"""How many losses up to a drift are told as those after it began."""


_Answer = tuple[bool, float | None]
"""Whether a detector told a drift, and what it said then."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A drift that a detector told.

    Attributes:
        row: with which it was told; rows count from 0, the first that the watch saw.
        said: what the detector's ``predict()`` gave then; ``None`` if it has none.
        before: the mean loss since the drift before, or since the watch began, without the rows of
            ``after``; ``None`` if there are no others.
        after: the mean loss of the last rows, 30 or as many as there are, up to this one.
    """

    row: int
    said: float | None
    before: float | None
    after: float


class DriftWatch:
    """A detector beside a model, that is told how wrong the model was about each row.

    If both are sessions on files, each commit of the model commits the detector first, and a
    detector that a power cut left ahead of the model goes back to its generation before: with
    ``persist="every-change"`` or ``"on-close"`` of the model both have seen the same rows. Open
    such a detector with ``persist="on-close", keep=1``, so that it makes no other commits.

    The loss of a row is that of what was predicted before the row was learned: for a class 1 if
    another one was right, else 0; for a number how far off it was. A probability of more than 0.5
    stands for the class 1.

    Args:
        model: ``update`` takes what ``predict`` does, and one number that is right behind it: an
            integer is a class.
        detector: a session on one; or the module of one, which is kept in memory only, as of
            ``models.new("ddm")``; or a detector of River, which is not kept in a file. ``ddm`` is
            for classes, ``page_hinkley`` and ``ewma`` for any loss.

    Attributes:
        drifts: that were told, in order.
        rows: how many it has seen.

    Raises:
        SchemaError: for a model without a loss, or a detector that is invalid or does not fit.
        StateError, CallError: the detector's module carries no state, or cannot be instantiated.
        MalformedError, OSError, CommitError: a file of the two cannot be read, or the detector's
            not be taken back.
    """

    def __init__(self, model: Learner, detector: Session | Module | FlagDetector) -> None:
        if isinstance(detector, Module):
            state = State.of(detector)
            detector = Session(
                Path("the module"), detector, Program(detector), state, persist="manual"
            )
        self._model = model
        self._loss = Loss(model)
        self._detector: Session | ForeignDetector
        self._file: Watched | None = None
        if isinstance(detector, Session):
            self._detector = detector
            self._speaks = _check_detector(detector, is_class=self._loss.is_class)
            self._file = _beside(model, detector)
        else:
            self._detector = ForeignDetector(detector)
            self._speaks = False
        if self._file is not None and isinstance(model, Session):
            model.before_commit(self._before_commit)
        self._is_at_once = isinstance(model, Session) and model.persist == "every-change"
        self._expected: float | None = None  # the loss of the row that is being learned
        self._answer: _Answer | CallError | StateBoundsError | None = None  # to that loss
        self._told = int(self._detector.value("drifts"))
        self.drifts: list[Drift] = []
        self.rows = 0
        self._sum = 0.0
        self._forget()

    @property
    def mean_loss(self) -> float:
        """Mean loss of all rows; NaN before the first."""
        return self._sum / self.rows if self.rows else math.nan

    def update(self, *args: Any) -> Drift | None:
        """Let the model learn a row, and tell the detector how wrong it had been.

        Args:
            args: of the model's ``update``.

        Returns:
            The drift, if one was told with this row.

        Raises:
            CallError, StateBoundsError: as :meth:`Session.call`, of either; if the model did not
                learn the row the detector was not told of it.
        """
        loss = self.expect(*args)
        self._model.call("update", *args)
        return self.tell(loss)

    def expect(self, *args: Any) -> float:
        """The loss of the row that the model is to learn next, before :meth:`tell`.

        Unlike after :meth:`loss`, a commit of the model with that row has the detector told of it.

        Raises:
            CallError, StateBoundsError, SchemaError: as :meth:`loss`.
        """
        self._expected = self._answer = None
        self._expected = self.loss(*args)
        return self._expected

    def loss(self, *args: Any) -> float:
        """How wrong the model is about a row; nobody learns anything.

        Raises:
            CallError, StateBoundsError: as :meth:`update`.
            SchemaError: if ``predict`` does not give one number.
        """
        return self._loss(*args)

    def tell(self, loss: float) -> Drift | None:
        """Tell the detector of a loss, as :meth:`loss` gives it; gives the drift, if it told one.

        Raises:
            CallError, StateBoundsError: of the detector; its S is what it was.
        """
        answer = self._answer or self._learn(loss)
        self._expected = self._answer = None
        if isinstance(answer, Exception):
            raise type(answer)(f"the detector: {answer}") from answer
        is_drift, said = answer
        if len(self._recent) == RECENT:
            self._old += self._recent[0]
            self._olds += 1
        self._recent.append(loss)
        self._sum += loss
        self.rows += 1
        if not is_drift:
            return None
        before = self._old / self._olds if self._olds else None
        drift = Drift(self.rows - 1, said, before, sum(self._recent) / len(self._recent))
        self.drifts.append(drift)
        self._forget()
        return drift

    def _learn(self, loss: float) -> _Answer | CallError | StateBoundsError:
        """Tell the detector of a loss."""
        try:
            self._detector.update(loss)
            told = int(self._detector.value("drifts"))
            is_drift, self._told = told > self._told, told
            return is_drift, self._detector.predict() if is_drift and self._speaks else None
        except (CallError, StateBoundsError) as error:
            return error

    def _before_commit(self, updates: int) -> None:
        if self._is_at_once and self._expected is not None:
            loss, self._expected = self._expected, None
            self._answer = self._learn(loss)
        if self._file is not None:
            self._file.commit(updates)

    def _forget(self) -> None:
        """From here on the losses are those after a drift."""
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._old, self._olds = 0.0, 0


def find_drifts(
    model: Session,
    detector: Session | Module | FlagDetector,
    rows: Iterable[Sequence[Any]],
    *,
    learn: bool = True,
) -> Iterator[int]:
    """Let a detector watch how well a model predicts rows.

    Args:
        model: as :class:`DriftWatch` takes it.
        detector: the same.
        rows: the arguments of ``update``.
        learn: whether the model learns the rows; if not, it stays as it is.

    Yields:
        The index of each row, from 0, with which the detector told a drift.

    Raises:
        SchemaError: the models cannot be put together so.
        CallError, StateBoundsError: of a call, as :meth:`Session.call`.
    """
    watch = DriftWatch(model, detector)
    for row in rows:
        loss = watch.loss(*row)
        if learn:
            model.update(*row)
        drift = watch.tell(loss)
        if drift is not None:
            yield drift.row


def _beside(model: Learner, detector: Session) -> Watched | None:
    """The file of the detector, if it is to be kept in step with that of the model."""
    if not isinstance(model, Session) or "manual" in (model.persist, detector.persist):
        return None
    return Watched(model, detector)


def _check_detector(detector: Session, *, is_class: bool) -> bool:
    """Whether it can say what it told."""
    state = detector.state
    is_count = (
        "drifts" in state and not state["drifts"].shape and state["drifts"].dtype.kind in "iu"
    )
    losses = params_of(detector, "update") or ()
    if not is_count or len(losses) != 1 or losses[0].type not in NUMERIC:
        raise SchemaError(
            f"{detector.path.name} is no detector: a detector has the tensor drifts, an integer, "
            "and an update() that takes one number"
        )
    if losses[0].dtype.startswith("i") and not is_class:
        raise SchemaError(
            "the detector takes errors 0 and 1, and the model predicts numbers: take page_hinkley"
        )
    return params_of(detector, "predict") == ()
