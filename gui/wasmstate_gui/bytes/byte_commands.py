"""What can be done with the selected bytes besides editing them."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from wasmstate_gui.bytes.file_page import FilePage
from wasmstate_gui.core.bytes.copy_formats import MOST, copied
from wasmstate_gui.core.texts import counted
from wasmstate_gui.document.controller import Controller
from wasmstate_gui.document.selection_model import SelectionModel
from wasmstate_gui.module.module_lists import ModuleLists


class ByteCommands(QObject):
    """Copies them, and selects what they are a part of."""

    def __init__(
        self,
        controller: Controller,
        selection_model: SelectionModel,
        module_lists: ModuleLists,
        page: FilePage,
    ) -> None:
        super().__init__(page)
        self._controller = controller
        self._selection_model = selection_model
        self._module_lists = module_lists
        self._page = page

    def copy(self, kind: str) -> None:
        """Put them on the clipboard; the kinds are those of :func:`copied`."""
        selection, picture = self._selection_model.selection, self._controller.picture
        if selection is None or picture is None:
            return
        size = selection.end - selection.start
        if size > MOST:
            self._controller.said.emit(f"{size:,} bytes are too many to copy: at most {MOST:,}")
            return
        data = self._page.hex.dump.read(selection.start, selection.end)
        QGuiApplication.clipboard().setText(copied(kind, data, selection.start, picture.tensors))
        self._controller.said.emit(f"Copied {counted(len(data), 'byte')}")

    def select_field(self) -> None:
        """Select the field that the cursor is in, then what that is a part of."""
        selection = self._selection_model.selection
        if selection is not None:
            at = selection.start if selection.cursor is None else selection.cursor
            self._selection_model.select_field(self._module_lists.places_at(at))
