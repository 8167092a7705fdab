"""What stands between a changed S and the file: another writer, a full disk, a failed sync."""

from __future__ import annotations

import errno
import os
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models import COUNTER, COUNTER_TENSORS, model, state_of, write_counter
from storage.disk import Disk
from wasmstate import (
    CommittedLateError,
    DurabilityUnknownError,
    Module,
    NotCommittedError,
    Session,
    StateBoundsError,
    StateConflictError,
    StateError,
    TensorSpec,
    check,
    read_log,
)
from wasmstate.state.state import record_of
from wasmstate.storage import rewrite
from wasmstate.storage.filesystem import FileSystem, using


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_counter(tmp_path / "model.wasm")


def conflict(path: Path, mine: int, theirs: int) -> str:
    return (
        f"{path}: not committed, the file is at generation {theirs}, the state was made from "
        f"generation {mine}; somebody else has committed: read the file again"
    )


def test_who_comes_second_is_told_keeps_s_and_can_take_theirs(path: Path) -> None:
    with Session.open(path) as mine, Session.open(path) as theirs:
        for _ in range(3):
            theirs.update(100)
        with pytest.raises(StateConflictError) as caught:
            mine.update(1)
        assert str(caught.value) == conflict(path, 0, 3)
        assert (caught.value.expected, caught.value.found) == (0, 3)
        assert (int(mine.state["total"]), mine.is_dirty, mine.generation) == (1, True, 0)
        assert mine.predict() == 1
        with pytest.raises(StateConflictError):
            mine.flush()
        mine.rollback()
        assert (mine.predict(), mine.is_dirty, mine.generation) == (300, False, 3)
        mine.update(1)
    state = state_of(path)
    assert (state.generation, int(state["total"]), state.update_count) == (4, 301, 4)


def test_another_copy_of_the_same_generation_is_not_overwritten(path: Path) -> None:
    with Session.open(path) as session:
        retrained = write_counter(path.with_name("retrained.wasm"), values={"total": 1000})
        retrained.replace(path)
        with pytest.raises(StateConflictError) as caught:
            session.update(1)
        assert str(caught.value) == (
            f"{path}: not committed, the file carries another state of generation 0: "
            "a copy was put in its place; read the file again"
        )
        assert (caught.value.expected, caught.value.found) == (0, 0)
        session.rollback()
        session.update(1)
    assert state_of(path)["total"] == 1001


def test_a_conflict_at_the_end_is_an_error_and_nothing_is_written(path: Path) -> None:
    session = Session.open(path, persist="on-close")
    session.update(1)
    with Session.open(path) as theirs:
        theirs.update(100)
    before = path.read_bytes()
    with pytest.raises(StateConflictError):
        session.close()
    assert path.read_bytes() == before
    assert session.state["total"] == 1


def test_a_full_disk_keeps_s_in_memory_for_the_next_flush(path: Path) -> None:
    session = Session.open(path)
    with using(Disk(fail="write", error=errno.ENOSPC)), pytest.raises(NotCommittedError) as caught:
        session.update(5)
    assert str(caught.value) == (
        f"{path}: not committed, writing the temporary file failed: No space left on device; "
        "the file is what it was"
    )
    assert (session.is_dirty, session.generation) == (True, 0)
    assert state_of(path)["total"] == 0
    assert session.predict() == 5
    session.flush()
    state = state_of(path)
    assert (state.generation, int(state["total"]), state.update_count) == (1, 5, 1)
    session.close()


def test_the_next_change_writes_it_as_well(path: Path) -> None:
    with Session.open(path) as session:
        with using(Disk(fail="fsync", error=errno.EIO)), pytest.raises(NotCommittedError):
            session.update(5)
        session.update(1)
    state = state_of(path)
    assert (state.generation, int(state["total"]), state.update_count) == (1, 6, 2)


def test_a_failed_commit_on_closing_can_be_tried_again(path: Path) -> None:
    session = Session.open(path, persist="on-close")
    session.update(5)
    with using(Disk(fail="create", error=errno.EDQUOT)), pytest.raises(NotCommittedError):
        session.close()
    session.flush()
    assert state_of(path)["total"] == 5


def test_a_folder_that_was_not_synced_leaves_the_session_at_the_new_generation(path: Path) -> None:
    with Session.open(path) as session:
        with (
            using(Disk(fail="fsync", at=2, error=errno.EIO)),
            pytest.raises(DurabilityUnknownError),
        ):
            session.update(5)
        assert (session.is_dirty, session.generation) == (False, 1)
        assert session.state.to_content() == state_of(path).to_content()
        session.update(1)
    state = state_of(path)
    assert (state.generation, int(state["total"]), state.update_count) == (2, 6, 2)


def test_after_that_what_another_has_committed_is_still_not_overwritten(path: Path) -> None:
    class AnotherCommits(Disk):
        """Fails to sync the folder, and lets another writer in before it says so."""

        def call(self, name: str, *args: Any, **options: Any) -> Any:
            if name == "fsync" and self.log[-1] == "open_folder folder":
                with using(FileSystem()), Session.open(path) as theirs:
                    theirs.update(100)
            return super().call(name, *args, **options)

    # At the end of the folder's turn the writers' lock is still held by this process, but on a
    # file that is no longer there.
    with Session.open(path, persist="manual") as mine:
        mine.update(5)
        failing = AnotherCommits(fail="fsync", at=2, error=errno.EIO)
        with using(failing), pytest.raises(DurabilityUnknownError):
            mine.flush()
        assert (mine.generation, mine.is_dirty) == (1, False)
        mine.update(1)
        with pytest.raises(StateConflictError) as caught:
            mine.flush()
        assert str(caught.value) == conflict(path, 1, 2)
    assert state_of(path)["total"] == 105


def test_another_module_in_its_place_is_no_state_to_go_back_to(path: Path) -> None:
    other = model(COUNTER.replace("i64.add", "i64.sub"), *COUNTER_TENSORS)
    with Session.open(path) as session:
        rewrite(path, lambda _: other)
        with pytest.raises(StateConflictError) as caught:
            session.update(1)
        assert str(caught.value) == (
            f"{path}: not committed, the file carries the state of another module"
        )
        with pytest.raises(StateError) as stale:
            session.rollback()
        assert str(stale.value) == f"{path}: the file is another module by now; open it again"
        assert session.state["total"] == 1
        path.write_bytes(model(COUNTER, *COUNTER_TENSORS).to_bytes())
        session.rollback()


def test_a_state_that_was_attached_anew_brings_its_own_bounds(path: Path) -> None:
    small = TensorSpec("total", "i64", (), "sym:total", bounds=("< 10",))
    with Session.open(path, persist="manual") as session:
        session.update(1)
        session.rollback()
        session.update(50)
        rewrite(path, lambda _: model(COUNTER, small))
        session.rollback()
        session.update(9)
        with pytest.raises(StateBoundsError) as caught:
            session.update(1)
        assert str(caught.value) == "total = 10 is not < 10"
        session.flush()
    assert state_of(path)["total"] == 9
    assert check(path) == []


def test_a_flipped_byte_of_the_code_under_a_session_stops_its_commits(path: Path) -> None:
    with Session.open(path, persist="manual") as session:
        session.update(1)
        session.flush()
        content = bytearray(path.read_bytes())
        at = content.index(b"predict")  # a byte of the export's name
        content[at] ^= 1
        path.write_bytes(content)
        session.update(1)
        with pytest.raises(NotCommittedError) as caught:
            session.flush()
        assert str(caught.value) == (
            f"{path}: not committed, somebody else has changed the code of the file since it was "
            "opened; S is still in this session"
        )
        assert path.read_bytes() == content
        content[at] ^= 1
        path.write_bytes(content)
        session.flush()
    assert state_of(path)["total"] == 2


def test_a_file_that_was_damaged_under_a_session_is_named(path: Path) -> None:
    with Session.open(path, persist="manual") as session:
        whole = path.read_bytes()
        path.write_bytes(whole[:-40])
        session.update(1)
        with pytest.raises(NotCommittedError) as caught:
            session.flush()
        assert str(caught.value).startswith(
            f"{path}: not committed, the file was damaged since it was opened ("
        )
        path.write_bytes(whole)
        session.flush()
    assert state_of(path)["total"] == 1


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("generation", "generation 18446744073709551615 is the last one that the format has"),
        ("update_count", "18446744073709551615 updates are the most that the format counts"),
    ],
)
def test_a_counter_at_its_end_is_told_and_the_file_stays(
    path: Path, field: str, reason: str
) -> None:
    module = Module.open(path)
    record = record_of(module)
    changes: dict[str, Any] = {field: 2**64 - 1}
    last = replace(record, lineage=replace(record.lineage, **changes))
    path.write_bytes(module.with_custom("wasmstate.state", last.encode()).to_bytes())
    before = path.read_bytes()
    with Session.open(path, persist="manual") as session:
        session.update(1)
        with pytest.raises(StateError, match=reason):
            session.flush()
    assert path.read_bytes() == before


@pytest.mark.parametrize("call", ["fsync", "exchange", "write", "copy", "lock"])
def test_what_the_commit_at_the_end_makes_good_is_not_told_as_not_committed(
    call: str, path: Path
) -> None:
    """A failed call of the first commit; the file holds S when the error arrives."""
    disk = Disk(fail=call, error=errno.EIO)
    with using(disk), pytest.raises(CommittedLateError) as caught, Session.open(path) as session:
        session.update(1)
    assert disk.failed
    assert str(caught.value).startswith(f"{path}: a commit failed (")
    assert str(caught.value).endswith("the one at the end succeeded: the file is at generation 1")
    assert state_of(path)["total"] == 1


def test_a_session_saves_a_copy_when_its_file_is_gone(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.wasm"
    with Session.open(path, persist="manual") as session:
        for value in (1, 2):
            session.update(value)
        assert session.uncommitted == 2
        path.unlink()
        with pytest.raises(NotCommittedError):
            session.flush()
        session.save_copy(copy)
        with pytest.raises(NotCommittedError, match="there is such a file already"):
            session.save_copy(copy)
        assert session.uncommitted == 2
    state = state_of(copy)
    assert (int(state["total"]), state.generation, state.update_count) == (3, 1, 2)
    assert [finding for finding in check(copy) if finding.severity == "error"] == []


def test_a_copy_follows_the_newest_generation_that_the_session_knows(
    path: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.wasm"
    with Session.open(path) as session:
        session.update(1)
        session.update(2)
        session.save_copy(copy)
    assert state_of(copy).generation == 3
    assert state_of(copy)["total"] == 3


def in_a_child(work: Callable[[], object]) -> str:
    """What a function raises in a child that is forked from here, or what it gives."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads
        child = os.fork()
    if not child:
        try:
            said = str(work())
        except Exception as error:  # noqa: BLE001 (told to the parent)
            said = f"{type(error).__name__}: {error}"
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as file:
        return file.read().decode()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_copy_of_a_session_predicts_and_does_nothing_else(
    path: Path, tmp_path: Path
) -> None:
    log = tmp_path / "calls.log"
    with Session.open(path, persist="on-close", record=log) as session:
        session.update(1)
        foreign = (
            "CallError: this session belongs to the process that opened it, and this one was "
            "forked from it: only predict() works here; open the file again"
        )
        assert in_a_child(session.predict) == "1"
        copy = tmp_path / "copy.wasm"
        uses: list[Callable[[], object]] = [
            lambda: session.update(5),
            session.flush,
            session.rollback,
            lambda: session.save_copy(copy),
        ]
        assert [in_a_child(use) for use in uses] == [foreign] * 4
        recorded = log.read_bytes()
        assert in_a_child(session.close) == "None"
        assert state_of(path).generation == 0
        assert log.read_bytes() == recorded
        session.update(2)
    assert state_of(path)["total"] == 3
    assert [entry.name for entry in read_log(log.read_bytes()).entries] == ["update", "update"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_child_leaves_an_empty_log_to_its_parent(path: Path, tmp_path: Path) -> None:
    log = tmp_path / "calls.log"
    with Session.open(path, record=log) as session:
        assert in_a_child(session.close) == "None"
        session.update(2)
    assert [entry.name for entry in read_log(log.read_bytes()).entries] == ["update"]
