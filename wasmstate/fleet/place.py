"""Where files of devices are: in folders, archives, or behind URLs.

What is not a local file goes through fsspec: ``zip://a.wasm::/data/fleet.zip``, ``s3://bucket/a``.
"""

from __future__ import annotations

import errno
import glob
import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import fsspec

_SUFFIX = ".wasm"
_ARCHIVES = {".zip": "zip", ".tar": "tar", ".tar.gz": "tar", ".tgz": "tar", ".tar.xz": "tar"}
_CHAIN = "::"


class Place(NamedTuple):
    """Where one file is.

    Attributes:
        container: empty for a local file; else a URL without a path, such as ``s3://`` or
            ``zip://::/data/fleet.zip``.
        member: the path in the container.
    """

    container: str
    member: str

    @property
    def name(self) -> str:
        """The path or URL of the file, which :func:`place_of` takes."""
        if not self.container:
            return self.member
        protocol, chain, rest = self.container.partition(_CHAIN)
        if chain:
            return f"{protocol}{self.member}{chain}{rest}"
        return str(file_system(self.container).unstrip_protocol(self.member))


def place_of(name: str) -> Place:
    """The place of a file, from its name."""
    if "://" not in name:
        return Place("", name)
    protocol, _, rest = name.partition("://")
    member, chain, outer = rest.partition(_CHAIN)
    if chain:
        return Place(f"{protocol}://{chain}{outer}", member)
    container = f"{protocol}://"
    return Place(container, file_system(container)._strip_protocol(name))


@lru_cache(maxsize=16)
def file_system(container: str) -> Any:
    """The file system of fsspec that a container is."""
    return fsspec.core.url_to_fs(container)[0]


def find(paths: Sequence[str]) -> Iterator[Place]:
    """The files of devices under paths, in the order of the paths and of names.

    Args:
        paths: as for :func:`~wasmstate.fleet.scan`.

    Raises:
        OSError: if a path leads to no file.
    """
    for path in paths:
        found = False
        for place in _find(os.fspath(path)):
            found = True
            yield place
        if not found:
            raise FileNotFoundError(errno.ENOENT, f"no file that ends with {_SUFFIX}", path)


def _find(path: str) -> Iterator[Place]:
    if "://" in path or _CHAIN in path:
        yield from _find_url(path)
        return
    path = os.path.abspath(path)
    protocol = next((_ARCHIVES[end] for end in _ARCHIVES if path.lower().endswith(end)), None)
    if os.path.isdir(path):
        yield from _walk(path)
    elif protocol is not None and os.path.isfile(path):
        yield from _find_url(f"{protocol}://{_CHAIN}{path}")
    elif os.path.lexists(path):
        yield Place("", path)
    elif glob.has_magic(path):
        for each in sorted(glob.iglob(path, recursive=True)):
            if not os.path.isdir(each):
                yield Place("", each)
    else:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


def _walk(folder: str) -> Iterator[Place]:
    with os.scandir(folder) as entries:
        found = sorted((each.name, each.is_dir(follow_symlinks=False)) for each in entries)
    for name, is_folder in found:
        path = os.path.join(folder, name)
        if is_folder:
            yield from _walk(path)
        elif name.endswith(_SUFFIX):
            yield Place("", path)


def _find_url(url: str) -> Iterator[Place]:
    protocol, _, rest = url.partition("://")
    _, chain, outer = rest.partition(_CHAIN)
    container = f"{protocol}://{chain}{outer}"
    system = file_system(container)
    path = fsspec.core.url_to_fs(url)[1]
    if glob.has_magic(path) and not path.startswith(("http://", "https://")):
        members = system.glob(path)
    elif protocol in ("http", "https") or system.isfile(path):
        members = [path]
    else:
        members = [each for each in system.find(path) if each.endswith(_SUFFIX)]
    for member in sorted(members):
        yield Place(container, member)
