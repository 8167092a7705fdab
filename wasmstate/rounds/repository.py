"""The publisher's side of a TUF repository: a folder that any web server can serve.

``metadata/`` holds the signed metadata, ``targets/`` the files, each under its hash. The metadata
of a version are written last, the timestamp behind all others: a client sees the repository as it
was before or after.

Source: The Update Framework Specification 1.0, "Metadata files", "Repository operations".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import (
    Key,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from wasmstate.errors import NotCommittedError
from wasmstate.rounds.errors import RoundError
from wasmstate.rounds.keys import ROLES, load_key, make_key
from wasmstate.storage.commit import write_apart

_Role = TypeVar("_Role", Targets, Snapshot, Timestamp)
_ROOT_DAYS = 3650
_TARGETS_DAYS = 365


class Repository:
    """A repository in a folder.

    Args:
        folder: holds ``metadata/`` and ``targets/``.
        keys: holds the private keys.
        days: how long clients take the repository for fresh after each publication.
    """

    def __init__(self, folder: Path, keys: Path, days: float = 30) -> None:
        self.metadata = folder / "metadata"
        self._targets = folder / "targets"
        self._keys = keys
        self._days = days

    def create(self) -> Path:
        """Make the keys, and a repository without targets.

        Returns:
            The root metadata, which clients are given to begin with.

        Raises:
            FileExistsError: there is a repository or a key already.
            OSError: a folder or a file cannot be written.
        """
        self.metadata.mkdir(parents=True)
        self._targets.mkdir(exist_ok=True)
        self._keys.mkdir(parents=True, exist_ok=True)
        root = Root(expires=_in(_ROOT_DAYS))
        signers = {role: make_key(self._keys, role) for role in ROLES}
        for role, signer in signers.items():
            key = signer.public_key
            root.add_key(Key.from_dict(key.keyid, key.to_dict()), role)
        path = self.metadata / "1.root.json"
        signed = Metadata(root)
        signed.sign(signers["root"])
        _write(path, signed.to_bytes())
        self.publish({})
        return path

    def read(self, name: str) -> bytes | None:
        """A target, or ``None``.

        Raises:
            RoundError: the metadata of the repository cannot be read.
            OSError: a file cannot be read.
        """
        target = self._listed().targets.get(name)
        return None if target is None else self._path(name, target).read_bytes()

    def publish(self, files: Mapping[str, bytes]) -> None:
        """Add or replace targets, and sign the repository again.

        Args:
            files: by the names of the targets.

        Raises:
            RoundError: the metadata or a key cannot be read, or somebody else publishes.
            OSError: a file cannot be read or written.
        """
        is_new = not list(self.metadata.glob("*.targets.json"))
        targets = Targets() if is_new else self._listed()
        snapshot = Snapshot() if is_new else self._snapshot()
        timestamp = Timestamp() if is_new else self._timestamp()
        for name, data in files.items():
            target = TargetFile.from_data(name, data)
            path = self._path(name, target)
            if not path.exists() or path.read_bytes() != data:
                write_apart(data, path, overwrite=True)
            targets.targets[name] = target
        targets.version = self._next("targets")
        snapshot.version = self._next("snapshot")
        timestamp.version += not is_new
        targets.expires = _in(_TARGETS_DAYS)
        snapshot.expires = timestamp.expires = _in(self._days)
        snapshot.meta["targets.json"] = MetaFile(targets.version)
        timestamp.snapshot_meta = MetaFile(snapshot.version)
        signed = {
            f"{targets.version}.targets.json": self._sign("targets", targets),
            f"{snapshot.version}.snapshot.json": self._sign("snapshot", snapshot),
            "timestamp.json": self._sign("timestamp", timestamp),
        }
        for name, data in signed.items():
            _write(self.metadata / name, data, overwrite=name == "timestamp.json")

    def _sign(self, role: str, signed: _Role) -> bytes:
        metadata = Metadata(signed)
        metadata.sign(load_key(self._keys, role))
        return metadata.to_bytes()

    def _timestamp(self) -> Timestamp:
        return self._load("timestamp.json", Timestamp)

    def _snapshot(self) -> Snapshot:
        return self._load(f"{self._timestamp().snapshot_meta.version}.snapshot.json", Snapshot)

    def _listed(self) -> Targets:
        version = self._snapshot().meta["targets.json"].version
        return self._load(f"{version}.targets.json", Targets)

    def _load(self, name: str, kind: type[_Role]) -> _Role:
        data = (self.metadata / name).read_bytes()
        try:
            signed = Metadata.from_bytes(data).signed
        except RepositoryError as error:
            raise RoundError(f"{self.metadata / name}: {error}") from error
        if not isinstance(signed, kind):
            raise RoundError(f"{self.metadata / name}: these are no metadata of this role")
        return signed

    def _next(self, role: str) -> int:
        """The version behind all that are there, those of a publication that was ended, too."""
        found = (path.name.split(".")[0] for path in self.metadata.glob(f"*.{role}.json"))
        return max((int(each) for each in found if each.isdecimal()), default=0) + 1

    def _path(self, name: str, target: TargetFile) -> Path:
        return self._targets / f"{target.hashes['sha256']}.{name}"


def _in(days: float) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)


def _write(path: Path, data: bytes, *, overwrite: bool = False) -> None:
    try:
        write_apart(data, path, overwrite=overwrite)
    except NotCommittedError as error:
        raise RoundError(f"not published: {error}") from error
