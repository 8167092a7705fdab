"""The hex view on the screen: what is painted, and how long it takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from wasmstate_gui.panels.hex_view import HexView
from wasmstate_gui.presenters.hexdump import WIDTH, HexDump
from wasmstate_gui.presenters.layout import KINDS, LayoutRow
from wasmstate_gui.theme import DARK, LIGHT, Theme

LINES = 60


def big_dump(size: int) -> HexDump:
    data = np.random.default_rng(7).integers(0, 256, size, np.uint8)
    data[::5] = 0
    starts = list(range(0, size, max(512, size // 400)))
    ends = [*starts[1:], size]
    rows = [
        LayoutRow(f"s{i}", KINDS[i % 6], start, end, end - start)
        for i, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]
    changed = np.arange(0, size, 37, dtype=np.int64)
    return HexDump(data.tobytes(), rows, changed)


def shown(qtbot: QtBot, dump: HexDump, theme: Theme = LIGHT) -> HexView:
    view = HexView()
    qtbot.addWidget(view)
    view.set_theme(theme)
    view.show_dump(dump)
    view.resize(720, round(view.grid.line) * (LINES + 2))
    view.show()
    return view


def frame_times(*painters: Callable[[int], object], frames: int = 40) -> list[float]:
    """Milliseconds of this thread's own time that a frame of each takes.

    They take turns, and the first quartile is taken: other programs make a frame slower, in
    turns for all of them, and never faster.
    """
    times: list[list[float]] = [[] for _ in painters]
    for frame in range(frames):
        for each, paint in zip(times, painters, strict=True):
            started = time.thread_time()
            paint(frame)
            each.append((time.thread_time() - started) * 1e3)
    return [statistics.quantiles(each, n=4)[0] for each in times]


def painter_of(view: HexView) -> Callable[[int], object]:
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


def test_a_frame_takes_less_than_half_of_what_drawing_each_byte_does(qtbot: QtBot) -> None:
    view = shown(qtbot, big_dump(1 << 20))
    image = QImage(view.viewport().size(), QImage.Format.Format_ARGB32_Premultiplied)
    ours, naive = frame_times(painter_of(view), painter_of_every_byte(view, image))
    assert ours <= 0.45 * naive, f"{ours:.2f} ms, each byte by itself {naive:.2f} ms"


def test_the_size_of_the_file_plays_no_part(qtbot: QtBot) -> None:
    views = [shown(qtbot, big_dump(size)) for size in (64 << 10, 32 << 20)]
    small, large = frame_times(*map(painter_of, views))
    assert large <= 1.5 * small, f"{large:.2f} ms, of a small file {small:.2f} ms"


def test_a_changed_byte_has_its_ground_and_a_section_its_tint(qtbot: QtBot) -> None:
    rows = [LayoutRow("wasmstate.state", "state", 0, 64, 64)]
    for theme in (LIGHT, DARK):
        view = shown(qtbot, HexDump(bytes(64), rows, np.array([17], np.int64)), theme)
        image = view.viewport().grab().toImage()
        cell = view.place_of(17)
        corner = (cell.x() - round(view.grid.char * 1.4), cell.y())
        assert image.pixelColor(*corner).name() == QColor(theme.changed).name()
        left = view.place_of(18)
        beside = (left.x() + round(view.grid.char * 1.4), left.y())
        assert image.pixelColor(*beside).name() == theme.ground("state").name()
        assert image.pixelColor(1, cell.y()).name() == theme.solid("state").name()


def test_the_keys_move_through_the_bytes(qtbot: QtBot) -> None:
    view = shown(qtbot, big_dump(4096))
    moves: list[int] = []
    view.moved.connect(moves.append)
    view.select(0, 1, 100)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down):
        QTest.keyClick(view, key)
    QTest.keyClick(view, Qt.Key.Key_End)
    QTest.keyClick(view, Qt.Key.Key_Home)
    assert moves == [99, 101, 84, 116, 4095, 0]


def test_the_byte_at_the_place_of_a_byte_is_that_byte(qtbot: QtBot) -> None:
    view = shown(qtbot, big_dump(4096))
    view.reveal(3000)
    first, last = view.visible_range()
    assert first <= 3000 < last
    assert all(view.offset_at(view.place_of(offset)) == offset for offset in range(first, last))


def test_an_empty_file_can_be_shown(qtbot: QtBot, tmp_path: Path) -> None:
    view = shown(qtbot, HexDump())
    view.viewport().grab()
    assert view.visible_range() == (0, 0)
