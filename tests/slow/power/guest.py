"""What runs in the guest of ``make power``: commits on real file systems over a log of the writes.

``dm-log-writes`` of Linux stands between a file system and its disk, and logs each write and each
flush. Each crash state is made from that log: all that was written before the last flush, and some
of what was written since. The state is mounted as after a power cut, and the model is read.

Source: Linux, Documentation/admin-guide/device-mapper/log-writes.rst.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from wasmstate import Session, State, WasmstateError, models
from wasmstate.storage import replace
from wasmstate.storage.check import check

DISK, LOG = "/dev/vda", "/dev/vdb"
MAPPED = "/dev/mapper/watched"
WORK = Path("/tmp/power")
SECTOR = 512
COMMITS = 8
STATES = 300
"""At most as many crash states are made for each file system."""
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
SIZES = {"vfat": 64, "exfat": 64, "ext4": 64, "ext2": 64, "f2fs": 96, "xfs": 320, "btrfs": 160}
"""MiB that each file system needs."""
MAKE = {
    "vfat": ("mkfs.vfat",),
    "exfat": ("mkfs.exfat",),
    "ext4": ("mkfs.ext4", "-q", "-F"),
    "ext2": ("mkfs.ext2", "-q", "-F"),
    "f2fs": ("mkfs.f2fs", "-q", "-f"),
    "xfs": ("mkfs.xfs", "-q", "-f"),
    "btrfs": ("mkfs.btrfs", "-q", "-f"),
}


class Entry(NamedTuple):
    """A write, a flush or a mark in the log."""

    start: int
    data: bytes
    flags: int


def run(*command: str) -> None:
    """Run a program; its error ends the guest."""
    subprocess.run(command, check=True)


def dm(action: str, *more: str) -> None:
    """Speak to the device mapper, which has no udev here."""
    run("dmsetup", "--noudevsync", action, "watched", *more)


def learn(folder: Path, mark: Callable[[str], None]) -> None:
    """Commit to a model, and mark each commit that was acknowledged."""
    path = folder / "model.wasm"
    models.new("linear", features=6).save(path)
    mark("0")
    with Session.open(path) as session:
        for i in range(1, COMMITS + 1):
            session.update([i / 10] * 6, float(i))
            mark(str(session.generation))


def record(kind: str) -> None:
    """Let a model learn on a new file system whose writes are logged."""
    sectors = (SIZES[kind] << 20) // SECTOR
    dm("create", "--table", f"0 {sectors} log-writes {DISK} {LOG}")
    run("dmsetup", "mknodes")
    run(*MAKE[kind], MAPPED)
    folder = WORK / "recorded"
    folder.mkdir(parents=True, exist_ok=True)
    run("mount", "-t", kind, MAPPED, str(folder))
    dm("message", "0", "mark", "mounted")
    learn(folder, lambda text: dm("message", "0", "mark", text))
    run("umount", str(folder))
    dm("remove")


def entries() -> Iterator[Entry]:
    """The log of the writes, in the order in which they were completed."""
    with open(LOG, "rb") as log:
        magic, _, count, sector = struct.unpack("<QQQI", log.read(28))
        if magic != 0x6A736677736872:
            raise ValueError("the log has no superblock")
        at = sector
        for _ in range(count):
            log.seek(at)
            start, length, flags, size = struct.unpack("<QQQQ", log.read(32))
            log.seek(at)
            head = log.read(sector)
            data = head[32 : 32 + size]
            at += sector
            if not flags & DISCARD and length:
                log.seek(at)
                data = log.read(length * SECTOR)
                at += (length * SECTOR + sector - 1) // sector * sector
            yield Entry(start * SECTOR, data, flags)


class Disk:
    """A file in memory that takes writes.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def copy(self, path: Path) -> Disk:
        """Another one that holds the same."""
        run("cp", "--sparse=always", str(self.path), str(path))
        return Disk(path)

    def write(self, writes: list[Entry]) -> None:
        """Take writes, in order."""
        with self.path.open("r+b") as file:
            for each in writes:
                file.seek(each.start)
                file.write(each.data)


class Cut(NamedTuple):
    """A power cut.

    Attributes:
        acknowledged: the newest generation whose commit had returned.
        durable: what a flush has made durable since the cut before.
        reached: what reached the disk of the rest.
    """

    acknowledged: int
    durable: list[Entry]
    reached: list[Entry]


def cuts() -> Iterator[Cut]:
    """Power cuts at any time after the file system was mounted."""
    log = list(entries())
    begin = next(i for i, each in enumerate(log) if each.flags & MARK and each.data == b"mounted")
    rand = random.Random(7)
    ends = range(begin, len(log) + 1)
    chosen = set(ends) if len(ends) * 2 <= STATES else set(rand.sample(ends, STATES // 2))
    acknowledged = -1
    durable, loose = [each for each in log[:begin] if not each.flags & MARK], list[Entry]()
    for i in ends:
        if i in chosen and acknowledged >= 0:
            some = [each for each in loose if rand.random() < 0.5]
            for reached in (list(loose), some):
                yield Cut(acknowledged, durable, reached)
                durable = []
        if i == len(log):
            return
        entry = log[i]
        if entry.flags & MARK:
            if entry.data.rstrip(b"\0").isdigit():
                acknowledged = int(entry.data.rstrip(b"\0"))
            continue
        if entry.flags & DISCARD:
            continue
        if entry.flags & FLUSH:
            durable, loose = durable + loose, []
        if entry.flags & FUA:
            durable = [*durable, entry]
        elif entry.data:
            loose.append(entry)


def verdict(kind: str, image: Path, acknowledged: int) -> str:
    """What a power cut left; empty if the model is whole and has what was acknowledged."""
    folder = WORK / "after"
    folder.mkdir(exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", kind, "-o", "loop", str(image), str(folder)],
        check=False,
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        return f"cannot be mounted: {mounted.stderr.strip()}"
    try:
        path = folder / "model.wasm"
        if not path.exists():
            return "the model is gone"
        state = State.open(path)
        errors = [each for each in check(path) if each.severity == "error"]
        if errors:
            return str(errors[0])
        if not acknowledged <= state.generation <= acknowledged + 1:
            return f"generation {state.generation}, and {acknowledged} was acknowledged"
    except (WasmstateError, OSError) as error:
        return f"the model cannot be read: {error}"
    finally:
        run("umount", str(folder))
    return ""


def never(temporary: object) -> bool:
    """Say no."""
    return False


def main(kind: str, planted: str) -> None:
    """Print a line of JSON: how many states were looked at, and what is wrong with which.

    Args:
        kind: of the file system.
        planted: ``one-sync`` for commits that sync a file on FAT once, as they did.
    """
    if planted == "one-sync":
        replace._is_open_on_fat = never
    WORK.mkdir(parents=True, exist_ok=True)
    record(kind)
    base = Disk(WORK / "base.img")
    base.path.touch()
    os.truncate(base.path, SIZES[kind] << 20)
    wrong: list[str] = []
    states = 0
    for cut in cuts():
        base.write(cut.durable)
        state = base.copy(WORK / "state.img")
        state.write(cut.reached)
        states += 1
        found = verdict(kind, state.path, cut.acknowledged)
        if found:
            wrong.append(f"state {states}: {found}")
    shutil.rmtree(WORK)
    print("RESULT " + json.dumps({"states": states, "wrong": wrong}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
