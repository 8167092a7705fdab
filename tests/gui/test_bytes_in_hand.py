"""Selecting, copying, reading and overwriting bytes, by keys and the mouse."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

import wasmstate
from gui_support import WAIT, OpenWindow, shown_bytes
from wasmstate_gui.window.main_window import MainWindow

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton


def click(window: MainWindow, offset: int, modifiers: Qt.KeyboardModifier | None = None) -> None:
    view = window.panels.page.hex
    view.reveal(offset)
    none = Qt.KeyboardModifier.NoModifier
    QTest.mouseClick(view.viewport(), LEFT, modifiers or none, view.place_of(offset))


def drag(window: MainWindow, start: int, end: int) -> None:
    view = window.panels.page.hex
    view.reveal(start)
    QTest.mousePress(view.viewport(), LEFT, pos=view.place_of(start))
    # QTest's mouse moves carry no button.
    place = QPointF(view.place_of(end))
    there = view.viewport().mapToGlobal(place)
    kind = QEvent.Type.MouseMove
    no_keys = Qt.KeyboardModifier.NoModifier
    event = QMouseEvent(kind, place, there, Qt.MouseButton.NoButton, LEFT, no_keys)
    QGuiApplication.sendEvent(view.viewport(), event)
    QTest.mouseRelease(view.viewport(), LEFT, pos=view.place_of(end))


def tensor_at(window: MainWindow, index: int) -> int:
    assert window.picture is not None
    return window.picture.tensors[index].offset


def test_dragging_and_shift_select_a_range(bandit: Path, open_window: OpenWindow) -> None:
    window = open_window(bandit)
    view = window.panels.page.hex
    drag(window, 0xA70, 0xA85)
    assert view.selection == (0xA70, 0xA86)
    assert window.panels.place_label.text() == "22 bytes selected \u00b7 0xA70 to 0xA85"
    drag(window, 0xA85, 0xA70)
    assert view.selection == (0xA70, 0xA86)
    click(window, 0xA60)
    assert view.selection == (0xA60, 0xA61)
    QTest.keyClick(view, Qt.Key.Key_Right, SHIFT)
    QTest.keyClick(view, Qt.Key.Key_Down, SHIFT)
    assert view.selection == (0xA60, 0xA72)
    QTest.keyClick(view, Qt.Key.Key_Up, SHIFT)
    QTest.keyClick(view, Qt.Key.Key_Up, SHIFT)
    assert view.selection == (0xA51, 0xA61)
    click(window, 0xA64, SHIFT)
    assert view.selection == (0xA60, 0xA65)
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.selection == (0xA65, 0xA66)


def test_ctrl_a_selects_everything_and_too_much_is_not_copied(
    bandit: Path, large: Path, open_window: OpenWindow
) -> None:
    window = open_window(large)
    QTest.keyClick(window.panels.page.hex, Qt.Key.Key_A, CTRL)
    assert window.panels.page.hex.selection == (0, large.stat().st_size)
    QGuiApplication.clipboard().setText("before")
    QTest.keyClick(window.panels.page.hex, Qt.Key.Key_C, CTRL)
    assert QGuiApplication.clipboard().text() == "before"
    assert window.statusBar().currentMessage().endswith("are too many to copy: at most 1,048,576")


def test_bytes_are_copied_in_four_ways(bandit: Path, open_window: OpenWindow) -> None:
    window = open_window(bandit)
    at = tensor_at(window, 1)
    drag(window, at, at + 15)
    board = QGuiApplication.clipboard()
    QTest.keyClick(window.panels.page.hex, Qt.Key.Key_C, CTRL)
    assert board.text() == "00 00 00 00 00 00 F0 3F 00 00 00 00 00 00 F0 3F"
    window.actions_.copy_array.trigger()
    assert board.text() == "np.array([1.0, 1.0], dtype=np.float64)"
    drag(window, 0, 3)
    window.actions_.copy_c.trigger()
    assert board.text() == (
        "static const unsigned char at_0x0[4] = {\n    0x00, 0x61, 0x73, 0x6d\n};\n"
    )
    window.actions_.copy_python.trigger()
    assert board.text() == r'b"\x00\x61\x73\x6d"'
    window.actions_.copy_array.trigger()
    assert board.text() == "np.array([0x00, 0x61, 0x73, 0x6d], dtype=np.uint8)"


def test_space_selects_the_field_then_what_it_is_a_part_of(
    bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    section = next(s for s in wasmstate.Module.open(bandit).sections if s.name == "export")
    field = next(f for f in section.fields() if f.path == "entries[1].name")
    click(window, field.offset + 1)
    found = []
    for _ in range(5):
        QTest.keyClick(window.panels.page.hex, Qt.Key.Key_Space)
        found.append(window.panels.place_label.text().split(" \u00b7 ")[0])
    assert found == ["entries[1].name", "entries[1]", "export", *["the whole file"] * 2]
    assert window.panels.page.hex.cursor_at == field.offset + 1
    click(window, tensor_at(window, 0) + 9)
    QTest.keyClick(window.panels.page.hex, Qt.Key.Key_Space)
    assert window.panels.place_label.text().startswith("successes[1] \u00b7 8 bytes selected")
    QTest.keyClick(window.panels.page.hex, Qt.Key.Key_Space)
    assert window.panels.place_label.text().startswith("successes  f64[4] \u00b7 32 bytes selected")


def test_the_bytes_at_the_cursor_are_read_as_every_type(
    bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    click(window, tensor_at(window, 0))
    cells = window.panels.page.values_bar.cells
    assert cells["float", "64 bit"].text() == "1"
    assert cells["unsigned", "64 bit"].text() == "4607182418800017408"
    click(window, 1)
    assert cells["text", ""].text() == "text  asm\u00b7\u00b7\u00b7\u00b7\u00b7"[:14]
    QTest.keyClick(window.panels.page.hex, Qt.Key.Key_I, CTRL)
    assert not window.panels.page.values_bar.isVisible()


def edit(window: MainWindow, offset: int, text: str) -> None:
    click(window, offset)
    if not window.actions_.edit_mode.isChecked():
        QTest.keyClick(window.panels.page.hex, Qt.Key.Key_Insert)
    QTest.keyClicks(window.panels.page.hex, text)


def test_without_edit_mode_typing_changes_nothing(bandit: Path, open_window: OpenWindow) -> None:
    window = open_window(bandit)
    click(window, tensor_at(window, 0))
    QTest.keyClicks(window.panels.page.hex, "ff")
    assert shown_bytes(window) == bandit.read_bytes()
    assert not window.isWindowModified()


def test_bytes_of_s_become_values_and_are_committed(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    at = tensor_at(window, 0)
    edit(window, at + 6, "0040")
    assert window.panels.page.hex.cursor_at == at + 8
    assert window.isWindowModified()
    assert not window.panels.page.question.isVisible()
    document = window.controller.document
    assert document is not None
    assert document.state is not None
    assert document.state["successes"].tolist() == [2.0, 1.0, 1.0, 1.0]
    assert wasmstate.Module.from_bytes(shown_bytes(window)).verify()
    wasmstate.State.of(wasmstate.Module.from_bytes(shown_bytes(window)))
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_S, CTRL)
    assert wasmstate.check(bandit) == []
    state = wasmstate.State.of(wasmstate.Module.open(bandit))
    assert (state.generation, state["successes"].tolist()) == (1, [2.0, 1.0, 1.0, 1.0])


def test_an_edit_is_undone_and_done_again(bandit: Path, open_window: OpenWindow) -> None:
    before = bandit.read_bytes()
    window = open_window(bandit)
    at = tensor_at(window, 0)
    edit(window, at, "70")
    after = shown_bytes(window)
    assert after[at] == 0x70
    QTest.keyClick(window, Qt.Key.Key_Z, CTRL)
    assert shown_bytes(window) == before
    assert not window.isWindowModified()
    QTest.keyClick(window, Qt.Key.Key_Y, CTRL)
    assert shown_bytes(window) == after


def test_other_bytes_are_overwritten_as_they_are_after_one_question_a_file(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    before = bandit.read_bytes()
    window = open_window(bandit)
    at = before.index(b"update")
    edit(window, at, "55")
    assert window.panels.page.question.isVisible()
    assert shown_bytes(window) == before
    QTest.mouseClick(window.panels.page.question.buttons[1], LEFT)
    assert shown_bytes(window) == before
    QTest.keyClicks(window.panels.page.hex, "55")
    QTest.mouseClick(window.panels.page.question.buttons[0], LEFT)
    assert not window.panels.page.question.isVisible()
    assert window.panels.page.hex.cursor_at == at + 1
    assert shown_bytes(window) == before[:at] + b"U" + before[at + 1 :]
    edit(window, at + 1, "50")
    assert not window.panels.page.question.isVisible()
    assert window.panels.status_labels["disk"].text() == "2 bytes edited, not on disk"
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_S, CTRL)
    assert bandit.read_bytes() == before[:at] + b"UP" + before[at + 2 :]
    assert window.panels.status_labels["disk"].text() == "as on disk"


def press(qtbot: QtBot, window: MainWindow, key: Qt.Key) -> None:
    """Press a key with Ctrl, and wait until what it started is done."""
    QTest.keyClick(window, key, CTRL)
    qtbot.waitUntil(lambda: not window.controller.is_busy, timeout=WAIT)


def test_overwritten_bytes_are_undone_after_they_were_written(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    before = bandit.read_bytes()
    window = open_window(bandit)
    window.editor._may_overwrite = True
    first, second = before.index(b"update"), before.index(b"clang")
    edit(window, first, "55")
    edit(window, second, "58")
    after = shown_bytes(window)
    press(qtbot, window, Qt.Key.Key_S)
    assert bandit.read_bytes() == after
    for expected in (before[:first] + b"U" + before[first + 1 :], before):
        press(qtbot, window, Qt.Key.Key_Z)
        assert shown_bytes(window) == expected
        assert window.isWindowModified()
    press(qtbot, window, Qt.Key.Key_S)
    assert bandit.read_bytes() == before
    press(qtbot, window, Qt.Key.Key_Y)
    press(qtbot, window, Qt.Key.Key_Y)
    assert shown_bytes(window) == after
    press(qtbot, window, Qt.Key.Key_Z)
    press(qtbot, window, Qt.Key.Key_Z)
    assert not window.isWindowModified()


def test_a_damaged_state_that_was_written_is_undone(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    before = bandit.read_bytes()
    window = open_window(bandit)
    window.editor._may_overwrite = True
    click(window, tensor_at(window, 0))
    QTest.keyClick(window.panels.page.hex, Qt.Key.Key_Insert, SHIFT)
    QTest.keyClicks(window.panels.page.hex, "01")
    press(qtbot, window, Qt.Key.Key_S)
    assert len(wasmstate.check(bandit)) == 1
    press(qtbot, window, Qt.Key.Key_Z)
    assert shown_bytes(window) == before
    assert not window.panels.page.damage.isVisible()
    press(qtbot, window, Qt.Key.Key_S)
    assert bandit.read_bytes() == before


def test_steps_before_overwritten_bytes_are_there_after_both_were_written(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    before = bandit.read_bytes()
    window = open_window(bandit)
    window.editor._may_overwrite = True
    at = before.index(b"clang")
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_F10)
    edit(window, at, "58")
    press(qtbot, window, Qt.Key.Key_S)
    assert not window.isWindowModified()
    press(qtbot, window, Qt.Key.Key_Z)
    assert shown_bytes(window)[at : at + 5] == b"clang"
    assert window.panels.status_labels["disk"].text() == "1 byte edited, not on disk"
    press(qtbot, window, Qt.Key.Key_Z)
    press(qtbot, window, Qt.Key.Key_S)
    assert bandit.read_bytes()[at : at + 5] == b"clang"
    state = wasmstate.State.of(wasmstate.Module.open(bandit))
    assert (state.generation, state["count"].item()) == (2, 0)


def test_the_timeline_begins_anew_when_a_commit_replaces_what_was_overwritten(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    with wasmstate.Session.open(bandit) as session:
        session.update(0, 0.0)
    window = open_window(bandit)
    window.editor._may_overwrite = True
    edit(window, bandit.read_bytes().index(b"wasmstate.prev") + 100, "58")
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_F10)
    press(qtbot, window, Qt.Key.Key_S)
    assert not window.isWindowModified()
    press(qtbot, window, Qt.Key.Key_Z)
    assert not window.isWindowModified()
    assert shown_bytes(window) == bandit.read_bytes()


def test_text_is_typed_into_the_characters(bandit: Path, open_window: OpenWindow) -> None:
    before = bandit.read_bytes()
    window = open_window(bandit)
    window.editor._may_overwrite = True
    at = before.index(b"update")
    click(window, at)
    QTest.keyClick(window.panels.page.hex, Qt.Key.Key_Insert)
    QTest.keyClick(window.panels.page.hex, Qt.Key.Key_Tab)
    QTest.keyClicks(window.panels.page.hex, "a b")
    assert shown_bytes(window)[at : at + 6] == b"a bate"


def test_s_is_damaged_on_purpose_and_repaired_by_hand(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    before = bandit.read_bytes()
    window = open_window(bandit)
    at = tensor_at(window, 0)
    click(window, at)
    QTest.keyClick(window.panels.page.hex, Qt.Key.Key_Insert, SHIFT)
    QTest.keyClicks(window.panels.page.hex, "01")
    QTest.mouseClick(window.panels.page.question.buttons[0], LEFT)
    assert shown_bytes(window) == before[:at] + b"\x01" + before[at + 1 :]
    assert window.panels.page.damage.isVisible()
    assert "CRC-32" in window.panels.page.damage.label.text()
    assert not window.panels.step.step_button.isEnabled()
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_S, CTRL)
    assert len(wasmstate.check(bandit)) == 1
    again = open_window(bandit)
    assert again.panels.page.damage.isVisible()
    click(again, at)
    QTest.keyClick(again.panels.page.hex, Qt.Key.Key_Insert)
    QTest.keyClicks(again.panels.page.hex, "00")
    QTest.mouseClick(again.panels.page.question.buttons[0], LEFT)
    assert not again.panels.page.damage.isVisible()
    assert again.panels.step.step_button.isEnabled()
    with qtbot.waitSignal(again.idle, timeout=WAIT):
        QTest.keyClick(again, Qt.Key.Key_F10)
    with qtbot.waitSignal(again.idle, timeout=WAIT):
        QTest.keyClick(again, Qt.Key.Key_S, CTRL)
    assert wasmstate.check(bandit) == []


def test_values_and_other_bytes_are_written_together(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    window.editor._may_overwrite = True
    at = bandit.read_bytes().index(b"clang")
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_F10)
    edit(window, at, "58")
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_S, CTRL)
    assert bandit.read_bytes()[at : at + 5] == b"Xlang"
    state = wasmstate.State.of(wasmstate.Module.open(bandit))
    assert (state.generation, state["count"].item()) == (1, 1)


def test_bytes_of_a_large_file_are_edited_beside_the_window(
    qtbot: QtBot, large: Path, open_window: OpenWindow
) -> None:
    window = open_window(large)
    window.editor._may_overwrite = True
    edit(window, 5 << 20, "c0ffee")
    assert window.panels.page.hex.dump.read(5 << 20, (5 << 20) + 3) == b"\xc0\xff\xee"
    QTest.keyClick(window, Qt.Key.Key_S, CTRL)  # not lost, though bytes are being laid over
    assert window.isWindowModified()
    qtbot.waitUntil(lambda: not window.isWindowModified(), timeout=WAIT)
    assert large.read_bytes()[5 << 20 : (5 << 20) + 3] == b"\xc0\xff\xee"


def test_bytes_typed_while_others_are_written_are_not_on_disk_yet(
    qtbot: QtBot, large: Path, open_window: OpenWindow
) -> None:
    window = open_window(large)
    window.editor._may_overwrite = True
    first, second = 5 << 20, 6 << 20
    edit(window, first, "c0")
    qtbot.waitUntil(lambda: not window.controller.is_busy, timeout=WAIT)
    QTest.keyClick(window, Qt.Key.Key_S, CTRL)
    edit(window, second, "ee")
    qtbot.waitUntil(lambda: not window.controller.is_busy, timeout=WAIT)
    assert [large.read_bytes()[at] for at in (first, second)] == [0xC0, 0]
    assert window.isWindowModified()
    assert window.panels.status_labels["disk"].text() == "1 byte edited, not on disk"
    press(qtbot, window, Qt.Key.Key_S)
    assert [large.read_bytes()[at] for at in (first, second)] == [0xC0, 0xEE]
    assert not window.isWindowModified()


@pytest.mark.parametrize("offset", [0, 8])
def test_a_file_that_was_changed_meanwhile_is_never_overwritten(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow, offset: int
) -> None:
    window = open_window(bandit)
    window.editor._may_overwrite = True
    edit(window, offset, "77")
    other = bandit.read_bytes() + b"\0\x02\x01x"
    bandit.write_bytes(other)
    QTest.keyClick(window, Qt.Key.Key_S, CTRL)
    qtbot.waitUntil(window.panels.page.conflict.isVisible, timeout=WAIT)
    assert bandit.read_bytes() == other


def test_a_digit_alone_is_no_edit(bandit: Path, open_window: OpenWindow) -> None:
    window = open_window(bandit)
    at = tensor_at(window, 0)
    edit(window, at, "7")
    assert shown_bytes(window)[at] == 0x70
    QTest.keyClick(window.panels.page.hex, Qt.Key.Key_Right)
    assert shown_bytes(window) == bandit.read_bytes()
    assert not window.isWindowModified()


def test_bytes_typed_one_after_the_other_are_marked_together(
    bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    at = tensor_at(window, 0)
    edit(window, at, "1234")
    assert window.panels.page.hex.dump.changed.tolist() == [at, at + 1]
