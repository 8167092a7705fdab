"""The window, used as a person uses it: keys and the mouse."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QModelIndex, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import wasmstate
from gui_support import bytes_of, shown_bytes
from wasmstate import models
from wasmstate_gui.window.main_window import LEAST_SIZE, MainWindow

OpenWindow = Callable[[Path], MainWindow]

WAIT = 15_000


def test_a_file_is_shown_with_its_first_tensor_selected(
    bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    assert window.windowTitle() == "bandit.wasm[*] - wasmstate"
    tree = window.panels.layout
    assert tree.currentIndex().data() == "successes  f64[4]"
    model = window.panels.layout.layout_model
    row = [model.index(11, column, QModelIndex()).data() for column in range(3)]
    assert row == ["wasmstate.state", "000A67", "1,216"]
    assert shown_bytes(window) == bandit.read_bytes()
    first, last = window.panels.page.hex.visible_range()
    offset = window.picture.tensors[0].offset if window.picture else 0
    assert first <= offset < last
    assert not window.panels.page.damage.isVisible()
    assert not window.panels.docks["Problems"].isVisible()
    assert window.panels.status_labels["disk"].text() == "as on disk"


def test_names_and_numbers_are_not_cut_off_in_a_window_of_1280_by_800(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    window.resize(1280, 800)
    window.panels.reset_layout()
    qtbot.waitUntil(lambda: window.width() == 1280)
    with qtbot.waitSignal(window.idle):
        window.panels.step.step_times("update", 1)  # numbers become longer
    for view, columns in ((window.panels.layout, 3), (window.panels.tensors.list, 5)):
        for column in range(columns):
            assert view.columnWidth(column) >= view.sizeHintForColumn(column) > 0


def test_the_least_and_greatest_values_make_room_for_long_names(
    qtbot: QtBot, tmp_path: Path, open_window: OpenWindow
) -> None:
    path = tmp_path / "network.wasm"
    path.write_bytes(models.new("mlp", features=8, classes=3, seed=3).to_bytes())
    window = open_window(path)
    names = window.panels.tensors.list
    for width, are_hidden in ((1280, True), (1920, False)):
        window.resize(width, 900)
        window.resizeDocks(
            [window.panels.docks["Tensors"]], [width * 3 // 10], Qt.Orientation.Horizontal
        )
        qtbot.waitUntil(lambda: names.isColumnHidden(3) == are_hidden)  # noqa: B023 (it waits)
        assert names.columnWidth(0) >= names.sizeHintForColumn(0)


def test_a_section_has_one_size_in_all_lists(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    layout = window.panels.layout
    tree = layout.layout_model
    rows = [[tree.index(i, column).data() for column in (0, 2)] for i in range(tree.rowCount())]
    window.panels.show("Module")
    window.panels.module.kinds.setCurrentText("Custom")
    table = window.panels.module.table_model
    qtbot.waitUntil(lambda: table.table.cells(0)[:1] == ("name",), timeout=WAIT)
    cells = map(table.table.cells, range(table.table.count))
    whole = [[name, size] for name, part, _, size in cells if not part]
    assert whole == [["producers", "28"], ["wasmstate.state", "1,216"]]
    assert all(each in rows for each in whole)
    layout.setCurrentIndex(tree.index(11, 0))
    text = "wasmstate.state \u00b7 0xA67 to 0xF3C \u00b7 1,216 bytes, 1,238 with id and size"
    assert window.panels.place_label.text() == text


def test_a_byte_a_cell_and_a_section_are_one_selection(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    view = window.panels.page.hex
    assert window.picture is not None
    offset = window.picture.tensors[1].offset + 8
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.place_of(offset + 3))
    assert view.cursor_at == offset + 3
    assert view.selection == (offset, offset + 8)
    assert window.panels.layout.currentIndex().data() == "failures  f64[4]"
    assert window.panels.tensors.table.currentIndex().row() == 1
    assert window.panels.place_label.text().startswith("failures[1] = 1.0, f64 at 0x")
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.cursor_at == offset + 4
    QTest.keyClick(window.panels.tensors.table, Qt.Key.Key_Down)
    assert view.selection == (offset + 8, offset + 16)
    QTest.keyClick(window.panels.page.strip, Qt.Key.Key_Left)
    assert window.panels.layout.currentIndex().data() == "producers"


def test_f8_goes_from_one_changed_cell_to_the_next(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_F10)
    places = []
    for key, modifier in [
        (Qt.Key.Key_F8, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_F8, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_F8, Qt.KeyboardModifier.ShiftModifier),
        (Qt.Key.Key_F8, Qt.KeyboardModifier.ShiftModifier),
    ]:
        QTest.keyClick(window, key, modifier)
        places.append(window.panels.place_label.text().split(" ")[0])
    assert places == ["failures[0]", "rng[0]", "failures[0]", "count"]


def test_f8_shows_the_whole_of_an_element_that_goes_on_in_the_next_row(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_F10)
    view = window.panels.page.hex
    last = view.dump.line_of(0xEDD)
    view.verticalScrollBar().setValue(last - view.full_lines + 1)
    assert view.visible_range()[1] == 0xEE0
    QTest.keyClick(window, Qt.Key.Key_F8)
    assert view.cursor_at == 0xEDD
    assert view.visible_range()[1] == 0xEF0


def test_damage_is_told_in_a_bar_and_listed(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    data = bytearray(bandit.read_bytes())
    data[-50] ^= 1
    bandit.write_bytes(data)
    window = open_window(bandit)
    assert window.panels.page.damage.isVisible()
    assert "State section damaged." in window.panels.page.damage.label.text()
    assert shown_bytes(window) == data
    assert window.panels.docks["Problems"].windowTitle() == "Problems (1)"
    offset = window.panels.problems.problems_model.findings[0].offset
    assert window.panels.page.hex.cursor_at == offset  # what is wrong is what is looked at first
    assert window.panels.tensors.list.currentIndex().data() == "rng"
    header = window.panels.tensors.list_model.headerData(2, Qt.Orientation.Horizontal)
    trust = [window.panels.tensors.list_model.index(i, 2).data() for i in range(4)]
    assert (header, trust) == ("Trust", ["proven", "proven", "damaged", "proven"])
    QTest.keyClick(window.panels.page.hex, Qt.Key.Key_Home)
    problems = window.panels.problems
    problems.setFocus()
    problems.selectRow(0)
    QTest.keyClick(problems, Qt.Key.Key_Return)
    assert window.panels.page.hex.cursor_at == offset
    assert not window.panels.step.step_button.isEnabled()
    assert not window.actions_.write.isEnabled()


def test_a_file_that_cannot_be_read_is_told(
    qtbot: QtBot, tmp_path: Path, open_window: OpenWindow
) -> None:
    window = open_window(tmp_path / "none.wasm")
    assert window.panels.empty.failure.isVisible()
    assert "No such file" in window.panels.empty.failure.text()


def test_the_sample_is_a_copy(qtbot: QtBot, open_window: OpenWindow, bandit: Path) -> None:
    window = open_window(bandit)
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        window.opener.open_sample()
    document = window.controller.document
    assert document is not None
    assert bytes_of(document.disk.source) == bandit.read_bytes()
    assert document.disk.path.parent.name.startswith("wasmstate-")


def test_every_panel_and_field_has_a_name_for_a_screen_reader(
    bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    panel = window.panels.step
    named = [
        *window.panels.docks.values(),
        window.panels.layout,
        window.panels.tensors,
        window.panels.problems,
        window.panels.page.hex,
        window.panels.page.strip,
        panel,
        panel.exports,
        panel.options.times,
        panel.options.seconds,
        panel.result,
        *(field.edit for field in panel.fields),
        *(field.error for field in panel.fields),
    ]
    assert all(widget.accessibleName() for widget in named)


def test_the_smallest_window_has_room_for_tensors_and_says_why_there_are_no_steps(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    plain = bandit.with_name("plain.wasm")
    plain.write_bytes(wasmstate.Module.open(bandit).without_custom("wasmstate.state").to_bytes())
    window = open_window(bandit)
    window.resize(LEAST_SIZE)
    window.panels.reset_layout()
    qtbot.waitUntil(lambda: window.width() == LEAST_SIZE.width())
    QApplication.processEvents()  # the panels lay out what they hold
    assert window.panels.docks["Tensors"].width() >= 240
    assert window.panels.page.hex.width() >= window.panels.page.hex.minimumSizeHint().width()
    assert window.panels.timeline.place.isVisible()
    assert window.panels.tensors.summary.y() >= window.panels.tensors.list.geometry().bottom()
    options = window.panels.step.options
    options.show_rows("measurements-of-the-last-five-years.csv", [[0, 1.0]])
    QApplication.processEvents()  # it finds its size
    assert options.minimumSizeHint().width() <= window.panels.step.viewport().width()
    with qtbot.waitSignal(window.idle):
        window.open(plain)
    assert not window.panels.timeline.place.isVisible()
    assert window.panels.timeline.reason.text().startswith("No steps: there is no state")
    with qtbot.waitSignal(window.idle):
        window.open(bandit)
    assert window.panels.timeline.place.isVisible()


@pytest.mark.parametrize("what", ["cell", "tensor", "range"])
def test_what_is_selected_in_the_state_stays_so_when_the_state_moves(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow, what: str
) -> None:
    window = open_window(bandit)
    hex_view, selection_model = window.panels.page.hex, window.selection_model
    window.panels.tensors.list.selectRow(1)
    assert selection_model.selection is not None
    start = selection_model.selection.start
    if what == "cell":
        window.panels.tensors.table.setCurrentIndex(window.panels.tensors.table_model.index(2, 0))
    elif what == "range":
        selection_model.select_range(start + 8, start + 23)
    before = selection_model.selection
    assert before is not None
    QApplication.processEvents()  # the docks take their sizes
    place, size = hex_view.place_of(before.start), bandit.stat().st_size
    with qtbot.waitSignal(window.idle, timeout=15_000):
        QTest.keyClick(window, Qt.Key.Key_F10)
    with qtbot.waitSignal(window.idle, timeout=15_000):
        QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    # The generation before stands in front of the state now.
    moved = bandit.stat().st_size - size
    assert moved > 0
    after = selection_model.selection
    assert after is not None
    assert (after.start, after.end) == (before.start + moved, before.end + moved)
    assert after.cell == before.cell
    # What the call gave takes a line of the window for a while: the view may scroll by one more.
    assert abs(hex_view.place_of(after.start).y() - place.y()) <= 2 * hex_view.grid.line


class Dropped:
    """What an event says of the things that are dropped."""

    def __init__(self, *urls: str) -> None:
        self.data = QMimeData()
        self.data.setUrls([QUrl(url) for url in urls])

    def on(self, window: MainWindow) -> bool:
        """Drop them; gives whether the window took them."""
        at, action, button = QPointF(5, 5), Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
        none = Qt.KeyboardModifier.NoModifier
        enter = QDragEnterEvent(at.toPoint(), action, self.data, button, none)
        enter.ignore()
        window.dragEnterEvent(enter)
        window.dropEvent(QDropEvent(at, action, self.data, button, none))
        return enter.isAccepted()


def test_only_files_can_be_dropped_and_of_several_one_is_named(
    qtbot: QtBot, bandit: Path, tmp_path: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    assert not Dropped("https://example.org/a.wasm").on(window)
    assert not Dropped().on(window)
    assert window.windowTitle().startswith("bandit.wasm")
    other = Path(shutil.copy(bandit, tmp_path / "other.wasm"))
    with qtbot.waitSignal(window.idle):
        taken = Dropped("https://example.org/", other.as_uri(), bandit.as_uri()).on(window)
        assert window.statusBar().currentMessage() == "2 files were dropped; other.wasm is shown"
    assert taken
    assert window.windowTitle().startswith("other.wasm")
