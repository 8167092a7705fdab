"""A picture, shown in the panels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from wasmstate_gui.core.calls.call_form import forms
from wasmstate_gui.core.document import absence
from wasmstate_gui.core.document.document import Document
from wasmstate_gui.core.document.snapshot import Snapshot
from wasmstate_gui.core.problems.places import named
from wasmstate_gui.core.window import status
from wasmstate_gui.core.window.picture import Picture
from wasmstate_gui.window.panels import Panels

_HINTS = {
    status.WAITING: "Another program is writing the file; Revert shows what is there by now",
    "newer on disk": "Another program has replaced the file; F6 or Revert shows what it wrote",
    "not following": "What other programs write is not shown; F6 follows the file",
    "waiting for the file": "It is shown again when it can be read",
    "following": "What other programs write is shown at once",
}
_LOOKING_BACK = "An older step is shown; Alt+End goes to the newest and on with following"


class PanelRefresh:
    """Gives each panel its part of the picture.

    What follows from the file alone, and not from S in memory, is shown when the file is another.
    """

    def __init__(self, panels: Panels) -> None:
        self._panels = panels
        self._base: Snapshot | None = None
        self._kind = ""  # of the file; the user may look at it in the workspace of the other

    def begin(self) -> None:
        """Show all parts next time: another file, or the same one, was opened."""
        self._base = None
        self._kind = ""

    def show(self, picture: Picture | None, typed: Mapping[int, int]) -> None:
        """Show a picture, or the page without a file.

        Args:
            picture: what is to be shown.
            typed: bytes that were typed and are not in it yet.
        """
        panels = self._panels
        document = None if picture is None else picture.document
        panels.window.setWindowTitle(status.title(document))
        panels.show_page(is_file=document is not None)
        if document is None or picture is None:
            return
        panels.window.setWindowModified(document.is_dirty)
        size = document.source.size
        panels.page.strip.show_rows(picture.rows, size, picture.changed, picture.damage)
        panels.page.hex.show_dump(replace(picture.dump, typed=typed))
        panels.layout.show_rows(picture.rows)
        if document.base is not self._base:
            self._show_base(document.base)
        if document.state is None and not picture.tensors:
            panels.tensors.show_reason(
                absence.no_tensors(document.base), can_attach=absence.can_attach(document.base)
            )
        else:
            panels.tensors.show_tensors(picture.tensors)
        panels.page.damage.show_notice(status.damage_notice(document))
        panels.page.conflict.show_notice(status.conflict_notice(document))
        self._show_status(document)

    def show_following(self, text: str) -> None:
        """Say what becomes of the versions that other programs write."""
        label = self._panels.status_labels["follow"]
        label.setText(text)
        label.setToolTip(_HINTS.get(text, _LOOKING_BACK))
        label.setProperty("waits", text == status.WAITING)
        label.style().polish(label)  # its colour depends on that

    def show_diff(self) -> None:
        """Raise the list of the cells that changed."""
        panels = self._panels
        panels.show("Tensors")
        panels.tensors.tabs.setCurrentWidget(panels.tensors.tabs.diff)
        panels.tensors.tabs.diff.setFocus()

    def show_problems(self) -> None:
        """Raise the list of what is wrong."""
        self._panels.show("Problems")
        self._panels.problems.setFocus()

    def _show_base(self, base: Snapshot) -> None:
        docks = self._panels.docks
        kind = "model" if absence.is_model(base) else "module"
        if kind != self._kind:
            self._kind = kind
            self._panels.show_workspace(kind)
        if self._base is None or bool(base.findings) != bool(self._base and self._base.findings):
            docks["Problems"].setVisible(bool(base.findings))
            self._panels.bring_first_forward()
            if base.findings:
                self._panels.bring_forward("Problems")
        self._panels.problems.show_findings(named(base.findings, base.module))
        docks["Problems"].setWindowTitle(f"Problems ({len(base.findings)})")
        metadata = base.state.metadata if base.state is not None else {}
        self._panels.step.show_forms(forms(base.functions, metadata), base.obstacle)
        self._base = base

    def _show_status(self, document: Document) -> None:
        labels = self._panels.status_labels
        labels["validity"].setText(status.validity(document))
        labels["generation"].setText(status.generation(document))
        labels["disk"].setText(status.disk_state(document))
        labels["size"].setText(f"{document.source.size:,} bytes")
