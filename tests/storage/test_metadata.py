"""The file keeps its permissions and its owner, its links are followed, its folder is kept tidy."""

from __future__ import annotations

import errno
import os
import stat
import struct
from pathlib import Path
from typing import Any

import pytest

from models import state_of, write_counter
from storage.disk import Disk
from support import message
from wasmstate import (
    MalformedError,
    MetadataNotKeptWarning,
    Module,
    NotCommittedError,
    Session,
    check,
    commit,
    replace_section,
)
from wasmstate.storage import rewrite, write_new
from wasmstate.storage.filesystem import FileSystem, using
from wasmstate.storage.temporary import sweep

ACL = "system.posix_acl_access"
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_counter(tmp_path / "model.wasm")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    "mode", [0o600, 0o644, 0o755, 0o666, 0o751, 0o2755, 0o4711, 0o1777], ids=oct
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


@as_root
def test_who_may_not_give_files_away_may_give_them_to_his_group(path: Path) -> None:
    """And the bits that let others act as owner or group go only with who they are for."""
    os.chown(path, 1234, 5678)
    os.chmod(path, 0o6755)
    with (
        using(Disk(fail="chown", error=errno.EPERM)),
        pytest.warns(MetadataNotKeptWarning) as caught,
    ):
        commit(path, state_of(path))
    assert [str(each.message) for each in caught] == [
        f"{path}: committed, but not kept: owner 1234"
    ]
    assert caught[0].filename == __file__
    assert (path.stat().st_gid, mode_of(path)) == (5678, 0o2755)


@as_root
def test_an_owner_and_a_group_that_cannot_be_kept_are_told(path: Path) -> None:
    os.chown(path, 1234, 5678)
    os.chmod(path, 0o6755)

    class Nobody(Disk):
        def chown(self, fd: int, uid: int, gid: int) -> None:
            raise PermissionError(errno.EPERM, "no")

    with using(Nobody()), pytest.warns(MetadataNotKeptWarning) as caught:
        commit(path, state_of(path))
    assert str(caught[0].message).endswith("not kept: owner 1234, group 5678")
    assert mode_of(path) == 0o755
    os.chown(path, os.geteuid(), 5678)
    with using(Nobody()), pytest.warns(MetadataNotKeptWarning) as caught:
        commit(path, state_of(path))
    assert str(caught[0].message).endswith("not kept: group 5678")
    os.chown(path, 1234, os.getegid())
    with using(Nobody()), pytest.warns(MetadataNotKeptWarning) as caught:
        commit(path, state_of(path))
    assert str(caught[0].message).endswith("not kept: owner 1234")


@as_root
def test_a_disk_that_fails_to_change_the_owner_is_a_failure(path: Path) -> None:
    os.chown(path, 1234, 5678)
    for at, error in [(1, errno.EIO), (2, errno.EIO)]:

        class Failing(Disk):
            calls = 0

            def chown(self, fd: int, uid: int, gid: int) -> None:
                self.calls += 1
                raise OSError(error if self.calls == at else errno.EPERM, "no")  # noqa: B023

        with using(Failing()), pytest.raises(NotCommittedError):
            commit(path, state_of(path))
    assert state_of(path).generation == 0


def with_attribute(path: Path) -> Path:
    """Give a file an attribute, or skip where there are none."""
    try:
        os.setxattr(path, "user.colour", b"blue")
    except OSError:
        pytest.skip("the file system has no extended attributes")
    return path


def acl(*named: int) -> bytes:
    """An access control list: mode 640, and named users who may read; linux/posix_acl_xattr.h."""
    entries = [(0x01, 6, -1), *((0x02, 4, uid) for uid in named)]
    entries += [(0x04, 4, -1), (0x10, 4, -1), (0x20, 0, -1)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)


needs_xattrs = pytest.mark.skipif(not hasattr(os, "setxattr"), reason="Linux has them")


@needs_xattrs
def test_extended_attributes_are_kept(path: Path) -> None:
    with_attribute(path)
    os.setxattr(path, "user.empty", b"")
    commit(path, state_of(path))
    assert os.getxattr(path, "user.colour") == b"blue"
    assert os.getxattr(path, "user.empty") == b""


@needs_xattrs
def test_an_access_control_list_is_kept(path: Path) -> None:
    try:
        os.setxattr(path, ACL, acl(1234, 1235))
    except OSError:
        pytest.skip("the file system has no access control lists")
    assert mode_of(path) == 0o640
    commit(path, state_of(path))
    assert os.getxattr(path, ACL) == acl(1234, 1235)
    assert mode_of(path) == 0o640


@needs_xattrs
def test_the_list_that_a_folder_gives_to_new_files_is_not_given_to_the_old_one(path: Path) -> None:
    os.chmod(path, 0o640)
    try:
        os.setxattr(path.parent, "system.posix_acl_default", acl(1234))
    except OSError:
        pytest.skip("the file system has no access control lists")
    commit(path, state_of(path))
    assert os.listxattr(path) == []
    assert mode_of(path) == 0o640


@needs_xattrs
@pytest.mark.parametrize("error", [errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.E2BIG])
def test_an_attribute_that_cannot_be_kept_is_told(error: int, path: Path) -> None:
    with_attribute(path)
    with (
        using(Disk(fail="set_xattr", error=error)),
        pytest.warns(MetadataNotKeptWarning) as caught,
    ):
        commit(path, state_of(path))
    assert str(caught[0].message) == (f"{path}: committed, but not kept: attribute user.colour")
    assert state_of(path).generation == 1


@needs_xattrs
@pytest.mark.parametrize("call", ["set_xattr", "list_xattrs", "get_xattr"])
def test_a_disk_that_fails_at_an_attribute_is_a_failure(call: str, path: Path) -> None:
    with_attribute(path)
    with using(Disk(fail=call, error=errno.EIO)), pytest.raises(NotCommittedError) as caught:
        commit(path, state_of(path))
    assert "setting its permissions failed: Input/output error" in str(caught.value)
    assert os.listdir(path.parent) == ["model.wasm"]


def test_where_there_are_no_attributes_none_are_lost(path: Path) -> None:
    class Without(FileSystem):
        def list_xattrs(self, fd: int) -> list[str]:
            raise OSError(errno.EOPNOTSUPP, "none here")

    with using(Without()):
        commit(path, state_of(path))
    assert state_of(path).generation == 1


def test_neither_digests_of_the_old_bytes_nor_what_is_there_already_is_set(path: Path) -> None:
    class Labelled(FileSystem):
        def list_xattrs(self, fd: int) -> list[str]:
            return ["security.ima", "security.evm", "security.selinux"]

        def get_xattr(self, fd: int, name: str) -> bytes:
            assert name == "security.selinux"
            return b"label"

        def set_xattr(self, fd: int, name: str, value: bytes) -> None:
            raise AssertionError(name)

    with using(Labelled()):
        commit(path, state_of(path))
    assert state_of(path).generation == 1


def test_a_file_with_other_names_is_refused_unless_it_is_allowed(path: Path) -> None:
    other = path.with_name("other.wasm")
    os.link(path, other)
    before = path.read_bytes()
    for refused in (
        lambda: commit(path, state_of(path)),
        lambda: replace_section(path, "note", b""),
        lambda: Session.open(path).call("update", 1),
    ):
        assert message(NotCommittedError, refused) == (
            f"{path}: not committed, the file has 2 names (hard links) and the others would keep "
            "the old state: make a copy, or allow it"
        )
    assert path.read_bytes() == other.read_bytes() == before
    commit(path, state_of(path), allow_break_links=True)
    assert (state_of(path).generation, other.read_bytes()) == (1, before)
    assert path.stat().st_nlink == other.stat().st_nlink == 1
    os.link(path, path.with_name("third.wasm"))
    replace_section(path, "note", b"", allow_break_links=True)
    os.link(path, path.with_name("fourth.wasm"))
    with Session.open(path, allow_break_links=True) as session:
        session.update(1)
    os.link(path, path.with_name("fifth.wasm"))
    write_new(path, Module.open(other), overwrite=True)
    assert path.read_bytes() == before
    assert path.with_name("fifth.wasm").read_bytes() != before


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (errno.EACCES, "this user may not write to the file; if it is yours: chmod u+w"),
        (
            errno.EROFS,
            "its file system is mounted read-only: mount it with rw, or copy the file",
        ),
        (errno.EPERM, "the file is marked immutable: chattr -i"),
    ],
)
def test_a_file_that_may_not_be_written_to_is_not_replaced(
    number: int, why: str, path: Path
) -> None:
    """Though the system would let whoever may write to the folder."""

    class ReadOnly(FileSystem):
        def write_error(self, path: Path) -> int:
            return number

    with using(ReadOnly()), pytest.raises(NotCommittedError) as caught:
        commit(path, state_of(path))
    assert str(caught.value) == f"{path}: not committed, {why}"


def test_root_writes_to_every_file_and_others_only_where_they_may(path: Path) -> None:
    os.chmod(path, 0o444)
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    assert FileSystem().write_error(path) == (0 if is_root else errno.EACCES)
    os.chmod(path, 0o644)
    assert FileSystem().write_error(path) == 0


def test_a_pipe_is_no_file(path: Path) -> None:
    pipe = path.with_name("pipe")
    os.mkfifo(pipe)
    with pytest.raises(NotCommittedError) as caught:
        commit(pipe, state_of(path))
    assert str(caught.value) == f"{pipe}: not committed: neither a file nor a link to one"


def test_a_mode_that_is_right_already_is_not_set(path: Path) -> None:
    """On FAT only the owner of the mount may set one, and every file has the same."""
    path.chmod(0o600)  # what a temporary file is made with
    with using(Disk(fail="chmod", error=errno.EPERM)):
        commit(path, state_of(path))
    assert state_of(path).generation == 1


def test_off_linux_extended_attributes_that_are_lost_are_told(path: Path) -> None:
    class Mac(FileSystem):
        """Python has no calls for them there."""

        def list_xattrs(self, fd: int) -> list[str]:
            return []

        def has_unreadable_xattrs(self, fd: int) -> bool:
            return True

    with using(Mac()), pytest.warns(MetadataNotKeptWarning) as told:
        commit(path, state_of(path))
    assert [str(each.message) for each in told] == [
        f"{path}: committed, but not kept: extended attributes (Python reads them on Linux only)"
    ]
