"""Temporary files: those of living writers stay, those of dead ones go."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from typing import Any

import pytest

from models import state_of, write_counter
from storage.disk import Disk
from wasmstate import Module, NotCommittedError, check, commit
from wasmstate.storage import write_new
from wasmstate.storage.filesystem import FileSystem, using
from wasmstate.storage.temporary import Temporary, leftovers, sweep


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_counter(tmp_path / "model.wasm")


def names(path: Path) -> list[str]:
    return sorted(os.listdir(path.parent))


def test_the_temporary_file_of_a_living_writer_is_not_swept(path: Path) -> None:
    temporary = Temporary.create(path, 0o600)
    assert leftovers(path) == sweep(path) == []
    assert check(path) == []
    commit(path, state_of(path))
    assert temporary.is_there()
    temporary.close()
    assert leftovers(path) == [temporary.path]
    assert sweep(path) == [temporary.path]
    assert leftovers(path) == []


@pytest.mark.parametrize("name", ["x" * 250 + ".wasm", "日" * 83 + ".wasm"])
def test_a_file_with_the_longest_name_can_be_committed_and_swept(name: str, path: Path) -> None:
    path = path.rename(path.with_name(name))
    assert commit(path, state_of(path)).generation == 1
    temporary = Temporary.create(path, 0o600)
    temporary.close()
    assert leftovers(path) == [temporary.path]
    assert [each.path for each in check(path)] == [str(temporary.path)]
    assert commit(path, state_of(path)).generation == 2
    assert names(path) == [name]


def test_a_living_writer_of_a_new_file_is_left_alone_by_whoever_was_faster(path: Path) -> None:
    new = path.with_name("new.wasm")

    class Slow(FileSystem):
        def link(self, source: Path, target: Path) -> None:
            with using(FileSystem()):
                write_new(new, Module.open(path))
                commit(new, state_of(new))
            assert source.exists()
            super().link(source, target)

    with using(Slow()), pytest.raises(NotCommittedError) as caught:
        write_new(new, Module.open(path))
    assert str(caught.value) == f"{new}: not written, there is such a file already"
    assert state_of(new).generation == 1
    assert names(path) == ["model.wasm", "new.wasm"]


def test_a_writer_that_is_about_to_lock_its_temporary_file_is_not_called_dead(path: Path) -> None:
    class Looked(FileSystem):
        looks = 0

        def lock(self, fd: int, *, wait: bool) -> bool:
            self.looks += 1
            with using(FileSystem()):
                assert check(path) == []
            return super().lock(fd, wait=wait)

    with using(looked := Looked()):
        commit(path, state_of(path))
    assert looked.looks == 2  # of the file, and of its temporary one
    assert names(path) == ["model.wasm"]


def test_who_is_swept_before_the_file_is_locked_makes_another(path: Path) -> None:
    class Swept(FileSystem):
        swept = 0

        def lock(self, fd: int, *, wait: bool) -> bool:
            if self.swept < 2:
                self.swept += 1
                with using(FileSystem()):
                    assert len(sweep(path)) == 1
            return super().lock(fd, wait=wait)

    with using(Swept()):
        temporary = Temporary.create(path, 0o600)
    assert temporary.is_there()
    assert names(path) == [temporary.path.name, "model.wasm"]
    temporary.discard()
    temporary.discard()
    assert names(path) == ["model.wasm"]


def test_a_temporary_file_that_cannot_be_locked_is_removed(path: Path) -> None:
    disk = Disk(fail="lock", at=2, error=errno.ENOLCK)
    with using(disk), pytest.raises(NotCommittedError) as caught:
        commit(path, state_of(path))
    assert str(caught.value).endswith(
        "creating a temporary file in the same folder failed: No locks available; "
        "the file is what it was"
    )
    assert names(path) == ["model.wasm"]


class NoLocks(FileSystem):
    """Files cannot be locked, as on Windows."""

    has_locks = False

    def lock(self, fd: int, *, wait: bool) -> bool:
        raise AssertionError

    unlock = None  # type: ignore[assignment]


class OfAnother(FileSystem):
    """The leftovers are another user's: they cannot be opened."""

    def open_beside(self, path: Path) -> int:
        if path.name.startswith("."):
            raise PermissionError(errno.EACCES, "no")
        return super().open_beside(path)


@pytest.mark.parametrize("files", [NoLocks(), OfAnother()])
def test_where_no_lock_can_tell_an_hour_does(files: FileSystem, path: Path) -> None:
    leftover = path.with_name(".model.wasm.0123456789abcdef.wasmstate-tmp")
    leftover.write_bytes(b"half")
    now = leftover.stat().st_mtime
    with using(files):
        os.utime(leftover, (now, now - 3500))
        assert leftovers(path) == sweep(path) == []
        os.utime(leftover, (now, now - 3700))
        assert leftovers(path) == sweep(path) == [leftover]
        commit(path, state_of(path))
    assert names(path) == ["model.wasm"]
    assert state_of(path).generation == 1


def test_a_leftover_that_vanishes_meanwhile_is_none(path: Path) -> None:
    path.with_name(".model.wasm.0123456789abcdef.wasmstate-tmp").touch()

    class Vanishing(FileSystem):
        def list(self, folder: Path) -> list[str]:
            found = super().list(folder)
            for name in found:
                if name.startswith("."):
                    os.unlink(folder / name)
            return found

    with using(Vanishing()):
        assert leftovers(path) == []


class NoLinks(FileSystem):
    """A file has one name only, as on FAT."""

    def link(self, source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))


class NoFlags(NoLinks):
    """Nor can a rename be told to overwrite nothing."""

    def rename_new(self, source: Path, target: Path) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))


@pytest.mark.parametrize("system", [NoLinks, NoFlags])
def test_without_links_a_new_file_is_written_all_the_same(
    system: type[FileSystem], path: Path
) -> None:
    new = path.with_name("new.wasm")
    with using(system()):
        write_new(new, Module.open(path))
    assert new.read_bytes() == path.read_bytes()
    assert names(path) == ["model.wasm", "new.wasm"]


def test_on_fat_nobody_sees_an_empty_file_of_the_new_name(path: Path) -> None:
    new = path.with_name("new.wasm")
    sizes: set[int] = set()

    class Looking(Disk):
        def call(self, name: str, *args: Any, **options: Any) -> Any:
            if name == "link":
                raise OSError(errno.EPERM, os.strerror(errno.EPERM))
            result = super().call(name, *args, **options)
            if new.exists():
                sizes.add(new.stat().st_size)
            return result

    with using(Looking()):
        write_new(new, Module.open(path))
    assert sizes == {path.stat().st_size}


@pytest.mark.parametrize("system", [NoLinks, NoFlags])
def test_without_links_a_name_that_is_taken_is_refused_as_well(
    system: type[FileSystem], path: Path
) -> None:
    new = path.with_name("new.wasm")

    class Slow(system):  # type: ignore[valid-type,misc]
        def link(self, source: Path, target: Path) -> None:
            new.write_bytes(b"theirs")
            super().link(source, target)

    with using(Slow()), pytest.raises(NotCommittedError) as caught:
        write_new(new, Module.open(path))
    assert str(caught.value) == f"{new}: not written, there is such a file already"
    assert new.read_bytes() == b"theirs"
    assert names(path) == ["model.wasm", "new.wasm"]


@pytest.mark.parametrize("theirs", [False, True])
def test_without_links_a_rename_that_fails_leaves_nothing_of_ours(theirs: bool, path: Path) -> None:
    new = path.with_name("new.wasm")

    class Failing(NoFlags):
        def rename(self, source: Path, target: Path) -> None:
            if theirs:
                path.with_name("theirs").write_bytes(b"theirs")
                os.replace(path.with_name("theirs"), new)
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with using(Failing()), pytest.raises(NotCommittedError) as caught:
        write_new(new, Module.open(path))
    assert str(caught.value) == f"{new}: not written, renaming it failed: Input/output error"
    assert names(path) == (["model.wasm", "new.wasm"] if theirs else ["model.wasm"])


def test_a_rename_to_a_free_name_that_fails_otherwise_is_a_failure(path: Path) -> None:
    class Failing(NoLinks):
        def rename_new(self, source: Path, target: Path) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with using(Failing()), pytest.raises(NotCommittedError):
        write_new(path.with_name("new.wasm"), Module.open(path))
    assert names(path) == ["model.wasm"]


def test_a_link_that_fails_otherwise_is_a_failure(path: Path) -> None:
    new = path.with_name("new.wasm")
    with using(Disk(fail="link", error=errno.EIO)), pytest.raises(NotCommittedError):
        write_new(new, Module.open(path))
    assert names(path) == ["model.wasm"]


def test_a_second_name_that_stays_is_swept_later(path: Path) -> None:
    new = path.with_name("new.wasm")
    with using(Disk(fail="unlink", error=errno.EIO)):
        write_new(new, Module.open(path))
    assert len(names(path)) == 3
    commit(new, state_of(new))
    assert names(path) == ["model.wasm", "new.wasm"]
    assert new.stat().st_nlink == 1


def test_the_lock_of_a_temporary_file_ends_with_its_rename(path: Path) -> None:
    seen: list[bool] = []

    class Looking(Disk):
        def call(self, name: str, *args: Any, **options: Any) -> Any:
            result = super().call(name, *args, **options)
            with open(path, "rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    seen.append(True)
                except BlockingIOError:
                    seen.append(False)
            return result

    disk = Looking()
    with using(disk):
        commit(path, state_of(path))
    unlocked = disk.log.index("unlock temporary")
    # From the first lock on, whatever is at the path is locked, until the new file is whole.
    assert seen[1:unlocked] == [False] * (unlocked - 1)
    assert seen[unlocked:] == [True] * (len(seen) - unlocked)


def test_a_file_that_gets_its_name_while_it_is_looked_at_is_no_leftover(path: Path) -> None:
    temporary = path.with_name(".model.wasm.0123456789abcdef.wasmstate-tmp")
    temporary.write_bytes(path.read_bytes())

    class Meanwhile(FileSystem):
        def lock(self, fd: int, *, wait: bool) -> bool:
            if temporary.exists():
                os.replace(temporary, path)
            return super().lock(fd, wait=wait)

    with using(Meanwhile()):
        assert leftovers(path) == []


def test_what_a_killed_writer_of_a_new_file_left_goes_when_it_is_written_again(path: Path) -> None:
    new = path.with_name("new.wasm")
    new.with_name(".new.wasm.0123456789abcdef.wasmstate-tmp").write_bytes(b"half")
    write_new(new, Module.open(path))
    assert names(path) == ["model.wasm", "new.wasm"]
