"""Takes the model of a round, and keeps what the device has learned.

The device goes on with ``model + (its state - what of it is in the model)``. What is in the model
is the state that the device sent, if it was merged; else the model that it started from. The check
of the round comes before the file is replaced, so there is nothing to undo.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wasmstate.binary.edits.bake import is_baked
from wasmstate.binary.module import Module
from wasmstate.rounds.client import Client
from wasmstate.rounds.errors import RoundError
from wasmstate.rounds.round import Round, has_member, merge_of, path_to
from wasmstate.rounds.sent import candidates, folder_of, forget
from wasmstate.rounds.verdict import check_model
from wasmstate.state.beside import join, split
from wasmstate.state.change.migrate import carried_values, plan_migration
from wasmstate.state.change.personalize import DEVICE_KEY
from wasmstate.state.digest import module_digest
from wasmstate.state.merge.rebase import rebase
from wasmstate.state.state import State
from wasmstate.storage.commit import rewrite


@dataclass(frozen=True, slots=True)
class Pull:
    """What became of a device's model.

    Attributes:
        round: that the model is of now.
        before: that it was of.
        updates: that the device has learned by itself, and goes on with.
        waiting: the newest round, if it is not for this device yet.
    """

    round: int
    before: int
    updates: int
    waiting: int | None = None

    @property
    def is_new(self) -> bool:
        """True if the file was replaced."""
        return self.round != self.before


def pull(
    source: str,
    path: str | os.PathLike[str],
    *,
    root: str | os.PathLike[str] | None = None,
    device: str | None = None,
    folder: str | os.PathLike[str] | None = None,
    allow_break_links: bool = False,
) -> Pull:
    """Take the newest round that is for this device. A crash leaves the old model or the new one.

    Args:
        source: the address of the repository, ``https://...``, or its folder.
        path: of the model.
        root: the root metadata of the repository; only needed the first time.
        device: the id of the device, which decides whether it is a canary; if not given, that in
            the model.
        folder: for what the device knows of the fleet; ``PATH.rounds`` if not given.
        allow_break_links: see :func:`wasmstate.commit`.

    Raises:
        UntrustedError: what the repository offers is not signed by a trusted key, is older than
            what it offered before, or has expired.
        RoundError: the model started from no published round, has code that no round planned for,
            or does not fulfil the check of the round; or the repository cannot be reached.
        SchemaError, StateBoundsError: what the device has learned cannot be joined with the round.
        StateError, MalformedError: the model is damaged.
        CommitError: as :func:`wasmstate.commit`.
        OSError: a file cannot be read or written.
    """
    path = Path(path)
    known = folder_of(path) if folder is None else Path(folder)
    module = Module.from_bytes(path.read_bytes())
    state = State.of(module)
    client = Client(source, known, None if root is None else Path(root))
    rounds = client.rounds()
    base = _base(rounds, module)
    id = device or state.metadata.get(DEVICE_KEY)
    offered = [each for each in rounds if each.is_for(id if isinstance(id, str) else None)]
    target = offered[-1] if offered else base
    waiting = rounds[-1].number if rounds[-1].number != max(base.number, target.number) else None
    if target.number <= base.number:
        return Pull(base.number, base.number, 0, waiting)
    way = path_to(rounds, target, base)
    start = merge_of(module)
    updates = 0

    def edit(now: Module) -> Module:
        nonlocal updates
        if merge_of(now) != start:
            raise RoundError("another process has given the model another start: pull again")
        new = _model(client, target, now)
        before, after = _carried(client, way, _start(client, base, way, now, known), State.of(now))
        updates = after.update_count - before.update_count
        taken = rebase(new, before, after)
        if target.check is not None and target.rows is not None:
            check_model(taken, target.check, client.file(target.rows))
        return taken

    rewrite(path, edit, allow_break_links=allow_break_links)
    client.forget([target.model])
    forget(known, target.merge)
    return Pull(target.number, base.number, updates, waiting)


def _base(rounds: Sequence[Round], module: Module) -> Round:
    """The round that a device started from."""
    told = merge_of(module)
    found = next((each for each in rounds if told and each.merge == told["id"]), None)
    if found is None:
        raise RoundError("the model started from none of the published rounds")
    if found.code != module_digest(module).hex():
        raise RoundError(
            f"the model is of round {found.number}, and its code is other code, which no round "
            "planned for"
        )
    return found


def _model(client: Client, target: Round, now: Module) -> Module:
    """The model of a round; if the code is the device's, only the state is fetched."""
    if target.code == module_digest(now).hex() and not is_baked(now):
        code, _ = split(now)
        return join(code, Module.from_bytes(client.read(target.state)))
    return Module.from_bytes(client.read(target.model))


def _start(client: Client, base: Round, way: Sequence[Round], now: Module, folder: Path) -> State:
    """What of a device's learning is in the rounds to come: the newest state that was merged."""
    merged = [client.read(each.members) for each in way]
    found = [
        state
        for state in candidates(now, folder)
        if any(has_member(members, state.digest) for members in merged)
    ]
    if found:
        return max(found, key=lambda each: each.generation)
    return State.of(Module.from_bytes(client.read(base.model)))


def _carried(client: Client, way: Sequence[Round], start: State, now: State) -> tuple[State, State]:
    """Both states in the terms of the newest code."""
    for each in way:
        if each.plan is None:
            continue
        wanted = State.of(Module.from_bytes(client.read(each.model)))
        states = []
        for state in (start, now):
            plan = plan_migration(state, wanted, **each.plan)
            plan.check(f"the code of round {each.number} cannot take the state")
            count = state.update_count - wanted.update_count
            carried = carried_values(plan, state, wanted)
            states.append(carried.with_contents(carried.contents(), updates=count))
        start, now = states
    return start, now
