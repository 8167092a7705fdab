"""One writer at a time: who has the lock has that of the file which is there now."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from models import state_of, write_counter
from storage.disk import Disk
from wasmstate import (
    Module,
    NotCommittedError,
    SectionError,
    State,
    StateConflictError,
    check,
    commit,
    lock_timeout,
)
from wasmstate.storage import rewrite
from wasmstate.storage.filesystem import FileSystem, using
from wasmstate.storage.lock import locked


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_counter(tmp_path / "model.wasm")


def lock_is_free(path: Path) -> bool:
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def test_a_file_that_was_replaced_while_waiting_for_its_lock_is_locked_anew(path: Path) -> None:
    others = [shutil.copy(path, path.with_name(f"other-{i}")) for i in range(2)]

    class Busy(FileSystem):
        def lock(self, fd: int, *, wait: bool) -> bool:
            taken = super().lock(fd, wait=wait)
            if others:
                os.replace(others.pop(), path)
            return taken

    with using(Busy()), locked(path) as lock:
        assert others == []
        assert os.path.samestat(os.fstat(lock.fd), os.stat(path))
        assert not lock_is_free(path)
    assert lock_is_free(path)


class Nfs(FileSystem):
    """Locks bytes instead of files, and so only by a descriptor that can write."""

    def lock(self, fd: int, *, wait: bool) -> bool:
        if fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return super().lock(fd, wait=wait)


def test_on_nfs_the_file_is_locked_by_a_descriptor_that_can_write(path: Path) -> None:
    before = state_of(path)
    with using(Nfs()):
        assert commit(path, before).generation == before.generation + 1
        with locked(path):
            assert not lock_is_free(path)
    assert lock_is_free(path)


def test_on_nfs_a_commit_of_another_host_is_seen_although_the_path_is_cached(path: Path) -> None:
    ours = state_of(path)

    class TwoHosts(Nfs):
        """While this host waits for the lock the other one commits."""

        cached: os.stat_result | None = os.stat(path)

        def lock(self, fd: int, *, wait: bool) -> bool:
            taken = super().lock(fd, wait=wait)
            if state_of(path).generation == 0:
                with using(FileSystem()):
                    other = path.with_name("other")
                    shutil.copy(path, other)
                    commit(other, state_of(other).with_values({"total": 70}))
                    os.replace(other, path)
            return taken

        def stat(self, looked_at: Path) -> os.stat_result:
            return self.cached if looked_at == path and self.cached else super().stat(looked_at)

        def open_folder(self, folder: Path) -> int:
            self.cached = None
            return super().open_folder(folder)

    with using(TwoHosts()), pytest.raises(StateConflictError):
        commit(path, ours.with_values({"total": 2}))
    assert state_of(path)["total"] == 70


def test_on_nfs_leftovers_are_swept(path: Path) -> None:
    left = path.with_name(".model.wasm.0123456789abcdef.wasmstate-tmp")
    left.write_bytes(b"half")
    with using(Nfs()):
        assert [each.path for each in check(path)] == [str(left)]
        commit(path, state_of(path))
    assert os.listdir(path.parent) == ["model.wasm"]


@pytest.mark.parametrize("times", [5, 6])
def test_on_nfs_a_stale_handle_is_opened_again_and_named_if_it_stays_stale(
    times: int, path: Path
) -> None:
    class Stale(FileSystem):
        opened = 0

        def open(self, path: Path) -> int:
            self.opened += 1
            if self.opened <= times:
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
            return super().open(path)

    with using(Stale()):
        if times == 5:
            assert commit(path, state_of(path)).generation == 1
            return
        with pytest.raises(NotCommittedError) as caught:
            commit(path, state_of(path))
    assert str(caught.value) == (
        f"{path}: not committed, another host replaces the file again and again "
        f"({os.strerror(errno.ESTALE)}, 6 times): try again"
    )


def test_a_lock_that_no_descriptor_can_have_is_an_error(path: Path) -> None:
    class Broken(FileSystem):
        def lock(self, fd: int, *, wait: bool) -> bool:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    with using(Broken()), pytest.raises(NotCommittedError, match="Bad file descriptor"):
        commit(path, state_of(path))


def test_trouble_in_letting_go_of_the_lock_does_not_belie_a_commit(path: Path) -> None:
    for call, at in [("unlock", 1), ("close", 3)]:  # the third closes the file that was locked
        disk = Disk(fail=call, at=at, error=errno.EIO)
        before = state_of(path)
        with using(disk):
            assert commit(path, before).generation == before.generation + 1
        assert disk.failed
        assert disk.log[-1] == "close file"
        assert state_of(path).generation == before.generation + 1


def test_an_error_that_somebody_keeps_does_not_keep_the_lock(path: Path) -> None:
    stale = state_of(path)
    commit(path, stale)
    with pytest.raises(StateConflictError) as kept:
        commit(path, stale)
    assert lock_is_free(path)
    assert kept.value.found == 1


def test_a_module_that_an_edit_keeps_does_not_keep_the_lock(path: Path) -> None:
    kept: list[Module] = []

    def edit(module: Module) -> Module:
        kept.append(module)
        raise SectionError("no")

    with pytest.raises(SectionError):
        rewrite(path, edit)
    assert lock_is_free(path)
    assert State.of(kept[0]).generation == 0


def test_a_file_that_vanishes_while_its_lock_is_taken_is_an_error(path: Path) -> None:
    class Vanishing(FileSystem):
        def lock(self, fd: int, *, wait: bool) -> bool:
            path.unlink()
            return super().lock(fd, wait=wait)

    with using(Vanishing()), pytest.raises(FileNotFoundError):
        locked(path).__enter__()


def test_a_leftover_is_only_removed_by_who_holds_the_lock(path: Path) -> None:
    path.with_name(".model.wasm.0123456789abcdef.wasmstate-tmp").write_bytes(b"half")
    seen: list[str] = []

    class Looking(Disk):
        def call(self, name: str, *args: Any, **options: Any) -> Any:
            if name == "unlink":
                assert not lock_is_free(path)
                seen.append(name)
            return super().call(name, *args, **options)

    with using(Looking()):
        commit(path, state_of(path))
    assert seen == ["unlink", "unlink"]  # the leftover, and the old file when it is replaced


def test_a_child_that_is_forked_in_the_middle_of_a_commit_does_not_hold_a_lock(path: Path) -> None:
    """At each call of a commit a child is forked, and lives on until the test is over."""
    children: list[int] = []
    rest, end = os.pipe()

    class Forking(Disk):
        def call(self, name: str, *args: Any, **options: Any) -> Any:
            result = super().call(name, *args, **options)
            child = os.fork()
            if child == 0:  # pragma: no cover (in the child)
                os.close(end)
                os.read(rest, 1)
                os._exit(0)
            children.append(child)
            return result

    try:
        with using(Forking()):
            commit(path, state_of(path))
        assert len(children) > 20
        assert lock_is_free(path)
    finally:
        os.close(end)
        os.close(rest)
        for child in children:
            os.waitpid(child, 0)


def test_a_child_does_not_inherit_the_lock_of_a_parent_that_is_killed(path: Path) -> None:
    (ready, say_ready), (rest, end) = os.pipe(), os.pipe()
    parent = os.fork()
    if parent == 0:  # pragma: no cover (in the child)
        os.close(end)
        with locked(path):
            if os.fork() == 0:
                os.write(say_ready, b".")
            os.read(rest, 1)
            os._exit(0)
    try:
        os.read(ready, 1)
        assert not lock_is_free(path)
        os.kill(parent, signal.SIGKILL)
        os.waitpid(parent, 0)
        assert lock_is_free(path)
    finally:
        for fd in (ready, say_ready, rest, end):
            os.close(fd)


class Impatient(FileSystem):
    """Time passes at once."""

    def __init__(self) -> None:
        self.waited = 0.0

    def pause(self, seconds: float) -> None:
        self.waited += seconds


def test_a_writer_that_waits_says_for_whom_after_a_second_and_goes_on_when_it_is_free(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with locked(path) as other:

        class Freed(Impatient):
            def pause(self, seconds: float) -> None:
                super().pause(seconds)
                if self.waited < 1:
                    assert not caplog.messages
                if self.waited > 5:
                    other.release()

        with using(Freed()):
            assert commit(path, state_of(path)).generation == 1
    (said,) = caplog.messages
    me = Path("/proc/self/comm").read_text().strip()
    assert said == (f"{path}: waiting for its lock, which process {os.getpid()} ({me}) has")


def test_a_wait_ends_with_its_time(path: Path) -> None:
    files = Impatient()
    with locked(path), using(files), lock_timeout(2.5), pytest.raises(NotCommittedError) as caught:
        commit(path, state_of(path))
    me = Path("/proc/self/comm").read_text().strip()
    assert str(caught.value) == (
        f"{path}: not committed, waited 2.5 s for its lock, which process {os.getpid()} ({me}) "
        "has; the file is what it was"
    )
    assert 2.5 <= files.waited < 2.6
    assert state_of(path).generation == 0


def test_a_wait_can_be_ended_from_outside_after_a_second(path: Path) -> None:
    files = Impatient()
    with (
        locked(path),
        using(files),
        lock_timeout(None, is_over=lambda: True),
        pytest.raises(NotCommittedError, match="not committed, told to end while process"),
    ):
        commit(path, state_of(path))
    assert 1 <= files.waited < 1.1


def test_who_holds_a_lock_need_not_be_known(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "major", lambda _: 0xFFFF)
    with (
        locked(path),
        using(Impatient()),
        lock_timeout(0),
        pytest.raises(NotCommittedError, match="which another process has"),
    ):
        commit(path, state_of(path))


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_named_with_advice(number: int, path: Path) -> None:
    with using(Disk(fail="lock", error=number)), pytest.raises(NotCommittedError) as caught:
        commit(path, state_of(path))
    assert str(caught.value) == (
        f"{path}: not committed, its file system has no locks ({os.strerror(number)}), so two "
        "writers could not be kept apart: mount it with locks (NFS: without nolock), or keep the "
        "file on a local disk"
    )


def test_a_process_whose_name_cannot_be_read_is_named_by_its_number(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have ended since, or live in another container."""
    listed = Path("/proc/locks")
    read = Path.read_text
    with locked(path):
        lines = listed.read_text().replace(f" {os.getpid()} ", " 99999999 ")
        monkeypatch.setattr(
            Path, "read_text", lambda each, *how: lines if each == listed else read(each, *how)
        )
        with lock_timeout(0), pytest.raises(NotCommittedError, match="which process 99999999 has"):
            commit(path, state_of(path))


def test_a_lock_that_is_free_after_a_pause_is_taken(path: Path) -> None:
    with locked(path) as other:

        class Freed(FileSystem):
            def pause(self, seconds: float) -> None:
                super().pause(0)
                other.release()

        with using(Freed()):
            assert commit(path, state_of(path)).generation == 1


def test_a_leftover_whose_lock_cannot_be_asked_for_stays(path: Path) -> None:
    left = path.with_name(".model.wasm.0123456789abcdef.wasmstate-tmp")
    left.write_bytes(b"half")
    with using(Disk(fail="lock", at=2, error=errno.EIO)):
        commit(path, state_of(path))
    assert left.exists()
