"""Recent files, the palette, zoom, colours and places that are remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import wasmstate
from gui_support import OpenWindow, show_active
from wasmstate_gui.core.window.about import about_lines
from wasmstate_gui.core.window.command_search import matching
from wasmstate_gui.core.window.commands import COMMANDS
from wasmstate_gui.kit.settings import Settings
from wasmstate_gui.window.main_window import LEAST_SIZE, MainWindow

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier

NewWindow = Callable[[], MainWindow]

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform


@pytest.fixture
def store(tmp_path: Path) -> QSettings:
    return QSettings(str(tmp_path / "inspector.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def new_window(qtbot: QtBot, store: QSettings) -> Iterator[NewWindow]:
    """Opens a window that remembers; closing the last one writes down what it likes."""
    windows: list[MainWindow] = []

    def open_() -> MainWindow:
        window = MainWindow(settings=Settings(store))
        window.make_panels()
        windows.append(window)
        qtbot.addWidget(window)
        show_active(qtbot, window)
        return window

    yield open_
    for window in windows:
        window.close_jobs()


def show(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    with qtbot.waitSignal(window.idle, timeout=15_000):
        window.open(path)


def test_the_last_files_are_offered_the_newest_first(
    qtbot: QtBot, bandit: Path, stubborn: Path, new_window: NewWindow
) -> None:
    window = new_window()
    assert window.panels.empty.recent_buttons == []
    show(qtbot, window, bandit)
    show(qtbot, window, stubborn)
    window.close()
    again = new_window()
    assert [b.text() for b in again.panels.empty.recent_buttons] == ["stubborn.wasm", "bandit.wasm"]
    with qtbot.waitSignal(again.idle, timeout=15_000):
        QTest.mouseClick(again.panels.empty.recent_buttons[1], Qt.MouseButton.LeftButton)
    assert again.windowTitle().startswith("bandit.wasm")


def test_a_file_that_is_gone_is_not_offered(store: QSettings, bandit: Path) -> None:
    settings = Settings(store)
    settings.add_recent(bandit)
    assert Settings(store).recent == [bandit]
    bandit.unlink()
    assert Settings(store).recent == []
    assert Settings().recent == []


def test_nothing_is_remembered_without_a_store(bandit: Path) -> None:
    settings = Settings()
    settings.add_recent(bandit)
    settings.zoom = 3
    assert settings.recent == [bandit]
    assert Settings().recent == []
    assert (settings.geometry, settings.is_dark, settings.zoom) == (None, None, 3)


def test_nonsense_in_the_store_does_no_harm(store: QSettings) -> None:
    for name in ("recent", "zoom", "geometry", "places/model", "dark"):
        store.setValue(name, "nonsense")
    settings = Settings(store)
    assert (settings.recent, settings.zoom, settings.geometry) == ([], 0, None)
    assert settings.places("model") is None
    assert settings.is_dark is False


def test_ctrl_r_offers_recent_files_by_number(
    qtbot: QtBot, bandit: Path, stubborn: Path, new_window: NewWindow
) -> None:
    window = new_window()
    show(qtbot, window, bandit)
    show(qtbot, window, stubborn)
    menu = window.preferences.choose_recent()
    assert [action.text().split("  ")[1] for action in menu.actions()] == [
        "stubborn.wasm",
        "bandit.wasm",
    ]
    with qtbot.waitSignal(window.idle, timeout=15_000):
        QTest.keyClick(menu, Qt.Key.Key_2)
    assert window.windowTitle().startswith("bandit.wasm")


def test_letters_grow_and_shrink_and_stay_so(
    qtbot: QtBot, bandit: Path, new_window: NewWindow
) -> None:
    window = new_window()
    show(qtbot, window, bandit)
    line = window.panels.page.hex.grid.line
    row = window.panels.tensors.table.rowHeight(0)
    for _ in range(4):
        QTest.keyClick(window, Qt.Key.Key_Equal, CTRL)
    assert window.panels.page.hex.grid.line > line
    assert window.panels.tensors.table.rowHeight(0) > row
    larger = window.panels.page.hex.grid.line
    window.close()
    again = new_window()
    show(qtbot, again, bandit)
    assert again.panels.page.hex.grid.line == larger
    for _ in range(30):
        QTest.keyClick(again, Qt.Key.Key_Minus, CTRL)
    assert again.panels.page.hex.grid.line < line
    QTest.keyClick(again, Qt.Key.Key_0, CTRL)
    assert again.panels.page.hex.grid.line == line


def test_colours_and_the_places_and_sizes_of_panels_are_remembered(
    qtbot: QtBot, bandit: Path, new_window: NewWindow
) -> None:
    window = new_window()
    show(qtbot, window, bandit)
    window.actions_.dark.trigger()
    window.panels.docks["Layout"].hide()
    window.resize(LEAST_SIZE)  # one that has room on every screen
    tensors = window.panels.docks["Tensors"]
    window.resizeDocks([tensors], [300], Qt.Orientation.Horizontal)
    qtbot.waitUntil(lambda: tensors.width() == 300)
    window.close()
    again = new_window()
    assert not any(dock.isVisible() for dock in again.panels.docks.values())
    show(qtbot, again, bandit)
    assert not again.panels.docks["Layout"].isVisible()
    assert again.panels.docks["Tensors"].isVisible()
    qtbot.waitUntil(lambda: again.panels.docks["Tensors"].width() == 300)
    again.actions_.reset.trigger()
    assert again.panels.docks["Layout"].isVisible()
    assert again.theme.is_dark
    again.actions_.light.trigger()
    assert not new_window().theme.is_dark


def test_a_panel_that_was_closed_stays_closed_at_the_next_step(
    qtbot: QtBot, bandit: Path, new_window: NewWindow
) -> None:
    window = new_window()
    show(qtbot, window, bandit)
    window.panels.docks["Timeline"].close()
    with qtbot.waitSignal(window.idle, timeout=15_000):
        QTest.keyClick(window, Qt.Key.Key_F10)
    assert not window.panels.docks["Timeline"].isVisible()


def test_the_palette_finds_a_command_by_typing_and_does_it(
    qtbot: QtBot, bandit: Path, new_window: NewWindow
) -> None:
    window = new_window()
    show(qtbot, window, bandit)
    QTest.keyClick(window, Qt.Key.Key_P, CTRL | SHIFT)
    palette = window.preferences.palette
    assert palette is not None
    QTest.keyClicks(palette.line, "dark")
    assert palette.list.item(0).text() == "View: Dark"
    QTest.keyClick(palette.line, Qt.Key.Key_Return)
    assert window.theme.is_dark


def test_the_palette_offers_only_what_can_be_done_now(
    qtbot: QtBot, bandit: Path, new_window: NewWindow
) -> None:
    window = new_window()
    show(qtbot, window, bandit)
    QTest.keyClick(window, Qt.Key.Key_P, CTRL | SHIFT)
    palette = window.preferences.palette
    assert palette is not None
    QTest.keyClicks(palette.line, "stop")
    texts = [palette.list.item(i).text() for i in range(palette.list.count())]
    assert not any(text.startswith("Step: Stop") for text in texts)
    QTest.keyClick(palette.line, Qt.Key.Key_A, CTRL)
    QTest.keyClicks(palette.line, "step")
    first = palette.list.currentItem().text()
    QTest.keyClick(palette.line, Qt.Key.Key_Down)
    assert palette.list.currentItem().text() != first
    palette.reject()


@pytest.mark.parametrize(
    ("typed", "best"),
    [
        ("step", "Step"),
        ("go to", "Go to\u2026"),
        ("go", "Go to\u2026"),
        ("ctrl+s", "Write changes"),
        ("pltsc", "Plot the selected cell"),
    ],
)
def test_the_best_fit_comes_first(typed: str, best: str) -> None:
    assert matching(COMMANDS, typed)[0].text == best


def test_what_fits_nothing_finds_nothing() -> None:
    assert matching(COMMANDS, "xyzzy") == []
    assert matching(COMMANDS, "") == list(COMMANDS)


def test_about_says_the_versions() -> None:
    lines = dict(about_lines())
    assert lines["wasmstate"] == wasmstate.__version__
    assert lines["wasmtime"][0].isdecimal()


@pytest.mark.parametrize("size", [(1024, 640), (1280, 800)])
def test_zooming_leaves_the_panels_where_they_are(
    bandit: Path, open_window: OpenWindow, size: tuple[int, int]
) -> None:
    window = open_window(bandit)
    window.resize(*size)
    window.panels.reset_layout()
    QApplication.processEvents()
    places = [dock.geometry() for dock in window.panels.docks.values() if dock.isVisible()]
    for command in (["zoom_in"] * 14, ["zoom_reset"], ["zoom_out"] * 3, ["zoom_reset"]):
        for name in command:
            getattr(window.actions_, name).trigger()
            QApplication.processEvents()  # the layout has its say after each
            now = [dock.geometry() for dock in window.panels.docks.values() if dock.isVisible()]
            assert now == places
