"""The lines of the hex view: offsets, bytes and characters, coloured by what they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontDatabase,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
    QStaticText,
)
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from wasmstate.escapes import visible
from wasmstate_gui.bytes.hex_paint import Grid, HexPainter
from wasmstate_gui.core.bytes.hexdump import WIDTH, HexDump, Lines, section_line
from wasmstate_gui.kit.theme import LIGHT, Theme, ink_on

_POINTS = 10.0
_LEAST_FOR_NOTES = 160  # pixels
_LEAST_HEIGHT = 120
_MOST_NOTES = 500


class HexLines(QAbstractScrollArea):
    """Shows a :class:`HexDump`; draws what is visible and nothing else."""

    scrolled = Signal()
    """Other bytes are visible."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Bytes")
        self.setAccessibleDescription("The file in hexadecimal and ASCII, 16 bytes a row")
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPointSizeF(_POINTS)
        font.setStyleHint(QFont.StyleHint.Monospace)
        self.dump = HexDump()
        self.cursor_at: int | None = None
        self.selection: tuple[int, int] | None = None
        self.editing = ""
        self.is_in_ascii = False
        """Whether the cursor is at the character of its byte, not at the digits."""
        self._painter = HexPainter(font, LIGHT)
        self._notes: dict[tuple[str, int], QStaticText] = {}
        self.header_height = round(self.grid.line) + 4
        self.setViewportMargins(0, 0, 0, 0)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)

    @property
    def grid(self) -> Grid:
        """Where bytes stand."""
        return self._painter.grid

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._painter = HexPainter(self._painter.font, theme, self.grid.digits)
        self.viewport().update()

    def set_zoom(self, points: int) -> None:
        """Use letters so many points larger."""
        font = QFont(self._painter.font)
        font.setPointSizeF(_POINTS + points)
        self._painter = HexPainter(font, self._painter.theme, self.grid.digits)
        self.header_height = round(self.grid.line) + 4
        self._fit_scroll_bars()
        self.viewport().update()

    def show_dump(self, dump: HexDump) -> None:
        """Show other bytes, at the same place."""
        self.dump = dump
        digits = 6 if dump.size <= 1 << 24 else 8 if dump.size <= 1 << 32 else 10
        if digits != self.grid.digits:
            self._painter = HexPainter(self._painter.font, self._painter.theme, digits)
            self.updateGeometry()
        self._fit_scroll_bars()
        self.viewport().update()

    def show_typed(self, typed: Mapping[int, int]) -> None:
        """Show bytes that were typed, before it is known what they make of the file."""
        self.dump = replace(self.dump, typed=dict(typed))
        self.viewport().update()

    def select(self, start: int, end: int, cursor: int | None = None) -> None:
        """Outline a range of bytes, and mark one."""
        self.selection = (start, end)
        self.cursor_at = cursor
        self.viewport().update()

    def show_mode(self, mode: str) -> None:
        """Say in the header what typing does; nothing if it does nothing."""
        self.editing = mode
        self.viewport().update()

    def reveal(self, offset: int, *, at_top: bool = False) -> None:
        """Scroll until a byte is visible; ``at_top`` puts it under the header, if it can."""
        line = self.dump.line_of(offset)
        bar = self.verticalScrollBar()
        visible = self.full_lines
        if at_top:
            above = 1 if self.dump.names_at(line - 1) else 0
            bar.setValue(line - above)
        elif line < bar.value():
            bar.setValue(line)
        elif line >= bar.value() + visible:
            bar.setValue(line - visible + 1)
        self._reveal_column(offset)

    def _reveal_column(self, offset: int) -> None:
        bar = self.horizontalScrollBar()
        cell = self._cell(offset, 0, self.is_in_ascii)
        start = min(bar.value(), int(cell.left() - self.grid.char))
        bar.setValue(max(start, int(cell.right() + self.grid.char) - self.viewport().width()))

    def follow_line(self, line: int, now: int) -> None:
        """Keep a line that was visible where it was on the screen, though it is another one now."""
        bar = self.verticalScrollBar()
        if 0 <= line - bar.value() < self.full_lines:
            bar.setValue(bar.value() + now - line)

    def visible_range(self) -> tuple[int, int]:
        """The offsets of the first visible byte and of the first one below."""
        first = self.verticalScrollBar().value()
        rows = [self.dump.row_of(first + i) for i in range(self.full_lines)]
        shown = [row for row in rows if row is not None]
        if not shown:
            return 0, 0
        return shown[0] * WIDTH, min(self.dump.size, (shown[-1] + 1) * WIDTH)

    def minimumSizeHint(self) -> QSize:
        # With letters as at first: if zooming asked for more room, the panels around the bytes
        # would give it, and not take it back. Larger letters are scrolled.
        font = QFont(self._painter.font)
        font.setPointSizeF(_POINTS)
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(round(Grid.of(font, self.grid.digits).right) + bar, _LEAST_HEIGHT)

    def sizeHint(self) -> QSize:
        return self.minimumSizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._painter.theme
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), QColor(theme.base))
        painter.setFont(self._painter.font)
        first = self.verticalScrollBar().value()
        lines = self.dump.lines(first, self.full_lines + 1, self.cursor_at)
        painter.setClipRect(QRect(0, self.header_height, self.viewport().width(), self.height()))
        painter.translate(-self._left, 0)
        self._painter.paint(painter, lines, self.header_height)
        for line in range(len(lines.rows)):
            if lines.rows[line] < 0:
                self._paint_name(painter, first + line, self._line_top(line))
        self._paint_notes(painter, lines)
        self._paint_damage(painter, first)
        self._paint_selection(painter, first)
        if self.editing and self.cursor_at is not None and self.is_in_ascii:
            painter.setPen(QPen(QColor(theme.damage), 2))
            painter.drawRect(self._cell(self.cursor_at, first, is_ascii=True))
        painter.setClipping(False)
        self._paint_header(painter)
        painter.end()

    def _paint_header(self, painter: QPainter) -> None:
        theme, grid = self._painter.theme, self.grid
        header = QRect(self._left, 0, self.viewport().width(), self.header_height)
        painter.fillRect(header, QColor(theme.window))
        painter.setPen(QColor(theme.dim))
        y = 2 + grid.ascent
        painter.drawText(QPointF(grid.offset_left, y), "offset")
        if self.editing:
            self._paint_mode(painter, y)
        for column in range(WIDTH):
            painter.drawText(QPointF(grid.hex_left[column], y), f"{column:02X}")
        painter.drawText(QPointF(grid.ascii_left, y), "ascii")
        if self.viewport().width() - grid.right >= _LEAST_FOR_NOTES:
            painter.drawText(QPointF(grid.right + 2 * grid.char, y), "what begins here")
        painter.setPen(QColor(theme.line))
        painter.drawLine(header.bottomLeft(), header.bottomRight())

    def _paint_mode(self, painter: QPainter, y: float) -> None:
        """What typing does, in the place of the word that stands above the offsets."""
        theme, grid = self._painter.theme, self.grid
        colour = QColor(theme.damage if self.editing == "raw" else theme.accent)
        rect = QRectF(0, 0, grid.hex_left[0] - grid.char, self.header_height - 1)
        painter.fillRect(rect, colour)
        painter.setPen(ink_on(colour))
        painter.drawText(QPointF(grid.offset_left, y), self.editing)
        painter.setPen(QColor(theme.dim))

    def _paint_name(self, painter: QPainter, line: int, top: float) -> None:
        theme, grid = self._painter.theme, self.grid
        named = self.dump.names_at(line)
        font = QFont(self.font())
        font.setBold(True)
        painter.setFont(font)
        painter.fillRect(QRectF(0, top, 4, grid.line), theme.solid(named[-1].kind))
        painter.setPen(theme.name_ink(named[-1].kind))
        text = section_line(named)
        width = grid.right - grid.offset_left
        text = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(width))
        rect = QRectF(grid.offset_left, top, width, grid.line)
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, text)
        painter.setFont(self._painter.font)

    def _paint_notes(self, painter: QPainter, lines: Lines) -> None:
        """What begins in each row, where there is room at the right."""
        left = self.grid.right + 2 * self.grid.char
        room = self.viewport().width() - left
        if room < _LEAST_FOR_NOTES:
            return
        painter.setFont(self.font())
        painter.setPen(QColor(self._painter.theme.dim))
        down = (self.grid.line - painter.fontMetrics().height()) / 2
        for line, row in enumerate(lines.rows.tolist()):
            text = self.dump.notes.of(row * WIDTH, (row + 1) * WIDTH) if row >= 0 else ""
            if text:
                note = self._note(text, int(room))
                painter.drawStaticText(QPointF(left, self._line_top(line) + down), note)
        painter.setFont(self._painter.font)

    def _note(self, text: str, room: int) -> QStaticText:
        """A note, laid out once for many frames."""
        note = self._notes.get((text, room))
        if note is None:
            if len(self._notes) >= _MOST_NOTES:
                self._notes.clear()
            elide = Qt.TextElideMode.ElideRight
            note = QStaticText(self.fontMetrics().elidedText(visible(text), elide, room))
            note.setTextFormat(Qt.TextFormat.PlainText)
            note.prepare(font=self.font())
            self._notes[text, room] = note
        return note

    def _paint_damage(self, painter: QPainter, first: int) -> None:
        colour = QColor(self._painter.theme.damage)
        painter.setPen(QPen(colour, 1.5))
        painter.setBrush(QBrush(colour, Qt.BrushStyle.BDiagPattern))
        for offset in self.dump.damage:
            line = self.dump.line_of(offset) - first
            if 0 <= line <= self.full_lines and offset < self.dump.size:
                painter.drawRect(self._cell(offset, first).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_selection(self, painter: QPainter, first: int) -> None:
        if self.selection is None or self.selection[0] >= self.selection[1]:
            return
        painter.setPen(QPen(QColor(self._painter.theme.accent), 2))
        for is_ascii in (False, True):
            for shape in self._outline(first, is_ascii=is_ascii):
                painter.drawPolygon(shape)

    def _outline(self, first: int, *, is_ascii: bool) -> list[QPolygonF]:
        """The edge around the selection; two shapes if its two rows do not touch."""
        assert self.selection is not None
        start, last = self.selection[0], self.selection[1] - 1
        top, bottom = self._cell(start, first, is_ascii), self._cell(last, first, is_ascii)
        if start // WIDTH == last // WIDTH:
            return [QPolygonF(QRectF(top.topLeft(), bottom.bottomRight()))]
        left = self._cell(0, first, is_ascii).left()
        right = self._cell(WIDTH - 1, first, is_ascii).right()
        if last // WIDTH == start // WIDTH + 1 and bottom.right() <= top.left():
            return [
                QPolygonF(QRectF(top.topLeft(), QPointF(right, top.bottom()))),
                QPolygonF(QRectF(QPointF(left, bottom.top()), bottom.bottomRight())),
            ]
        corners = [
            top.topLeft(),
            QPointF(right, top.top()),
            QPointF(right, bottom.top()),
            QPointF(bottom.right(), bottom.top()),
            bottom.bottomRight(),
            QPointF(left, bottom.bottom()),
            QPointF(left, top.bottom()),
            top.bottomLeft(),
        ]
        return [QPolygonF(corners)]

    def _cell(self, offset: int, first: int, is_ascii: bool = False) -> QRectF:
        grid, column = self.grid, offset % WIDTH
        top = self._line_top(self.dump.line_of(offset) - first)
        if is_ascii:
            return QRectF(grid.ascii_left + column * grid.char, top, grid.char, grid.line)
        left, right = grid.cell(column)
        return QRectF(left, top, right - left, grid.line)

    def _line_top(self, line: int) -> float:
        return self.header_height + line * self.grid.line

    def offset_at(self, place: QPoint) -> int | None:
        """The byte at a place of the viewport."""
        line = int((place.y() - self.header_height) // self.grid.line)
        row = self.dump.row_of(self.verticalScrollBar().value() + line) if line >= 0 else None
        column = self.grid.column_at(place.x() + self._left)
        if row is None or column is None or row * WIDTH + column >= self.dump.size:
            return None
        return row * WIDTH + column

    def is_ascii_at(self, place: QPoint) -> bool:
        """Whether characters stand at a place of the viewport, not hexadecimal digits."""
        return place.x() + self._left >= self.grid.ascii_left

    def place_of(self, offset: int) -> QPoint:
        """The middle of a byte's cell, in the viewport."""
        cell = self._cell(offset, self.verticalScrollBar().value())
        return cell.center().toPoint() - QPoint(self._left, 0)

    def nearest(self, place: QPoint) -> int | None:
        """The byte nearest to a place: while dragging one leaves the bytes."""
        if not self.dump.size:
            return None
        height = self.full_lines * self.grid.line
        line = int(min(max(0.0, place.y() - self.header_height), height - 1) // self.grid.line)
        first = self.verticalScrollBar().value()
        row = self.dump.row_of(first + line)
        if row is None:
            row = self.dump.row_of(first + line + 1)
        if row is None:
            return self.dump.size - 1
        x = place.x() + self._left
        column = self.grid.column_at(x)
        if column is None:
            column = sum(x >= left for left in self.grid.hex_left[1:])
        return min(row * WIDTH + column, self.dump.size - 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit_scroll_bars()
        # A banner takes room from the bytes: those that are selected stay in view.
        at = self.selection[0] if self.cursor_at is None and self.selection else self.cursor_at
        line = self.dump.line_of(at) - self.verticalScrollBar().value() if at is not None else -1
        if at is not None and 0 <= line < self._lines_in(event.oldSize().height()):
            self.reveal(at)

    @property
    def full_lines(self) -> int:
        """How many lines find room."""
        return self._lines_in(self.viewport().height())

    def _lines_in(self, height: int) -> int:
        return max(1, int((height - self.header_height) // self.grid.line))

    @property
    def _left(self) -> int:
        """How far the lines are scrolled to the left."""
        return self.horizontalScrollBar().value()

    def _fit_scroll_bars(self) -> None:
        across = self.horizontalScrollBar()
        across.setRange(0, max(0, round(self.grid.right) - self.viewport().width()))
        across.setPageStep(self.viewport().width())
        across.setSingleStep(round(self.grid.char))
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, self.dump.line_count - self.full_lines))
        bar.setPageStep(self.full_lines)
        self.scrolled.emit()

    def _scrolled(self, _value: int) -> None:
        self.viewport().update()
        self.scrolled.emit()
