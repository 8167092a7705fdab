"""Letters of a font of fixed pitch, drawn in one call for each colour.

A call of Qt may have to wait for the interpreter, and drawing each text by itself takes hundreds
a frame.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QFont, QGlyphRun, QPainter, QRawFont

_CODES = range(0x7F)


class Glyphs:
    """Draws the ASCII of one font, light or bold."""

    def __init__(self, font: QFont) -> None:
        bold = QFont(font)
        bold.setBold(True)
        self._fonts = {False: QRawFont.fromFont(font), True: QRawFont.fromFont(bold)}
        codes = "".join(map(chr, _CODES))
        self._glyphs = {
            is_bold: np.array(list(raw.glyphIndexesForString(codes)), np.uint32)
            for is_bold, raw in self._fonts.items()
        }

    def draw(
        self,
        painter: QPainter,
        letters: NDArray[np.uint8],
        places: list[QPointF],
        colour: QColor,
        *,
        is_bold: bool = False,
    ) -> None:
        """Draw each letter at its place, which is where its base line begins."""
        run = QGlyphRun()
        run.setRawFont(self._fonts[is_bold])
        run.setGlyphIndexes(self._glyphs[is_bold][letters].tolist())
        run.setPositions(places)
        painter.setPen(colour)
        painter.drawGlyphRun(QPointF(0, 0), run)
