"""A new thing is one file and one line in a table (CONTRIBUTING.md, "Add one thing")."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import click
import pytest
from construct import Struct

from cli_runner import run_command
from support import PREAMBLE, custom_bytes, section_bytes
from wasmstate import Module, cli
from wasmstate.binary import custom
from wasmstate.binary.custom import CUSTOM_LAYOUTS
from wasmstate.binary.sections import MODULE_SECTIONS
from wasmstate.binary.sections.base import ListSection
from wasmstate.binary.values import List, name, u32


def add_file(monkeypatch: pytest.MonkeyPatch, path: str, **names: object) -> None:
    file = ModuleType(path)
    vars(file).update(names)
    monkeypatch.setitem(sys.modules, path, file)


def test_a_cli_command_is_called_and_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command("greet")
    def command() -> None:
        click.echo("good morning")

    add_file(monkeypatch, f"{cli.__name__}.commands.greet", command=command)
    monkeypatch.setitem(cli.COMMANDS, "greet", "Say good morning.")
    assert run_command("greet").stdout == "good morning\n"
    assert "  greet        Say good morning.\n" in run_command("--help").stdout


def test_a_custom_section_is_decoded_and_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    layout = Struct("author" / name, "year" / u32)
    add_file(monkeypatch, f"{custom.__name__}.licence", licence=layout)
    monkeypatch.setitem(CUSTOM_LAYOUTS, "licence", "licence.licence")
    path = tmp_path / "m.wasm"
    path.write_bytes(PREAMBLE + custom_bytes("licence", b"\x03Ada\xe6\x0f"))
    (section,) = Module.open(path).custom_sections("licence")
    assert (section.decode().author, section.decode().year) == ("Ada", 2022)
    assert "  author = Ada\n" in run_command("dump", str(path)).stdout
    path.write_bytes(path.read_bytes()[:-2] + b"\xff\xff")
    assert "year" in run_command("check", str(path)).stdout


def test_a_standard_section_is_listed_decoded_and_edited(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class StringSection(ListSection[str]):
        layout = Struct("entries" / List(name))

    monkeypatch.setitem(MODULE_SECTIONS, 14, ("string", StringSection))
    path = tmp_path / "m.wasm"
    path.write_bytes(PREAMBLE + section_bytes(14, b"\x02\x01a\x01b"))
    module = Module.open(path)
    assert module.section(StringSection) is module.sections[0]
    assert module.sections[0].decode() == ["a", "b"]
    edited = module.with_entries({StringSection: ["a", "bc"]})
    assert edited.to_bytes() == PREAMBLE + section_bytes(14, b"\x02\x01a\x02bc")
    assert "string" in run_command("layout", str(path)).stdout
    assert "entries[1] = b\n" in run_command("dump", str(path)).stdout


WINDOW = """
import json
import os
import sys
from types import ModuleType
from wasmstate_gui.core.window import commands
commands.COMMANDS += (
    commands.Command("greet", "Greet", "Help", "greet", keys="Ctrl+Alt+G", tip="Say it"),
)
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from wasmstate_gui.run import make_application
from wasmstate_gui.window import panels
from wasmstate_gui.window.main_window import MainWindow

class NotesPanel(QLabel):
    def set_theme(self, theme):
        self.setText(repr(theme))

file = ModuleType("wasmstate_gui.notes")
file.NotesPanel = NotesPanel
sys.modules["wasmstate_gui.notes"] = file
pane = panels.Pane("Notes", "notes:NotesPanel")
pane.__set_name__(panels.Panels, "notes")
panels.Panels.notes = pane
panels.Panels.PANES["Notes"] = pane

greeted = []
MainWindow.greet = lambda self: greeted.append("good morning")
app = make_application()
window = MainWindow()
window.make_panels()
window.show()
QTest.qWaitForWindowExposed(window)
while not window.panels.is_made:
    app.processEvents()
window.panels.show_workspace("model")
dock = window.panels.docks["Notes"]
both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
QTest.keyClick(window, Qt.Key.Key_G, both)
bar = [action.menu() for action in window.menuBar().actions()]
menus = {menu.title().replace("&", ""): menu.actions() for menu in bar}
print(json.dumps({
    "greeted": greeted,
    "menu": [action.text() for action in menus["Help"]],
    "views": [action.text() for action in menus["View"]],
    "widget": type(window.panels.notes).__name__,
    "dock": dock.windowTitle(),
    "tabs": [each.windowTitle() for each in window.tabifiedDockWidgets(dock)],
}))
sys.stdout.flush()
os._exit(0)
"""


@pytest.fixture(scope="module")
def window() -> SimpleNamespace:
    """What a window with one more command and one more pane shows."""
    done = subprocess.run([sys.executable, "-c", WINDOW], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return SimpleNamespace(**json.loads(done.stdout))


def test_a_command_of_the_window_has_its_menu_and_its_key(window: SimpleNamespace) -> None:
    assert "Greet" in window.menu
    assert window.greeted == ["good morning"]


def test_a_pane_has_its_dock(window: SimpleNamespace) -> None:
    assert (window.widget, window.dock) == ("NotesPanel", "Notes")
    assert "Notes" in window.views
    assert "Tensors" in window.tabs
