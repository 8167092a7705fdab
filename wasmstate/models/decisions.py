"""Decisions whose rewards come later: made, rewarded by their ids, and read for evaluation.

The kernel keeps them in a ring in S (kernels/decisions.h), so a device that was switched off knows
which rewards it waits for, and learns each of them once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import ArgumentError, SchemaError
from wasmstate.models.choose import choose
from wasmstate.models.families import families
from wasmstate.models.late_rewards import STATUSES

if TYPE_CHECKING:  # a list of the models needs no runtime
    from wasmstate.session.session import Session
    from wasmstate.state.state import State


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """A decision that the model keeps.

    Attributes:
        id: its number, from 0.
        arm: that was chosen.
        propensity: the probability that it had; ``None`` if the model does not tell.
        context: what the choice was made for, the x of ``linucb``; ``None`` of other models.
        status: ``waiting`` for its reward, ``rewarded``, or ``timed out``.
        reward: that was learned, by default if it timed out; ``None`` while it waits.
    """

    id: int
    arm: int
    propensity: float | None
    context: NDArray[np.float64] | None
    status: str
    reward: float | None


def decide(
    session: Session, *args: Any, available: Collection[int] | None = None, **named: Any
) -> Decision:
    """Choose an arm, and keep the decision in S: its reward is given by its id.

    Args:
        session: of a bandit that was made with room for ``decisions``.
        args: of ``predict()``.
        available: the arms to choose from, as :func:`choose` does; all of them, if not given.
        named: likewise, by the names of its parameters.

    Raises:
        SchemaError: if the model keeps no decisions.
        ArgumentError: if no arm is available, or there is no such arm.
        CallError, CommitError, StateConflictError: as :meth:`wasmstate.Session.call`.
    """
    check_keeps(session.state)
    if available is not None:
        return _decide_among(session, available, args, named)
    id = int(session.call("decide", *args, **named))
    return _decision(session.state, id)


def _decide_among(
    session: Session, available: Collection[int], args: Sequence[Any], named: Mapping[str, Any]
) -> Decision:
    """Let the kernel decide in a copy, give the decision the arm of the choice, take that S."""
    choice = choose(session, available, *args, **named)
    with session.snapshot() as copy:
        id = int(copy.call("decide", *args, **named))
        state = copy.state
    place = id % int(state["decisions"])
    values = {"decision_arm": state["decision_arm"].copy()}
    values["decision_arm"][place] = choice.arm
    if "decision_propensity" in state:
        values["decision_propensity"] = state["decision_propensity"].copy()
        values["decision_propensity"][place] = choice.propensity
    session.restore(state.with_values(values))
    return _decision(session.state, id)


def reward(session: Session, id: int, reward: Any) -> bool:
    """Learn the reward of a decision, with the probability that its arm had then.

    Returns:
        True if it was learned. A decision has one reward, the first, and none after it timed out.

    Raises:
        SchemaError: if the model keeps no decisions.
        ArgumentError: if there has been no such decision.
        CallError, CommitError, StateConflictError: as :meth:`wasmstate.Session.call`.
    """
    state = session.state
    check_keeps(state)
    check_id(state, id)
    return bool(session.call("reward", id, reward))


def decisions(state: State) -> list[Decision]:
    """The decisions that a model keeps, the oldest first.

    Raises:
        SchemaError: if it keeps none.
    """
    check_keeps(state)
    decided, size = int(state["decided"]), int(state["decisions"])
    ids = range(max(decided - size, 0), decided)
    return [_decision(state, id) for id in ids if state["decision_status"][id % size]]


def makes_decisions(state: State) -> bool:
    """Whether it is the state of a bandit, which may have been made with room for decisions."""
    family = families().get(str(state.metadata.get("model")))
    return family is not None and "decide" in family.entry_points


def check_keeps(state: State) -> None:
    """Check that a model keeps decisions.

    Raises:
        SchemaError: saying what to do.
    """
    if "decision_status" not in state:
        raise SchemaError(
            "the model keeps no decisions: make a bandit with room for as many as can wait for "
            "their rewards"
        ).helped_by("decisions")


def check_id(state: State, id: Any) -> None:
    """Check that there has been a decision of this id.

    Raises:
        ArgumentError: saying which there have been.
    """
    decided = int(state["decided"])
    if isinstance(id, (int, np.integer)) and not 0 <= id < decided:
        known = f"the ids go from 0 to {decided - 1}" if decided else "there has been none yet"
        raise ArgumentError(f"there has been no decision {id}: {known}")


def _decision(state: State, id: int) -> Decision:
    place = id % int(state["decisions"])
    status = int(state["decision_status"][place])
    known = "decision_propensity" in state
    return Decision(
        id,
        int(state["decision_arm"][place]),
        float(state["decision_propensity"][place]) if known else None,
        state["decision_x"][place].copy() if "decision_x" in state else None,
        STATUSES[status],
        None if STATUSES[status] == "waiting" else float(state["decision_reward"][place]),
    )
