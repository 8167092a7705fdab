"""Notices that another program has replaced or rewritten the file."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from wasmstate_gui.core.document.snapshot import Stamp

DEBOUNCE_MS = 80


class Follower(QObject):
    """Watches the folder: a watch on a file is gone after it was replaced once.

    The file is watched as well, for programs that write into it instead of replacing it.
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
            self._watcher.addPath(str(path.parent))
        self._watch_file()
        # What happened between reading and watching was not told.
        self._timer.start()

    def _watch_file(self) -> None:
        path = str(self._path)
        if self._path is not None and self._path.exists() and path not in self._watcher.files():
            self._watcher.addPath(path)

    def _noticed(self, _path: str) -> None:
        # It is not put off again: a program that writes all the time would never be looked at.
        if not self._timer.isActive():
            self._timer.start()

    def _look(self) -> None:
        if self._path is None:
            return
        self._watch_file()
        stamp = Stamp.of(self._path)
        if stamp != self._stamp:
            self._stamp = stamp
            self.changed.emit()
