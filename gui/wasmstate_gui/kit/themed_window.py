"""A main window with colours, for everything that opens dialogs over it."""

from __future__ import annotations

from PySide6.QtWidgets import QMainWindow

from wasmstate_gui.kit.theme import LIGHT, Theme


class ThemedWindow(QMainWindow):
    """A main window.

    Attributes:
        theme: its colours.
    """

    theme: Theme = LIGHT
