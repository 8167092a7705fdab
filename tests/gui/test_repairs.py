"""From a problem to a file without it: looked at first, written to a copy, undone in place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QTableWidget
from pytestqt.qtbot import QtBot

import wasmstate
from wasmstate import NotCommittedError
from wasmstate.state.damage.repair import preview
from wasmstate.storage.salvage import write_repair
from wasmstate_gui.core.problems.places import place_text
from wasmstate_gui.core.problems.repair_plan import RepairPlan
from wasmstate_gui.problems.repair_dialog import RepairDialog
from wasmstate_gui.window.main_window import MainWindow

OpenWindow = Callable[[Path], MainWindow]

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform, on a dialog


@pytest.fixture
def damaged(bandit: Path) -> Path:
    """A bandit with one flipped bit in successes[3]."""
    content = bytearray(bandit.read_bytes())
    content[-100] ^= 4
    bandit.write_bytes(content)
    return bandit


def cells(table: QTableWidget) -> list[list[str]]:
    found = []
    for row in range(table.rowCount()):
        items = [table.item(row, column) for column in range(table.columnCount())]
        found.append([item.text() for item in items if item is not None])
    return found


def press_repair(qtbot: QtBot, window: MainWindow) -> RepairDialog:
    button = window.panels.problems.findChild(QPushButton)
    assert button is not None
    with qtbot.waitSignal(window.idle, timeout=15_000):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.repairer.dialog is not None
    return window.repairer.dialog


def test_a_repair_is_shown_byte_by_byte_and_cell_by_cell_before_it_is_made(
    qtbot: QtBot, damaged: Path, open_window: OpenWindow
) -> None:
    before = damaged.read_bytes()
    window = open_window(damaged)
    dialog = press_repair(qtbot, window)
    assert cells(dialog.bytes) == [["0xED9", "04", "00"]]
    assert [line[0] for line in cells(dialog.cells)] == ["successes[3]"]
    assert cells(dialog.cells)[0][1] != cells(dialog.cells)[0][2]
    assert dialog.to_copy.isChecked()
    dialog.reject()
    assert damaged.read_bytes() == before


def test_the_repaired_copy_is_sound_and_opened(
    qtbot: QtBot, damaged: Path, open_window: OpenWindow
) -> None:
    before = damaged.read_bytes()
    window = open_window(damaged)
    dialog = press_repair(qtbot, window)
    with qtbot.waitSignal(window.controller.opened, timeout=15_000):
        QTest.mouseClick(dialog.repair_button, Qt.MouseButton.LeftButton)
    copy = damaged.with_name("bandit-repaired.wasm")
    assert wasmstate.check(copy) == []
    assert damaged.read_bytes() == before
    assert window.windowTitle().startswith("bandit-repaired.wasm")
    assert window.panels.status_labels["validity"].text() == "well-formed"


@pytest.mark.parametrize("is_followed", [True, False], ids=["followed", "not followed"])
def test_a_repair_in_place_can_be_undone(
    qtbot: QtBot, damaged: Path, open_window: OpenWindow, is_followed: bool
) -> None:
    before = damaged.read_bytes()
    window = open_window(damaged)
    if not is_followed:
        QTest.keyClick(window, Qt.Key.Key_F6)
    dialog = press_repair(qtbot, window)
    QTest.keyClick(dialog.in_place, Qt.Key.Key_Space)
    dialog.in_place.setChecked(True)
    with qtbot.waitSignal(window.controller.changed, timeout=15_000):
        QTest.mouseClick(dialog.repair_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(
        lambda: window.panels.status_labels["validity"].text() == "well-formed", timeout=15_000
    )
    assert wasmstate.check(damaged) == []
    assert "1 byte changed in 1 place" in window.panels.page.notice.label.text()
    window.controller.look_again()  # at this moment the watch of the folder may have its say
    QTest.mouseClick(window.panels.page.notice.buttons[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(
        lambda: window.panels.status_labels["validity"].text() == "1 error", timeout=15_000
    )
    assert damaged.read_bytes() == before


def test_a_file_that_changed_meanwhile_is_not_repaired(damaged: Path) -> None:
    before = damaged.read_bytes()
    mended = preview("mend-record", before).data
    damaged.write_bytes(before + b"\0\1x")
    with pytest.raises(NotCommittedError, match="it is another file by now"):
        write_repair(damaged, before, mended)
    assert damaged.read_bytes() == before + b"\0\1x"


def test_a_copy_gets_a_name_that_is_free(damaged: Path) -> None:
    plan = RepairPlan(damaged, b"", preview("mend-record", damaged.read_bytes()))
    assert plan.copy.name == "bandit-repaired.wasm"
    plan.copy.touch()
    assert plan.copy.name == "bandit-repaired-2.wasm"


def test_what_nothing_proves_is_said_so(damaged: Path) -> None:
    before = damaged.read_bytes()
    plan = RepairPlan(damaged, before, preview("recompute-checksums", before))
    assert plan.proof.startswith("Not proven")
    assert plan.byte_summary.endswith("places")
    assert plan.cell_lines() == []


@pytest.mark.parametrize("size", [(1024, 640), (1366, 728), (1440, 900)])
def test_the_damaged_byte_is_in_view_when_the_file_opens(
    qtbot: QtBot, bandit: Path, size: tuple[int, int]
) -> None:
    """The window is shown when its file is read, as the command does it."""
    content = bytearray(bandit.read_bytes())
    at = len(content) - 100
    content[at] ^= 4
    bandit.write_bytes(content)
    window = MainWindow()
    qtbot.addWidget(window)
    window.resize(*size)
    window.make_panels()
    window.controller.opened.connect(window.show)
    window.open(bandit)
    bytes_view = window.panels.page.hex

    def is_in_view() -> bool:
        first, line = bytes_view.verticalScrollBar().value(), bytes_view.dump.line_of(at)
        return window.isVisible() and first <= line < first + bytes_view.full_lines

    qtbot.waitUntil(window.isVisible, timeout=15_000)
    qtbot.waitUntil(is_in_view, timeout=15_000)
    window.close_jobs()


def test_the_repair_is_offered_in_the_banner(
    qtbot: QtBot, damaged: Path, open_window: OpenWindow
) -> None:
    window = open_window(damaged)
    repair, problems = window.panels.page.damage.buttons
    assert (repair.text(), problems.text()) == ("Repair\u2026", "Show problems")
    with qtbot.waitSignal(window.idle, timeout=15_000):
        QTest.mouseClick(repair, Qt.MouseButton.LeftButton)
    assert window.repairer.dialog is not None
    window.repairer.dialog.reject()
    window.panels.show("Timeline")
    QTest.mouseClick(problems, Qt.MouseButton.LeftButton)
    dock = window.panels.docks["Problems"]
    qtbot.waitUntil(lambda: not dock.visibleRegion().isEmpty())


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("sections[10].wasmstate.state.regions[0]", "wasmstate.state: regions[0]"),
        ("sections[6].entries[2].limits.min", "code: entries[2].limits.min"),
        ("sections[99].size", "section 99: size"),
        ("wasmstate.state record", "wasmstate.state record"),
        ("magic", "magic"),
    ],
)
def test_a_place_has_the_name_of_its_section(bandit: Path, path: str, shown: str) -> None:
    assert place_text(path, wasmstate.Module.open(bandit)) == shown
