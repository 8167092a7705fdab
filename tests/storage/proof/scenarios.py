"""What is done to a file, step by step, and what each step promises."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models import COUNTER, model, state_of, write_counter, write_model
from wasmstate import Session, commit, replace_section, rollback
from wasmstate.storage import write_new
from wasmstate.storage.replace import Durability

LARGE = COUNTER.replace("(memory", '(global (export "table") i32 (i32.const 4096))\n  (memory')
Steps = Iterator[Durability]
"""After each step the durability that it promises. Every step makes one generation."""


@dataclass(frozen=True)
class Scenario:
    """A file, and what is done to it.

    Attributes:
        name: for a reader.
        steps: called with the path of the file, which is ``model.wasm`` in a folder.
        prepare: called with that path before.
    """

    name: str
    steps: Callable[[Path], Steps]
    prepare: Callable[[Path], object]

    def __str__(self) -> str:
        return self.name


def prepare_counter(path: Path) -> None:
    """A small model, whose owner, mode and attributes are nobody's default."""
    write_counter(path, values={"total": 1})
    give_attributes(path)


def prepare_large(path: Path) -> None:
    """A model whose state takes five blocks, with a section of three blocks before it."""
    write_model(path, LARGE, "total:i64@sym:total", "table:f64[2500]@sym:table")
    give_attributes(path)
    replace_section(path, "weights", bytes(range(251)) * 49)


def prepare_leftovers(path: Path) -> None:
    """A small model, and what two writers left that were killed."""
    prepare_counter(path)
    path.with_name(f".{path.name}.0123456789abcdef.wasmstate-tmp").write_bytes(b"")
    path.with_name(f".{path.name}.fedcba9876543210.wasmstate-tmp").write_bytes(b"half")


def prepare_nothing(path: Path) -> None:
    """There is no such file yet."""


def give_attributes(path: Path) -> None:
    """Attributes that no new file gets by itself."""
    if os.geteuid() == 0:
        os.chown(path, 12345, 12346)
    os.chmod(path, 0o640)
    set_xattr(path)


def set_xattr(path: Path) -> bool:
    """An extended attribute, if the file system has them; gives whether it has."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setxattr(path, "user.note", b"kept")
            return True
    return False


def one_commit(path: Path) -> Steps:
    commit(path, state_of(path).with_values({"total": 2}))
    yield "full"


def two_commits(path: Path) -> Steps:
    for total in (2, 3):
        commit(path, state_of(path).with_values({"total": total}))
        yield "full"


def two_ordered_commits(path: Path) -> Steps:
    for total in (2, 3):
        commit(path, state_of(path).with_values({"total": total}), durability="ordered")
        yield "ordered"


def two_unsynced_commits(path: Path) -> Steps:
    for total in (2, 3):
        commit(path, state_of(path).with_values({"total": total}), durability="none")
        yield "none"


def two_large_commits(path: Path) -> Steps:
    for total in (2, 3):
        table = np.arange(2500, dtype=np.float64) + total
        commit(path, state_of(path).with_values({"total": total, "table": table}))
        yield "full"


def other_sections(path: Path) -> Steps:
    for size in (100, 5000, 10):  # the file grows, and becomes shorter
        replace_section(path, "note", b"note" * size)
        yield "full"


def new_file(path: Path) -> Steps:
    write_new(path, model(COUNTER, "total:i64@sym:total"))
    yield "full"


def overwriting(path: Path) -> Steps:
    other = model(COUNTER, "total:i64@sym:total", values={"total": 5})
    write_new(path, other, overwrite=True)
    yield "full"


def baked(path: Path) -> Steps:
    for total, keep in ((2, 3), (3, 0)):  # the state in two places, then also with older ones
        state = state_of(path).with_values({"total": total})
        commit(path, state, baked=True, keep=keep)
        yield "full"


def back(path: Path) -> Steps:
    commit(path, state_of(path).with_values({"total": 2}))
    yield "full"
    rollback(path)
    yield "full"


def session(path: Path) -> Steps:
    with Session.open(path, persist="every-change") as opened:
        for by in (3, 4):
            opened.update(by)
            yield "full"


ONE = Scenario("one commit", one_commit, prepare_counter)
TWO = Scenario("two commits", two_commits, prepare_counter)
LEFTOVERS = Scenario("commits over leftovers", two_commits, prepare_leftovers)
ONE_OVER_LEFTOVERS = Scenario("one commit over leftovers", one_commit, prepare_leftovers)
LARGE_STATE = Scenario("two commits of a larger state", two_large_commits, prepare_large)
NEW = Scenario("a new file", new_file, prepare_nothing)
ORDERED = Scenario("two ordered commits", two_ordered_commits, prepare_counter)
UNSYNCED = Scenario("two unsynced commits", two_unsynced_commits, prepare_counter)

DURABLE = (
    ONE,
    TWO,
    LEFTOVERS,
    LARGE_STATE,
    NEW,
    ORDERED,
    Scenario("other sections", other_sections, prepare_counter),
    Scenario("a file overwritten", overwriting, prepare_counter),
    Scenario("a baked file", baked, prepare_counter),
    Scenario("a commit taken back", back, prepare_counter),
    Scenario("a session that commits every change", session, prepare_counter),
)
"""Scenarios after which a power cut leaves one generation, whole."""
