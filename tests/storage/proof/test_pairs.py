"""State beside its code: a commit replaces one file, an upgrade two; a crash leaves a pair."""

from __future__ import annotations

import errno
from collections.abc import Hashable, Iterator
from pathlib import Path

import pytest

from crash.explore import BrokenPromiseError, explore
from crash.image import Image
from crash.notes import Notes
from crash.recording import Recording
from models import COUNTER, COUNTER_TENSORS, from_wat, write_counter, write_pair
from storage.proof.recorder import Recorder
from wasmstate import (
    CommitError,
    Module,
    Session,
    State,
    WasmstateError,
    attach,
    check,
    upgrade,
)
from wasmstate.storage.filesystem import using
from wasmstate.storage.pair import open_pair

NEW = attach(from_wat(COUNTER.replace("i64.add", "i64.sub")), COUNTER_TENSORS)


def prepare(folder: Path) -> None:
    folder.mkdir(parents=True)
    module = Module.open(write_counter(folder.with_name("model.wasm"), values={"total": 7}))
    write_pair(module, folder / "code.wasm", folder / "model.state")


def learn(folder: Path) -> Iterator[None]:
    with Session.open(folder / "code.wasm", state=folder / "model.state") as session:
        session.update(3)
        yield


def replace(folder: Path) -> Iterator[None]:
    upgrade(folder / "code.wasm", NEW, state=folder / "model.state")
    yield


STEPS = {"a session": learn, "an upgrade": replace}


def pair(folder: Path) -> tuple[bytes, bytes]:
    """What a session would begin with: the code, and S."""
    module = open_pair(folder / "code.wasm", folder / "model.state")
    return module.without_custom("wasmstate.*").to_bytes(), State.of(module).digest


def pairs(steps: str, folder: Path) -> list[tuple[bytes, bytes]]:
    prepare(folder)
    return [pair(folder), *(pair(folder) for _ in STEPS[steps](folder))]


def record(steps: str, folder: Path, fail_at: int = 0) -> tuple[Recording, Recorder]:
    prepare(folder)
    notes = Notes(folder)
    disk = Recorder(notes, fail_at=fail_at, error=errno.EIO)
    with using(disk):
        try:
            for generation, _ in enumerate(STEPS[steps](folder), 1):
                notes.acknowledge(generation, "power")
        except CommitError:
            pass
    return notes.recording(), disk


class WholePair:
    """The pair is one of these; what a session does next makes it the pair of two clean files."""

    def __init__(self, legal: list[tuple[bytes, bytes]]) -> None:
        self._legal = legal

    def __call__(self, folder: Path) -> int:
        try:
            found = pair(folder)
        except (WasmstateError, OSError) as error:
            raise BrokenPromiseError(f"the pair cannot be read: {error}") from error
        if found not in self._legal:
            raise BrokenPromiseError("the pair is neither the old one nor the new one")
        code, beside = folder / "code.wasm", folder / "model.state"
        if any(each.severity == "error" for each in check(code, state=beside)):
            raise BrokenPromiseError("check finds an error in a whole pair")
        with Session.open(code, state=beside) as session:
            if session.state.digest != found[1]:
                raise BrokenPromiseError("a session begins with another state")
            session.update(1)
        if any("upgrade" in each.reason for each in check(code, state=beside)):
            raise BrokenPromiseError("a session leaves what an interrupted upgrade left")
        return self._legal.index(found)


def same(image: Image) -> Hashable:
    """Of the files beside the two it only counts whether there is something in them."""
    known = ("code.wasm", "model.state")
    beside = sorted((len(file.data) > 0) for name, file in image.items() if name not in known)
    return *map(image.get, known), *beside


@pytest.mark.parametrize("steps", STEPS)
def test_every_crash_leaves_the_old_pair_or_the_new(steps: str, scratch: Path) -> None:
    legal = pairs(steps, scratch / "wanted" / "pair")
    recording, _ = record(steps, scratch / "recorded" / "pair")
    (scratch / "states").mkdir()
    result = explore(recording, WholePair(legal), scratch / "states", same=same)
    assert not result.failures, result.failures[0]
    assert {verdict for verdict, *_ in result.images} == set(range(len(legal)))


def test_each_call_of_an_upgrade_may_fail(scratch: Path) -> None:
    legal = pairs("an upgrade", scratch / "wanted" / "pair")
    _, disk = record("an upgrade", scratch / "recorded" / "pair")
    for at in range(1, len(disk.calls) + 1):
        here = scratch / f"{at}" / "pair"
        record("an upgrade", here, fail_at=at)
        assert pair(here) in legal, disk.calls[at - 1]
