"""A guard: what a model learns must not make it worse than it was when the guard began.

Each row is predicted twice before it is learned, by the model and by a copy that does not learn.
When the mean losses of the last rows break a condition, S goes back to what it was at first.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from wasmstate.errors import SchemaError
from wasmstate.session.loss import Loss
from wasmstate.session.session import Session
from wasmstate.state.compare.condition import Condition

WINDOW = 100
"""How many rows the means are of; before as many have been seen, nothing is judged."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """A rollback by a guard.

    Attributes:
        row: after which it was; rows count from 0, the first that the guard saw.
        loss: the mean loss of the model in the last rows.
        frozen: that of the copy.
    """

    row: int
    loss: float
    frozen: float


class Guard:
    """Rolls a session back when its model gets worse than it was.

    Args:
        session: whose S now is what it goes back to; ``update`` takes what ``predict`` does, and
            what is right behind it.
        condition: what has to hold of ``loss`` and ``frozen``: ``loss <= frozen + 0.02``. A loss is
            0 or 1 for a class, for a number how far off it is.
        window: how many rows their means are of.

    Attributes:
        window: as given.
        rollbacks: in order.
        rows: how many were learned.

    Raises:
        SchemaError: the condition cannot be read, or the model has no loss.
    """

    def __init__(self, session: Session, condition: str, *, window: int = WINDOW) -> None:
        if window < 1:
            raise SchemaError(f"a window has at least 1 row, not {window}")
        self.window = window
        self._session = session
        self._condition = Condition(condition, {"loss": 0.0, "frozen": 0.0})
        self._start = session.state
        self._losses = (Loss(session), Loss(session.snapshot()))
        self._recent: deque[tuple[float, float]] = deque(maxlen=window)
        self.rollbacks: list[Rollback] = []
        self.rows = 0

    def update(self, *args: Any) -> Rollback | None:
        """Let the model learn a row; gives the rollback, if there was one after it.

        Args:
            args: of the model's ``update``.

        Raises:
            CallError, StateBoundsError, CommitError, StateConflictError: as :meth:`Session.call`.
        """
        live, frozen = (loss(*args) for loss in self._losses)
        self._session.update(*args)
        self._recent.append((live, frozen))
        self.rows += 1
        if len(self._recent) < self.window:
            return None
        means = [sum(column) / len(self._recent) for column in zip(*self._recent, strict=True)]
        if self._condition.holds({"loss": means[0], "frozen": means[1]}):
            return None
        self._session.restore(self._start)
        self._recent.clear()
        rollback = Rollback(self.rows - 1, *means)
        self.rollbacks.append(rollback)
        return rollback
