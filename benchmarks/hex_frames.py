"""How long a frame of the hex view takes, beside one that draws each byte by itself."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from wasmstate.binary.source import BytesSource
from wasmstate_gui.bytes.hex_view import HexView
from wasmstate_gui.core.bytes.hexdump import WIDTH, HexDump
from wasmstate_gui.core.document.byte_kinds import KINDS
from wasmstate_gui.core.document.layout_rows import LayoutRow
from wasmstate_gui.kit.theme import LIGHT

LINES = 60


def big_dump(size: int) -> HexDump:
    """Bytes of many sections, one in 37 of them changed."""
    data = np.random.default_rng(7).integers(0, 256, size, np.uint8)
    data[::5] = 0
    starts = list(range(0, size, max(512, size // 400)))
    ends = [*starts[1:], size]
    rows = [
        LayoutRow(f"s{i}", KINDS[i % 6], start, end, end - start)
        for i, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]
    changed = np.arange(0, size, 37, dtype=np.int64)
    return HexDump(BytesSource(data.tobytes()), rows, changed)


def shown(dump: HexDump) -> HexView:
    """The view, laid out but on no screen."""
    view = HexView()
    view.set_theme(LIGHT)
    view.show_dump(dump)
    view.resize(720, round(view.grid.line) * (LINES + 2))
    view.show()
    return view


def frame_times(*painters: Callable[[int], object], frames: int = 60) -> list[float]:
    """The median seconds of this thread's own time that a frame of each takes, in turns."""
    times: list[list[float]] = [[] for _ in painters]
    for frame in range(frames):
        for each, paint in zip(times, painters, strict=True):
            started = time.thread_time()
            paint(frame)
            each.append(time.thread_time() - started)
    return [statistics.median(each) for each in times]


def painter_of(view: HexView) -> Callable[[int], object]:
    """The view's own way."""
    image = QImage(view.viewport().size(), QImage.Format.Format_ARGB32_Premultiplied)

    def paint(frame: int) -> None:
        view.verticalScrollBar().setValue(frame * 7)
        view.viewport().render(image)

    paint(0)
    return paint


def painter_of_every_byte(view: HexView, image: QImage) -> Callable[[int], object]:
    """What one would write at first: a ground and a text for each byte."""
    grid, dump = view.grid, view.dump

    def paint(frame: int) -> None:
        painter = QPainter(image)
        painter.setFont(view._painter.font)
        painter.fillRect(image.rect(), QColor(LIGHT.base))
        lines = dump.lines(frame * 7, LINES)
        for line, row in enumerate(lines.rows.tolist()):
            if row < 0:
                continue
            y = line * grid.line
            painter.setPen(QColor(LIGHT.dim))
            painter.drawText(QPointF(grid.offset_left, y + grid.ascent), f"{row * WIDTH:06X}")
            for column in range(WIDTH):
                byte = int(lines.data[line, column])
                left, right = grid.cell(column)
                painter.fillRect(QRectF(left, y, right - left, grid.line), LIGHT.ground("code"))
                painter.setPen(QColor(LIGHT.text if byte else LIGHT.dim))
                at = QPointF(grid.hex_left[column], y + grid.ascent)
                painter.drawText(at, f"{byte:02X}")
                at = QPointF(grid.ascii_left + column * grid.char, y + grid.ascent)
                painter.drawText(at, chr(byte) if 32 <= byte < 127 else ".")
        painter.end()

    return paint


def measure() -> list[tuple[str, float, str, float]]:
    """What was painted, its seconds, against what, and the seconds of that."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    app = QApplication.instance() or QApplication([])
    views = [shown(big_dump(size)) for size in (6 << 10, 60 << 20)]
    image = QImage(views[1].viewport().size(), QImage.Format.Format_ARGB32_Premultiplied)
    small, large, naive = frame_times(
        *map(painter_of, views), painter_of_every_byte(views[1], image)
    )
    del app
    return [
        ("a frame of the hex view, 60 MB", large, "a text for each byte", naive),
        ("a frame of the hex view, 60 MB", large, "the same, 6 KB", small),
    ]
