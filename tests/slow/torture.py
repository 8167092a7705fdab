"""``make torture``: file systems of their own, whose power is cut in the middle of a commit.

The power is cut by ``FS_IOC_SHUTDOWN``: from then on nothing reaches the disk. With the log
flushed, what the file system has journalled survives (the names, perhaps not the bytes); without,
only what was synced. Then the file system is mounted again, as after a reboot. Needs root, loop
devices and the programs that make file systems; what is missing is skipped, and said.

Of planted bugs each must be caught where it can be: a test that cannot fail proves nothing.
"""

from __future__ import annotations

import errno
import fcntl
import gc
import os
import shutil
import stat
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import state_of, write_model
from storage.disk import Disk
from wasmstate import Module, NotCommittedError, State, check, commit
from wasmstate.storage.filesystem import using

SHUTDOWN = 0x8004587D  # FS_IOC_SHUTDOWN; linux/fs.h
DEAD, SKIPPED = 9, 10  # exit statuses of a child
LOG_FLUSHED, LOG_LOST = 1, 2
FLAGS = {"log flushed": LOG_FLUSHED, "log lost": LOG_LOST}
MODEL = '(module (memory (export "memory") 2 2) (func (export "update")))'


@dataclass(frozen=True)
class Kind:
    """A kind of file system: how it is made, how large it has to be, how it is mounted."""

    make: tuple[str, ...]
    size: int
    options: str = ""
    type: str = ""


KINDS = {
    "ext4": Kind(("mkfs.ext4", "-q", "-F"), 32 << 20),
    "ext4 noauto_da_alloc": Kind(("mkfs.ext4", "-q", "-F"), 32 << 20, "noauto_da_alloc"),
    "xfs": Kind(("mkfs.xfs", "-q", "-f"), 320 << 20),
    "btrfs": Kind(("mkfs.btrfs", "-q", "-f"), 128 << 20),
}


class Mounted:
    """A file system in a file, mounted on a folder."""

    def __init__(self, folder: Path, kind: Kind) -> None:
        self._image = folder / "image"
        self._kind = kind
        self.root = folder / "root"
        self.root.mkdir()
        with self._image.open("wb") as file:
            file.truncate(kind.size)
        self._run(*kind.make, str(self._image))

    def mount(self) -> None:
        """Mount it."""
        options = ",".join(filter(None, ["loop", self._kind.options]))
        self._run("mount", "-o", options, str(self._image), str(self.root))

    def unmount(self) -> None:
        """Unmount it; nothing in it may be open."""
        gc.collect()
        subprocess.run(["umount", str(self.root)], check=True)

    def cut_power(self, flag: int) -> None:
        """From now on nothing reaches the disk."""
        fd = os.open(self.root, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, SHUTDOWN, struct.pack("=I", flag))
        except OSError as error:
            if error.errno in (errno.ENOTTY, errno.EOPNOTSUPP):
                os._exit(SKIPPED)  # this is the child that was to die
            raise
        finally:
            os.close(fd)

    def _run(self, *command: str) -> None:
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            pytest.skip(f"{command[0]}: {result.stderr.strip() or result.returncode}")


@contextmanager
def file_system(name: str, folder: Path) -> Iterator[Mounted]:
    """A file system of a kind, made and mounted; or the test is skipped, and says why."""
    kind = KINDS[name]
    if os.geteuid() != 0:
        pytest.skip("only root may mount file systems")
    if shutil.which(kind.make[0]) is None:
        pytest.skip(f"{kind.make[0]} is not installed")
    mounted = Mounted(folder, kind)
    mounted.mount()
    try:
        yield mounted
    finally:
        gc.collect()
        subprocess.run(["umount", "-l", str(mounted.root)], capture_output=True)


class Cut(Disk):
    """Lets so many calls pass, then cuts the power; the process dies with it."""

    def __init__(self, calls: int, cut: Callable[[], None]) -> None:
        super().__init__()
        self._left = calls
        self._cut = cut

    def call(self, name: str, real: Any, *args: Any, **options: Any) -> Any:
        self.step()
        return super().call(name, real, *args, **options)

    def step(self) -> None:
        """The power may be cut here."""
        self._left -= 1
        if self._left == -1:
            self._cut()
            os._exit(DEAD)


class Renaming(Cut):
    """Two names cannot be exchanged here, so the bug is in the rename."""

    def exchange(self, one: Path, other: Path) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


class NoFileSync(Cut):
    def fsync(self, fd: int) -> None:
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            os.fsync(fd)


class NoFolderSync(Cut):
    def fsync(self, fd: int) -> None:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            os.fsync(fd)


class SyncAfterRename(NoFileSync, Renaming):
    def rename(self, source: Path, target: Path) -> None:
        os.replace(source, target)
        self.step()
        fd = os.open(target, os.O_RDONLY)
        os.fsync(fd)
        os.close(fd)


class InPlace(Renaming):
    def rename(self, source: Path, target: Path) -> None:
        data = source.read_bytes()
        fd = os.open(target, os.O_WRONLY | os.O_TRUNC)
        try:
            self.step()
            os.write(fd, data[: len(data) // 2])
            self.step()
            os.write(fd, data[len(data) // 2 :])
            os.fsync(fd)
        finally:
            os.close(fd)
        source.unlink()


class UnlinkFirst(Renaming):
    def rename(self, source: Path, target: Path) -> None:
        os.unlink(target)
        self.step()
        os.replace(source, target)


def new_model(folder: Path) -> Path:
    """A module of half a megabyte with 64 KiB of state, all of it the generation's number."""
    path = write_model(folder / "model.wasm", MODEL, "weights:i64[8192]@0")
    path.write_bytes(Module.open(path).with_custom("code", os.urandom(500_000), index=0).to_bytes())
    return path


def cut_a_commit(
    mounted: Mounted, path: Path, disk: type[Cut], calls: int, flag: int
) -> tuple[str, bool]:
    """Commit, cut the power after so many calls, boot again.

    Gives what is wrong then, if anything is, and whether the commit had come to its end.
    """
    before = state_of(path)
    child = os.fork()
    if child == 0:
        with using(disk(calls, lambda: mounted.cut_power(flag))):
            commit(path, next_state(before))
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status == SKIPPED:
        pytest.skip("this kernel cannot cut the power of this file system")
    assert status in (0, DEAD)
    if status == 0:
        mounted.cut_power(flag)
    mounted.unmount()
    mounted.mount()
    return _wrong(path, before.generation, whole=status == 0), status == 0


def next_state(state: State) -> State:
    """The state whose cells are all the number of its generation."""
    return state.with_values({"weights": np.full(8192, state.generation + 1, np.int64)})


def _wrong(path: Path, before: int, *, whole: bool) -> str:
    if not path.exists():
        return "there is no file"
    findings = [each for each in check(path) if not each.path.endswith(".wasmstate-tmp")]
    if findings:
        return f"{path.stat().st_size} bytes: {findings[0].reason}"
    state = state_of(path)
    if not np.all(state["weights"] == state.generation):
        return "a state that nobody committed"
    if state.generation not in ((before + 1,) if whole else (before, before + 1)):
        return f"generation {state.generation} after {before}" + whole * ", which was acknowledged"
    return ""


def cut_everywhere(mounted: Mounted, disk: type[Cut], flag: int) -> list[str]:
    """Cut the power after each call; gives what was wrong, and after how many calls."""
    wrong = []
    path = new_model(mounted.root)
    for calls in range(100):
        os.sync()
        found, whole = cut_a_commit(mounted, path, disk, calls, flag)
        if found:
            wrong.append(f"after {calls} calls: {found}")
            path = new_model(mounted.root)
        # The next commit sweeps what the dead one left.
        commit(path, next_state(state_of(path)))
        names = sorted(os.listdir(mounted.root))
        assert [name for name in names if name != "lost+found"] == ["model.wasm"], names
        if whole:
            return wrong
    raise AssertionError("never came to an end")


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_power_cut_at_any_call_leaves_the_old_state_or_the_new_one(
    kind: str, flag: str, tmp_path: Path
) -> None:
    with file_system(kind, tmp_path) as mounted:
        assert cut_everywhere(mounted, Cut, FLAGS[flag]) == []


LATE = ("ext4 noauto_da_alloc", "xfs")
ALL = ("ext4", *LATE)


@pytest.mark.parametrize(
    ("bug", "kind", "flag"),
    [
        *((NoFileSync, kind, "log flushed") for kind in LATE),
        *((SyncAfterRename, kind, "log flushed") for kind in LATE),
        *((NoFolderSync, kind, "log lost") for kind in ALL),
        *((InPlace, kind, "log flushed") for kind in ALL),
        *((UnlinkFirst, kind, "log flushed") for kind in ALL),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else value,
)
def test_a_planted_bug_is_caught(bug: type[Cut], kind: str, flag: str, tmp_path: Path) -> None:
    with file_system(kind, tmp_path) as mounted:
        wrong = cut_everywhere(mounted, bug, FLAGS[flag])
    print(f"{bug.__name__} on {kind}, {flag}: {wrong}")
    assert wrong


@pytest.mark.parametrize("kind", ["xfs", "btrfs"])
def test_unchanged_blocks_are_shared_with_the_old_file(kind: str, tmp_path: Path) -> None:
    with file_system(kind, tmp_path) as mounted:
        path = new_model(mounted.root)
        before = path.read_bytes()
        old = path.open("rb")  # as a reader, who has them still
        with using(Disk()), old:
            commit(path, state_of(path))
            shown = subprocess.run(["filefrag", "-v", path], capture_output=True, text=True)
        assert path.read_bytes()[:500_000] == before[:500_000]
        assert "shared" in shown.stdout
        assert check(path) == []


def test_a_full_memory_disk_at_every_page_leaves_the_old_file(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may mount file systems")
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(tmp_path)]
    mounted = subprocess.run(command, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(mounted.stderr.strip())
    try:
        path = new_model(tmp_path)
        before, state = path.read_bytes(), state_of(path)
        page = os.sysconf("SC_PAGESIZE")
        refused = 0
        for pages in range(len(before) // page + 40):
            filler = tmp_path / "filler"
            info = os.statvfs(tmp_path)
            filler.write_bytes(bytes(info.f_bavail * info.f_frsize - pages * page))
            message = ""
            try:
                commit(path, state)
            except NotCommittedError as error:
                message = str(error)
            filler.unlink()
            assert os.listdir(tmp_path) == ["model.wasm"]
            if not message:
                break
            assert "No space left on device" in message
            assert path.read_bytes() == before
            refused += 1
        assert refused > 100
        assert state_of(path).generation == 1
    finally:
        gc.collect()
        subprocess.run(["umount", str(tmp_path)], check=True)
