"""A guard on the command line: rows are learned, and rollbacks are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmstate.cli.common import echo

if TYPE_CHECKING:
    from wasmstate.session.session import Session


def guarded(session: Session, condition: str) -> Any:
    """What learns a row under a guard. Raises as :class:`Guard`."""
    from wasmstate.session.guard import Guard  # noqa: PLC0415 (a guard is rare)

    guard = Guard(session, condition)

    def update(*args: Any) -> None:
        rollback = guard.update(*args)
        if rollback is not None:
            echo(
                f"row {rollback.row + 1}: rolled back: mean loss {rollback.loss:.4g} in the last "
                f"{guard.window} rows, {rollback.frozen:.4g} of the state before",
                err=True,
            )

    return update
