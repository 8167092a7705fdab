"""Rounds: models are published to the devices of a fleet, which keep what they have learned.

:func:`pull` and :func:`push` need the extra ``wasmstate[pull]``. What publishes is loaded when it
is used, and needs ``wasmstate[fleet]``; ``import wasmstate`` loads neither.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

try:
    from wasmstate.rounds.errors import RoundError, UntrustedError
    from wasmstate.rounds.pull import Pull, pull
    from wasmstate.rounds.round import Round
    from wasmstate.rounds.sent import push
except ModuleNotFoundError as error:
    reason = f"wasmstate.rounds needs {error.name}: pip install 'wasmstate[pull]'"
    raise ModuleNotFoundError(reason, name=error.name) from error

if TYPE_CHECKING:
    from wasmstate.rounds.publisher import Acceptance, create_repository, publish

__all__ = [
    "Acceptance",
    "Pull",
    "Round",
    "RoundError",
    "UntrustedError",
    "create_repository",
    "publish",
    "pull",
    "push",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module("wasmstate.rounds.publisher"), name)
    except ModuleNotFoundError as error:
        reason = f"publishing needs {error.name}: pip install 'wasmstate[fleet]'"
        raise ModuleNotFoundError(reason, name=error.name) from error
