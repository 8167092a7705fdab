"""The device's side of a TUF repository: what is signed by trusted keys, fresh, and whole.

Metadata and downloads are in a folder beside the model. What was trusted last is kept there, so a
repository that goes back to older metadata is refused.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tuf.api.exceptions import DownloadError, DownloadHTTPError, RepositoryError
from tuf.ngclient import FetcherInterface, Updater

from wasmstate.rounds.errors import RoundError, UntrustedError
from wasmstate.rounds.round import INDEX, Round, decode_rounds


class Client:
    """A repository as a device sees it.

    Args:
        source: the address of the repository, ``https://...``, or its folder.
        folder: for metadata and downloads.
        root: the file with the root metadata; only the first time.

    Raises:
        UntrustedError: there is no root metadata, or it is invalid.
        OSError: a file cannot be read or written.
    """

    def __init__(self, source: str, folder: Path, root: Path | None = None) -> None:
        self._source = source.rstrip("/")
        is_url = re.match(r"https?://", source) is not None
        if not is_url and not Path(source).is_dir():
            raise RoundError(f"{source} is neither a folder nor an address (https://...)")
        base = self._source if is_url else Path(source).resolve().as_uri()
        self._targets = folder / "targets"
        metadata = folder / "metadata"
        for each in (metadata, self._targets):
            each.mkdir(parents=True, exist_ok=True)
        known = metadata / "root.json"
        if root is None and not known.exists():
            raise UntrustedError(
                f"no key of {self._source} is trusted yet: the root metadata are missing"
            ).helped_by("root")
        with self._told():
            self._updater = Updater(
                str(metadata),
                f"{base}/metadata/",
                str(self._targets),
                f"{base}/targets/",
                None if is_url else _Folder(),
                # Later ones are signed by the ones before, so the first is given only once.
                bootstrap=None if known.exists() or root is None else root.read_bytes(),
            )

    def rounds(self) -> list[Round]:
        """The rounds, by fresh metadata.

        Raises:
            UntrustedError: a signature, a version or a date is invalid.
            RoundError: the repository cannot be reached, or has no rounds yet.
        """
        with self._told():
            self._updater.refresh()
        return sorted(decode_rounds(self.read(INDEX)), key=lambda each: each.number)

    def read(self, name: str) -> bytes:
        """A target. Raises as :meth:`rounds`."""
        return self.file(name).read_bytes()

    def file(self, name: str) -> Path:
        """A target as a file, which stays until :meth:`forget`. Raises as :meth:`rounds`."""
        with self._told():
            info = self._updater.get_targetinfo(name)
            if info is None:
                raise RoundError(f"{self._source} has no {name}")
            path = self._updater.find_cached_target(info)
            return Path(path or self._updater.download_target(info))

    def forget(self, keep: Collection[str]) -> None:
        """Remove downloads, but for some."""
        for path in self._targets.iterdir():
            if urllib.parse.unquote(path.name) not in keep:
                with suppress(OSError):
                    path.unlink()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Translate the errors of TUF."""
        try:
            yield
        except DownloadHTTPError as error:
            raise RoundError(f"{self._source}: HTTP status {error.status_code}") from error
        except DownloadError as error:
            raise RoundError(f"{self._source}: {error.__cause__ or error}") from error
        except RepositoryError as error:
            raise UntrustedError(f"{self._source} is not trusted: {error}") from error


class _Folder(FetcherInterface):
    """Reads ``file://`` addresses."""

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = urllib.parse.unquote(urllib.parse.urlsplit(url).path)
        try:
            data = Path(path).read_bytes()
        except FileNotFoundError as error:
            raise DownloadHTTPError(f"{path}: no such file", 404) from error
        return iter([data])
