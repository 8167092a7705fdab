"""What the user sees first, and what it takes."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from gui_support import show_active
from wasmstate_gui.kit.import_ahead import no_garbage
from wasmstate_gui.window.main_window import MainWindow

WAIT = 15_000

FIRST_PICTURE = """
import sys
from wasmstate_gui.run import make_application
from wasmstate_gui.window.main_window import MainWindow
app = make_application()
window = MainWindow()
window.show()
window.grab()
late = {"numpy", "construct", "wasmtime", "pyqtgraph", "wasmstate.binary"}
print(*sorted(late & set(sys.modules)))
window.close()
"""


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    window = MainWindow()
    qtbot.addWidget(window)
    yield window
    window.close_jobs()


def test_the_first_picture_takes_neither_numpy_nor_construct_nor_wasmtime() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_PICTURE],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")


def test_the_panels_are_made_after_the_first_picture(qtbot: QtBot, window: MainWindow) -> None:
    assert not window.panels.is_made
    show_active(qtbot, window)
    qtbot.waitUntil(lambda: window.panels.is_made, timeout=WAIT)
    assert window.panels.docks["Layout"].widget() is window.panels.layout
    assert not window.panels.docks["Layout"].isVisible()


def test_the_window_answers_between_the_making_of_two_panels(
    qtbot: QtBot, window: MainWindow
) -> None:
    made = []

    def note() -> None:
        made.append([hasattr(window.panels, name) for name in ("tensors", "step", "module")])

    timer = QTimer(interval=0)
    timer.timeout.connect(note)
    timer.start()
    window.show()
    qtbot.waitUntil(lambda: window.panels.is_made, timeout=WAIT)
    assert [False, False, False] in made
    assert [True, False, False] in made
    assert [True, True, True] in made


def test_what_is_clicked_before_the_panels_are_there_is_done_when_they_are(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.show()
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.mouseClick(window.panels.empty.sample_button, Qt.MouseButton.LeftButton)
        assert not window.panels.is_made
    assert window.panels.status_labels["validity"].text() == "well-formed"


def test_a_window_can_be_closed_while_the_panels_are_made(qtbot: QtBot, window: MainWindow) -> None:
    def close() -> None:
        if hasattr(window.panels, "page"):
            window.close()

    timer = QTimer(interval=0)
    timer.timeout.connect(close)
    timer.start()
    window.show()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=WAIT)
    assert not window.panels.is_made


def test_the_first_picture_is_that_of_the_finished_window(qtbot: QtBot, window: MainWindow) -> None:
    show_active(qtbot, window)
    window.panels.empty.setFocus()
    first = window.grab().toImage()
    window.make_panels()
    window.panels.empty.setFocus()
    assert window.grab().toImage() == first


def test_a_file_opened_before_that_is_shown_in_panels(
    qtbot: QtBot, bandit: Path, window: MainWindow
) -> None:
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        window.open(bandit)
    assert window.panels.status_labels["validity"].text() == "well-formed"


def test_a_window_that_is_closed_at_once_needs_no_panels(window: MainWindow) -> None:
    window.show()
    window.close()
    assert not window.panels.is_made
    assert window.picture is None


def test_colours_and_zoom_chosen_before_reach_the_panels(window: MainWindow) -> None:
    plain = MainWindow()
    plain.make_panels()
    window.preferences.use_theme("dark")
    window.preferences.zoom(3)
    window.make_panels()
    assert window.panels.page.hex.grid.char > plain.panels.page.hex.grid.char
    assert window.panels.layout.palette().base().color().name() == window.theme.base.lower()
    plain.close_jobs()


def test_garbage_is_collected_again_after_an_import_that_fails() -> None:
    def fail() -> None:
        with no_garbage():
            assert not gc.isenabled()
            raise ImportError

    with pytest.raises(ImportError):
        fail()
    assert gc.isenabled()
