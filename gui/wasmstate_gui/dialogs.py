"""Questions that the window asks. None of them blocks: the answer comes as a call."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from wasmstate_gui.presenters.commands import keys_table

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
    """Show the keys."""
    rows = "".join(
        f"<tr><td><b>{key}</b>&nbsp;&nbsp;</td><td>{what}</td></tr>" for key, what in keys_table()
    )
    box = QMessageBox(parent)
    box.setWindowTitle("Keys")
    box.setText(f"<table cellpadding='1'>{rows}</table>")
    box.open()
