"""The window's habits: recent files, zoom, colours and places that are remembered, the palette."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMenu

from wasmstate_gui.core.window.commands import COMMANDS
from wasmstate_gui.kit.dialogs import choose_recent
from wasmstate_gui.kit.settings import Settings
from wasmstate_gui.kit.theme import DARK, LIGHT
from wasmstate_gui.window.docks import Shell
from wasmstate_gui.window.menus import Actions
from wasmstate_gui.window.palette import Palette

_LEAST_ZOOM, _MOST_ZOOM = -3, 14  # from 7 to 24 points


class Comforts(QObject):
    """Keeps what makes the window one's own."""

    def __init__(self, window: Shell, settings: Settings) -> None:
        super().__init__(window)
        self._window = window
        self._settings = settings
        self.palette: Palette | None = None

    def restore(self) -> None:
        """The places, colours and letters of the last time."""
        window, settings = self._window, self._settings
        if settings.layout is not None:
            geometry, panels = settings.layout
            window.restoreGeometry(geometry)
            window.restore_panels(panels)
        if settings.is_dark is not None:
            window.set_theme(DARK if settings.is_dark else LIGHT)
        window.set_zoom(settings.zoom)
        window.empty.show_recent(settings.recent)

    def keep(self) -> None:
        """The window is closed: keep where its panels are."""
        if self._window.has_file:
            self._settings.keep_layout(self._window.saveGeometry(), self._window.saveState())

    def opened(self, path: Path) -> None:
        """A file was opened."""
        self._settings.add_recent(path)
        self._window.empty.show_recent(self._settings.recent)

    def use_theme(self, *, dark: bool) -> None:
        """Use light or dark colours, also the next time."""
        self._settings.is_dark = dark
        self._window.set_theme(DARK if dark else LIGHT)

    def choose_recent(self) -> QMenu:
        """Offer the last files; gives the open menu."""
        window = self._window
        return choose_recent(window, self._settings.recent, window.empty.recent_requested.emit)

    def zoom(self, by: int) -> None:
        """Larger or smaller letters of bytes and numbers; 0 for those of the beginning."""
        points = self._settings.zoom + by if by else 0
        points = min(max(points, _LEAST_ZOOM), _MOST_ZOOM)
        self._settings.zoom = points
        self._window.set_zoom(points)

    def show_palette(self, actions: Actions) -> None:
        """Offer every command that can be used now."""
        usable = [each for each in COMMANDS if getattr(actions, each.name).isEnabled()]
        self.palette = Palette(usable, self._window)
        self.palette.chosen.connect(partial(_trigger, actions))
        self.palette.open()


def _trigger(actions: Actions, name: str) -> None:
    getattr(actions, name).trigger()
