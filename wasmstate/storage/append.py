"""A file that is only ever appended to: each entry reaches the kernel in one write, at once.

So a process that is killed loses nothing that it has written; a power cut may take what was written
since the last :meth:`AppendFile.sync` or :meth:`AppendFile.close`.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

from wasmstate.errors import NotCommittedError
from wasmstate.storage.filesystem import file_system
from wasmstate.storage.replace import sync_folder


class AppendFile:
    """A new file.

    Args:
        path: of it.
        head: what it begins with.

    Raises:
        NotCommittedError: if there is a file of that name, or it cannot be made; then none is left.
    """

    def __init__(self, path: Path, head: bytes = b"") -> None:
        self._path = path
        self._is_open = False
        self._is_ended = False  # a write or a sync failed
        self._is_named = False  # its folder has been synced
        # sync() is called from another thread than the rest. Writes do not wait for it: the lock
        # only keeps the descriptor open until a sync is over.
        self._lock = threading.RLock()
        try:
            self._fd = file_system().create(path, 0o666)
            self._is_open = True
            self._write(head)
        except OSError as error:
            self.discard()
            reason = error.strerror or error
            raise NotCommittedError(f"{path}: not recorded: {reason}") from error

    def append(self, data: bytes) -> None:
        """Write at the end.

        After one that failed nothing more is written: what stands behind half an entry could not
        be read.

        Raises:
            NotCommittedError: if the file system refuses.
        """
        if self._is_ended or not self._is_open:
            return
        try:
            self._write(data)
        except OSError as error:
            self._is_ended = True
            raise self._failed(error) from error

    def sync(self) -> None:
        """Wait until all that was appended outlasts a power cut; from any thread.

        After one that failed nothing more is written, and no sync is tried: it would succeed
        without the data.

        Raises as :meth:`append`.
        """
        with self._lock:
            if self._is_ended or not self._is_open:
                return
            try:
                self._sync()
            except OSError as error:
                self._is_ended = True
                raise self._failed(error) from error

    def close(self) -> None:
        """Sync it and its folder, and close it; a second time nothing happens.

        Raises as :meth:`append`.
        """
        with self._lock:
            if not self._is_open:
                return
            try:
                self.sync()
            finally:
                self._is_open = False
                file_system().close(self._fd)

    def discard(self) -> None:
        """Close and remove it, unless another file has its name by now."""
        if not self._is_open:
            return
        self._is_open = False
        files = file_system()
        with suppress(OSError):
            try:
                is_mine = os.path.samestat(files.fstat(self._fd), files.stat(self._path))
            finally:
                files.close(self._fd)
            if is_mine:
                files.unlink(self._path)

    def leave(self) -> None:
        """Close it and do nothing else: another process writes on."""
        if self._is_open:
            self._is_open = False
            with suppress(OSError):
                file_system().close(self._fd)

    def _sync(self) -> None:
        file_system().fsync(self._fd)
        if not self._is_named:
            sync_folder(self._path.absolute().parent)
            self._is_named = True

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[file_system().write(self._fd, view) :]

    def _failed(self, error: OSError) -> NotCommittedError:
        return NotCommittedError(
            f"{self._path}: not recorded: {error.strerror or error}; the record ends here"
        )
