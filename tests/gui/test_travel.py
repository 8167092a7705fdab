"""Back and forth through the steps, as a person goes: keys, slider, plot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTableWidget, QWidget
from pytestqt.qtbot import QtBot

import wasmstate
from gui_support import shown_bytes
from wasmstate import models
from wasmstate_gui.core.timeline.plot_series import (
    Plots,
    cell_of,
    first_cells,
    history_view,
)
from wasmstate_gui.core.timeline.stepping import call_text
from wasmstate_gui.core.timeline.timeline import Event, Timeline
from wasmstate_gui.window.main_window import MainWindow

OpenWindow = Callable[[Path], MainWindow]
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform, on a dialog

ALT = Qt.KeyboardModifier.AltModifier
CTRL = Qt.KeyboardModifier.ControlModifier


def cells(table: QTableWidget) -> list[list[str]]:
    items = [
        [table.item(row, column) for column in range(table.columnCount())]
        for row in range(table.rowCount())
    ]
    return [[item.text() if item else "" for item in row] for row in items]


def type_into(field: QWidget, text: str) -> None:
    QTest.mouseClick(field, Qt.MouseButton.LeftButton)
    QTest.keyClick(field, Qt.Key.Key_A, CTRL)
    QTest.keyClicks(field, text)


def step(qtbot: QtBot, window: MainWindow, arm: int = 0, times: int = 1) -> None:
    type_into(window.panels.step.fields[0].edit, str(arm))
    for _ in range(times):
        with qtbot.waitSignal(window.idle, timeout=15_000):
            QTest.keyClick(window, Qt.Key.Key_F10)


def failures(window: MainWindow) -> list[float]:
    document = window.controller.document
    assert document is not None
    assert document.state is not None
    values: list[float] = document.state["failures"].tolist()
    return values


def place(window: MainWindow) -> str:
    return window.panels.timeline.place.text()


def test_keys_go_back_and_forward_through_the_states(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    before = bandit.read_bytes()
    window = open_window(bandit)
    assert not window.actions_.back.isEnabled()
    step(qtbot, window, times=3)
    assert (failures(window)[0], place(window)) == (4.0, "step 3 / 3")
    QTest.keyClick(window, Qt.Key.Key_Left, ALT)
    QTest.keyClick(window, Qt.Key.Key_Z, CTRL)
    assert (failures(window)[0], place(window)) == (2.0, "step 1 / 3")
    assert window.panels.status_labels["disk"].text() == "1 step ahead of disk"
    QTest.keyClick(window, Qt.Key.Key_Y, CTRL)
    assert failures(window)[0] == 3.0
    QTest.keyClick(window, Qt.Key.Key_Home, ALT)
    assert shown_bytes(window) == before
    assert not window.isWindowModified()
    assert not window.actions_.back.isEnabled()
    QTest.keyClick(window, Qt.Key.Key_End, ALT)
    assert (failures(window)[0], place(window)) == (4.0, "step 3 / 3")
    assert not window.actions_.forward.isEnabled()
    assert bandit.read_bytes() == before


def test_going_back_shows_what_that_step_changed(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    step(qtbot, window, arm=1)
    step(qtbot, window, arm=2)
    QTest.keyClick(window, Qt.Key.Key_Left, ALT)
    assert window.picture is not None
    assert window.picture.tensors[1].changed.tolist() == [False, True, False, False]
    caption = window.panels.timeline.caption.toolTip() or window.panels.timeline.caption.text()
    assert caption.startswith("update(arm=1, reward=0.0) \u00b7 ")
    assert caption.endswith("not on disk")


def test_a_step_from_an_older_state_starts_a_branch_and_alt_down_changes_branches(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    step(qtbot, window, arm=0, times=3)
    QTest.keyClick(window, Qt.Key.Key_Left, ALT)
    step(qtbot, window, arm=3)
    assert failures(window) == [3.0, 1.0, 1.0, 2.0]
    assert place(window) == "step 3 / 3"
    QTest.keyClick(window, Qt.Key.Key_Down, ALT)
    assert failures(window) == [4.0, 1.0, 1.0, 1.0]
    QTest.keyClick(window, Qt.Key.Key_Down, ALT)
    assert failures(window) == [3.0, 1.0, 1.0, 2.0]


def test_an_older_step_can_be_written_and_the_newer_ones_stay(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    step(qtbot, window, times=3)
    QTest.keyClick(window, Qt.Key.Key_Left, ALT)
    with qtbot.waitSignal(window.idle, timeout=15_000):
        QTest.keyClick(window, Qt.Key.Key_S, CTRL)
    on_disk = wasmstate.State.of(wasmstate.Module.open(bandit))
    assert (on_disk.generation, on_disk.update_count) == (1, 2)
    assert on_disk["failures"].tolist() == [3.0, 1.0, 1.0, 1.0]
    QTest.keyClick(window, Qt.Key.Key_Right, ALT)
    assert window.panels.status_labels["disk"].text() == "1 step ahead of disk"
    QTest.keyClick(window, Qt.Key.Key_Home, ALT)
    assert window.panels.status_labels["disk"].text() == "2 steps behind disk"
    assert window.isWindowModified()


def test_the_slider_and_a_click_into_the_plot_go_to_a_step(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    step(qtbot, window, times=4)
    panel = window.panels.timeline
    panel.slider.setFocus()
    QTest.keyClick(panel.slider, Qt.Key.Key_Left)
    assert place(window) == "step 3 / 4"
    where = QPoint(round(panel.plot.canvas.to_x(1)), 40)
    QTest.mouseClick(panel.plot.canvas.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert (failures(window)[0], place(window)) == (2.0, "step 1 / 4")


def test_a_run_ends_when_its_condition_holds(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    type_into(window.panels.step.options.until, "failures[0] >= 8")
    with qtbot.waitSignal(window.idle, timeout=15_000):
        QTest.keyClick(window, Qt.Key.Key_F5)
    assert failures(window)[0] == 8.0
    assert place(window) == "step 7 / 7"
    assert "Stopped after call 7: the condition holds" in window.panels.step.result.text()
    type_into(window.panels.step.options.until, "nothing > 1")
    with qtbot.waitSignal(window.idle, timeout=15_000):
        QTest.keyClick(window, Qt.Key.Key_F5)
    assert "there is no 'nothing'" in window.panels.step.result.text()
    QTest.keyClick(window, Qt.Key.Key_Home, ALT)
    QTest.keyClick(window, Qt.Key.Key_PageDown, ALT)
    assert place(window) == "step 0 / 7", "a mistyped condition leaves no mark"


def test_a_run_takes_its_arguments_from_a_table(
    qtbot: QtBot, bandit: Path, tmp_path: Path, open_window: OpenWindow
) -> None:
    table = tmp_path / "clicks.csv"
    table.write_text("arm,reward\n0,0\n3,0\n3,0\n")
    window = open_window(bandit)
    with qtbot.waitSignal(window.idle, timeout=15_000):
        window.table_rows.read(str(table))
    options = window.panels.step.options
    assert options.rows_button.text() == "3 rows of clicks.csv  \u00d7"
    assert window.panels.step.run_button.text() == "Run 3  F5"
    with qtbot.waitSignal(window.idle, timeout=15_000):
        QTest.keyClick(window, Qt.Key.Key_F5)
    assert failures(window) == [2.0, 1.0, 1.0, 3.0]
    assert "update(arm=3, reward=0.0)" in window.panels.timeline.plot.canvas.accessibleDescription()
    QTest.mouseClick(options.rows_button, Qt.MouseButton.LeftButton)
    assert window.panels.step.run_button.text() == "Run 100  F5"
    table.write_text("arm,reward\n0,much\n")
    with qtbot.waitSignal(window.idle, timeout=15_000):
        window.table_rows.read(str(table))
    assert "line 2: reward (f64)" in window.panels.page.notice.label.text()


def test_a_table_whose_columns_are_called_otherwise_is_taken_by_the_columns_that_are_named(
    qtbot: QtBot, bandit: Path, tmp_path: Path, open_window: OpenWindow
) -> None:
    table = tmp_path / "clicks.csv"
    table.write_text('day,shown,"clicked, or not"\n1,3,0\n2,2,0\n')
    window = open_window(bandit)
    with qtbot.waitSignal(window.idle, timeout=15_000):
        window.table_rows.read(str(table))
    dialog = window.table_rows.dialog
    assert dialog is not None
    assert dialog.line.edit.text() == "day,shown"
    assert cells(dialog.there) == [["0", "day"], ["1", "shown"], ["2", "clicked, or not"]]
    assert cells(dialog.taken) == [["arm", "0  day"], ["reward", "1  shown"]]
    type_into(dialog.line.edit, "shown, sold")
    assert not dialog.agree_button.isEnabled()
    assert dialog.line.error.text().endswith(
        "no column sold; there are day, shown, clicked, or not"
    )
    assert cells(dialog.taken) == [["arm", "?"], ["reward", "?"]]
    type_into(dialog.line.edit, "shown,2")
    assert cells(dialog.taken) == [["arm", "1  shown"], ["reward", "2  clicked, or not"]]
    with qtbot.waitSignal(window.idle, timeout=15_000):
        QTest.keyClick(dialog.line.edit, Qt.Key.Key_Return)
    assert window.panels.step.options.rows_button.text() == "2 rows of clicks.csv  \u00d7"
    with qtbot.waitSignal(window.idle, timeout=15_000):
        QTest.mouseClick(window.panels.step.run_button, Qt.MouseButton.LeftButton)
    assert failures(window) == [1.0, 1.0, 2.0, 2.0]


def test_columns_without_names_are_chosen_by_number(
    qtbot: QtBot, bandit: Path, tmp_path: Path, open_window: OpenWindow
) -> None:
    table = tmp_path / "clicks.npy"
    np.save(table, np.array([[9, 3, 0.0]]))
    window = open_window(bandit)
    with qtbot.waitSignal(window.idle, timeout=15_000):
        window.table_rows.read(str(table))
    dialog = window.table_rows.dialog
    assert dialog is not None
    assert dialog.line.edit.text() == "0:2"
    type_into(dialog.line.edit, "1:3")
    with qtbot.waitSignal(window.idle, timeout=15_000):
        QTest.mouseClick(dialog.agree_button, Qt.MouseButton.LeftButton)
    assert window.panels.step.options.rows == [[3, 0.0]]


def test_the_selected_cell_is_plotted_and_no_longer(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    step(qtbot, window, arm=2, times=2)
    table = window.panels.tensors
    window.panels.tensors.list.selectRow(1)
    table.table.setCurrentIndex(table.table_model.index(3, 0))
    QTest.keyClick(window, Qt.Key.Key_L, CTRL)
    plot = window.panels.timeline.plot.canvas
    assert "failures[3]" in plot.accessibleDescription()
    QTest.mouseClick(window.panels.timeline.plot_button, Qt.MouseButton.LeftButton)
    assert "failures[3]" not in plot.accessibleDescription()


def test_a_trap_is_marked_at_the_step_that_it_was_met_at(
    qtbot: QtBot, stubborn: Path, open_window: OpenWindow
) -> None:
    window = open_window(stubborn)
    step(qtbot, window, arm=0)
    step(qtbot, window, arm=2)
    assert place(window) == "step 1 / 1"
    assert "trapped" in window.panels.timeline.plot.canvas.accessibleDescription()


def test_a_file_replaced_by_another_program_becomes_a_step(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    state = wasmstate.State.of(wasmstate.Module.open(bandit))
    with qtbot.waitSignal(window.idle, timeout=15_000):
        wasmstate.commit(bandit, state.with_values({"failures": [9.0, 1.0, 1.0, 1.0]}))
    assert (failures(window)[0], place(window)) == (9.0, "step 1 / 1")
    QTest.keyClick(window, Qt.Key.Key_Left, ALT)
    assert failures(window)[0] == 1.0
    assert window.isWindowModified()


@pytest.fixture
def state(bandit: Path) -> wasmstate.State:
    return wasmstate.State.of(wasmstate.Module.open(bandit))


def test_the_lines_follow_the_branch(state: wasmstate.State) -> None:
    timeline = Timeline(state.contents(), Event("opened", "opened", 0))
    plots = Plots([cell_of(state, "failures", 1), cell_of(state, "count", 0)])
    for i in range(3):
        after = state.with_values({"failures": [1, i, 1, 1], "count": i})
        timeline.add(Event("call", "update()", i, None, float(i)), after.contents())
        plots.lines(timeline)
    lines = {line.name: list(line.values) for line in plots.lines(timeline)}
    assert lines == {
        "failures[1]": [1.0, 0.0, 1.0, 2.0],
        "count": [0.0, 0.0, 1.0, 2.0],
        "\u2016\u0394S\u2016": [0.0, 0.0, 1.0, 2.0],
    }
    timeline.go(1)
    timeline.add(Event("external", "replaced", 5), state.contents())
    view = history_view(timeline, plots)
    assert [line.values[-1] for line in view.lines] == [1.0, 0.0, 0.0]
    assert [(mark.position, mark.kind) for mark in view.marks] == [
        (1, "fork"),
        (2, "external"),
        (0, "disk"),
    ]


def test_what_is_plotted_at_first_is_learned_and_not_set() -> None:
    mlp = wasmstate.State.of(
        models.new("mlp", features=2, classes=2, hidden=2)
    )  # lr: f64 comes first
    assert [cell.name for cell in first_cells(mlp)] == ["first_weights[0,0]", "first_weights[0,1]"]
    alone = wasmstate.State.of(models.new("page_hinkley"))  # it has no arrays
    assert len(first_cells(alone)) == 1


def test_what_changes_takes_the_place_of_what_does_not(state: wasmstate.State) -> None:
    timeline = Timeline(state.contents(), Event("opened", "opened", 0))
    plots = Plots(first_cells(state), state)
    assert [cell.name for cell in plots.cells] == ["successes[0]", "successes[1]"]
    timeline.add(Event("call", "predict()", 0), state.contents())
    plots.lines(timeline)
    assert [cell.name for cell in plots.cells] == ["successes[0]", "successes[1]"]
    after = state.with_values({"failures": [1, 1, 2, 1], "count": 1})
    timeline.add(Event("call", "update()", 1), after.contents())
    (line, _) = plots.lines(timeline)
    assert (line.name, list(line.values)) == ("failures[2]", [1.0, 1.0, 2.0])
    timeline.add(Event("call", "update()", 2), state.contents())
    assert next(each.name for each in plots.lines(timeline)) == "failures[2]"


def test_integers_are_plotted_where_no_other_number_changes(state: wasmstate.State) -> None:
    timeline = Timeline(state.contents(), Event("opened", "opened", 0))
    plots = Plots(first_cells(state), state)
    timeline.add(Event("call", "update()", 1), state.with_values({"count": 1}).contents())
    assert next(line.name for line in plots.lines(timeline)) == "count"


def test_cells_that_the_user_plots_stay(state: wasmstate.State) -> None:
    timeline = Timeline(state.contents(), Event("opened", "opened", 0))
    plots = Plots(first_cells(state), state)
    plots.toggle(cell_of(state, "rng", 0))
    timeline.add(Event("call", "update()", 1), state.with_values({"count": 1}).contents())
    assert [line.name for line in plots.lines(timeline)][:3] == [
        "successes[0]",
        "successes[1]",
        "rng[0]",
    ]


def test_a_line_keeps_its_colour_while_others_come_and_go(state: wasmstate.State) -> None:
    timeline = Timeline(state.contents(), Event("opened", "opened", 0))
    first, second, third = (cell_of(state, "failures", i) for i in range(3))
    plots = Plots([first, second])

    def colours() -> dict[str, int]:
        return {line.name: line.colour for line in plots.lines(timeline)}

    assert colours() == {"failures[0]": 0, "failures[1]": 1, "\u2016\u0394S\u2016": 5}
    plots.toggle(first)
    assert colours() == {"failures[1]": 1, "\u2016\u0394S\u2016": 5}
    plots.toggle(third)
    assert colours() == {"failures[1]": 1, "failures[2]": 0, "\u2016\u0394S\u2016": 5}


def test_at_most_six_lines_are_plotted(state: wasmstate.State) -> None:
    plots = Plots()
    cells = [cell_of(state, "failures", i) for i in range(4)]
    cells += [cell_of(state, "successes", i) for i in range(2)]
    assert [plots.toggle(cell) for cell in cells] == [True] * 5 + [False]
    assert plots.toggle(cells[0])
    assert plots.toggle(cells[5])


def test_a_call_is_written_with_the_names_of_its_parameters() -> None:
    signature = wasmstate.Signature.parse("(arm: i32, reward: f64) -> ()")
    assert call_text(signature, "update", [3, 1.0]) == "update(arm=3, reward=1.0)"
    assert call_text(None, "update", [3]) == "update(3)"
