"""The table of commands, from which menus, toolbar and documentation are made."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QMenu, QWidget
from pytestqt.qtbot import QtBot

from gui_support import WAIT, OpenWindow
from wasmstate import Module, bake
from wasmstate_gui.core.window.commands import (
    COMMANDS,
    CONTEXT_MENUS,
    FIRST_KEYS,
    ICONS_ONLY,
    MENUS,
    TOOLBAR,
    Command,
    keys_table,
)
from wasmstate_gui.core.window.usable_commands import Situation
from wasmstate_gui.kit import icons
from wasmstate_gui.window.main_window import MainWindow


@pytest.fixture(scope="module")
def shared_window(qapp: object) -> Iterator[MainWindow]:
    """A window without a file, its panes made."""
    window = MainWindow()
    window.make_panels()
    yield window
    window.close_jobs()


DOCS = Path(__file__).parents[2] / "docs" / "inspector.md"


def test_the_documentation_lists_every_key() -> None:
    rows = [line for line in DOCS.read_text().splitlines() if line.startswith("| ")]
    assert rows[-len(keys_table()) :] == [f"| {keys} | {what} |" for keys, what in keys_table()]


def test_no_keys_are_used_twice_and_every_name_is_known() -> None:
    keys = [each for command in COMMANDS for each in command.keys.split(", ") if each]
    assert len(keys) == len(set(keys))
    names = {command.name for command in COMMANDS}
    assert len(names) == len(COMMANDS)
    assert {*TOOLBAR, *ICONS_ONLY, *FIRST_KEYS} - {""} <= names
    assert {command.menu for command in COMMANDS} == set(MENUS)


def test_what_the_first_picture_shows_as_unusable_depends_on_the_file() -> None:
    """The rest of the toolbar would stay as it is when the panels are made."""
    decided = {command.name for command in COMMANDS if command.usable}
    assert {*TOOLBAR} - {"", "open", "follow"} <= decided


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_each_command_names_a_method_of_the_window_and_a_property_of_the_situation(
    shared_window: MainWindow, command: Command
) -> None:
    method = attrgetter(command.does)(shared_window)
    if command.does != "close":  # Qt's own, without a signature
        inspect.signature(method).bind(*command.args)
    assert not command.usable or isinstance(getattr(Situation(), command.usable), bool)


def test_each_command_stands_in_its_menu(qtbot: QtBot) -> None:
    window = MainWindow()
    qtbot.addWidget(window)
    for menu in window.menuBar().actions():
        title = menu.text().removeprefix("&")
        texts = [action.text() for action in menu.menu().actions()]  # type: ignore[attr-defined]
        wanted = [command.text for command in COMMANDS if command.menu == title]
        assert [text for text in texts if text in wanted] == wanted
    window.close_jobs()


# Stop is for a call under way, test_window_calls.py; a call ends before the key would come here.
# A new window is one to be closed, test_desktop.py.
ELSEWHERE = ("stop", "new_window")
WITH_KEYS = [command for command in COMMANDS if command.keys and command.name not in ELSEWHERE]


@pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, on dialogs
@pytest.mark.parametrize("command", WITH_KEYS, ids=lambda command: command.name)
def test_every_key_gives_its_command(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow, command: Command
) -> None:
    window = open_window(bandit)
    here = window.time_travel
    for act in (
        window.panels.step.step,
        window.panels.step.step,
        here.back,
        window.panels.step.step,
    ):
        with qtbot.waitSignal(window.controller.changed, timeout=WAIT):
            act()
        qtbot.waitUntil(lambda: not window.controller.is_busy, timeout=WAIT)
    if command.name in ("forward", "last", "play", "next_mark"):
        here.back()  # from the end of one of two branches, with S not on disk
    target = window.panels.page.hex if command.is_for_bytes else window
    target.setFocus()
    action = getattr(window.actions_, command.name)
    assert action.isEnabled()
    with qtbot.waitSignal(action.triggered, timeout=WAIT):
        QTest.keySequence(target, QKeySequence(command.keys.split(", ")[0]))


@pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, on menus
@pytest.mark.parametrize(
    "command", [each for each in COMMANDS if not each.keys], ids=lambda command: command.name
)
def test_a_click_in_its_menu_gives_a_command_without_a_key(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow, command: Command
) -> None:
    if command.name == "attach":
        bandit.write_bytes(Module.open(bandit).without_custom("wasmstate.state").to_bytes())
    elif command.name == "unbake":
        bandit.write_bytes(bake(Module.open(bandit)).to_bytes())
    elif command.name == "repair":
        content = bytearray(bandit.read_bytes())
        content[-100] ^= 4
        bandit.write_bytes(content)
    window = open_window(bandit)
    if command.name in ("revert", "plot_all", "export_plot"):
        with qtbot.waitSignal(window.idle, timeout=WAIT):
            window.panels.step.step()
    bar = window.menuBar().actions()
    menu = next(each.menu() for each in bar if each.text() == f"&{command.menu}")
    assert isinstance(menu, QMenu)
    action = getattr(window.actions_, command.name)
    assert action.isEnabled()
    menu.popup(window.mapToGlobal(window.rect().center()))
    with qtbot.waitSignal(action.triggered, timeout=WAIT):
        QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())


def test_ctrl_and_a_number_show_and_hide_each_panel(bandit: Path, open_window: OpenWindow) -> None:
    window = open_window(bandit)
    for number, (name, dock) in enumerate(window.panels.docks.items()):
        for _ in range(2):
            was_seen = dock.isVisible() and not dock.visibleRegion().isEmpty()
            key = Qt.Key(Qt.Key.Key_1 + number)
            QTest.keyClick(window, key, Qt.KeyboardModifier.ControlModifier)
            is_seen = dock.isVisible() and not dock.visibleRegion().isEmpty()
            assert is_seen is not was_seen, name


def test_buttons_and_menus_show_their_keys(bandit: Path, open_window: OpenWindow) -> None:
    window = open_window(bandit)
    for command in COMMANDS:
        action = getattr(window.actions_, command.name)
        keys = [key.toString() for key in action.shortcuts()]
        assert keys == [key for key in command.keys.split(", ") if key]
        assert all(key in action.toolTip() for key in keys)


@pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform's own, on a dialog
def test_the_list_of_keys_fits_on_a_small_screen(bandit: Path, open_window: OpenWindow) -> None:
    window = open_window(bandit)
    QTest.keyClick(window, Qt.Key.Key_F1)
    (dialog,) = window.findChildren(QDialog)
    assert dialog.isVisible()
    assert (dialog.width() <= 1024, dialog.height() <= 640) == (True, True), dialog.size()
    label = dialog.findChild(QLabel)
    assert label is not None
    assert all(what in label.text() for _, what in keys_table())
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


@pytest.mark.parametrize("size", [(1024, 640), (1280, 800)])
def test_the_toolbar_has_room_for_all_its_buttons(
    bandit: Path, open_window: OpenWindow, size: tuple[int, int]
) -> None:
    window = open_window(bandit)
    window.resize(*size)
    bar = window.actions_.toolbar
    for name in filter(None, TOOLBAR):
        assert bar.widgetForAction(getattr(window.actions_, name)).isVisible(), name


def test_each_icon_is_a_file_and_each_file_is_an_icon() -> None:
    folder = Path(icons.__file__).parent / "lucide"
    assert (folder / "LICENSE").read_text().startswith("ISC License")
    used = {*icons.FILES.values(), *icons.WHEN_ON.values()}
    assert used == {path.stem for path in folder.glob("*.svg")}
    assert {command.icon for command in COMMANDS if command.icon} <= set(icons.FILES)


@pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform, on menus
@pytest.mark.parametrize("name", CONTEXT_MENUS)
def test_the_right_button_offers_the_commands_of_a_panel(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow, name: str
) -> None:
    window = open_window(bandit)
    panels = window.panels
    widgets: dict[str, QWidget] = {
        "layout": panels.layout.viewport(),
        "bytes": panels.page.hex.viewport(),
        "tensors": panels.tensors.table.viewport(),
        "timeline": panels.timeline.slider,
        "problems": panels.problems.viewport(),
        "module": panels.module.table.viewport(),
        "overview": panels.overview.viewport(),
    }
    widget = widgets[name]
    place = widget.rect().center()
    reason = QContextMenuEvent.Reason.Mouse
    event = QContextMenuEvent(reason, place, widget.mapToGlobal(place))
    QApplication.sendEvent(widget, event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    wanted = [getattr(window.actions_, each).text() if each else "" for each in CONTEXT_MENUS[name]]
    assert [action.text() for action in menu.actions()] == wanted
    menu.close()


def test_the_right_button_puts_the_cursor_where_it_was_pressed(
    bandit: Path, open_window: OpenWindow
) -> None:
    view = open_window(bandit).panels.page.hex
    start, end = view.selection or (0, 0)
    right = Qt.MouseButton.RightButton
    QTest.mouseClick(view.viewport(), right, pos=view.place_of(start + 1))
    assert view.selection == (start, end), "what is selected stays"
    QTest.mouseClick(view.viewport(), right, pos=view.place_of(start - 20))
    assert view.cursor_at == start - 20
