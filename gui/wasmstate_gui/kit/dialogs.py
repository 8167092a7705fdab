"""Questions that the window asks. None of them blocks: the answer comes as a call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QMenu,
    QMessageBox,
    QVBoxLayout,
    QWidget,
)

from wasmstate_gui.core.window.about import about_lines
from wasmstate_gui.core.window.commands import keys_table
from wasmstate_gui.kit.plain_text import HtmlLabel

WASM = ("Open a WebAssembly file", "WebAssembly (*.wasm)")
TABLE = ("Arguments of many calls", "Tables (*.csv *.npy)")


def ask_for_file(
    parent: QWidget, chosen: Callable[[str], None], kind: tuple[str, str] = WASM
) -> None:
    """Let the user choose a file to open."""
    title, name_filter = kind
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilters([name_filter, "All files (*)"])
    dialog.fileSelected.connect(chosen)
    dialog.open()


def ask_for_new_file(
    parent: QWidget, title: str, proposed: Path, chosen: Callable[[str], None]
) -> None:
    """Let the user choose the path of a WebAssembly file that is to be written.

    Nothing is written over: who writes says so, not the dialog.
    """
    dialog = QFileDialog(parent, title, str(proposed))
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilter("WebAssembly (*.wasm)")
    dialog.setDefaultSuffix("wasm")
    dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
    dialog.fileSelected.connect(chosen)
    dialog.open()


def ask_about_changes(
    parent: QWidget, what: str, write: Callable[[], None], drop: Callable[[], None]
) -> QMessageBox:
    """Ask what is to become of changes that are in memory only; gives the open question."""
    buttons = QMessageBox.StandardButton
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("Changes are not written")
    box.setText(f"{what} would be lost.")
    box.setStandardButtons(buttons.Save | buttons.Discard | buttons.Cancel)
    box.button(buttons.Save).setText("Write changes")
    box.setDefaultButton(buttons.Save)
    box.button(buttons.Save).clicked.connect(write)
    box.button(buttons.Discard).clicked.connect(drop)
    box.open()
    return box


def show_keys(parent: QWidget) -> None:
    """Show the keys, in two columns: one would be higher than small screens."""
    cells = [f"<td><b>{key}</b>&nbsp;&nbsp;</td><td>{what}</td>" for key, what in keys_table()]
    half = (len(cells) + 1) // 2
    pairs = zip_longest(cells[:half], cells[half:], fillvalue="")
    gap = "<td>&nbsp;&nbsp;&nbsp;&nbsp;</td>"
    rows = "".join(f"<tr>{left}{gap}{right}</tr>" for left, right in pairs)
    dialog = QDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle("Keys")
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    column = QVBoxLayout(dialog)
    column.addWidget(HtmlLabel(f"<table cellpadding='1'>{rows}</table>"))
    column.addWidget(buttons)
    dialog.open()


def show_about(parent: QWidget) -> None:
    """Show what this is, and of which version."""
    rows = "".join(
        f"<tr><td>{name}&nbsp;&nbsp;</td><td>{text}</td></tr>" for name, text in about_lines()
    )
    box = QMessageBox(parent)
    box.setWindowTitle("About wasmstate")
    box.setText(
        "<b>wasmstate</b><br>WebAssembly binaries that remember.<br><br>"
        f"<table cellpadding='1'>{rows}</table>"
    )
    box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    box.open()


def choose_recent(parent: QWidget, paths: Sequence[Path], chosen: Callable[[str], None]) -> QMenu:
    """Let the user choose one of the last files; gives the open menu."""
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for number, path in enumerate(paths, 1):
        action = menu.addAction(f"&{number}  {path.name}    {path.parent}")
        action.triggered.connect(partial(chosen, str(path)))
    if not paths:
        menu.addAction("No file was opened yet").setEnabled(False)
    menu.popup(parent.mapToGlobal(QPoint(8, 32)))
    return menu
