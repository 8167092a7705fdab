"""The map strip: the whole file on one line, above the hex view."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from wasmstate_gui.core.document.layout_rows import LayoutRow
from wasmstate_gui.core.document.map_segments import (
    Piece,
    next_start,
    strip_pieces,
    to_offset,
    to_pixels,
    to_x,
)
from wasmstate_gui.kit.plain_text import tooltip
from wasmstate_gui.kit.theme import LIGHT, Theme, ink_on

_TOP, _HEIGHT, _MARGIN = 4, 20, 6
_LEAST_FOR_A_NAME = 60


class MapStrip(QWidget):
    """Shows where in the file the hex view is, and goes there."""

    chosen = Signal(int)
    """The user pointed at a byte: its offset."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Map of the file")
        self.setAccessibleDescription("Sections by size; left and right go from one to the next")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(46)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._rows: Sequence[LayoutRow] = ()
        self._changed: NDArray[np.int64] = np.empty(0, np.int64)
        self._damage: Sequence[int] = ()
        self._size = 0
        self._view = (0, 0)
        self._cursor: int | None = None
        self._theme = LIGHT

    def show_rows(
        self,
        rows: Sequence[LayoutRow],
        size: int,
        changed: NDArray[np.int64],
        damage: Sequence[int],
    ) -> None:
        """Show other sections, changes and damage."""
        self._rows, self._size, self._changed, self._damage = rows, size, changed, damage
        self.update()

    def show_view(self, view: tuple[int, int], cursor: int | None) -> None:
        """Frame the bytes that the hex view shows; arrow keys go on from its cursor."""
        if (view, cursor) != (self._view, self._cursor):
            self._view, self._cursor = view, cursor
            self.update()

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(600, 46)

    def _pieces(self) -> list[Piece]:
        return strip_pieces(self._rows, self.width() - 2 * _MARGIN)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.window))
        painter.translate(_MARGIN, 0)
        pieces = self._pieces()
        for piece in pieces:
            self._paint_piece(painter, piece)
        self._paint_damage(painter, pieces)
        if pieces:
            self._paint_state_edge(painter, pieces)
            self._paint_ticks(painter, pieces)
            self._paint_view(painter, pieces)
        self._paint_legend(painter)
        painter.end()

    def _paint_piece(self, painter: QPainter, piece: Piece) -> None:
        colour = self._theme.solid(piece.row.kind)
        rect = QRectF(piece.left, _TOP, max(1.0, piece.width - 1), _HEIGHT)
        if piece.row.kind == "unknown":
            painter.fillRect(rect, QBrush(colour, Qt.BrushStyle.Dense6Pattern))
        else:
            painter.fillRect(rect, colour)
        if piece.width > _LEAST_FOR_A_NAME:
            painter.setPen(ink_on(colour) if piece.row.kind != "unknown" else self._text)
            flags = Qt.AlignmentFlag.AlignCenter
            metrics = painter.fontMetrics()
            name = metrics.elidedText(
                piece.row.name, Qt.TextElideMode.ElideMiddle, int(piece.width) - 6
            )
            painter.drawText(rect, flags, name)

    @property
    def _text(self) -> QColor:
        return QColor(self._theme.text)

    def _paint_damage(self, painter: QPainter, pieces: Sequence[Piece]) -> None:
        colour = QColor(self._theme.damage)
        for offset in self._damage:
            x = min(max(5.0, to_x(pieces, offset)), self.width() - 2 * _MARGIN - 6)
            rect = QRectF(x - 5, _TOP, 10, _HEIGHT)
            painter.fillRect(rect, QColor(self._theme.base))
            painter.fillRect(rect, QBrush(colour, Qt.BrushStyle.BDiagPattern))
            painter.setPen(QPen(colour, 1.5))
            painter.drawRect(rect)

    def _paint_state_edge(self, painter: QPainter, pieces: Sequence[Piece]) -> None:
        painter.setPen(QPen(self._text, 2))
        for piece in pieces:
            if piece.row.kind == "state":
                painter.drawRect(QRectF(piece.left, _TOP, piece.width - 1, _HEIGHT))

    def _paint_ticks(self, painter: QPainter, pieces: Sequence[Piece]) -> None:
        painter.setPen(QPen(self._text, 1))
        step = max(1, len(self._changed) // 2000)  # as many as can be told apart
        for x in to_pixels(pieces, self._changed[::step]):
            painter.drawLine(x, _TOP + _HEIGHT + 1, x, _TOP + _HEIGHT + 5)

    def _paint_view(self, painter: QPainter, pieces: Sequence[Piece]) -> None:
        start, end = self._view
        if end <= start:
            return
        left, right = to_x(pieces, start), to_x(pieces, end)
        rect = QRectF(left, _TOP - 3, max(4.0, right - left) - 1, _HEIGHT + 6)
        painter.setPen(QPen(self._text, 1))
        painter.drawRect(rect)
        painter.setPen(QPen(QColor(self._theme.base), 1))
        painter.drawRect(rect.adjusted(1, 1, -1, -1))

    def _paint_legend(self, painter: QPainter) -> None:
        painter.setPen(QColor(self._theme.dim))
        font = self.font()
        font.setPointSizeF(8.5)
        painter.setFont(font)
        rect = QRectF(0, _TOP + _HEIGHT + 4, self.width() - 2 * _MARGIN, 16)
        painter.drawText(rect, Qt.AlignmentFlag.AlignLeft, "0x0")
        end = f"0x{self._size:X} \u00b7 {self._size:,} bytes"
        painter.drawText(rect, Qt.AlignmentFlag.AlignRight, end)
        if len(self._changed):
            word = "byte" if len(self._changed) == 1 else "bytes"
            text = f"{len(self._changed):,} changed {word}, ticked"
            painter.drawText(rect, Qt.AlignmentFlag.AlignHCenter, text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._choose(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._choose(event)

    def _choose(self, event: QMouseEvent) -> None:
        pieces = self._pieces()
        if pieces and event.buttons() & Qt.MouseButton.LeftButton:
            x = max(0.0, event.position().x() - _MARGIN)
            self.chosen.emit(to_offset(pieces, x))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        key = Qt.Key(event.key())
        if key not in steps or not self._rows:
            super().keyPressEvent(event)
            return
        here = self._cursor if self._cursor is not None else self._view[0]
        self.chosen.emit(next_start(self._rows, here, steps[key]))

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            for piece in self._pieces():
                if piece.left <= event.pos().x() - _MARGIN < piece.left + piece.width:
                    share = 100 * (piece.row.end - piece.row.start) / max(1, self._size)
                    QToolTip.showText(
                        event.globalPos(), tooltip(f"{piece.row.hint}\n{share:.1f} %"), self
                    )
            return True
        return super().event(event)
