"""Would another model have done better? Asked of the decisions that devices keep in S."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from wasmstate.errors import SchemaError, WasmstateError
from wasmstate.fleet.engine import Engine
from wasmstate.fleet.errors import FleetError
from wasmstate.fleet.estimators import (
    Estimate,
    Logged,
    Numbers,
    dr,
    effective_rows,
    ips,
    logged_value,
    replay,
    snips,
)
from wasmstate.fleet.logged_table import READERS, lines_of
from wasmstate.fleet.place import Place, file_system, find
from wasmstate.models.decisions import decisions
from wasmstate.session.session import Session
from wasmstate.state.lists import check_list
from wasmstate.state.state import State

_BATCH = 200  # files
_CERTAIN = ("ucb1", "linucb")  # models that draw nothing: the arm that they choose is certain

Line = tuple[int, float, float, tuple[float, ...]]
"""Arm, propensity, reward, context."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a candidate would have earned.

    Attributes:
        devices: files with decisions that count.
        rows: decisions that count: with a propensity, and a reward.
        logged: the mean reward that the devices had.
        estimates: of the candidate, by method: ``replay``, ``ips``, ``snips``, ``dr``.
        effective_rows: how many decisions of the candidate itself would tell as much.
        unseen: arms that the candidate may choose and no device has: their reward is not known.
        left_out: the reason by path, for each file without a decision that counts.
    """

    devices: int
    rows: int
    logged: Estimate
    estimates: Mapping[str, Estimate]
    effective_rows: float
    unseen: tuple[int, ...]
    left_out: Mapping[str, str]


def evaluate(
    candidate: str | os.PathLike[str],
    paths: Sequence[str],
    *,
    jobs: int = 1,
    scheduler: str | None = None,
    progress: Callable[[int], object] | None = None,
) -> Evaluation:
    """Estimate the mean reward of a candidate from decisions of other models.

    The candidate does not learn meanwhile; its file is not written.

    Args:
        candidate: a bandit that tells probabilities, or draws nothing.
        paths: as for :func:`scan`: files of bandits that keep decisions; or tables, one a device,
            in CSV, JSON lines or Parquet, with the columns ``arm``, ``propensity`` and ``reward``;
            all other columns are the context.
        jobs: as for :func:`scan`.
        scheduler: as for :func:`scan`.
        progress: is called with the number of files that were read.

    Raises:
        SchemaError: the candidate tells no probabilities, or has another context.
        FleetError: no decision counts.
        EngineError: a process ended, or the cluster cannot be reached.
        OSError: a path leads to no file.
    """
    check_list("paths", paths)
    found: dict[str, list[Line]] = {}
    left_out: dict[str, str] = {}
    read = 0
    for lines, reasons in Engine(jobs, scheduler).run(read_decisions, _batches(find(paths))):
        found |= lines
        left_out |= reasons
        read += len(lines) + len(reasons)
        if progress is not None:
            progress(read)
    if not found:
        first = next(iter(sorted(left_out.items())))
        raise FleetError(f"no file has a decision that counts; {first[0]}: {first[1]}")
    logged = _logged(found)
    with Session.open(candidate, persist="manual") as session:
        policy = _policy(session, logged)
    seen = set(logged.arm.tolist())
    unseen = [arm for arm in range(policy.shape[1]) if policy[:, arm].any() and arm not in seen]
    return Evaluation(
        len(found),
        len(logged.arm),
        logged_value(logged),
        {each.__name__: each(logged, policy) for each in (replay, ips, snips, dr)},
        effective_rows(logged, policy),
        tuple(unseen),
        dict(sorted(left_out.items())),
    )


def read_decisions(places: Sequence[Place]) -> tuple[dict[str, list[Line]], dict[str, str]]:
    """The decisions of files, and the reasons of those without any that counts."""
    found: dict[str, list[Line]] = {}
    left_out: dict[str, str] = {}
    for place in places:
        try:
            lines = list(_lines(place))
        except (WasmstateError, OSError) as error:
            left_out[place.name] = str(error)
            continue
        if lines:
            found[place.name] = lines
        else:
            left_out[place.name] = "no decision has both a probability and a reward"
    return found, left_out


def _lines(place: Place) -> Iterator[Line]:
    if place.container:
        data = file_system(place.container).cat_file(place.member)
    else:
        data = Path(place.member).read_bytes()
    if place.member.lower().endswith(tuple(READERS)):
        yield from lines_of(place.member, data)
        return
    for each in decisions(State.of(data)):
        if each.reward is not None and each.propensity:
            context = () if each.context is None else tuple(each.context.tolist())
            yield each.arm, each.propensity, each.reward, context


def _batches(places: Iterator[Place]) -> Iterator[tuple[Place, ...]]:
    while batch := tuple(islice(places, _BATCH)):
        yield batch


def _logged(found: Mapping[str, Sequence[Line]]) -> Logged:
    """Rows in the order of the paths, so that the bits do not depend on who read them."""
    lines = [(i, *line) for i, path in enumerate(sorted(found)) for line in found[path]]
    device, arm, propensity, reward, context = zip(*lines, strict=True)
    widths = sorted({len(each) for each in context})
    if len(widths) > 1:
        raise FleetError(
            f"contexts have {widths[0]} features in some files, {widths[-1]} in others"
        )
    return Logged(
        np.array(device, np.int64),
        np.array(arm, np.int64),
        np.array(propensity, np.float64),
        np.array(reward, np.float64),
        np.array(context, np.float64).reshape(len(lines), widths[0]),
    )


def _policy(session: Session, logged: Logged) -> Numbers:
    """The candidate's probability of each arm in each row."""
    state = session.state
    if "arms" not in state:
        raise SchemaError("the candidate has no arms to choose from")
    arms = max(int(state["arms"]), int(logged.arm.max()) + 1)
    policy = np.zeros((len(logged.arm), arms))
    model = state.metadata.get("model")
    if "propensity" in state.entry_points:
        chances = [float(session.call("propensity", arm)) for arm in range(int(state["arms"]))]
        policy[:, : len(chances)] = chances
    elif model not in _CERTAIN:
        raise SchemaError(f"the candidate, a model {model}, tells no probability of an arm")
    elif "features" in state:
        features, width = int(state["features"]), logged.context.shape[1]
        if features != width:
            raise SchemaError(
                f"the candidate takes {features} features, the decisions have {width}"
            )
        for row, context in zip(policy, logged.context, strict=True):
            row[int(session.predict(context))] = 1.0
    else:
        policy[:, int(session.predict())] = 1.0
    return policy
