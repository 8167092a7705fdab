"""Salvaging files: what lies beside one helps, and nothing is written over it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from models import state_of, write_counter
from support import FIXTURES, message
from wasmstate import Module, NotCommittedError, State, check, commit, salvage
from wasmstate.storage import write_apart
from wasmstate.storage.salvage import preview_repair, write_repair
from wasmstate.storage.temporary import read_leftovers

LEFT = "0123456789abcdef.wasmstate-tmp"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copy(FIXTURES / "bandit.wasm", tmp_path / "model.wasm"))


def overwrite(path: Path, at: int, data: bytes) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) + at : len(content) + at + len(data)] = data
    path.write_bytes(content)


def test_nothing_is_written_until_it_is_asked_for(model: Path) -> None:
    right = model.read_bytes()
    overwrite(model, -100, b"\1")
    damaged = model.read_bytes()
    saved = salvage(model)
    assert saved.data == right
    assert model.read_bytes() == damaged
    write_apart(saved.data, model.with_name("saved.wasm"), model)
    assert check(model.with_name("saved.wasm")) == []


def test_a_leftover_of_the_same_generation_proves_what_is_lost(model: Path) -> None:
    commit(model, State.of(Module.open(model)).with_values({"count": 5, "rng": [1, 2]}))
    right = model.read_bytes()
    shutil.copy(model, model.with_name(f".{model.name}.{LEFT}"))
    overwrite(model, -120, b"\xaa" * 60)
    assert salvage(str(model)).data == right
    assert preview_repair(model, "take-leftover").data == right


def test_a_donor_is_a_file(model: Path, tmp_path: Path) -> None:
    donor = shutil.copy(model, tmp_path / "donor.wasm")
    model.write_bytes(bytes(500))
    assert salvage(model, donor=donor).data is None
    assert salvage(model, donor=donor, fill="donor").data == Path(donor).read_bytes()


def test_the_damaged_file_is_never_written_over(model: Path) -> None:
    data = model.read_bytes()
    os.link(model, model.with_name("linked.wasm"))
    model.with_name("soft.wasm").symlink_to(model)
    for name in (model, model.with_name("linked.wasm"), model.with_name("soft.wasm")):
        said = message(
            NotCommittedError,
            lambda name=name: write_apart(b"", name, model, overwrite=True),  # type: ignore[misc]
        )
        assert said == (
            f"{name}: not written, it is {model} itself, and that is never written over: "
            "give another name"
        )
    assert model.read_bytes() == data


def test_a_file_that_is_there_is_replaced_only_by_force(model: Path) -> None:
    other = model.with_name("other.wasm")
    other.write_bytes(b"mine")
    data = model.read_bytes()
    with pytest.raises(NotCommittedError, match="there is such a file already"):
        write_apart(data, other, model)
    write_apart(data, other, model, overwrite=True)
    assert other.read_bytes() == data


def test_a_repair_replaces_the_file_that_was_looked_at_and_no_other(model: Path) -> None:
    right = model.read_bytes()
    overwrite(model, -100, b"\1")
    damaged = model.read_bytes()
    write_repair(model, damaged, preview_repair(model, "mend-record").data)
    assert model.read_bytes() == right
    found = message(NotCommittedError, lambda: write_repair(model, damaged, right))
    assert found == f"{model}: not repaired, it is another file by now: look at it again"
    assert model.read_bytes() == right


def test_what_cannot_be_filled_from_or_accepted_is_refused(tmp_path: Path) -> None:
    file = shutil.copy(FIXTURES / "bandit.wasm", tmp_path)
    with pytest.raises(ValueError, match=r"fill must be one of prev, init, .*, not 'nope'"):
        salvage(file, fill="nope")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="accept is a list of values, code, not 'code'"):
        salvage(file, accept="code")  # type: ignore[arg-type]


def test_modules_and_states_say_what_they_are() -> None:
    module = Module.open(FIXTURES / "bandit.wasm")
    assert repr(module) == "<module of 3,901 bytes, 11 sections>"
    tensors = "successes, failures, rng, count"
    assert repr(State.of(module)) == f"<state of generation 0: {tensors}>"


@pytest.mark.parametrize("planted", ["link", "folder", "pipe", "huge"])
def test_what_somebody_planted_under_the_name_of_a_leftover_is_passed_over(
    planted: str, tmp_path: Path
) -> None:
    path = write_counter(tmp_path / "model.wasm", values={"total": 1})
    beside = path.with_name(".model.wasm.0123456789abcdef.wasmstate-tmp")
    if planted == "link":
        beside.symlink_to("/dev/zero")
    elif planted == "folder":
        beside.mkdir()
    elif planted == "pipe":
        os.mkfifo(beside)
    else:
        with open(beside, "wb") as file:
            file.truncate(20 << 30)  # a hole
    assert read_leftovers(path) == []
    if planted != "huge":
        assert check(path) == []
    assert salvage(path).data == path.read_bytes()
    commit(path, state_of(path))
    assert os.path.lexists(beside) == (planted != "huge")
