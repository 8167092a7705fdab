"""The window's habits: recent files, zoom, colours and places that are remembered, the palette."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMainWindow, QMenu

from wasmstate_gui.core.window.commands import COMMANDS
from wasmstate_gui.kit.dialogs import choose_recent
from wasmstate_gui.kit.settings import Settings
from wasmstate_gui.kit.theme import DARK, LIGHT
from wasmstate_gui.window.menus import Actions
from wasmstate_gui.window.palette import Palette
from wasmstate_gui.window.panels import WORKSPACES, Panels

_LEAST_ZOOM, _MOST_ZOOM = -3, 14  # from 7 to 24 points


class Preferences(QObject):
    """Keeps places, colours and letters from one time to the next."""

    theme_wanted = Signal(object)
    """Other colours, a :class:`Theme`."""

    def __init__(self, panels: Panels, settings: Settings) -> None:
        super().__init__(panels)
        self._window: QMainWindow = panels.window
        self._panels = panels
        self._settings = settings
        self.palette: Palette | None = None

    def restore(self) -> None:
        """The places, colours and letters of the last time."""
        panels, settings = self._panels, self._settings
        if settings.geometry is not None:
            self._window.restoreGeometry(settings.geometry)
        for name in WORKSPACES:
            places = settings.places(name)
            if places is not None:
                panels.places[name] = places
        if settings.is_dark is not None:
            self.theme_wanted.emit(DARK if settings.is_dark else LIGHT)
        panels.set_zoom(settings.zoom)
        panels.empty.show_recent(settings.recent)

    def keep(self) -> None:
        """The window is closed: keep where its panels are."""
        if self._panels.workspace:
            self._panels.keep_places()
            self._settings.keep_layout(self._window.saveGeometry(), self._panels.places)

    def opened(self, path: Path) -> None:
        """A file was opened."""
        self._settings.add_recent(path)
        self._panels.empty.show_recent(self._settings.recent)

    def use_theme(self, name: Literal["light", "dark"]) -> None:
        """Use light or dark colours, also the next time."""
        self._settings.is_dark = name == "dark"
        self.theme_wanted.emit(DARK if name == "dark" else LIGHT)

    def choose_recent(self) -> QMenu:
        """Offer the last files; gives the open menu."""
        opened = self._panels.empty.recent_requested.emit
        return choose_recent(self._window, self._settings.recent, opened)

    def zoom(self, by: int) -> None:
        """Larger or smaller letters of bytes and numbers; 0 for those of the beginning."""
        points = self._settings.zoom + by if by else 0
        points = min(max(points, _LEAST_ZOOM), _MOST_ZOOM)
        self._settings.zoom = points
        self._panels.set_zoom(points)

    def show_palette(self, actions: Actions) -> None:
        """Offer every command that can be used now."""
        usable = [each for each in COMMANDS if getattr(actions, each.name).isEnabled()]
        self.palette = Palette(usable, self._window)
        self.palette.chosen.connect(partial(_trigger, actions))
        self.palette.open()


def _trigger(actions: Actions, name: str) -> None:
    getattr(actions, name).trigger()
