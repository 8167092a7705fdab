"""A bar above the map: damage, a conflict, or something that can be undone."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from wasmstate_gui.core.texts import Notice
from wasmstate_gui.kit.icons import icon
from wasmstate_gui.kit.plain_text import HtmlLabel, PlainLabel
from wasmstate_gui.kit.theme import LIGHT, Theme

_ICONS = {"damage": "warning", "conflict": "warning", "info": "info"}


class Banner(QWidget):
    """Shows a :class:`Notice`, or nothing."""

    chosen = Signal(str)
    """The key of the action that was pressed."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setObjectName("banner")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme = LIGHT
        self._notice: Notice | None = None
        self._icon = PlainLabel()
        self.label = HtmlLabel()
        # Without word wrap the label would make the window as wide as its text.
        self.label.setWordWrap(True)
        self.label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.buttons: list[QPushButton] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(12, 8, 8, 8)
        self._row.addWidget(self._icon)
        self._row.addWidget(self.label, 1)
        self.hide()

    def show_notice(self, notice: Notice | None) -> None:
        """Show a notice; hide the bar if there is none."""
        if notice == self._notice:
            return
        self._notice = notice
        actions = notice.actions if notice else ()
        if [button.property("key") for button in self.buttons] != [key for key, _ in actions]:
            self._make_buttons(len(actions))
        for button, (key, text) in zip(self.buttons, actions, strict=True):
            button.setText(text)
            button.setProperty("key", key)
        self._paint()
        self.setVisible(notice is not None)

    def _make_buttons(self, count: int) -> None:
        for button in self.buttons:
            self._row.removeWidget(button)
            button.deleteLater()
        self.buttons = [QPushButton() for _ in range(count)]
        for button in self.buttons:
            button.setMinimumHeight(28)
            button.clicked.connect(self._pressed)
            self._row.addWidget(button)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self._paint()

    def _pressed(self) -> None:
        self.chosen.emit(self.sender().property("key"))

    def _paint(self) -> None:
        notice, theme = self._notice, self._theme
        if notice is None:
            return
        is_info = notice.kind == "info"
        ground = theme.notice_ground if is_info else theme.damage_ground
        text = theme.text if is_info else theme.damage_text
        edge = theme.accent if is_info else theme.damage
        self.setStyleSheet(
            f"#banner {{ background: {ground}; border-left: 6px solid {edge}; }}"
            f"#banner QLabel {{ color: {text}; }}"
        )
        self.label.setText(f"<b>{escape(notice.title)}</b> {escape(notice.text)}")
        self._icon.setPixmap(icon(_ICONS[notice.kind], QColor(edge)).pixmap(QSize(20, 20)))
