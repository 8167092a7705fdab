"""The table of commands, from which menus, toolbar and documentation are made."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from wasmstate_gui.presenters.commands import (
    COMMANDS,
    FIRST_KEYS,
    ICONS_ONLY,
    MENUS,
    TOOLBAR,
    keys_table,
)
from wasmstate_gui.window import MainWindow

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


def test_each_command_stands_in_its_menu(qtbot: QtBot) -> None:
    window = MainWindow()
    qtbot.addWidget(window)
    for menu in window.menuBar().actions():
        title = menu.text().removeprefix("&")
        texts = [action.text() for action in menu.menu().actions()]  # type: ignore[attr-defined]
        wanted = [command.text for command in COMMANDS if command.menu == title]
        assert [text for text in texts if text in wanted] == wanted
    window.close_jobs()
