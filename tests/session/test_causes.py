"""A cause in an error of opening, calls, tables or commits is named with its evidence alone.

The causes are those of the second table in docs/reliability.md.
"""

from __future__ import annotations

import errno
import multiprocessing
import multiprocessing.connection
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from models import COUNTER, state_of, write_counter, write_model
from storage.disk import Disk
from wasmstate import Module, Session, WasmstateError, commit, models, replace_section
from wasmstate.session.table import read_table
from wasmstate.storage import committable
from wasmstate.storage.committable import check_committable
from wasmstate.storage.filesystem import FileSystem, using

Case = Callable[[Path, bool], object]
"""Does what ends with an error, in an empty folder, with the evidence or without."""


def committed_meanwhile(folder: Path, is_so: bool) -> None:
    path = write_counter(folder / "m.wasm")
    before = state_of(path)
    if is_so:
        commit(path, before.with_values({"total": 3}))
    else:
        path.unlink()
    commit(path, before.with_values({"total": 4}))


def copied_over(folder: Path, is_so: bool) -> None:
    path = write_counter(folder / "m.wasm")
    session = Session.open(path, persist="manual")
    session.update(1)
    if is_so:
        write_counter(path, values={"total": 9})
    else:
        commit(path, state_of(path))
    session.flush()


def other_code(folder: Path, is_so: bool) -> None:
    path = write_counter(folder / "m.wasm")
    session = Session.open(path, persist="manual")
    session.update(1)
    changed = write_model(folder / "n.wasm", COUNTER.replace("i64.add", "i64.sub"), "total:i64@64")
    content = state_of(path if is_so else changed).to_content()
    path.write_bytes(changed.read_bytes())
    replace_section(path, "wasmstate.state", content, force=True)
    session.flush()


def damaged(folder: Path, is_so: bool) -> None:
    path = write_counter(folder / "m.wasm")
    session = Session.open(path, persist="manual")
    session.update(1)
    data = bytearray(path.read_bytes())
    data[-70] ^= is_so
    path.write_bytes(data)
    if not is_so:
        path.unlink()
    session.flush()


class Moving(FileSystem):
    """Somebody does something to the file just before its new one takes its place.

    Args:
        path: of the file.
        act: what is done.
    """

    def __init__(self, path: Path, act: Callable[[], object]) -> None:
        self._path = path
        self._act = act

    def exchange(self, one: Path, other: Path) -> None:
        if self._act is not None and other == self._path:
            act, self._act = self._act, lambda: None
            act()
        super().exchange(one, other)


def replaced(folder: Path, is_so: bool) -> None:
    path = write_counter(folder / "m.wasm")
    new = write_counter(folder / "new.wasm", values={"total": 9})
    act: Callable[[], object] = (lambda: new.replace(path)) if is_so else path.unlink
    with using(Moving(path, act)):
        commit(path, state_of(path))


def removed(folder: Path, is_so: bool) -> None:
    replaced(folder, not is_so)


def without_locks(folder: Path, is_so: bool) -> None:
    path = write_counter(folder / "m.wasm")
    with using(Disk(fail="lock", error=errno.ENOLCK if is_so else errno.EIO)):
        commit(path, state_of(path))


def stale(folder: Path, is_so: bool) -> None:
    path = write_counter(folder / "m.wasm")
    number = errno.ESTALE if is_so else errno.EIO

    class Stale(FileSystem):
        def open(self, path: Path) -> int:
            raise OSError(number, os.strerror(number))

    state = state_of(path)
    with using(Stale()):
        commit(path, state)


def mounted(folder: Path, is_so: bool) -> None:
    path = write_counter(folder / "m.wasm")
    table = folder / "mountinfo"
    table.write_text(f"1 2 8:1 / {path if is_so else folder} rw - ext4 /dev/sda rw\n")

    class Busy(FileSystem):
        def write_error(self, asked: Path) -> int:
            return errno.EACCES if asked == folder else 0

    with pytest.MonkeyPatch.context() as patch, using(Busy()):
        patch.setattr(committable, "_MOUNTS", table)
        check_committable(path)


def read_only(folder: Path, is_so: bool) -> None:
    path = write_counter(folder / "m.wasm")

    class Refusing(FileSystem):
        def write_error(self, asked: Path) -> int:
            if asked != folder:
                return 0
            return errno.EROFS if is_so else errno.EACCES

    with using(Refusing()):
        check_committable(path)


def forked(folder: Path, is_so: bool) -> None:
    session = Session.open(write_counter(folder / "m.wasm"))

    def use(pipe: multiprocessing.connection.Connection) -> None:
        try:
            session.update(1)
        except WasmstateError as error:
            pipe.send(error)
        pipe.send(None)

    if not is_so:
        session.close()
        session.update(1)
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=use, args=(theirs,))
    child.start()
    error = ours.recv()
    child.join()
    raise error


def linear(folder: Path) -> Path:
    path = folder / "m.wasm"
    models.new("linear", features=1).save(path)
    return path


def huge_state(folder: Path, is_so: bool) -> None:
    path = linear(folder)
    commit(path, state_of(path).with_values({"weights": [1e300 if is_so else 1.0]}))
    with Session.open(path) as session:
        session.update([1e200 if not is_so else 1e9], 1.0)


def huge_since(folder: Path, is_so: bool) -> None:
    path = linear(folder)
    commit(path, state_of(path).with_values({"weights": [1e300]}))
    session = Session.open(path)
    if not is_so:
        path.unlink()
    session.update([1e9], 1.0)


def huge_argument(folder: Path, is_so: bool) -> None:
    path = linear(folder)
    commit(path, state_of(path).with_values({"weights": [1e300]}))
    with Session.open(path) as session:
        session.update([1e9 if is_so else 1e5], 1.0)


def known_host(folder: Path, is_so: bool) -> None:
    name = "abort" if is_so else "abandon"
    text = COUNTER.replace("(memory", f'(import "env" "{name}" (func)) (memory', 1)
    Session.open(write_model(folder / "m.wasm", text, "total:i64@64"))


def zeros(folder: Path, is_so: bool) -> None:
    Module.from_bytes(bytes(700) if is_so else bytes(699) + b"\1" * 9)


def table(folder: Path, data: bytes) -> None:
    path = folder / "rows.csv"
    path.write_bytes(data)
    with Session.open(linear(folder)) as session:
        list(read_table(path, session.params("update")))


def utf16(folder: Path, is_so: bool) -> None:
    table(folder, "1,2\n".encode("utf-16" if is_so else "cp500"))


def semicolons(folder: Path, is_so: bool) -> None:
    table(folder, b"1.5;2.5\n" if is_so else b"1.5\n")


def decimal_comma(folder: Path, is_so: bool) -> None:
    table(folder, b"x[0],y\n1,5,2\n" if is_so else b"x[0],y\n1\n")


CASES: dict[str, Case] = {
    "somebody else has committed": committed_meanwhile,
    "a copy was put in its place": copied_over,
    "somebody else has changed the code of the file": other_code,
    "the file was damaged since it was opened": damaged,
    "another file was put in its place, which stays": replaced,
    "somebody has moved or removed the file meanwhile": removed,
    "its file system has no locks": without_locks,
    "another host replaces the file again and again": stale,
    "it is mounted by itself": mounted,
    "its folder is mounted read-only": read_only,
    "this one was forked from it": forked,
    "S holds": huge_state,
    "since generation": huge_since,
    "the argument": huge_argument,
    "Such imports are usually provided by": known_host,
    "a file that was not synced before a crash looks like this": zeros,
    "seems to be utf-16": utf16,
    "separated by": semicolons,
    "a comma inside a number is read as a separator": decimal_comma,
}


def test_the_docs_list_each_cause_that_has_a_case() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text()
    text = page.split("The same holds for the errors of opening, calls, tables and commits:")[1]
    rows = text.split("| --- | --- |\n")[1].partition("\n\n")[0].splitlines()
    assert [re.split(r" \| ", row.removeprefix("| "))[0] for row in rows] == list(CASES)


@pytest.mark.parametrize("cause", CASES)
def test_a_cause_is_named_with_its_evidence_and_not_without(cause: str, tmp_path: Path) -> None:
    for is_so in (True, False):
        folder = tmp_path / str(is_so)
        folder.mkdir()
        with pytest.raises(WasmstateError) as caught:
            CASES[cause](folder, is_so)
        assert (cause in str(caught.value)) is is_so, caught.value
