"""Keeping the file of a detector in step with the file of the model that it watches.

Two files cannot be committed at once. The detector's is committed first, and its metadata say up to
which update of the model it has seen the losses; if the power fails in between, the detector has
seen a row that the model lost, and goes back to its generation before.
"""

from __future__ import annotations

from typing import Any

from wasmstate.session.session import Session
from wasmstate.state.compare.history import base_of, history
from wasmstate.state.merge.ancestry import WATCHED_KEY
from wasmstate.state.state import State
from wasmstate.storage.rollback import rollback


class Watched:
    """A detector with a file beside a model with a file.

    On the way in, a detector that has seen more updates than the model has goes back to the newest
    generation in its file that has not; one without such a generation stays as it is.

    Args:
        model: whose S is committed by its own policy.
        detector: whose S is committed before that of the model.

    Raises:
        StateError, MalformedError, OSError: a file cannot be read.
        CommitError, StateConflictError, StateBoundsError: as :func:`wasmstate.rollback`.
    """

    def __init__(self, model: Session, detector: Session) -> None:
        state = State.open(model.path)
        self._base = base_of(state).hex()
        self._detector = detector
        if not detector.is_dirty and self._is_ahead(detector.state, state.update_count):
            self._go_back(state.update_count)

    def commit(self, updates: int) -> None:
        """Commit the detector, which has seen the losses of so many updates of the model.

        Raises:
            CommitError, StateConflictError, StateError, MalformedError: as :meth:`Session.flush`.
        """
        self._detector.annotate({WATCHED_KEY: {"base": self._base, "updates": updates}})
        self._detector.flush()

    def _go_back(self, updates: int) -> None:
        for entry in reversed(history(self._detector.path)):
            if entry.state is not None and not self._is_ahead(entry.state, updates):
                rollback(self._detector.path, entry.state.generation)
                self._detector.rollback()
                return

    def _is_ahead(self, detector: State, updates: int) -> bool:
        seen: Any = detector.metadata.get(WATCHED_KEY)
        if not isinstance(seen, dict) or seen.get("base") != self._base:
            return False
        noted = seen.get("updates")
        return isinstance(noted, int) and noted > updates
