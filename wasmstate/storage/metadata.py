"""What a file has besides its bytes, and keeps when it is replaced.

Kept: the permissions, the owner and group, and on Linux the extended attributes, which hold access
control lists and security labels. Owners and attributes may take rights that the writer does not
have: what cannot be kept is told by a :class:`MetadataNotKeptWarning`, and the commit goes on. The
permissions must be kept: with others, strangers could read the file, or its readers no longer.

Hard links cannot be kept by a rename: the other names would go on leading to the old bytes.
"""

from __future__ import annotations

import errno
import os
import stat
import warnings
from pathlib import Path

from wasmstate.binary.source import check_regular
from wasmstate.errors import NotCommittedError
from wasmstate.storage.filesystem import file_system

_ACL = "system.posix_acl_access"
# Digests and signatures of the old bytes.
_OF_THE_BYTES = {"security.ima", "security.evm"}
# Errors that mean "not for you" or "not on this file system"; any other is one of the disk.
_CANNOT_BE_KEPT = {errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.EINVAL, errno.E2BIG}
_DENIED = "this user may not write to the file; if it is yours: chmod u+w"
_MAY_NOT_WRITE = {
    errno.EROFS: "its file system is mounted read-only: mount it with rw, or copy the file",
    errno.EPERM: "the file is marked immutable: chattr -i",
}


class MetadataNotKeptWarning(UserWarning):
    """A file was replaced, and something beside its bytes could not be kept."""


def check_replaceable(path: Path, fd: int, *, allow_break_links: bool) -> None:
    """Check that replacing a file would surprise nobody.

    Args:
        path: of the file, links resolved.
        fd: the file.
        allow_break_links: whether it may have other names.

    Raises:
        NotCommittedError: if it has, or if this user may not write to it. A folder that may be
            written to would be enough for the system.
        OSError: if it is no regular file.
    """
    files = file_system()
    info = files.fstat(fd)
    check_regular(info.st_mode, path)
    if info.st_nlink > 1 and not allow_break_links:
        raise NotCommittedError(
            f"{path}: not committed, the file has {info.st_nlink} names (hard links) and the "
            "others would keep the old state: make a copy, or allow it"
        ).helped_by("allow_break_links")
    error = files.write_error(path)
    if error:
        raise NotCommittedError(f"{path}: not committed, {_MAY_NOT_WRITE.get(error, _DENIED)}")


def keep_metadata(fd: int, old_fd: int) -> list[str]:
    """Give a new file what the old one has besides its bytes; gives what could not be kept.

    Raises:
        OSError: if the permissions cannot be kept, or the disk fails.
    """
    files = file_system()
    old = files.fstat(old_fd)
    # Before the mode: a change of the owner clears the set-user-ID bit.
    lost = _keep_owner(fd, old)
    lost += _keep_attributes(fd, old_fd)
    mode = stat.S_IMODE(old.st_mode) & ~_set_id_bits(lost)
    if stat.S_IMODE(files.fstat(fd).st_mode) != mode:  # FAT allows it to its owner alone
        files.chmod(fd, mode)
    return lost


def warn(path: Path, lost: list[str], *, stacklevel: int) -> None:
    """Tell what was not kept, if anything was not."""
    if lost:
        warnings.warn(
            f"{path}: committed, but not kept: {', '.join(lost)}",
            MetadataNotKeptWarning,
            stacklevel=stacklevel + 1,
        )


def _keep_owner(fd: int, old: os.stat_result) -> list[str]:
    files = file_system()
    new = files.fstat(fd)
    lost = []
    if (new.st_uid, new.st_gid) == (old.st_uid, old.st_gid):
        return []
    try:
        files.chown(fd, old.st_uid, old.st_gid)
    except OSError as error:
        _check_can_be_lost(error)
        if new.st_uid != old.st_uid:
            lost.append(f"owner {old.st_uid}")
        if new.st_gid != old.st_gid:
            lost += _keep_group(fd, old.st_gid)
    return lost


def _keep_group(fd: int, gid: int) -> list[str]:
    try:
        file_system().chown(fd, -1, gid)  # who is in a group may give it files
    except OSError as error:
        _check_can_be_lost(error)
        return [f"group {gid}"]
    return []


def _set_id_bits(lost: list[str]) -> int:
    """Those that would let everybody act as somebody whom they were not meant for."""
    bits = 0
    if any(each.startswith("owner") for each in lost):
        bits |= stat.S_ISUID
    if any(each.startswith("group") for each in lost):
        bits |= stat.S_ISGID
    return bits


def _keep_attributes(fd: int, old_fd: int) -> list[str]:
    files = file_system()
    lost = []
    theirs = _attributes(old_fd)
    ours = _attributes(fd)
    if _ACL in ours and _ACL not in theirs:
        files.remove_xattr(fd, _ACL)  # a new file gets that of its folder
    if files.has_unreadable_xattrs(old_fd):
        lost.append("extended attributes (Python reads them on Linux only)")
    for name, value in theirs.items():
        if ours.get(name) == value:
            continue
        try:
            files.set_xattr(fd, name, value)
        except OSError as error:
            _check_can_be_lost(error)
            lost.append(f"attribute {name}")
    return lost


def _attributes(fd: int) -> dict[str, bytes]:
    files = file_system()
    try:
        names = files.list_xattrs(fd)
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
        return {}
    return {name: files.get_xattr(fd, name) for name in names if name not in _OF_THE_BYTES}


def _check_can_be_lost(error: OSError) -> None:
    if error.errno not in _CANNOT_BE_KEPT:
        raise error
