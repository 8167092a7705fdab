"""Icons in the palette's colour: the style's own are black on the dark ground.

They are files of the Lucide set; its licence stands beside them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

SIZE = 20
_FOLDER = Path(__file__).parent
PROGRAM = str(_FOLDER / "wasmstate.svg")
"""The icon of the program."""
FILES = {
    "open": "folder-open",
    "write": "download",
    "revert": "undo-2",
    "step": "step-forward",
    "predict": "eye",
    "run": "fast-forward",
    "play": "play",
    "stop": "square",
    "back": "chevron-left",
    "forward": "chevron-right",
    "first": "skip-back",
    "last": "skip-forward",
    "diff": "file-diff",
    "verify": "check",
    "follow": "refresh-cw",
    "error": "x",
    "warning": "triangle-alert",
    "info": "info",
}
WHEN_ON = {"play": "pause"}
"""What stands in the place of an icon while its action is on."""


def icon(name: str, colour: QColor, faint: QColor | None = None) -> QIcon:
    """The icon of an action; ``faint`` is its colour when the action is disabled."""
    drawn = _drawn(FILES[name], colour)
    result = QIcon(drawn)
    if name in WHEN_ON:
        on = _drawn(WHEN_ON[name], colour)
        result.addPixmap(on, QIcon.Mode.Normal, QIcon.State.On)
    if faint is not None:
        painter = QPainter(drawn)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
        painter.fillRect(drawn.rect(), faint)
        painter.end()
        result.addPixmap(drawn, QIcon.Mode.Disabled)
    return result


def swatch(colour: QColor, edge: QColor, *, damaged: bool) -> QIcon:
    """The square before a section's name; damage adds an exclamation mark."""
    pixmap = _blank()
    painter = QPainter(pixmap)
    painter.fillRect(QRectF(3, 3, 14, 14), colour)
    if damaged:
        painter.fillRect(QRectF(8.5, 4.5, 3, 7), edge)
        painter.fillRect(QRectF(8.5, 13, 3, 2.8), edge)
    painter.end()
    return QIcon(pixmap)


def _drawn(file: str, colour: QColor) -> QPixmap:
    pixmap = _blank()
    painter = QPainter(pixmap)
    drawing = _source(file).replace(b"currentColor", colour.name().encode())
    QSvgRenderer(drawing).render(painter, QRectF(0, 0, SIZE, SIZE))
    painter.end()
    return pixmap


@cache
def _source(file: str) -> bytes:
    return (_FOLDER / "lucide" / f"{file}.svg").read_bytes()


def _blank() -> QPixmap:
    pixmap = QPixmap(QSize(SIZE, SIZE) * 2)
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.GlobalColor.transparent)
    return pixmap
