"""The bytes at the cursor as numbers and text, in a bar under the bytes."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from wasmstate_gui.core.bytes.values_at_cursor import COLUMNS, Values
from wasmstate_gui.kit.elided_label import ElidedLabel
from wasmstate_gui.kit.plain_text import PlainLabel
from wasmstate_gui.kit.theme import Theme

_SHARES = (3, 4, 7, 11)  # how wide numbers of 8 to 64 bits get


class ValuesBar(QWidget):
    """A line each for signed, unsigned and float, a column each for the widths."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Values at the cursor")
        self.setObjectName("values")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.cells: dict[tuple[str, str], ElidedLabel] = {}
        self._heads: list[QLabel] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(10, 3, 10, 4)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(1)
        for column, name in enumerate(COLUMNS, 1):
            self._head(name, 0, column)
            self._grid.setColumnStretch(column, _SHARES[column - 1])
        for row, name in enumerate(("signed", "unsigned", "float"), 1):
            self._head(name, row, 0)
            for column, width in enumerate(COLUMNS, 1):
                if (name, width) != ("float", "8 bit"):
                    self._cell((name, width), row, column, 1)
        self._head("LEB128", 4, 0)
        self._cell(("LEB128", ""), 4, 1, 3)
        self._cell(("text", ""), 4, 4, 1)

    def show_values(self, values: Values) -> None:
        """Show the meanings of other bytes."""
        for name, texts in values.rows:
            for width, text in zip(COLUMNS, texts, strict=True):
                if (name, width) in self.cells:
                    self.cells[name, width].show_text(text)
        self.cells["LEB128", ""].show_text(values.leb128)
        self.cells["text", ""].show_text(f"text  {values.text}")

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self.setStyleSheet(
            f"#values {{ background: {theme.window}; border-top: 1px solid {theme.line}; }}"
        )
        for head in self._heads:
            head.setStyleSheet(f"color: {theme.dim};")

    def _head(self, text: str, row: int, column: int) -> None:
        label = PlainLabel(text)
        self._heads.append(label)
        self._grid.addWidget(label, row, column)

    def _cell(self, key: tuple[str, str], row: int, column: int, span: int) -> None:
        label = ElidedLabel()
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPointSizeF(9.5)
        label.setFont(font)
        label.setAccessibleName(" ".join(filter(None, key)))
        self.cells[key] = label
        self._grid.addWidget(label, row, column, 1, span)
