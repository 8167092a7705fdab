"""What baking would change, or undoing it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget

from wasmstate_gui.core.document.destination import copy_of
from wasmstate_gui.core.wizards.plan import Verdict
from wasmstate_gui.kit.lines_table import lines_table, show_lines
from wasmstate_gui.kit.plain_text import PlainLabel
from wasmstate_gui.kit.theme import Theme
from wasmstate_gui.wizards.destination_box import DestinationBox
from wasmstate_gui.wizards.wizard_dialog import WizardDialog

_SIZE = QSize(820, 480)
_BAKE = (
    "A browser, Node or another runtime knows nothing of a state section. Baked, the module "
    "starts from S there, too: data segments and globals hold it. Commits keep both in step."
)
_UNDO = (
    "Every byte outside the state section becomes what it was before the module was baked. "
    "The state stays; other runtimes start again from what was compiled."
)


class BakingDialog(WizardDialog):
    """Globals, memories, data segments and sections, now and then."""

    def __init__(self, path: Path, theme: Theme, parent: QWidget, *, is_undo: bool) -> None:
        verb = "Undo baking" if is_undo else "Bake"
        copy = copy_of(path, "unbaked" if is_undo else "baked")
        destination = DestinationBox(copy, "Change the file &itself, crash-safely; can be undone")
        super().__init__(f"{verb}: {path.name}", verb, destination, theme, _SIZE, parent)
        text = PlainLabel(_UNDO if is_undo else _BAKE)
        text.setWordWrap(True)
        self.table = lines_table("What would change", ("What", "Now", "Then"), ())
        self.body.addWidget(text)
        self.body.addWidget(self.table)
        self.order_tabs(self.table)

    def choice(self) -> None:
        return None

    def show_verdict(self, verdict: Verdict) -> None:
        show_lines(self.table, verdict.lines)
        super().show_verdict(verdict)
