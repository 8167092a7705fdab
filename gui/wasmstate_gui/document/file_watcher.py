"""Notices that another program has replaced or rewritten the file."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from wasmstate_gui.core.document.snapshot import Stamp

DEBOUNCE_MS = 80


class Follower(QObject):
    """Watches the folders above the file: a watch on a file is gone after it was replaced once.

    A watch stays on a folder that is renamed, and the path leads to another one then: the folders
    above tell of that. Of a link, the folders above what it leads to are watched, too. The file is
    watched as well, for programs that write into it instead of replacing it.
    """

    changed = Signal()
    """The file is not the one of the stamp any more, or is gone."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(self._noticed)
        self._watcher.fileChanged.connect(self._noticed)
        self._timer = QTimer(self, singleShot=True, interval=DEBOUNCE_MS)
        self._timer.timeout.connect(self._look)
        self._path: Path | None = None
        self._stamp: Stamp | None = None
        self._watched: dict[str, tuple[int, int]] = {}
        """Device and inode of the file and of each folder that is watched, by its path."""

    @property
    def is_settling(self) -> bool:
        """Whether something was noticed that is not looked at yet."""
        return self._timer.isActive()

    def follow(self, path: Path, stamp: Stamp | None) -> None:
        """Watch a file that was read when it had this stamp."""
        self._stamp = stamp
        if path != self._path:
            watched = self._watcher.files() + self._watcher.directories()
            if watched:
                self._watcher.removePaths(watched)
            self._path = path
            self._watched.clear()
        self._watch(path)
        # What happened between reading and watching was not told.
        self._timer.start()

    def _watch(self, file: Path) -> None:
        """Watch what the path leads to now."""
        found = _identities(file) | _identities(Path(os.path.realpath(file)))
        there = {*self._watcher.files(), *self._watcher.directories()}
        gone = [path for path in there if self._watched.get(path) != found.get(path)]
        if gone:
            self._watcher.removePaths(gone)
        new = [path for path in found if path in gone or path not in there]
        if new:
            self._watcher.addPaths(new)
        self._watched = found

    def _noticed(self, _path: str) -> None:
        # It is not put off again: a program that writes all the time would never be looked at.
        if not self._timer.isActive():
            self._timer.start()

    def _look(self) -> None:
        if self._path is None:
            return
        self._watch(self._path)
        stamp = Stamp.of(self._path)
        if stamp != self._stamp:
            self._stamp = stamp
            self.changed.emit()


def _identities(file: Path) -> dict[str, tuple[int, int]]:
    """A file and the folders that lead to it, with what tells each from another of its name."""
    found = {}
    for path in (file, *file.parents):
        try:
            status = os.stat(path)
        except OSError:
            continue  # the folder that it is in tells when it comes
        found[str(path)] = (status.st_dev, status.st_ino)
    return found
