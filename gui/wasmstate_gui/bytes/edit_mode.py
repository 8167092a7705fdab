"""Edit mode: what is typed into the bytes, and the question that comes before the first."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction

from wasmstate_gui.bytes.file_page import FilePage
from wasmstate_gui.core.document.overwrite import is_value
from wasmstate_gui.core.texts import Notice
from wasmstate_gui.document.controller import Controller
from wasmstate_gui.document.selection_model import SelectionModel

_QUESTION = Notice(
    "info",
    "These bytes are none of S's values.",
    "They are overwritten as they are, no checksum is mended, and the file may become unreadable. "
    "Nothing is on disk before you write it, and every edit can be undone.",
    (("edit", "Overwrite bytes of this file"), ("leave", "Leave them")),
)


class Editor(QObject):
    """Passes on what is typed; asks once a file before bytes that are no values are touched."""

    def __init__(
        self, controller: Controller, selection_model: SelectionModel, page: FilePage
    ) -> None:
        super().__init__(controller)
        self._controller = controller
        self._selection_model = selection_model
        self._page = page
        self._may_overwrite = False
        self._asked: tuple[int, int] | None = None
        self._edit, self._raw = QAction(self), QAction(self)
        page.hex.typed.connect(self._typed)
        page.question.chosen.connect(self._answered)

    def use(self, edit: QAction, raw: QAction) -> None:
        """Use the two switches."""
        self._edit, self._raw = edit, raw

    def begin_file(self) -> None:
        """Forget the permission: another file is shown."""
        self._may_overwrite = False
        self._ask(None)

    def toggle(self) -> None:
        """Edit mode was switched."""
        if not self._edit.isChecked():
            self._raw.setChecked(False)
        self._show_mode()

    def toggle_raw(self) -> None:
        """Raw mode was switched; it is a kind of edit mode."""
        if self._raw.isChecked():
            self._edit.setChecked(True)
        self._show_mode()

    @property
    def _is_raw(self) -> bool:
        return self._raw.isChecked()

    def _show_mode(self) -> None:
        mode = "raw" if self._is_raw else "edit"
        self._page.hex.set_editing(mode if self._edit.isChecked() else "")
        if not self._edit.isChecked():
            self._ask(None)

    def _typed(self, offset: int, byte: int) -> None:
        document = self._controller.document
        if document is None:
            return
        is_raw = self._is_raw or not is_value(document, offset)
        if is_raw and not self._may_overwrite:
            self._page.hex.show_typed(self._controller.typed)
            self._ask((offset, byte))
            return
        self._controller.overwrite(offset, bytes([byte]), is_raw=is_raw)
        self._selection_model.go_to_byte(offset + 1)

    def _answered(self, key: str) -> None:
        asked = self._asked
        self._ask(None)
        self._page.hex.setFocus()
        if key == "edit" and asked is not None:
            self._may_overwrite = True
            self._typed(*asked)

    def _ask(self, typed: tuple[int, int] | None) -> None:
        self._asked = typed
        self._page.question.show_notice(None if typed is None else _QUESTION)
