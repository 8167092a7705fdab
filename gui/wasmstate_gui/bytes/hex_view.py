"""The hex view: lines of bytes, and what is done in them by mouse and by keys."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from wasmstate_gui.bytes.hex_lines import HexLines
from wasmstate_gui.core.bytes.hexdump import WIDTH

_DIGITS = "0123456789abcdefABCDEF"
_TYPING_MODIFIERS = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
_MOVES = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Up: -WIDTH,
    Qt.Key.Key_Down: WIDTH,
}


class HexView(HexLines):
    """Tells where the user goes, and what is selected or typed."""

    moved = Signal(int)
    """The user went to a byte: its offset."""
    ranged = Signal(int, int)
    """The user selected from one byte to another, both included."""
    typed = Signal(int, int)
    """The user wrote over a byte: its offset, and its new value."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._anchor: int | None = None
        self._half: str = ""  # the first digit of a byte, while the second is awaited

    def select(self, start: int, end: int, cursor: int | None = None) -> None:
        if cursor != self.cursor_at:
            self.forget_half()
        super().select(start, end, cursor)

    def set_editing(self, mode: str) -> None:
        """Let typing overwrite bytes; ``mode`` is what the header says, empty for no longer."""
        self.show_mode(mode)
        self.forget_half()

    def forget_half(self) -> None:
        """The digit that was typed alone does not count."""
        if self._half and self.cursor_at is not None:
            typed = {at: byte for at, byte in self.dump.typed.items() if at != self.cursor_at}
            self.show_typed(typed)
        self._half = ""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = event.position().toPoint()
        offset = self.offset_at(place)
        if event.button() == Qt.MouseButton.RightButton and offset is not None:
            start, end = self.selection or (0, 0)
            if not start <= offset < end:  # its menu is for what is under the mouse
                self.moved.emit(offset)
        if offset is None or event.button() != Qt.MouseButton.LeftButton:
            return
        self.is_in_ascii = self.is_ascii_at(place)
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and self.cursor_at is not None:
            self._extend(offset)
        else:
            self._anchor = offset
            self.moved.emit(offset)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not event.buttons() & Qt.MouseButton.LeftButton or self._anchor is None:
            return
        place = event.position().toPoint()
        bar = self.verticalScrollBar()
        if place.y() < self.header_height:
            bar.setValue(bar.value() - 1)
        elif place.y() >= self.viewport().height():
            bar.setValue(bar.value() + 1)
        offset = self.nearest(place)
        if offset is not None and offset != self.cursor_at:
            self._extend(offset)

    def _extend(self, offset: int) -> None:
        if self._anchor is None:
            self._anchor = self.cursor_at
        if self._anchor is None:
            self._anchor = offset
        self.ranged.emit(self._anchor, offset)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and self.editing:
            # What is typed into the bytes is no shortcut, nor a way to the next panel.
            if event.type() == QEvent.Type.ShortcutOverride and self._is_typing(event):
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Tab:
                self.is_in_ascii = not self.is_in_ascii
                self.forget_half()
                self.viewport().update()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        page = self.full_lines * WIDTH
        last = self.dump.size - 1
        moves = {Qt.Key.Key_PageUp: -page, Qt.Key.Key_PageDown: page, **_MOVES}
        moves |= {Qt.Key.Key_Home: -last - 1, Qt.Key.Key_End: last + 1}
        key = Qt.Key(event.key())
        if self.editing and self._is_typing(event):
            self._type(event.text())
        elif key not in moves or last < 0:
            super().keyPressEvent(event)
        else:
            here = self.cursor_at if self.cursor_at is not None else self.visible_range()[0]
            there = min(max(here + moves[key], 0), last)
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                if self._anchor is None or self.selection is None:
                    self._anchor = here
                self._extend(there)
            else:
                self._anchor = there
                self.moved.emit(there)

    def _is_typing(self, event: QKeyEvent) -> bool:
        """Whether a key writes over the byte at the cursor."""
        text = event.text()
        if len(text) != 1 or event.modifiers() & ~_TYPING_MODIFIERS:
            return False
        return " " <= text <= "~" if self.is_in_ascii else text in _DIGITS

    def _type(self, text: str) -> None:
        offset = self.cursor_at
        if offset is None:
            return
        if self.is_in_ascii:
            self.typed.emit(offset, ord(text))
        elif self._half:
            byte = int(self._half + text, 16)
            self._half = ""
            self.typed.emit(offset, byte)
        else:
            self._half = text
            (now,) = self.dump.read(offset, offset + 1) or b"\0"
            self.show_typed({**self.dump.typed, offset: int(text, 16) << 4 | now & 0x0F})
