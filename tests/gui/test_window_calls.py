"""Calls from the window, used as a person uses it: keys and the mouse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import pytest
import wasmtime
from PySide6.QtCore import QElapsedTimer, Qt, QTimer
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

import wasmstate
from gui_support import shown_bytes
from wasmstate_gui.document import run_calls
from wasmstate_gui.window.main_window import MainWindow

OpenWindow = Callable[[Path], MainWindow]

WAIT = 15_000


def state_on_disk(path: Path) -> wasmstate.State:
    return wasmstate.State.of(wasmstate.Module.open(path))


def type_into(qtbot: QtBot, field: QWidget, text: str) -> None:
    QTest.mouseClick(field, Qt.MouseButton.LeftButton)
    QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(field, text)


def press(qtbot: QtBot, window: MainWindow, key: Qt.Key) -> None:
    """Press a key and wait until what it started is done."""
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, key)


def write(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)


def changed_cells(window: MainWindow) -> list[str]:
    """The cells of the shown tensor that have the ground of changed ones, bold and underlined."""
    model = window.panels.tensors.table_model
    found = []
    for row in range(model.rowCount()):
        for column in range(model.columnCount()):
            index = model.index(row, column)
            font = index.data(Qt.ItemDataRole.FontRole)
            if index.data(Qt.ItemDataRole.BackgroundRole) == QColor(window.theme.changed):
                assert font.bold()
                assert font.underline()
                found.append(index.data())
    return found


def test_f10_steps_in_memory_and_marks_what_changed(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    before = bandit.read_bytes()
    window = open_window(bandit)
    arm, reward = window.panels.step.fields
    type_into(qtbot, arm.edit, "2")
    type_into(qtbot, reward.edit, "0.75")
    press(qtbot, window, Qt.Key.Key_F10)
    assert window.panels.step.result.text().startswith("update returned () in ")
    assert changed_cells(window) == ["+1.75000"]
    assert window.isWindowModified()
    assert window.panels.status_labels["disk"].text() == "1 step ahead of disk"
    assert window.picture is not None
    second = window.picture.tensors[0].offset + 2 * 8
    assert {second + 6} <= set(window.panels.page.hex.dump.changed.tolist())
    assert bandit.read_bytes() == before


LARGE = """
(module
  (memory (export "memory") 6)
  (func (export "update") (param $x f32)
    (f32.store (i32.const 64) (f32.add (f32.load (i32.const 64)) (local.get $x)))))
"""


def test_a_pause_between_two_steps_of_a_large_state_does_not_delay_the_second(
    qtbot: QtBot, tmp_path: Path, open_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock stands for an hour at lunch; a picture is due at once all the same."""
    path = tmp_path / "large.wasm"
    module = wasmstate.Module.from_bytes(bytes(wasmtime.wat2wasm(LARGE)))
    path.write_bytes(wasmstate.attach(module, ["w:f32[70000]@64"]).to_bytes())
    window = open_window(path)
    pause = 0.0
    monkeypatch.setattr(run_calls, "perf_counter", lambda: perf_counter() + pause)
    for _ in range(2):
        press(qtbot, window, Qt.Key.Key_F10)
        pause += 3600
    press(qtbot, window, Qt.Key.Key_F5)
    timeline = window.controller.timeline
    assert timeline is not None
    assert len(timeline.path) == 103


def test_ctrl_s_writes_the_next_generation(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    press(qtbot, window, Qt.Key.Key_F10)
    write(qtbot, window)
    on_disk = state_on_disk(bandit)
    assert on_disk.generation == 1
    assert on_disk.update_count == 1
    assert on_disk["failures"].tolist() == [2.0, 1.0, 1.0, 1.0]
    assert not window.isWindowModified()
    assert window.panels.status_labels["generation"].text() == "generation 1, 1 update"
    press(qtbot, window, Qt.Key.Key_F10)
    write(qtbot, window)
    assert state_on_disk(bandit).generation == 2
    assert wasmstate.check(bandit) == []


def test_revert_goes_back_to_the_file_and_can_be_undone(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    press(qtbot, window, Qt.Key.Key_F10)
    stepped = shown_bytes(window)
    window.actions_.revert.trigger()
    assert shown_bytes(window) == bandit.read_bytes()
    assert not window.isWindowModified()
    QTest.mouseClick(window.panels.page.notice.buttons[0], Qt.MouseButton.LeftButton)
    assert shown_bytes(window) == stepped
    window.actions_.revert.trigger()
    press(qtbot, window, Qt.Key.Key_F10)
    assert shown_bytes(window) == stepped


def test_text_that_is_no_number_is_told_beside_its_field_and_nothing_is_called(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    calls: list[bool] = []
    window.controller.running_changed.connect(calls.append)
    type_into(qtbot, window.panels.step.fields[0].edit, "two")
    QTest.keyClick(window, Qt.Key.Key_F10)
    error = window.panels.step.fields[0].error
    assert error.isVisible()
    assert error.text() == "'two' is not an integer: write 12, -3 or 0x1F"
    assert not window.controller.is_busy
    assert calls == []
    type_into(qtbot, window.panels.step.fields[0].edit, "2")
    assert not error.isVisible()


def test_an_endless_call_leaves_the_window_alive_and_esc_ends_it(
    qtbot: QtBot, stubborn: Path, open_window: OpenWindow
) -> None:
    window = open_window(stubborn)
    window.panels.step.options.seconds.setValue(0)
    press(qtbot, window, Qt.Key.Key_F10)
    before = shown_bytes(window)
    type_into(qtbot, window.panels.step.fields[0].edit, "1")
    ticks: list[int] = []
    clock = QElapsedTimer()
    timer = QTimer(window, interval=10)
    timer.timeout.connect(lambda: ticks.append(clock.restart()))
    clock.start()
    timer.start()
    QTest.keyClick(window, Qt.Key.Key_F10)
    worker = window.controller.worker_id
    qtbot.waitUntil(lambda: len(ticks) >= 40, timeout=WAIT)
    assert window.controller.is_running
    # Nothing in the window waited for the call. The machine may be busy, so half of the ticks.
    assert sorted(ticks)[len(ticks) // 2] < 50
    press(qtbot, window, Qt.Key.Key_Escape)
    timer.stop()
    assert window.panels.step.result.text() == "update() was stopped. S is what it was."
    assert shown_bytes(window) == before
    type_into(qtbot, window.panels.step.fields[0].edit, "0")
    press(qtbot, window, Qt.Key.Key_F10)
    assert changed_cells(window) == ["2"]
    assert window.controller.worker_id != worker


def test_a_call_that_runs_out_of_its_time_is_ended(
    qtbot: QtBot, stubborn: Path, open_window: OpenWindow
) -> None:
    window = open_window(stubborn)
    window.panels.step.options.seconds.setValue(0.1)
    type_into(qtbot, window.panels.step.fields[0].edit, "1")
    press(qtbot, window, Qt.Key.Key_F10)
    assert window.panels.step.result.text() == (
        "update() was ended: it ran longer than 0.1 s. S is what it was."
    )


def test_a_trap_is_told_and_changes_nothing(
    qtbot: QtBot, stubborn: Path, open_window: OpenWindow
) -> None:
    window = open_window(stubborn)
    type_into(qtbot, window.panels.step.fields[0].edit, "2")
    press(qtbot, window, Qt.Key.Key_F10)
    text = window.panels.step.result.text()
    assert "unreachable" in text
    assert text.endswith("S is what it was.")
    assert shown_bytes(window) == stubborn.read_bytes()
    assert not window.isWindowModified()
    # S in the other process is what it was, too, though the call had written to it.
    press(qtbot, window, Qt.Key.Key_F9)
    assert window.panels.step.result.text().startswith("predict returned 0 ")


def test_run_calls_many_times_and_counts_each(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    press(qtbot, window, Qt.Key.Key_F5)
    assert window.panels.status_labels["disk"].text() == "100 steps ahead of disk"
    write(qtbot, window)
    assert state_on_disk(bandit).update_count == 100
    assert state_on_disk(bandit)["count"] == 100


def test_a_run_that_is_stopped_keeps_the_calls_that_are_done(
    qtbot: QtBot, stubborn: Path, open_window: OpenWindow
) -> None:
    window = open_window(stubborn)
    window.panels.step.options.times.setValue(1_000_000)
    QTest.keyClick(window, Qt.Key.Key_F5)
    qtbot.waitUntil(window.isWindowModified, timeout=WAIT)
    press(qtbot, window, Qt.Key.Key_Escape)
    document = window.controller.document
    assert document is not None
    assert document.state is not None
    assert 0 < document.steps == document.state["n"] < 1_000_000
    end = f"S is as call {document.steps:,} left it."
    assert window.panels.step.result.text() == f"update() was stopped. {end}"


def test_predict_changes_nothing(qtbot: QtBot, bandit: Path, open_window: OpenWindow) -> None:
    window = open_window(bandit)
    press(qtbot, window, Qt.Key.Key_F9)
    assert "predict returned" in window.panels.step.result.text()
    assert "S unchanged" in window.panels.step.result.text()
    assert not window.isWindowModified()


def test_n_steps_write_reopen_m_steps_is_n_plus_m_steps(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    with wasmstate.Session.open(bandit, persist="manual") as session:
        for _ in range(3):
            session.update(0, 0.0)
        expected = session.state.contents()
    window = open_window(bandit)
    press(qtbot, window, Qt.Key.Key_F10)
    press(qtbot, window, Qt.Key.Key_F10)
    write(qtbot, window)
    again = open_window(bandit)
    press(qtbot, again, Qt.Key.Key_F10)
    write(qtbot, again)
    assert state_on_disk(bandit).contents() == expected


def test_what_needs_the_file_waits_for_the_call_under_way(
    qtbot: QtBot, stubborn: Path, open_window: OpenWindow
) -> None:
    window = open_window(stubborn)
    done: list[bytes] = []
    type_into(qtbot, window.panels.step.fields[0].edit, "1")
    QTest.keyClick(window, Qt.Key.Key_F10)
    window.controller.do(stubborn.read_bytes, done.append, "Not read.")
    assert window.statusBar().currentMessage().startswith("This waits for the call")
    assert done == []
    press(qtbot, window, Qt.Key.Key_Escape)
    assert done == [stubborn.read_bytes()]


def test_what_cannot_be_written_says_which_control_of_the_window_helps(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_F10)
    bandit.with_name("other.wasm").hardlink_to(bandit)
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    text = window.panels.page.notice.label.text()
    assert "Not written." in text
    assert text.endswith("or allow it (Edit &gt; Save tensor\u2026 keeps the values)")


def test_what_cannot_be_saved_names_the_file_and_the_reason(
    bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    window.tensor_commands.save_to(str(bandit / "values.npy"))
    assert window.panels.page.notice.label.text().endswith(f"{bandit}/values.npy: Not a directory")
