"""What the window remembers from one time to the next."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

MOST_RECENT = 8
SLOWEST, FASTEST = 2, 30
"""Steps of the timeline that are played a second."""
_PACE = 10


class Settings:
    """Recent files, the places of the panels, colours, zoom and the pace of playing.

    Args:
        store: where they are kept; ``None`` to keep nothing, as for pictures.
    """

    def __init__(self, store: QSettings | None = None) -> None:
        self._store = store
        self._recent: list[Path] = []
        self._zoom = 0
        self._pace = _PACE

    @property
    def recent(self) -> list[Path]:
        """The files that were opened last and are still there, the newest first."""
        if self._store is not None:
            names = self._store.value("recent", [])
            # Qt makes a text of a list of one, and nothing of an empty one.
            listed = names if isinstance(names, list) else [names] if names else []
            self._recent = [Path(str(name)) for name in listed]
        return [path for path in self._recent if path.is_file()][:MOST_RECENT]

    def add_recent(self, path: Path) -> None:
        """A file was opened."""
        self._recent = [path, *(each for each in self.recent if each != path)][:MOST_RECENT]
        self._keep("recent", [str(each) for each in self._recent])

    @property
    def zoom(self) -> int:
        """Points that are added to the size of the letters."""
        return self._number("zoom", self._zoom)

    @zoom.setter
    def zoom(self, points: int) -> None:
        self._zoom = points
        self._keep("zoom", points)

    @property
    def pace(self) -> int:
        """Steps that are played a second."""
        return min(max(self._number("pace", self._pace), SLOWEST), FASTEST)

    @pace.setter
    def pace(self, steps: int) -> None:
        self._pace = steps
        self._keep("pace", steps)

    @property
    def is_dark(self) -> bool | None:
        """Which colours were chosen; ``None`` if none were."""
        value = self._store.value("dark") if self._store is not None else None
        return None if value is None else str(value).lower() == "true"

    @is_dark.setter
    def is_dark(self, value: bool) -> None:
        self._keep("dark", value)

    @property
    def geometry(self) -> QByteArray | None:
        """The window's geometry; ``None`` if none was kept."""
        return self._bytes("geometry")

    def places(self, workspace: str) -> QByteArray | None:
        """The places of the panes in a workspace; ``None`` if none were kept."""
        return self._bytes(f"places/{workspace}")

    def keep_layout(self, geometry: QByteArray, places: Mapping[str, QByteArray]) -> None:
        """Keep the window's geometry, and the places of the panes in each workspace."""
        self._keep("geometry", geometry)
        for workspace, each in places.items():
            self._keep(f"places/{workspace}", each)

    def _bytes(self, name: str) -> QByteArray | None:
        value = self._store.value(name) if self._store is not None else None
        return value if isinstance(value, QByteArray) and not value.isEmpty() else None

    def _number(self, name: str, otherwise: int) -> int:
        text = str(self._store.value(name, otherwise)) if self._store is not None else ""
        return int(text) if text.removeprefix("-").isdecimal() else otherwise

    def _keep(self, name: str, value: object) -> None:
        if self._store is not None:
            self._store.setValue(name, value)
