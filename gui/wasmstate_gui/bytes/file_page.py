"""The centre of the window: bars, map strip, bytes, and what the bytes at the cursor mean."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from wasmstate_gui.bytes.hex_view import HexView
from wasmstate_gui.bytes.values_bar import ValuesBar
from wasmstate_gui.core.window.go_to import HINT
from wasmstate_gui.document.map_strip import MapStrip
from wasmstate_gui.kit.banner import Banner
from wasmstate_gui.kit.line_bar import FindBar, GotoBar
from wasmstate_gui.kit.task_bar import TaskBar
from wasmstate_gui.kit.theme import Theme


class FilePage(QWidget):
    """Lays them out; the strip's frame follows the bytes that are visible."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.damage = Banner("Damage")
        self.conflict = Banner("Conflict")
        self.notice = Banner("Notice")
        self.strip = MapStrip()
        self.hex = HexView()
        self.question = Banner("Question")
        self.goto_bar = GotoBar(HINT)
        self.find_bar = FindBar()
        self.task_bar = TaskBar("Verification")
        self.values_bar = ValuesBar()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self.damage, self.conflict, self.notice, self.question, self.strip):
            column.addWidget(widget)
        column.addWidget(self.hex, 1)
        for bar in (self.goto_bar, self.find_bar, self.task_bar, self.values_bar):
            column.addWidget(bar)
        self.hex.scrolled.connect(self.follow_view)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        for widget in (self.damage, self.conflict, self.notice, self.question, self.strip):
            widget.set_theme(theme)
        for bar in (self.hex, self.goto_bar, self.find_bar, self.task_bar, self.values_bar):
            bar.set_theme(theme)

    def follow_view(self) -> None:
        """Frame on the strip what the hex view shows."""
        self.strip.show_view(self.hex.visible_range(), self.hex.cursor_at)
