"""What a call of a model gives beyond a number: choices and decisions of bandits."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wasmstate.session.session import Session

CHOOSING = ("predict", "decide")
"""The functions that choose an arm."""


def call_of(session: Session, function: str, available: list[int] | None = None) -> Any:
    """What makes calls of a function: it takes the arguments, and gives what the call gives.

    Args:
        session: to be called.
        function: its name.
        available: for one of :data:`CHOOSING`, the arms to choose from.
    """
    if available is None and function not in ("decide", "reward"):
        return partial(session.call, function)
    from wasmstate import models  # noqa: PLC0415 (a call of a plain function needs none of it)

    if available is not None and function == "decide":
        return partial(models.decide, session, available=available)
    if available is not None:
        return partial(models.choose, session, available)
    special: dict[str, Callable[..., Any]] = {"decide": models.decide, "reward": models.reward}
    if models.makes_decisions(session.state):
        return partial(special[function], session)
    return partial(session.call, function)


def value_of(given: Any) -> tuple[Any, dict[str, Any]]:
    """The value of a call, and what is told beside it, by name."""
    if given is None or isinstance(given, (int, float, str, tuple)):
        return int(given) if isinstance(given, bool) else given, {}
    from wasmstate import models  # noqa: PLC0415

    if isinstance(given, models.Choice):
        return given.arm, {"propensity": given.propensity}
    if isinstance(given, models.Decision):
        return given.id, {"arm": given.arm, "propensity": given.propensity}
    return given, {}
