"""What is changed by hand: cells, and bytes that are typed over others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from wasmstate.state.state import State
from wasmstate_gui.core.document.document import Document
from wasmstate_gui.core.document.overwrite import Edit, edited, is_value
from wasmstate_gui.core.timeline import stepping
from wasmstate_gui.document.shown_document import Change, Shown


class HandEdits(QObject):
    """Makes a step of the timeline of each, as of any call."""

    typed_changed = Signal()
    """Bytes were typed; what they make of the file is shown soon."""

    def __init__(self, shown: Shown, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.typed: dict[int, int] = {}
        self._shown = shown
        self._edits: list[Edit] = []
        # Before the window learns of the picture, which has what was typed.
        shown.changed.connect(self._settle)

    def edit(self, change: Callable[[State], State], text: str) -> None:
        """Give S other values.

        Args:
            change: makes the new state of the one shown; what it raises is told.
            text: what is done, as the timeline shows it.
        """
        timeline = self._shown.timeline
        if timeline is None:
            return

        def make(document: Document) -> Document:
            if document.state is None:
                return document
            state = change(document.state)
            if state.contents() == document.state.contents():
                return document
            stepping.add_edit(timeline, document.state, state, text)
            return stepping.at_step(document, timeline)

        self._shown.apply(Change(make))

    def overwrite(self, offset: int, data: bytes, *, is_raw: bool) -> None:
        """Overwrite bytes: those of S become other values, all others are taken as they are."""
        document = self._shown.document
        assert document is not None
        self.typed |= dict(enumerate(data, offset))
        self._edits.append(Edit(offset, data, is_raw))
        is_value_edit = not is_raw and is_value(document, offset)
        self._shown.apply(Change(self._edited, is_value_edit or self._shown.is_small))
        if self.typed:
            self.typed_changed.emit()

    def forget(self) -> None:
        """Drop what was typed: another file is shown."""
        self._edits, self.typed = [], {}

    def _settle(self) -> None:
        if not self._edits:
            self.typed = {}

    def _edited(self, document: Document) -> Document:
        edits, self._edits = self._edits, []
        timeline = self._shown.timeline
        after = edited(document, edits)
        if timeline is None or not edits or after is document:
            return after
        last = edits[-1]
        text = f"0x{last.offset:X} = {last.data.hex(' ').upper()}"
        if after.edited is not document.edited:
            stepping.add_bytes(timeline, after, f"{text}, as it is")
            return replace(after, step=timeline.here)
        assert document.state is not None
        assert after.state is not None
        if not timeline.fits(after.state.contents()):
            self._shown.timeline = timeline = stepping.timeline_of(document.base)
        goes_on = timeline.event(timeline.here).kind == "edit" and document.before is not None
        stepping.add_edit(timeline, document.state, after.state, text)
        # What was typed one after the other is marked together.
        before = document.before if goes_on else document.state
        return replace(after, step=timeline.here, before=before)
