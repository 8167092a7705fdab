"""Compiled modules kept from one run to the next.

A compiled module is machine code, and wasmtime takes nearly any bytes for one: of 200 artifacts
with one flipped bit it accepted 168. So what is kept carries a keyed hash. The key belongs to the
user and does not lie in the cache's folder: who can write there, and nowhere else, cannot make an
entry. What is hashed are the bytes in memory that wasmtime gets, not a file that may change behind
the check.

The cache never fails: what cannot be read, is damaged or does not fit is compiled again.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import platform
import secrets
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import wasmtime

from wasmstate.binary.module import Module
from wasmstate.state.digest import sections_digest

LEAST = 16 << 10
"""Bytes of a module below which it is compiled each time: that takes a few milliseconds."""

MOST = 2 << 30
"""Bytes that the cache may take; the entries used longest ago go first."""

_MAGIC = b"wasmstate-code1\n"
_TAG_SIZE = 32
_KEY_SIZE = 32
_SUFFIX = ".code"
_IS_POSIX = os.name == "posix"


class Cache:
    """The compiled modules in a folder.

    Args:
        folder: of the entries.
        key_path: of the key; it is made if it is not there.
        most: bytes that the entries may take.
    """

    def __init__(self, folder: Path, key_path: Path, most: int = MOST) -> None:
        self._folder = folder
        self._key_path = key_path
        self._most = most

    def load(self, engine: wasmtime.Engine, name: str) -> wasmtime.Module | None:
        """A compiled module, ``None`` if there is none that is whole and of this user."""
        path = self._path(name)
        try:
            with _open_own(path, self._most + len(_MAGIC) + _TAG_SIZE) as file:
                head = file.read(len(_MAGIC) + _TAG_SIZE)
                # No more than is allowed, if the file grows meanwhile.
                artifact = file.read(self._most)
            key = self._key()
        except OSError:
            return None
        if not hmac.compare_digest(head, _MAGIC + _tag(key, name, artifact)):
            self._remove(path)
            return None
        try:
            module = wasmtime.Module.deserialize(engine, artifact)
        except wasmtime.WasmtimeError:  # of another processor, or another build of wasmtime
            self._remove(path)
            return None
        with suppress(OSError):
            os.utime(path)
        return module

    def store(self, name: str, artifact: bytes) -> None:
        """Keep a serialized module, if that is possible."""
        if len(artifact) > self._most:
            return
        with suppress(OSError):
            _make_folder(self._folder)
            tag = _tag(self._key(), name, artifact)
            path = self._path(name)
            _write(path, [_MAGIC + tag, artifact])
            self._shrink(path)

    def _path(self, name: str) -> Path:
        return self._folder / (name + _SUFFIX)

    def _remove(self, path: Path) -> None:
        with suppress(OSError):
            path.unlink()

    def _shrink(self, newest: Path) -> None:
        entries = []
        for path in self._folder.iterdir():
            if path.suffix in (_SUFFIX, ".tmp"):
                with suppress(OSError):
                    found = path.stat()
                    entries.append((path != newest, -found.st_mtime, found.st_size, path))
        size = 0
        for _, _, each, path in sorted(entries):
            size += each
            if size > self._most:
                self._remove(path)

    def _key(self) -> bytes:
        """The user's key, made when it is first needed. Raises OSError if there can be none."""
        try:
            return _read_key(self._key_path)
        except FileNotFoundError:
            _make_folder(self._key_path.parent)
            temporary = self._key_path.with_name(f".{secrets.token_hex(8)}.tmp")
            _write_private(temporary, [secrets.token_bytes(_KEY_SIZE)])
            try:
                # Not a rename: of two processes that make one at a time, the first one's stays.
                with suppress(FileExistsError):
                    os.link(temporary, self._key_path)
            finally:
                temporary.unlink()
            return _read_key(self._key_path)


def user_cache() -> Cache | None:
    """The cache of this user, ``None`` if ``WASMSTATE_CACHE`` is ``off`` or there is no folder."""
    chosen = os.environ.get("WASMSTATE_CACHE", "")
    if chosen == "off":
        return None
    try:
        folder, private = _folders()
    except (RuntimeError, KeyError):  # no home
        return None
    return Cache(Path(chosen) if chosen else folder, private / "cache.key")


def entry_name(module: Module, *configuration: object) -> str:
    """What the compiled form of a module is kept as.

    Names belong to it, for they stand in the messages of traps; other custom sections do not.
    """
    about = (_wasmtime_version(), sys.platform, platform.machine(), *configuration)
    digest = hashlib.sha256(repr(about).encode())
    digest.update(sections_digest(module))
    for section in module.custom_sections("name"):
        digest.update(hashlib.sha256(section.content).digest())
    return digest.hexdigest()


def _wasmtime_version() -> str:
    """The version, from the name of the folder that says so beside the package, if there is one.

    importlib.metadata loads the parser of e-mail, which takes as long as NumPy.
    """
    beside = Path(wasmtime.__file__).parents[1].glob("wasmtime-*.dist-info")
    found = [each.name.removeprefix("wasmtime-").removesuffix(".dist-info") for each in beside]
    if len(found) == 1:
        return found[0]
    from importlib.metadata import version  # noqa: PLC0415

    return version("wasmtime")


def _folders() -> tuple[Path, Path]:
    """For what can be made again, and for what belongs to the user alone."""
    if sys.platform == "win32":
        base = Path(os.environ["LOCALAPPDATA"], "wasmstate")
        return base / "Cache", base
    if sys.platform == "darwin":
        library = Path.home() / "Library"
        return library / "Caches" / "wasmstate", library / "Application Support" / "wasmstate"
    return _xdg("XDG_CACHE_HOME", ".cache"), _xdg("XDG_STATE_HOME", ".local/state")


def _xdg(variable: str, default: str) -> Path:
    """Source: XDG Base Directory Specification: a relative path is ignored."""
    given = Path(os.environ.get(variable, ""))
    return (given if given.is_absolute() else Path.home() / default) / "wasmstate"


def _tag(key: bytes, name: str, artifact: bytes) -> bytes:
    """The HMAC of an artifact and its name; an entry under another name is invalid."""
    digest = hmac.new(key, name.encode(), "sha256")
    digest.update(artifact)
    return digest.digest()


def _open_own(path: Path, most: int) -> BinaryIO:
    """Open a regular file of this user, without waiting for a pipe's other end.

    Raises:
        OSError: if it is something else, of somebody else, or larger than allowed.
    """
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
    fd = os.open(path, flags)
    reason = _unfit(os.fstat(fd), most)
    if reason is not None:
        os.close(fd)
        raise OSError(f"{path}: {reason}")
    return open(fd, "rb")


def _unfit(found: os.stat_result, most: int) -> str | None:
    if not stat.S_ISREG(found.st_mode):
        return "not a regular file"
    if found.st_size > most:
        return f"{found.st_size} bytes, at most {most} are allowed"
    if _IS_POSIX and found.st_uid != os.geteuid():
        return "belongs to another user"
    return None


def _read_key(path: Path) -> bytes:
    with _open_own(path, _KEY_SIZE) as file:
        if _IS_POSIX and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            raise PermissionError(f"{path}: others may know the key")
        key = file.read(_KEY_SIZE)
    if len(key) != _KEY_SIZE:
        raise OSError(f"{path}: no key")
    return key


def _make_folder(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)


def _write(path: Path, pieces: list[bytes]) -> None:
    """Write a file so that a reader sees all of it or what was there before."""
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        _write_private(temporary, pieces)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def _write_private(path: Path, pieces: list[bytes]) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with open(fd, "wb") as file:
        file.writelines(pieces)
