"""The timeline is played: from step to step, at a pace, until somebody does something."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

import wasmstate
from gui_support import WAIT, OpenWindow, type_into
from wasmstate_gui.kit.settings import FASTEST, SLOWEST, Settings
from wasmstate_gui.window.main_window import MainWindow

ALT = Qt.KeyboardModifier.AltModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def window(qtbot: QtBot, bandit: Path, open_window: OpenWindow) -> MainWindow:
    """A window with five steps, at the first; it plays as fast as it can."""
    window = open_window(bandit)
    for _ in range(5):
        with qtbot.waitSignal(window.idle, timeout=WAIT):
            QTest.keyClick(window, Qt.Key.Key_F10)
    type_into(window.panels.timeline.pace, str(FASTEST))
    QTest.keyClick(window.panels.timeline.pace, Qt.Key.Key_Return)
    QTest.keyClick(window, Qt.Key.Key_Home, ALT)
    return window


@pytest.fixture
def shown(window: MainWindow) -> list[int]:
    """The steps that are shown from now on."""
    steps: list[int] = []

    def note() -> None:
        assert window.controller.document is not None
        steps.append(window.controller.document.step)

    window.controller.changed.connect(note)
    return steps


def play(window: MainWindow) -> None:
    QTest.keyClick(window, Qt.Key.Key_F5, SHIFT)


def is_stopped(is_playing: bool) -> bool:
    return not is_playing


def test_playing_shows_every_step_and_ends_at_the_last(
    qtbot: QtBot, window: MainWindow, shown: list[int]
) -> None:
    with qtbot.waitSignal(window.player.playing_changed, timeout=WAIT, check_params_cb=is_stopped):
        QTest.mouseClick(window.panels.timeline.play_button, Qt.MouseButton.LeftButton)
        assert window.actions_.play.isChecked()
    assert shown == [1, 2, 3, 4, 5]
    assert not window.actions_.play.isChecked()
    assert window.panels.timeline.place.text() == "step 5 / 5"


def test_playing_from_the_last_step_begins_with_the_first(
    qtbot: QtBot, window: MainWindow, shown: list[int]
) -> None:
    QTest.keyClick(window, Qt.Key.Key_End, ALT)
    shown.clear()
    with qtbot.waitSignal(window.player.playing_changed, timeout=WAIT, check_params_cb=is_stopped):
        play(window)
    assert shown == [0, 1, 2, 3, 4, 5]


def test_the_same_key_pauses_and_goes_on(
    qtbot: QtBot, window: MainWindow, shown: list[int]
) -> None:
    play(window)
    with qtbot.waitSignal(window.controller.changed, timeout=WAIT):
        pass
    play(window)
    assert not window.player.is_playing
    assert shown == [1]
    with qtbot.waitSignal(window.player.playing_changed, timeout=WAIT, check_params_cb=is_stopped):
        play(window)
    assert shown == [1, 2, 3, 4, 5]


def go_back(window: MainWindow) -> None:
    QTest.keyClick(window, Qt.Key.Key_Left, ALT)


def call(window: MainWindow) -> None:
    QTest.keyClick(window, Qt.Key.Key_F10)


def predict(window: MainWindow) -> None:
    QTest.keyClick(window, Qt.Key.Key_F9)


def edit(window: MainWindow) -> None:
    table = window.panels.tensors.table
    table.setCurrentIndex(window.panels.tensors.table_model.index(0, 0))
    QTest.keyClick(table, Qt.Key.Key_F2)
    editor = table.viewport().findChild(QLineEdit)
    assert editor is not None
    QTest.keyClicks(editor, "9")
    QTest.keyClick(editor, Qt.Key.Key_Return)


@pytest.mark.parametrize("act", [go_back, call, predict, edit])
def test_playing_stops_when_the_user_does_something(
    qtbot: QtBot, window: MainWindow, shown: list[int], act: object
) -> None:
    assert callable(act)
    with qtbot.waitSignal(window.controller.changed, timeout=WAIT):
        play(window)
    with qtbot.waitSignal(window.player.playing_changed, timeout=WAIT, check_params_cb=is_stopped):
        act(window)
    assert shown[:1] == [1]
    assert 2 not in shown


def test_a_call_that_changes_nothing_stops_it_before_the_next_step_is_due(
    qtbot: QtBot, window: MainWindow, shown: list[int]
) -> None:
    window.panels.timeline.pace.setValue(SLOWEST)
    play(window)
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        predict(window)
    assert set(shown) <= {0}
    assert not window.player.is_playing
    assert not window.actions_.play.isChecked()


def test_another_file_ends_the_playing(qtbot: QtBot, window: MainWindow, stubborn: Path) -> None:
    play(window)
    with qtbot.waitSignal(window.controller.opened, timeout=WAIT):
        window.controller.open(stubborn)
    assert not window.player.is_playing
    assert not window.actions_.play.isEnabled()


def test_what_another_program_writes_meanwhile_waits_for_the_end(
    qtbot: QtBot, window: MainWindow, bandit: Path
) -> None:
    window.actions_.last.trigger()
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    window.actions_.first.trigger()
    state = wasmstate.State.of(wasmstate.Module.open(bandit))
    wasmstate.commit(bandit, state.with_values({"count": 70}))
    follow = window.panels.status_labels["follow"]
    qtbot.waitUntil(lambda: follow.text() == "1 newer", timeout=WAIT)
    with qtbot.waitSignal(window.player.playing_changed, timeout=WAIT, check_params_cb=is_stopped):
        play(window)
    assert follow.text() == "following"
    assert window.panels.timeline.place.text() == "step 6 / 6"


@pytest.fixture
def store(tmp_path: Path) -> QSettings:
    return QSettings(str(tmp_path / "inspector.ini"), QSettings.Format.IniFormat)


def test_the_pace_is_remembered_and_kept_within_its_bounds(qtbot: QtBot, store: QSettings) -> None:
    for stored, shown in ((None, 10), (25, 25), (1_000, 30), (0, 2), ("nonsense", 10)):
        if stored is not None:
            store.setValue("pace", stored)
        window = MainWindow(settings=Settings(store))
        window.make_panels()
        qtbot.addWidget(window)
        assert window.panels.timeline.pace.value() == shown
        window.close_jobs()
    window.panels.timeline.pace.setValue(7)
    assert Settings(store).pace == 7
