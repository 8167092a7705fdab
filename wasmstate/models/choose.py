"""Choosing among the arms that are available now.

A bandit whose other arms are gone for the moment is a bandit of the arms that are left: it is made
from what is known of these, and asked. So the choice follows the family's own rule, and the
propensity is the one that this choice had.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wasmstate.errors import ArgumentError, SchemaError
from wasmstate.models.resize import resized_state

if TYPE_CHECKING:  # a list of the models needs no runtime
    from wasmstate.session.session import Session


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen.

    Attributes:
        arm: its index among all arms.
        propensity: the probability that it had; ``None`` if the model does not tell.
    """

    arm: int
    propensity: float | None


def choose(session: Session, available: Collection[int], *args: Any, **named: Any) -> Choice:
    """Choose an arm among some, as ``predict()`` does among all.

    Nothing is learned and nothing is drawn: asked again, the choice is the same until the next
    update, as with ``predict()``.

    Args:
        session: of a bandit or of ``q_learning``.
        available: the indices that may be chosen.
        args: of ``predict()``.
        named: likewise, by the names of its parameters.

    Raises:
        ArgumentError: if none is available, or there is no such index.
        SchemaError: if the model has no arms.
        CallError: as :meth:`wasmstate.Session.call`.
    """
    state = session.state
    axis = next((name for name in ("arms", "actions") if name in state), None)
    if axis is None:
        raise SchemaError("the model has no arms to choose from")
    count = int(state[axis])
    if not all(isinstance(index, (int, np.integer)) for index in available):
        raise ArgumentError(f"available must be whole numbers, not {list(available)!r}")
    wanted = sorted(set(available))
    if not wanted:
        raise ArgumentError(f"no one of the {count} {axis} is available")
    for index in wanted:
        if not 0 <= index < count:
            raise ArgumentError(f"there is no {axis}[{index}] to choose: there are {count}")
    gone = [index for index in range(count) if index not in wanted]
    left = resized_state(state, {}, {axis: gone})
    chosen = int(session.call_with(left, "predict", *args, **named))
    propensity = None
    if "propensity" in left.entry_points:
        propensity = float(session.call_with(left, "propensity", chosen))
    return Choice(int(wanted[chosen]), propensity)
