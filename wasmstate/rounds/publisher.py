"""Publishes the model of a round."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Unpack

from wasmstate.binary.edits.bake import is_baked
from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.rounds.errors import RoundError
from wasmstate.rounds.repository import Repository
from wasmstate.rounds.round import (
    INDEX,
    Round,
    decode_rounds,
    encode_members,
    encode_rounds,
    merge_of,
    split_members,
)
from wasmstate.rounds.verdict import check_condition
from wasmstate.state.beside import split
from wasmstate.state.change.migrate import CarryOptions, migrate
from wasmstate.state.digest import module_digest
from wasmstate.state.merge.merge import merge
from wasmstate.state.state import State


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What a model has to fulfil on a device, lest it is not taken.

    Attributes:
        check: a condition on ``accuracy`` and ``loss``, such as ``accuracy > 0.7``.
        rows: a table of arguments of ``update()``.
    """

    check: str
    rows: Path


def create_repository(folder: str | os.PathLike[str], keys: str | os.PathLike[str]) -> Path:
    """Make a repository without rounds, and its keys.

    Args:
        folder: what devices will read, by a web server or as a folder.
        keys: the folder for the private keys, one for each role of TUF.

    Returns:
        The root metadata, which each device needs to begin with.

    Raises:
        FileExistsError: there is a repository or a key already.
        OSError: a file cannot be written.
    """
    return Repository(Path(folder), Path(keys)).create()


def publish(
    folder: str | os.PathLike[str],
    keys: str | os.PathLike[str],
    model: ModuleLike,
    *,
    canary: float = 100.0,
    merged: Sequence[str] = (),
    acceptance: Acceptance | None = None,
    upgrade_from: int | None = None,
    days: float = 30,
    **carrying: Unpack[CarryOptions],
) -> Round:
    """Offer a model to the devices of a fleet, or a round that there is to more of them.

    Args:
        folder: of the repository.
        keys: the folder with the private keys of ``targets``, ``snapshot`` and ``timestamp``.
        model: what a merge gave: a path, bytes or a Module. The model of the newest round again
            changes its ``canary``.
        canary: the share of devices that take it, in percent.
        merged: the state digests of the devices that were merged, in hexadecimal.
        acceptance: what the model has to fulfil on the device.
        upgrade_from: the round whose state the model's code takes over; then the model is new code,
            as it was attached.
        days: how long devices take the repository for fresh; publish again before that.
        carrying: what may become of tensors, as for :func:`wasmstate.migrate`.

    Raises:
        RoundError: the model does not come from a merge of a published round, or ``merged`` are
            not the devices that were merged; or the repository or a key cannot be used.
        SchemaError: invalid ``acceptance``, or a tensor that the new code cannot take.
        StateError, MalformedError: the model carries no state, or a damaged one.
        OSError: a file cannot be read or written.
    """
    if not 0 <= canary <= 100:
        raise RoundError(f"the canary share is 0 to 100 percent, not {canary:g}")
    repository = Repository(Path(folder), Path(keys), days)
    rounds = _rounds(repository)
    module = as_module(model, "model")
    plan = None
    if upgrade_from is not None:
        module, plan = _upgraded(repository, rounds, upgrade_from, module, carrying), dict(carrying)
    elif carrying:
        raise RoundError(
            "tensors are carried over only to new code: name the round it goes on from"
        )
    if is_baked(module):
        raise RoundError("the model is baked, so its code differs from round to round: unbake it")
    made = _round(module, rounds, canary, acceptance)
    if plan is not None:
        made = replace(made, parent=upgrade_from, plan=plan)
    known = next((each for each in rounds if each.merge == made.merge), None)
    files: dict[str, bytes] = {}
    if known is not None:
        if known.number != rounds[-1].number:
            raise RoundError(
                f"this is round {known.number}, and there is round {rounds[-1].number}"
            )
        made = replace(known, canary=canary)
    else:
        _check_members(module, merged)
        members = encode_members(merged)
        _check_beside(repository, rounds, made, members)
        _check_code(rounds, made)
        _, state = split(module)
        files = {made.model: module.to_bytes(), made.state: state.to_bytes()}
        files[made.members] = members
        if acceptance is not None and made.rows is not None:
            files[made.rows] = acceptance.rows.read_bytes()
    listed = [each for each in rounds if each.number != made.number]
    repository.publish({**files, INDEX: encode_rounds([*listed, made])})
    return made


def _rounds(repository: Repository) -> list[Round]:
    data = repository.read(INDEX)
    return [] if data is None else decode_rounds(data)


def _upgraded(
    repository: Repository,
    rounds: Sequence[Round],
    number: int,
    new: Module,
    carrying: CarryOptions,
) -> Module:
    """New code with the state of a round, as a base that devices can prove."""
    known = next((each for each in rounds if each.number == number), None)
    old = None if known is None else repository.read(known.model)
    if old is None:
        raise RoundError(f"there is no round {number}")
    return merge(migrate(old, new, **carrying), []).module


def _round(
    module: Module, rounds: Sequence[Round], canary: float, acceptance: Acceptance | None
) -> Round:
    told = merge_of(module)
    state = State.of(module)
    if told is None or told.get("generation") != state.generation:
        raise RoundError(
            "the model is not what a merge gave: devices that start from it could not prove so"
        ).helped_by("merge()")
    number = rounds[-1].number + 1 if rounds else 1
    parent = next((each.number for each in rounds if each.digest == told["base"]), None)
    made = Round(
        number,
        parent,
        told["id"],
        state.digest.hex(),
        state.generation,
        module_digest(module).hex(),
        canary,
    )
    if acceptance is None:
        return made
    check_condition(acceptance.check)
    return replace(made, check=acceptance.check, rows=f"{number}.rows{acceptance.rows.suffix}")


def _check_members(module: Module, merged: Sequence[str]) -> None:
    """Check by the id of the merge that these devices were merged, and no others."""
    told = merge_of(module)
    assert told is not None
    try:
        digests = b"".join(sorted(bytes.fromhex(each) for each in merged))
        start = told["generation"].to_bytes(8, "little") + bytes.fromhex(told["base"])
    except (TypeError, ValueError) as error:
        raise RoundError(f"a state digest is 64 hexadecimal digits: {error}") from error
    if hashlib.sha256(start + digests).hexdigest() != told["id"]:
        devices, given = told.get("devices"), len(merged)
        raise RoundError(
            f"the model was merged from {devices} devices, and the {given} listed are not those: "
            "who is listed would count twice, or not at all"
        ).helped_by("merged")


def _check_beside(
    repository: Repository, rounds: Sequence[Round], made: Round, members: bytes
) -> None:
    """Check that a round beside others has only devices that those had, too.

    Devices that took a round with the same parent have left behind what was merged into it. What it
    did not have, they still carry, and it would be in the new round once more.
    """
    if rounds and made.parent is None:
        raise RoundError("the model was not merged with the model of a published round as its base")
    for other in rounds:
        if other.parent != made.parent:
            continue
        others = split_members(repository.read(other.members) or b"")
        more = len(split_members(members) - others)
        if more:
            raise RoundError(
                f"round {other.number} was made from the same round, without {more} of these "
                "devices: what they learned would count twice, if they took that round"
            )


def _check_code(rounds: Sequence[Round], made: Round) -> None:
    parent = next((each for each in rounds if each.number == made.parent), None)
    if parent is not None and parent.code != made.code and made.plan is None:
        raise RoundError(
            f"the code is not that of round {parent.number}: name that round as the one that the "
            "new code goes on from"
        )
