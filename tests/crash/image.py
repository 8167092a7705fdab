"""The files in a folder, as values: what is there before a recording, or after a crash."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crash.operations import Attributes


@dataclass(frozen=True, slots=True)
class File:
    """A file's bytes and attributes."""

    data: bytes
    attributes: Attributes


Image = Mapping[str, File]
"""Files by their path relative to a folder. Two names of one file are two files."""


def read_image(root: Path) -> dict[str, File]:
    """The files under a folder, as they are now."""
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    return {
        str(path.relative_to(root)): File(path.read_bytes(), attributes_of(path)) for path in paths
    }


def write_image(image: Image, root: Path) -> None:
    """Make the files of an image under a folder, which holds none of them."""
    for name, file in image.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
        _set_attributes(path, file.attributes)


def attributes_of(file: int | Path) -> Attributes:
    """The attributes of a file, open or named."""
    status = os.stat(file)
    xattrs = tuple((name, os.getxattr(file, name)) for name in sorted(_xattrs(file)))
    return Attributes(stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, xattrs)


def _xattrs(file: int | Path) -> list[str]:
    """Those that a user sets: the others are the system's."""
    if not hasattr(os, "listxattr"):
        return []
    return [name for name in os.listxattr(file) if name.startswith("user.")]


def _set_attributes(path: Path, attributes: Attributes) -> None:
    if (attributes.uid, attributes.gid) != (os.geteuid(), os.getegid()):
        os.chown(path, attributes.uid, attributes.gid)  # before the mode: it clears set-user-ID
    os.chmod(path, attributes.mode)
    for name, value in attributes.xattrs:
        os.setxattr(path, name, value)
