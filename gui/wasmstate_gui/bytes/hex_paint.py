"""How the lines of the hex view get onto the screen, in few calls of Qt.

A call of Qt may have to wait for the interpreter, and drawing each byte by itself takes thousands
a frame. So the letters of one ink are one glyph run, and the grounds of all bytes are one image
with a pixel a byte, stretched over the grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from wasmstate_gui.core.bytes.hexdump import (
    BOLD_INK,
    CURSOR_INK,
    DERIVED_INK,
    DIM_INK,
    INK,
    NO_GROUND,
    WIDTH,
    Lines,
    ascii_of,
)
from wasmstate_gui.core.document.byte_kinds import KINDS
from wasmstate_gui.kit.glyphs import Glyphs
from wasmstate_gui.kit.theme import Theme

RAIL = 4


@dataclass(frozen=True)
class Grid:
    """Where things stand, in pixels from the left, and how high a line is."""

    digits: int
    char: float
    line: float
    ascent: float
    underline: float
    offset_left: float
    hex_left: tuple[float, ...]
    ascii_left: float
    right: float

    @classmethod
    def of(cls, font: QFont, digits: int) -> Grid:
        """The grid of a font of fixed pitch, with so many digits an offset."""
        metrics = QFontMetricsF(font)
        char = metrics.horizontalAdvance("0")
        line = float(round(metrics.height() + 3))
        offset_left = RAIL + 6.0
        first = offset_left + (digits + 1.5) * char
        gap = 1.2 * char
        lefts = tuple(first + 3 * char * i + (gap if i >= WIDTH // 2 else 0) for i in range(WIDTH))
        ascii_left = lefts[-1] + 3 * char + 1.5 * char
        ascent = metrics.ascent() + (line - metrics.height()) / 2
        underline = ascent + metrics.underlinePos()
        right = ascii_left + WIDTH * char + char
        return cls(digits, char, line, ascent, underline, offset_left, lefts, ascii_left, right)

    def cell(self, column: int) -> tuple[float, float]:
        """From where to where a byte's ground reaches."""
        left = self.hex_left[column] - self.char / 2
        return left, left + 3 * self.char

    def column_at(self, x: float) -> int | None:
        """The byte of the line at a place, in hex or in ASCII; ``None`` beside both."""
        for column in range(WIDTH):
            left, right = self.cell(column)
            if left <= x < right:
                return column
        if self.ascii_left <= x < self.ascii_left + WIDTH * self.char:
            return int((x - self.ascii_left) / self.char)
        return None


class HexPainter:
    """Paints lines in one font and one theme."""

    def __init__(self, font: QFont, theme: Theme, digits: int = 6) -> None:
        self.font = font
        self.theme = theme
        self.grid = Grid.of(font, digits)
        self._glyphs = Glyphs(font)
        self._places: list[QPointF] = []
        self._colours = [theme.ground(kind).rgb() for kind in KINDS]
        self._colours += [QColor(c).rgb() for c in (theme.base, theme.changed, theme.accent)]
        self._rail_colours = [theme.solid(kind).rgb() for kind in KINDS]
        self._rail_colours.append(QColor(theme.base).rgb())
        self._inks = {
            INK: QColor(theme.text),
            DIM_INK: QColor(theme.dim),
            BOLD_INK: QColor(theme.text),
            CURSOR_INK: QColor(theme.accent_text),
            DERIVED_INK: QColor(theme.text),
        }

    def paint(self, painter: QPainter, lines: Lines, top: float) -> None:
        """Paint lines from ``top`` down: grounds, rails, letters, underlines."""
        count = len(lines.rows)
        if not count:
            return
        self._paint_grounds(painter, lines, top)
        self._place_letters(count)
        letters, inks = _letters(lines, self.grid.digits)
        painter.translate(0, top)
        for ink, colour in self._inks.items():
            self._paint_run(painter, letters, inks, ink, colour)
        self._paint_underlines(painter, lines)
        painter.translate(0, -top)

    def _paint_grounds(self, painter: QPainter, lines: Lines, top: float) -> None:
        grid, count = self.grid, len(lines.rows)
        pixels = lines.grounds.tobytes()
        image = QImage(pixels, WIDTH, count, WIDTH, QImage.Format.Format_Indexed8)
        image.setColorTable(self._colours)
        # Drawn three times: converted here, it need not be converted each time.
        image = image.convertToFormat(QImage.Format.Format_RGB32)
        height = count * grid.line
        for start, stop in ((0, 8), (8, 16)):
            left, right = grid.cell(start)[0], grid.cell(stop - 1)[1]
            target = QRectF(left, top, right - left, height)
            painter.drawImage(target, image, QRectF(start, 0, stop - start, count))
        target = QRectF(grid.ascii_left, top, WIDTH * grid.char, height)
        painter.drawImage(target, image, QRectF(0, 0, WIDTH, count))
        rails = np.minimum(lines.rails, NO_GROUND).repeat(4).tobytes()
        image = QImage(rails, 4, count, 4, QImage.Format.Format_Indexed8)
        image.setColorTable(self._rail_colours)
        image = image.convertToFormat(QImage.Format.Format_RGB32)
        painter.drawImage(QRectF(0, top, RAIL, height), image, QRectF(0, 0, 4, count))

    def _paint_run(
        self,
        painter: QPainter,
        letters: NDArray[np.uint8],
        inks: NDArray[np.uint8],
        ink: int,
        colour: QColor,
    ) -> None:
        chosen = np.flatnonzero(inks == ink)
        if not len(chosen):
            return
        places = [self._places[i] for i in chosen.tolist()]
        self._glyphs.draw(painter, letters[chosen], places, colour, is_bold=ink == BOLD_INK)

    def _paint_underlines(self, painter: QPainter, lines: Lines) -> None:
        for ink, style in (
            (BOLD_INK, Qt.PenStyle.SolidLine),
            (DERIVED_INK, Qt.PenStyle.DotLine),
        ):
            strokes = [
                stroke
                for line, column in np.argwhere(lines.inks == ink).tolist()
                for stroke in self._underline(line, column)
            ]
            if strokes:
                painter.setPen(QPen(self._inks[ink], 1, style))
                painter.drawLines(strokes)

    def _underline(self, line: int, column: int) -> tuple[QLineF, QLineF]:
        """Under a byte, and under its character."""
        grid = self.grid
        y = line * grid.line + round(grid.underline) + 1.5
        left, right = grid.hex_left[column], grid.ascii_left + column * grid.char
        return (
            QLineF(left, y, left + 2 * grid.char - 1, y),
            QLineF(right, y, right + grid.char - 1, y),
        )

    def _place_letters(self, count: int) -> None:
        grid = self.grid
        letters = grid.digits + 3 * WIDTH
        for line in range(len(self._places) // letters, count):
            y = line * grid.line + grid.ascent
            lefts = [grid.offset_left + i * grid.char for i in range(grid.digits)]
            lefts += [x + half * grid.char for x in grid.hex_left for half in (0, 1)]
            lefts += [grid.ascii_left + i * grid.char for i in range(WIDTH)]
            self._places += [QPointF(x, y) for x in lefts]


def _letters(lines: Lines, offset_digits: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The characters of all lines one after the other, and the ink of each."""
    shape = (len(lines.rows), offset_digits + 3 * WIDTH)
    letters, inks = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    hexadecimal = np.frombuffer(b"0123456789ABCDEF", np.uint8)
    digits = (offset_digits - 1 - np.arange(offset_digits)) * 4
    offsets = (lines.rows[:, None] * WIDTH >> digits) & 15
    letters[:, :offset_digits] = hexadecimal[offsets]
    inks[:, :offset_digits] = np.where(lines.rows[:, None] >= 0, DIM_INK, 0)
    middle = letters[:, offset_digits:-WIDTH]
    middle[:, 0::2] = hexadecimal[lines.data >> 4]
    middle[:, 1::2] = hexadecimal[lines.data & 15]
    inks[:, offset_digits:-WIDTH] = lines.inks.repeat(2, axis=1)
    letters[:, -WIDTH:] = ascii_of(lines.data)
    unprintable = (lines.inks == INK) & (letters[:, -WIDTH:] == ord(".")) & (lines.data != 0x2E)
    inks[:, -WIDTH:] = np.where(unprintable, DIM_INK, lines.inks)
    return letters.reshape(-1), inks.reshape(-1)
