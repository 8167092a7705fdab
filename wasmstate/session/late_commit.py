"""A commit that failed, and was made good when the session ended."""

from __future__ import annotations

from pathlib import Path

from wasmstate.errors import CommittedLateError


def late_commit(path: Path, generation: int, error: BaseException | None) -> CommittedLateError:
    """What to raise in the place of an error whose words about the file are no longer true.

    Only its cause is named.
    """
    cause = error.__cause__ if error is not None else None
    reason = cause.strerror if isinstance(cause, OSError) else error
    return CommittedLateError(
        f"{path}: a commit failed ({reason}), the one at the end succeeded: the file "
        f"is at generation {generation}"
    )
