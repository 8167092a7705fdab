"""Rounds: the models that a fleet was given one after the other, and how the next one is taken.

The list of rounds is a target of the repository, so TUF's signatures hold for it. A round is
known by the id of the merge that made its model (docs/format.md, "Merging"): each device that
started from a copy of the model inherits that id.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from wasmstate.binary.module import Module
from wasmstate.rounds.errors import RoundError
from wasmstate.state.metadata_keys import MERGE_KEY
from wasmstate.state.state import State

INDEX = "rounds.json"
"""The target that lists the rounds."""

_PREFIX = 8  # bytes of a digest: 20,000 devices meet by chance once in 10^11 rounds


@dataclass(frozen=True, slots=True)
class Round:
    """What the fleet is given.

    Attributes:
        number: from 1.
        parent: the number of the round whose devices were merged; of the first one ``None``.
        merge: the id of the merge that made the model.
        digest: of the model's state, in hexadecimal.
        generation: of the model's state.
        code: the module digest, in hexadecimal.
        canary: the share of devices that take it, in percent; chosen by their ids.
        plan: what may become of tensors, where the code is not the parent's: the arguments of
            :func:`wasmstate.migrate`; else ``None``.
        check: a condition that the model has to fulfil on the device, or ``None``.
        rows: the name of the table for the check.
    """

    number: int
    parent: int | None
    merge: str
    digest: str
    generation: int
    code: str
    canary: float = 100.0
    plan: dict[str, Any] | None = field(default=None, hash=False)
    check: str | None = None
    rows: str | None = None

    @property
    def model(self) -> str:
        """The target with the whole model."""
        return f"{self.number}.wasm"

    @property
    def state(self) -> str:
        """The target with the state alone, for devices that have the code."""
        return f"{self.number}.state"

    @property
    def members(self) -> str:
        """The target with the states that were merged."""
        return f"{self.number}.members"

    def is_for(self, device: str | None) -> bool:
        """True if the device is among those that take the round."""
        if self.canary >= 100:
            return True
        if device is None:
            return False
        digest = hashlib.sha256(f"{self.merge}/{device}".encode()).digest()
        return int.from_bytes(digest[:8], "big") < self.canary / 100 * 2**64


def encode_rounds(rounds: Sequence[Round]) -> bytes:
    """The list as a target."""
    return json.dumps([asdict(each) for each in rounds], indent=1).encode()


def decode_rounds(data: bytes) -> list[Round]:
    """The list, from a target.

    Raises:
        RoundError: a newer version of wasmstate wrote it.
    """
    try:
        return [Round(**each) for each in json.loads(data)]
    except (TypeError, ValueError) as error:
        raise RoundError(f"{INDEX} is of another version of wasmstate: {error}") from error


def encode_members(digests: Sequence[str]) -> bytes:
    """The states that were merged, as a target: the first bytes of their digests, sorted."""
    return b"".join(sorted(bytes.fromhex(each)[:_PREFIX] for each in digests))


def has_member(members: bytes, digest: bytes) -> bool:
    """True if a state is in the target."""
    return digest[:_PREFIX] in split_members(members)


def split_members(members: bytes) -> set[bytes]:
    """The entries of the target."""
    return {members[at : at + _PREFIX] for at in range(0, len(members), _PREFIX)}


def merge_of(model: Module | State) -> dict[str, Any] | None:
    """What the metadata say of the merge that a model started from."""
    found = State.of(model).metadata.get(MERGE_KEY)
    return found if isinstance(found, dict) and isinstance(found.get("id"), str) else None


def path_to(rounds: Sequence[Round], target: Round, base: Round) -> list[Round]:
    """The rounds behind ``base`` up to the target, the oldest first.

    If ``base`` was withdrawn and is no ancestor of the target, those behind their common ancestor.
    """
    by_number = {each.number: each for each in rounds}
    ancestors = {each.number for each in lineage_of(by_number, base)}
    path = lineage_of(by_number, target)
    return [each for each in reversed(path) if each.number not in ancestors]


def lineage_of(by_number: dict[int, Round], last: Round) -> list[Round]:
    """A round and those that it was made from, the newest first."""
    found = [last]
    while found[-1].parent is not None:
        found.append(by_number[found[-1].parent])
    return found
