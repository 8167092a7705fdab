"""The keys of a repository: one Ed25519 key a role of TUF, each in a file of its own.

The key of ``root`` is not needed to publish: it belongs on a machine without a network.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner

from wasmstate.rounds.errors import RoundError

ROLES = ("root", "targets", "snapshot", "timestamp")


def make_key(folder: Path, role: str) -> CryptoSigner:
    """Make a key, and write it to a file that only its owner can read.

    Raises:
        FileExistsError: there is one already.
        OSError: the file cannot be written.
    """
    signer = CryptoSigner.generate_ed25519()
    fd = os.open(_path(folder, role), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(signer.private_bytes)
        file.flush()
        os.fsync(fd)
    return signer


def load_key(folder: Path, role: str) -> CryptoSigner:
    """Read a key.

    Raises:
        RoundError: the file holds no Ed25519 key without a password.
        OSError: the file cannot be read.
    """
    path = _path(folder, role)
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise RoundError(f"{path}: this is no private key: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise RoundError(f"{path}: the key is not one of Ed25519")
    return CryptoSigner(key)


def _path(folder: Path, role: str) -> Path:
    return folder / f"{role}.pem"
