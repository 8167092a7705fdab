"""When a changed S reaches the file: at once, every so many changes, after so long, at the end."""

from __future__ import annotations

import errno
import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import state_of, write_counter
from storage.disk import Disk
from wasmstate import (
    DurabilityUnknownError,
    NotCommittedError,
    Session,
    StateConflictError,
    check,
)
from wasmstate.session.policy import Policy
from wasmstate.storage.filesystem import using

PATIENCE = 60  # seconds after which something that must happen has not


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_counter(tmp_path / "model.wasm")


class Gate(Disk):
    """A disk whose exchanges wait for a sign, and which knows the threads that exchanged."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.threads: list[str] = []
        self.is_reached = threading.Semaphore(0)
        self.is_done = threading.Semaphore(0)
        self.opens = threading.Semaphore(0)
        self._temporaries: set[int] = set()  # descriptors; each has a lock of its own

    def call(self, name: str, real: Callable[..., Any], *args: Any, **options: Any) -> Any:
        if name == "exchange":
            self.threads.append(threading.current_thread().name)
            self.is_reached.release()
            assert self.opens.acquire(timeout=PATIENCE)
        try:
            result = super().call(name, real, *args, **options)
        finally:
            if name == "unlock" and args[0] not in self._temporaries:
                self.is_done.release()
        if name == "create":
            self._temporaries.add(result)
        return result

    def wait_for_commit(self) -> None:
        """Until one that was let through is done."""
        assert self.is_done.acquire(timeout=PATIENCE)


@pytest.mark.parametrize(
    ("text", "changes", "seconds", "at_close", "in_background"),
    [
        ("every-change", 1, 0, True, False),
        ("every:1", 1, 0, True, False),
        ("every:100", 100, 0, True, True),
        ("every:5s", 0, 5, True, True),
        ("every:0.5s", 0, 0.5, True, True),
        ("on-close", 0, 0, True, False),
        ("manual", 0, 0, False, False),
    ],
)
def test_what_each_word_means(
    text: str, changes: int, seconds: float, at_close: bool, in_background: bool
) -> None:
    policy = Policy.parse(text)
    assert policy == Policy(changes, seconds, at_close)
    assert policy.in_background is in_background


@pytest.mark.parametrize(
    "text", ["", "every", "every:", "every:0", "every:0s", "every:0.0s", "every:-1", "every:1.5",
             "every:nans", "every:1 s", "every:1m", "every:1e3", "Manual", None]
)  # fmt: skip
def test_other_words_are_refused(text: Any) -> None:
    with pytest.raises(ValueError, match="persist must be every-change") as caught:
        Policy.parse(text)
    assert str(caught.value).endswith(f"not {text!r}")


def test_so_many_changes_are_committed_by_another_thread(path: Path) -> None:
    disk = Gate()
    with using(disk), Session.open(path, persist="every:3") as session:
        session.update(1)
        session.update(1)
        assert disk.log == []
        session.update(1)
        assert disk.is_reached.acquire(timeout=PATIENCE)
        assert (session.predict(), session.is_dirty, session.generation) == (3, True, 0)
        disk.opens.release()
        disk.wait_for_commit()
        session.flush()  # has nothing to do but to wait
        assert (session.is_dirty, session.generation) == (False, 1)
    assert disk.threads == ["wasmstate writer"]
    state = state_of(path)
    assert (state.generation, state.update_count, int(state["total"])) == (1, 3, 3)


def test_changes_during_a_commit_are_gathered_for_the_next(path: Path) -> None:
    disk = Gate()
    with using(disk), Session.open(path, persist="every:2") as session:
        for _ in range(2):
            session.update(1)
        assert disk.is_reached.acquire(timeout=PATIENCE)
        for _ in range(10):
            session.update(1)
        disk.opens.release(2)
        disk.wait_for_commit()
        disk.wait_for_commit()
    assert disk.threads == ["wasmstate writer"] * 2
    state = state_of(path)
    assert (state.generation, state.update_count, int(state["total"])) == (2, 12, 12)


def test_after_so_long_what_has_changed_by_then_is_committed(path: Path) -> None:
    disk = Gate()
    with using(disk), Session.open(path, persist="every:0.001s") as session:
        session.update(1)
        assert disk.is_reached.acquire(timeout=PATIENCE)
        session.update(1)
        disk.opens.release(2)
        disk.wait_for_commit()
        disk.wait_for_commit()
    assert disk.threads == ["wasmstate writer"] * 2
    assert state_of(path).update_count == 2


def test_closing_does_not_wait_for_the_time(path: Path) -> None:
    with Session.open(path, persist="every:999999s") as session:
        session.update(1)
    assert state_of(path)["total"] == 1
    assert "wasmstate writer" not in [thread.name for thread in threading.enumerate()]


def test_rows_count_one_by_one(path: Path) -> None:
    disk = Gate()
    disk.opens.release(100)
    with using(disk), Session.open(path, persist="every:4") as session:
        session.update_many(np.ones(10, np.int64))
        disk.wait_for_commit()
    state = state_of(path)
    assert (int(state["total"]), state.update_count) == (10, 10)
    assert "wasmstate writer" in disk.threads


def test_a_disk_that_is_behind_holds_the_calls_up(path: Path) -> None:
    """What a kill can cost has a bound: 20 times N."""
    with Session.open(path, persist="every:2") as session:
        assert session._commits.writer is not None
        session._commits.writer.rests = False  # a commit is due, and its thread does not come to it
        for _ in range(39):
            session.update(1)
        assert (session.uncommitted, state_of(path).generation) == (39, 0)
        session.update(1)
        assert (session.uncommitted, state_of(path).update_count) == (0, 40)
        session._commits.writer.rests = True


def test_flush_returns_when_what_was_there_is_in_the_file(path: Path) -> None:
    disk = Gate()
    with using(disk), Session.open(path, persist="every:2") as session:
        for _ in range(3):
            session.update(1)
        assert disk.is_reached.acquire(timeout=PATIENCE)
        disk.opens.release(2)
        session.flush()
        assert state_of(path)["total"] == 3
        assert not session.is_dirty


def fail_in_the_background(session: Session, disk: Gate) -> None:
    """Two changes, and the commit that they make due."""
    session.update(1)
    disk.opens.release(100)
    session.update(1)
    disk.wait_for_commit()
    assert session._commits.writer is not None
    session._commits.writer.stop()  # it has failed by then; the next that is due starts it again


def test_a_disk_that_fails_is_reported_once_and_does_not_disturb_predict(path: Path) -> None:
    disk = Gate(fail="write", error=errno.ENOSPC)
    with using(disk), Session.open(path, persist="every:2") as session:
        fail_in_the_background(session, disk)
        assert session.predict() == 2
        with pytest.raises(NotCommittedError) as caught:
            session.update(1)
        assert str(caught.value) == (
            f"{path}: not committed, writing the temporary file failed: No space left on device; "
            "the file is what it was"
        )
        assert (session.predict(), session.generation) == (3, 0)  # it has been made
        session.update(1)  # is the next that is due
        disk.wait_for_commit()
        session.flush()
        assert not session.is_dirty
    state = state_of(path)
    assert (state.generation, int(state["total"]), state.update_count) == (1, 4, 4)


def test_flush_makes_good_what_failed_before_it(path: Path) -> None:
    disk = Gate(fail="write", error=errno.EIO)
    with using(disk), Session.open(path, persist="every:2") as session:
        fail_in_the_background(session, disk)
        session.flush()
        session.update(1)
    assert state_of(path)["total"] == 3


def test_what_flush_cannot_make_good_it_raises(path: Path) -> None:
    disk = Gate(fail="fsync", at=2, error=errno.EIO)
    with using(disk), Session.open(path, persist="every:2") as session:
        fail_in_the_background(session, disk)
        with pytest.raises(DurabilityUnknownError):
            session.flush()
        session.flush()
        assert (session.is_dirty, session.generation) == (False, 1)


def test_a_conflict_is_reported_like_any_failure_and_rollback_ends_it(path: Path) -> None:
    disk = Gate()
    with using(disk), Session.open(path, persist="every:2") as session:
        with using(Disk()), Session.open(path) as other:
            other.update(100)
        fail_in_the_background(session, disk)
        assert session.predict() == 2
        with pytest.raises(StateConflictError):
            session.update(1)
        session.rollback()
        assert (session.predict(), session.is_dirty) == (100, False)
        session.update(1)
    assert state_of(path)["total"] == 101


def test_a_rollback_drops_what_waits(path: Path) -> None:
    with Session.open(path, persist="every:999999s") as session:
        session.update(1)
        session.rollback()
        assert session.predict() == 0
    assert state_of(path).generation == 0


def test_a_session_that_nobody_has_any_more_is_written_and_its_thread_ends(path: Path) -> None:
    session = Session.open(path, persist="every:999999s")
    session.update(5)
    (thread,) = (each for each in threading.enumerate() if each.name == "wasmstate writer")
    del session
    gc.collect()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert state_of(path)["total"] == 5


def run(script: str, path: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script, str(path)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        **options,
    )


OPEN = "import os, sys; from wasmstate import Session; path = sys.argv[1]\n"


def test_an_interpreter_that_ends_writes_what_was_not_closed(path: Path) -> None:
    script = OPEN + "s = Session.open(path, persist='every:1000')\nfor _ in range(7): s.update(1)"
    done = run(script, path)
    assert (done.returncode, done.stderr) == (0, "")
    assert state_of(path)["total"] == 7


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_that_was_forked_can_open_a_session(path: Path) -> None:
    script = """
import signal
with Session.open(path) as session:
    session.update(1)
child = os.fork()
if child == 0:
    signal.alarm(20)  # a child that hangs is ended
    with Session.open(path) as session:
        session.update(2)
    os._exit(0)
sys.exit(os.waitpid(child, 0)[1])
"""
    assert run(OPEN + script, path).returncode == 0
    assert state_of(path)["total"] == 3


def test_what_closing_has_told_is_not_told_again_at_the_end(path: Path) -> None:
    script = """
try:
    with Session.open(path, persist="every:999999") as session:
        session.update(1)
        os.unlink(path)
except CommitError as error:
    print(error)
"""
    done = run(OPEN + "from wasmstate import CommitError" + script, path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{path}: not committed: No such file or directory\n"


def test_a_child_leaves_to_its_parent_what_was_changed_before_the_fork(path: Path) -> None:
    script = (
        OPEN
        + """
s = Session.open(path, persist='every:2')
for _ in range(3): s.update(1)
child = os.fork()
if not child: sys.exit()
assert os.waitpid(child, 0)[1] == 0
for _ in range(4): s.update(1)
s.close()
"""
    )
    done = run(script, path)
    assert (done.returncode, done.stderr) == (0, "")
    assert state_of(path)["total"] == 7


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_an_exit_that_a_signal_asks_for_commits(path: Path) -> None:
    script = (
        OPEN
        + """
import signal
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
with Session.open(path, persist='every:1000000') as s:
    for i in range(10**9):
        s.update(1)
        if i == 5: print(flush=True)
"""
    )
    with subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        assert process.wait(PATIENCE) == 143
    state = state_of(path)
    assert state["total"] == state["calls"] == state.update_count >= 6
    assert check(path) == []


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_after_kill_9_the_file_holds_a_whole_state_not_older_than_the_last_barrier(
    path: Path,
) -> None:
    script = (
        OPEN
        + """
with Session.open(path, persist='every:50') as s:
    for i in range(1, 10**9):
        s.update(1)
        if i % 100 == 0:
            s.flush()
            os.write(1, b'%d\\n' % i)
"""
    )
    for lines in range(1, 4):
        before = int(state_of(path)["total"])
        process = subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE)
        with process:
            assert process.stdout is not None
            for _ in range(lines):
                said = int(process.stdout.readline())
            process.send_signal(signal.SIGKILL)
        state = state_of(path)
        assert state["total"] == state["calls"] == state.update_count >= before + said
        assert [each for each in check(path) if each.severity == "error"] == []
