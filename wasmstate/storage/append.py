"""A file that is only ever appended to: each entry reaches the kernel in one write, at once.

So a process that is killed loses nothing that it has written; a power cut may take what was written
since the last :meth:`AppendFile.close`.
"""

from __future__ import annotations

from pathlib import Path

from wasmstate.errors import NotCommittedError
from wasmstate.storage.filesystem import file_system


class AppendFile:
    """A new file.

    Args:
        path: of it.

    Raises:
        NotCommittedError: if there is a file of that name, or it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._fd = file_system().create(path, 0o666)
        except OSError as error:
            reason = error.strerror or error
            raise NotCommittedError(f"{path}: not recorded: {reason}") from error
        self._is_open = True

    def append(self, data: bytes) -> None:
        """Write at the end.

        After one that failed nothing more is written: what stands behind half an entry could not
        be read.

        Raises:
            NotCommittedError: if the file system refuses.
        """
        if not self._is_open:
            return
        view = memoryview(data)
        try:
            while view:
                view = view[file_system().write(self._fd, view) :]
        except OSError as error:
            self._is_open = False
            file_system().close(self._fd)
            raise self._failed(error) from error

    def close(self) -> None:
        """Sync and close it; a second time nothing happens. Raises as :meth:`append`."""
        if not self._is_open:
            return
        self._is_open = False
        files = file_system()
        try:
            try:
                files.fsync(self._fd)
            finally:
                files.close(self._fd)
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> NotCommittedError:
        return NotCommittedError(
            f"{self._path}: not recorded: {error.strerror or error}; the record ends here"
        )
