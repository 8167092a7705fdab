"""The file keeps its permissions and its owner, its links are followed, its folder is kept tidy."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from models import state_of, write_counter
from storage.disk import Disk
from wasmstate import MalformedError, Module, NotCommittedError, check, commit
from wasmstate.storage import rewrite, write_new
from wasmstate.storage.filesystem import using
from wasmstate.storage.temporary import sweep

as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_counter(tmp_path / "model.wasm")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    "mode", [0o600, 0o644, 0o755, 0o400, 0o666, 0o751, 0o2755, 0o4711, 0o1777], ids=oct
)
def test_the_mode_is_kept(mode: int, path: Path) -> None:
    os.chmod(path, mode)
    commit(path, state_of(path))
    assert mode_of(path) == mode


def test_until_it_is_whole_nobody_else_may_read_the_temporary_file(path: Path) -> None:
    os.chmod(path, 0o644)
    modes: list[int] = []

    class Looking(Disk):
        def call(self, name: str, *args: Any, **options: Any) -> Any:
            if name in ("write", "copy", "chmod"):
                modes.extend(mode_of(each) for each in path.parent.glob(".*"))
            return super().call(name, *args, **options)

    with using(Looking()):
        commit(path, state_of(path))
    assert set(modes) == {0o600}
    assert mode_of(path) == 0o644


@as_root
def test_the_owner_is_kept(path: Path) -> None:
    os.chown(path, 1234, 5678)
    os.chmod(path, 0o4640)
    commit(path, state_of(path))
    info = path.stat()
    assert (info.st_uid, info.st_gid, mode_of(path)) == (1234, 5678, 0o4640)


@as_root
def test_who_may_not_give_files_away_owns_the_new_one(path: Path) -> None:
    os.chown(path, 1234, 5678)
    disk = Disk(fail="chown", error=errno.EPERM)
    with using(disk):
        commit(path, state_of(path))
    assert disk.failed
    assert (path.stat().st_uid, path.stat().st_gid) == (os.geteuid(), os.getegid())


def test_the_modification_time_moves_on(path: Path) -> None:
    os.utime(path, (1_000_000, 1_000_000))
    commit(path, state_of(path))
    assert path.stat().st_mtime > 1_000_000


def test_a_chain_of_links_is_followed_into_another_folder(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "links").mkdir()
    path = write_counter(tmp_path / "models" / "model.wasm")
    (tmp_path / "links" / "one").symlink_to("../models/model.wasm")
    (tmp_path / "links" / "two").symlink_to("one")
    (tmp_path / "three").symlink_to(tmp_path / "links" / "two")
    committed = commit(tmp_path / "three", state_of(path).with_values({"total": 3}))
    assert state_of(path).to_content() == committed.to_content()
    assert not path.is_symlink()
    assert (tmp_path / "links" / "two").is_symlink()
    assert (tmp_path / "three").is_symlink()
    assert sorted(os.listdir(tmp_path / "links")) == ["one", "two"]
    assert os.listdir(tmp_path / "models") == ["model.wasm"]


def test_a_loop_of_links_is_refused(path: Path) -> None:
    one, two = path.with_name("one"), path.with_name("two")
    one.symlink_to(two)
    two.symlink_to(one)
    with pytest.raises(NotCommittedError) as caught:
        commit(one, state_of(path))
    assert str(caught.value) == f"{one}: not committed: Too many levels of symbolic links"
    with pytest.raises(NotCommittedError) as caught:
        write_new(one, Module.open(path), overwrite=True)
    assert str(caught.value).endswith(": not committed: Too many levels of symbolic links")
    assert one.is_symlink()
    assert two.is_symlink()


def test_a_relative_path_is_one_of_this_folder(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    commit("model.wasm", state_of(path))
    assert state_of(path).generation == 1


LEFTOVER = ".model.wasm.0123456789abcdef.wasmstate-tmp"
NO_LEFTOVERS = (
    ".model.wasm.0123456789abcde.wasmstate-tmp",  # too short
    ".model.wasm.0123456789ABCDEF.wasmstate-tmp",
    ".model.wasm.0123456789abcdef.wasmstate-tmp.bak",
    ".model.wasm.old.0123456789abcdef.wasmstate-tmp",  # a leftover of model.wasm.old
    ".other.wasm.0123456789abcdef.wasmstate-tmp",
    ".modelxwasm.0123456789abcdef.wasmstate-tmp",
    "model.wasm.0123456789abcdef.wasmstate-tmp",
)


def test_a_commit_removes_the_leftovers_of_this_file_and_no_others(path: Path) -> None:
    for name in (LEFTOVER, *NO_LEFTOVERS):
        path.with_name(name).write_bytes(b"half")
    commit(path, state_of(path))
    assert sorted(os.listdir(path.parent)) == sorted(["model.wasm", *NO_LEFTOVERS])


def test_sweeping_gives_what_it_removed(path: Path) -> None:
    path.with_name(LEFTOVER).write_bytes(b"half")
    stuck = path.with_name(LEFTOVER.replace("0", "f"))
    stuck.mkdir()
    assert sweep(path) == [path.with_name(LEFTOVER)]
    assert stuck.is_dir()


def test_names_with_special_characters_are_names(tmp_path: Path) -> None:
    path = write_counter(tmp_path / "m (1) [a-z]*+ ü.wasm")
    leftover = path.with_name(f".{path.name}.0123456789abcdef.wasmstate-tmp")
    leftover.write_bytes(b"half")
    assert [finding.severity for finding in check(path)] == ["warning"]
    commit(path, state_of(path))
    assert check(path) == []


def test_a_name_that_leaves_no_room_for_a_temporary_one_is_refused(tmp_path: Path) -> None:
    path = write_counter(tmp_path / ("m" * 250))
    with pytest.raises(NotCommittedError) as caught:
        commit(path, state_of(path))
    assert str(caught.value) == (
        f"{path}: not committed, creating a temporary file in the same folder failed: "
        "File name too long; the file is what it was"
    )


def test_a_new_file_gets_the_mode_of_new_files(path: Path) -> None:
    plain, new = path.with_name("plain"), path.with_name("new.wasm")
    plain.touch()
    write_new(new, Module.open(path))
    assert new.read_bytes() == path.read_bytes()
    assert mode_of(new) == mode_of(plain)


def test_a_file_that_is_there_is_not_overwritten_unasked(path: Path) -> None:
    other = path.with_name("other.wasm")
    other.write_bytes(b"precious")
    with pytest.raises(NotCommittedError) as caught:
        write_new(other, Module.open(path))
    assert str(caught.value) == f"{other}: not written, there is such a file already"
    assert other.read_bytes() == b"precious"


@pytest.mark.parametrize("content", [b"", b"no module", b"\0asm\1\0\0\0"])
def test_what_a_file_held_does_not_matter_when_it_is_overwritten(
    content: bytes, path: Path
) -> None:
    other = path.with_name("other.wasm")
    other.write_bytes(content)
    os.chmod(other, 0o640)
    write_new(other, Module.open(path), overwrite=True)
    assert other.read_bytes() == path.read_bytes()
    assert mode_of(other) == 0o640


def test_a_link_that_leads_nowhere_gets_the_new_file_at_its_end(path: Path) -> None:
    link = path.with_name("link")
    link.symlink_to("new.wasm")
    write_new(link, Module.open(path))
    assert link.is_symlink()
    assert path.with_name("new.wasm").read_bytes() == path.read_bytes()


def test_a_new_file_in_no_folder_is_refused(path: Path) -> None:
    new = path.with_name("missing") / "new.wasm"
    with pytest.raises(NotCommittedError) as caught:
        write_new(new, Module.open(path))
    assert str(caught.value) == (
        f"{new}: not written, creating a temporary file in the same folder failed: "
        "No such file or directory"
    )


def test_a_file_that_becomes_shorter_while_it_is_copied_is_not_replaced(path: Path) -> None:
    def edit(module: Module) -> Module:
        os.truncate(path, 20)
        return module

    with pytest.raises(MalformedError) as caught:
        rewrite(path, edit)
    assert caught.value.reason == "unexpected end (the file became shorter)"
    assert os.listdir(path.parent) == ["model.wasm"]
