"""A pull that a crash interrupts leaves the old model or the new one."""

from __future__ import annotations

from pathlib import Path

import pytest

from crash.explore import BrokenPromiseError, explore
from crash.notes import Notes
from rounds_support import Fleet, digest, learn, rows_of
from storage.proof.recorder import Recorder
from wasmstate import Module
from wasmstate.rounds import push
from wasmstate.storage.filesystem import using


def test_every_crash_leaves_the_old_model_or_the_new_one(fleet: Fleet, tmp_path: Path) -> None:
    device = fleet.device("a", folder="device")
    learn(device, 3)
    push(device, tmp_path / "inbox.wasm", folder=tmp_path / "known")
    learn(device, 2)
    fleet.merge(1, {"a": Module.open(tmp_path / "inbox.wasm")})
    legal = [digest(device)]
    notes = Notes(device.parent)
    with using(Recorder(notes)):
        fleet.pull(device, folder=tmp_path / "known")
    notes.acknowledge(1, "power")
    legal.append(digest(device))
    assert rows_of(device) == 5

    def check(folder: Path) -> int:
        found = digest(folder / "a.wasm")
        if found not in legal:
            raise BrokenPromiseError("the model is neither the old one nor the new one")
        return legal.index(found)

    (tmp_path / "states").mkdir()
    result = explore(notes.recording(), check, tmp_path / "states")
    assert result.failures == []


@pytest.mark.parametrize("part", ["metadata", "targets"])
def test_a_download_that_was_cut_is_made_again(fleet: Fleet, part: str) -> None:
    device = fleet.device("a")
    learn(device, 2)
    fleet.merge(1, {"a": Module.open(device)})
    known = device.with_name("a.wasm.rounds")
    fleet.pull(fleet.device("b"), folder=known)
    for path in (known / part).glob("*"):
        if path.is_file() and path.name not in ("root.json", "root_history"):
            path.write_bytes(path.read_bytes()[:10])
    assert fleet.pull(device).round == 2
    assert rows_of(device) == 2
