"""The plot of the steps: a lane and an axis for each line, a legend, zoom, and files."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from gui_support import show_active
from wasmstate_gui.core.timeline.branches import branches
from wasmstate_gui.core.timeline.plot_series import STEP_SIZE, HistoryView, Line, Mark
from wasmstate_gui.core.timeline.ticks import tick_spacing, tick_text
from wasmstate_gui.kit.theme import LIGHT
from wasmstate_gui.timeline.plot_view import PlotView
from wasmstate_gui.window.main_window import MainWindow

OpenWindow = Callable[[Path], MainWindow]
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")

WAIT = 15_000
NAN = float("nan")


@pytest.fixture
def plot(qtbot: QtBot) -> PlotView:
    plot = PlotView()
    qtbot.addWidget(plot)
    plot.set_theme(LIGHT)
    plot.resize(700, 240)
    show_active(qtbot, plot)
    return plot


def show(plot: PlotView, *lines: Line, marks: tuple[Mark, ...] = (), position: int = 0) -> QImage:
    plot.show_view(HistoryView(len(lines[0].values), 0, position, "", lines, marks))
    QApplication.processEvents()
    image: QImage = plot.canvas.viewport().grab().toImage()
    return image


def rows_of(image: QImage, x: int, line: Line) -> list[int]:
    """Where in a column of the picture the colour of a line is."""
    wanted = QColor(LIGHT.lines[line.colour])
    lanes = range(image.height() - 40)
    return [y for y in lanes if _is_near(image.pixelColor(x, y), wanted)]


def _is_near(one: QColor, other: QColor) -> bool:
    by = one.red() - other.red(), one.green() - other.green(), one.blue() - other.blue()
    return max(map(abs, by)) < 100


@pytest.mark.parametrize(
    ("ends", "most", "texts"),
    [
        ((0, 3_665), 4, ["0", "1,000", "2,000", "3,000"]),
        ((-0.1, 1.1), 2, ["0", "1"]),
        ((98, 293), 3, ["100", "200"]),
        ((3.0, 3.0021), 2, ["3.000", "3.002"]),
        ((0, 1.9e19), 2, ["0", "1e19"]),
        ((-5.1e-7, 5.1e-7), 2, ["-5e-7", "0", "5e-7"]),
    ],
)
def test_ticks_are_round_and_their_texts_short(
    ends: tuple[float, float], most: float, texts: list[str]
) -> None:
    spacing = tick_spacing(*ends, most)
    first, last = np.ceil(ends[0] / spacing), np.floor(ends[1] / spacing)
    ticks = [tick_text(i * spacing, spacing) for i in np.arange(first, last + 1)]
    assert ticks == texts


def test_steps_have_no_ticks_between_them() -> None:
    assert tick_spacing(0, 2, 10, least=1) == 1


def test_two_steps_take_the_whole_width(plot: PlotView) -> None:
    show(plot, Line("w", [0.0, 1.0], 0))
    assert plot.canvas.to_x(0) < 110
    assert plot.canvas.to_x(1) > plot.canvas.width() - 40


def test_large_values_of_one_line_do_not_flatten_another(plot: PlotView) -> None:
    cell = Line("w", [0.0, 1.0, 0.0, 1.0], 0)
    heights = []
    for largest in (1.0, 1e19):
        image = show(plot, cell, Line("rng", [0.0, 1.0, 1.0, largest], 1))
        heights.append(rows_of(image, round(plot.canvas.to_x(1.5)), cell))
    assert heights[0]
    assert heights[0] == heights[1]


def test_each_line_has_an_axis_whose_texts_are_not_cut_off(plot: PlotView) -> None:
    lines = [
        Line("count", [0.0, 123_456.0], 0),
        Line("rng", [-1.2345e19, 1.7e19], 1),
        Line("w", [0.12341, 0.12349], 2),
    ]
    image = show(plot, *lines)
    left = round(plot.canvas.to_x(0)) - 20
    for x in (0, left):
        colours = {image.pixelColor(x, y).name() for y in range(4, 150)}
        assert (colours == {LIGHT.base.lower()}) == (x == 0)


def test_a_name_stands_beside_its_lane_and_not_over_its_line(plot: PlotView) -> None:
    plot.resize(480, 110)
    lines = [Line(name, [0.0] * 9, i) for name, i in (("rng[0]", 0), ("sum[0]", 1), ("w", 5))]
    image = show(plot, *lines)
    start = round(plot.canvas.to_x(0))
    for line in lines:
        in_lane = [rows_of(image, x, line) for x in range(start + 1, start + 120)]
        assert max(max(rows) - min(rows) for rows in in_lane) < 5  # the line is as thick
        assert any(rows_of(image, x, line) for x in range(start - 60))


def test_a_value_between_two_that_are_not_finite_is_a_dot(plot: PlotView) -> None:
    line = Line("w", [NAN, 1.0, float("inf"), 2.0, 3.0], 0)
    image = show(plot, line, position=4)
    assert rows_of(image, round(plot.canvas.to_x(1)), line)
    assert not rows_of(image, round(plot.canvas.to_x(2)), line)


def test_the_legend_hides_a_line_and_shows_it_again(plot: PlotView) -> None:
    one, other = Line("w", [0.0, 1.0], 0), Line(STEP_SIZE, [1.0, 0.0], 5)
    middle = round(plot.canvas.to_x(0.5))
    assert rows_of(show(plot, one, other), middle, one)
    plot.legend.setCurrentRow(0)
    plot.legend.setFocus()
    QTest.keyClick(plot.legend, Qt.Key.Key_Space)
    assert plot.canvas.accessibleDescription().startswith(f"{STEP_SIZE}; step 0")
    assert not rows_of(show(plot, one, other), middle, one)
    QTest.keyClick(plot.legend, Qt.Key.Key_Space)
    assert rows_of(show(plot, one, other), round(plot.canvas.to_x(0.5)), one)


def turn_wheel(plot: PlotView, x: float) -> None:
    place = QPointF(x, 30)
    event = QWheelEvent(
        place,
        QPointF(plot.canvas.mapToGlobal(place.toPoint())),
        QPoint(),
        QPoint(0, 1200),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(plot.canvas.viewport(), event)


def test_the_wheel_zooms_at_the_mouse_and_the_shown_step_stays_in_view(plot: PlotView) -> None:
    line = Line("w", np.sin(np.arange(1000.0)).tolist(), 0)
    show(plot, line)
    ends = plot.canvas.to_x(0), plot.canvas.to_x(999)
    turn_wheel(plot, plot.canvas.to_x(10))
    show(plot, line)
    assert plot.canvas.to_x(999) > 2 * ends[1]
    show(plot, line, position=900)
    assert ends[0] <= plot.canvas.to_x(900) <= ends[1] + 20
    plot.canvas.show_all()
    assert (plot.canvas.to_x(0), plot.canvas.to_x(999)) == ends


def test_a_mark_has_a_sign_of_its_own_and_a_text(plot: PlotView) -> None:
    kinds = ("disk", "external", "drift", "trouble", "fork")
    line = Line("w", [0.0] * 6, 0)
    image = show(plot, line, marks=tuple(Mark(i + 1, kind, kind) for i, kind in enumerate(kinds)))
    signs = []
    for i, kind in enumerate(kinds):
        x = round(plot.canvas.to_x(i + 1))
        signs.append(image.copy(x - 6, image.height() - 38, 12, 16))
        assert kind in plot.canvas.hint(x)
    assert all(one != other for i, one in enumerate(signs) for other in signs[:i])


def test_many_steps_are_drawn_with_their_extremes(plot: PlotView) -> None:
    values = np.zeros(100_000)
    values[50_001] = 7.0
    line = Line("w", values.tolist(), 0)
    image = show(plot, line)
    x = round(plot.canvas.to_x(50_001))
    heights = [len(rows_of(image, each, line)) for each in (x - 20, x - 1, x, x + 1)]
    assert heights[0] < 5 < max(heights[1:])


@pytest.mark.parametrize("suffix", ["png", "svg", "csv"])
def test_the_plot_is_exported(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow, suffix: str
) -> None:
    window = open_window(bandit)
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_F10)
    window.actions_.export_plot.trigger()
    dialog = window.time_travel.dialog
    assert isinstance(dialog, QFileDialog)
    path = bandit.with_name(f"plot.{suffix}")
    dialog.fileSelected.emit(str(path))
    dialog.close()
    assert window.statusBar().currentMessage() == f"Exported the plot to plot.{suffix}"
    if suffix == "png":
        assert not QImage(str(path)).isNull()
    elif suffix == "svg":
        assert "failures[0]" in path.read_text()
    else:
        rows = list(csv.reader(path.read_text().splitlines()))
        assert rows[0] == ["step", "failures[0]", STEP_SIZE]
        assert rows[1:] == [["0", "1.0", "0.0"], ["1", "2.0", "1.0"]]


def test_a_plot_that_cannot_be_written_says_why(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_F10)
    for suffix in ("png", "svg", "csv"):
        window.time_travel.export_plot_to(str(bandit.with_name("gone") / f"plot.{suffix}"))
        assert "Not exported." in window.panels.page.notice.label.text()
        assert "No such file or directory" in window.panels.page.notice.label.text()


def test_before_the_first_step_the_panel_says_what_makes_one(
    bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    assert window.panels.timeline.hint.isVisible()
    assert "F10" in window.panels.timeline.hint.text()


def branched(qtbot: QtBot, window: MainWindow) -> PlotView:
    """Four steps, then two from step 1, then one from step 2 of these."""
    step, timeline = window.panels.step, window.controller.timeline
    assert timeline is not None
    for back_to, count in ((0, 4), (1, 2), (2, 1)):
        window.panels.timeline.chosen.emit(back_to)
        for _ in range(count):
            with qtbot.waitSignal(window.idle, timeout=WAIT):
                step.step()
    return window.panels.timeline.plot


def test_branches_are_drawn_from_where_they_go_off(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    plot = branched(qtbot, window)
    timeline = window.controller.timeline
    assert timeline is not None
    found = [(each.fork, each.end, each.row) for each in branches(timeline)]
    assert found == [(1, 4, 0), (2, 3, 0)]
    QApplication.processEvents()
    image = plot.canvas.viewport().grab().toImage()
    box = plot.canvas.tree.box
    rows = [
        plot.canvas.mapFromScene(box.mapToScene(box.mapFromView(QPointF(0, -row)))).y()
        for row in range(3)
    ]
    dim = QColor(LIGHT.dim)
    x = round(plot.canvas.to_x(2.8))
    for row, y in enumerate(rows):
        near = [image.pixelColor(x, y + by) for by in (-1, 0, 1)]
        wanted = dim if row else QColor(LIGHT.accent)
        assert any(_is_near(each, wanted) for each in near), row
    place = QPoint(round(plot.canvas.to_x(3)), rows[1])
    QTest.mouseClick(plot.canvas.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert len(timeline.path) == 5
    assert timeline.position == 2
    nested = [(each.fork, each.end, each.row) for each in branches(timeline)]
    assert nested == [(1, 3, 0), (2, 3, 1)]
