"""Checking files: what is in them, and what lies beside them."""

from __future__ import annotations

import os
import shutil
import tracemalloc
from pathlib import Path

import pytest

from support import FIXTURES
from wasmstate import Module, State, check, commit
from wasmstate.binary import source
from wasmstate.state.damage.check import Finding
from wasmstate.storage.temporary import leftovers

LEFT = "0123456789abcdef.wasmstate-tmp"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copy(FIXTURES / "bandit.wasm", tmp_path / "model [1].wasm"))


def test_a_sound_file_has_no_findings(model: Path) -> None:
    assert check(model) == []
    assert check(str(model)) == []


def test_what_a_writer_left_is_a_warning(model: Path) -> None:
    left = model.with_name(f".{model.name}.{LEFT}")
    left.touch()
    for other in (f".other.wasm.{LEFT}", f".{model.name}.old.{LEFT}", f".{model.name}.x-tmp"):
        model.with_name(other).touch()
    assert leftovers(model) == [left]
    assert check(model) == [
        Finding(
            "warning",
            str(left),
            None,
            "left by a writer that was ended in the middle of a commit; it is not whole",
            "the next commit removes it",
        )
    ]


def test_a_leftover_that_is_whole_says_which_generation_it_is(model: Path) -> None:
    left = model.with_name(f".{model.name}.{LEFT}")
    shutil.copy(model, left)
    (found,) = check(model)
    assert found.reason.endswith("; it is whole, generation 0")
    assert found.repair is None
    commit(left, State.of(Module.open(left)).with_values({"count": 1}))
    (found,) = check(model)
    assert found.reason.endswith("; it is whole, generation 1, newer than the 0 of the file")
    assert found.advice == "the next commit removes it, so take it before, if that update counts"
    assert found.repair == "take-leftover"
    model.write_bytes(bytes(100))
    zeros, found = check(model)
    assert zeros.path == "magic"
    assert found.advice == "take it: what the file itself holds cannot be read"
    assert found.repair == "take-leftover"


def test_a_leftover_with_the_state_of_other_code_is_not_whole(model: Path) -> None:
    state = Module.open(model).custom_sections("wasmstate.state")[0].content
    other = Module.open(FIXTURES / "welford.wasm").with_custom("wasmstate.state", state, force=True)
    model.with_name(f".{model.name}.{LEFT}").write_bytes(other.to_bytes())
    assert check(model)[0].reason.endswith("; it is not whole")


def test_a_large_file_that_becomes_shorter_meanwhile_is_a_finding(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_pread, last = os.pread, Module.open(model).sections[-1].content_offset

    def pread(fd: int, size: int, offset: int) -> bytes:
        data = real_pread(fd, size, offset)
        if offset >= last:  # the state has been read, the code is still to be digested
            os.truncate(model, 100)
        return data

    monkeypatch.setattr(source, "READ_WHOLE", 0)
    monkeypatch.setattr(os, "pread", pread)
    (finding,) = check(model)
    assert finding.advice == "somebody is writing to it; try again"


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"", "all 67108864 bytes are zero: the file was never synced before a power cut"),
        (b"\x1f\x8b\x08", "magic header not detected: this is "),
    ],
)
def test_a_large_file_of_zeros_or_of_another_kind_is_told_without_reading_it_into_memory(
    tmp_path: Path, head: bytes, reason: str
) -> None:
    path = tmp_path / "large.wasm"
    path.write_bytes(head)
    os.truncate(path, 64 << 20)
    tracemalloc.start()
    try:
        (finding,) = check(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert finding.reason.startswith(reason)
    assert peak < 8 << 20


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="neither a file nor a link to one"):
        check(pipe)
    with pytest.raises(FileNotFoundError):
        check(tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        check(tmp_path)


def test_nobody_is_said_to_write_to_a_file_that_did_not_change(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_pread, last = os.pread, Module.open(model).sections[-1].content_offset
    reads: list[int] = []

    def pread(fd: int, size: int, offset: int) -> bytes:
        reads.append(offset)
        return b"" if last in reads else real_pread(fd, size, offset)

    monkeypatch.setattr(source, "READ_WHOLE", 0)
    monkeypatch.setattr(os, "pread", pread)
    (finding,) = check(model)
    assert finding.advice == "this part cannot be used"
