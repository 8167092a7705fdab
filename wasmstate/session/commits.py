"""The commits of a session: at each change, by a thread behind the calls, or when it is asked."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from wasmstate.session.background_writer import Writer
from wasmstate.session.committer import Keeper, Snapshot
from wasmstate.session.policy import Policy
from wasmstate.state.state import State

MOST_WAITING = 20
"""With ``every:N``, at most this multiple of N calls of ``update()`` waits to be committed."""


class _Waiting:
    """How long the thread waits: so long, or until what commits write is within a budget.

    The time of the file counts, so a budget holds from one session to the next.
    """

    def __init__(self, keeper: Keeper, policy: Policy) -> None:
        self._keeper = keeper
        self._policy = policy
        self._last = -math.inf  # when the last commit was due, if it succeeded or not

    def __call__(self) -> float:
        seconds = self._policy.interval(self._keeper.size)
        if not self._policy.bytes_per_day:
            return seconds
        now = time.monotonic()
        self._last = max(now, self._last + seconds, now + seconds - self._keeper.age)
        return self._last - now


class Commits:
    """Commits what the policy says, when it says so.

    It knows no session: a session that nobody has any more is gone at once, and the thread writes
    what there is.

    Args:
        keeper: does it.
        policy: says when.

    Attributes:
        writer: the thread, if commits are made in the background.
        is_asked: whether :meth:`is_due` has to be asked at each change; else it never says so.
    """

    def __init__(self, keeper: Keeper, policy: Policy) -> None:
        self._keeper = keeper
        self._policy = policy
        self._due = policy.changes
        self.writer: Writer | None = None
        if policy.in_background:
            self.writer = Writer(keeper, _Waiting(keeper, policy) if policy.is_timed else None)
        self.is_asked = policy.in_background or policy.is_every_change

    def uncommitted(self, now: Snapshot) -> int:
        """How many calls of ``update()`` are in S and not in the file, as far as is known."""
        _, updates = self._keeper.last
        return max(0, now[1] - updates)

    def is_due(self, now: Snapshot, changes: int) -> bool:
        """Note that S has changed; whether the caller has to commit it, the thread aside."""
        writer = self.writer
        if writer is None:
            return self.is_asked
        writer.latest = now
        self._due -= changes
        if self._due <= 0:
            self._due = self._policy.changes
            if writer.rests:
                writer.wake()
            else:  # if the disk is behind: what a kill can cost has a bound
                # Asked every N changes: what waits now and N more come to the bound at most.
                return 0 < (MOST_WAITING - 1) * self._policy.changes < self.uncommitted(now)
        return False

    def flush(self, now: Snapshot) -> None:
        """Commit S if it differs from the one in the file. Raises as :meth:`Keeper.commit`."""
        if self._keeper.commit(lambda: now) and self.writer is not None:
            self.writer.error = None

    def tell(self) -> None:
        """Raise the error of a commit in the background, if nobody has been told."""
        if self.writer is not None:
            self.writer.tell()

    def reread(self) -> State:
        """The state that is in the file now. Raises as :meth:`Keeper.reread`."""
        return self._keeper.reread(self.writer.forget if self.writer is not None else lambda: None)

    def close(self, flush: Callable[[], object]) -> None:
        """End the thread, and commit what the policy says.

        Args:
            flush: commits; what it raises goes on.
        """
        if self.writer is not None:
            self.writer.stop()
        try:
            if self._policy.at_close:
                flush()
        finally:
            if self.writer is not None:
                self.writer.forget()  # what could not be written has been told
