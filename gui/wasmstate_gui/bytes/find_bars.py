"""Find and go to: the two bars under the bytes, and what they look for."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from wasmstate_gui.bytes.file_page import FilePage
from wasmstate_gui.core.bytes.search import Match, parse_needle, search
from wasmstate_gui.core.window.go_to import HINT, Place, find_place
from wasmstate_gui.core.window.picture import Picture
from wasmstate_gui.document.selection_model import SelectionModel
from wasmstate_gui.kit.jobs import Jobs, Task
from wasmstate_gui.module.module_lists import ModuleLists

PROGRESS_AFTER_MS = 150


class Finder(QObject):
    """Searches beside the GUI thread; one search at a time, the newest."""

    found = Signal()
    """A search has come to its end."""
    function_found = Signal()
    """The user went to a function."""

    def __init__(
        self, page: FilePage, selection_model: SelectionModel, module_lists: ModuleLists
    ) -> None:
        super().__init__(page)
        self._page = page
        self._selection_model = selection_model
        self._module_lists = module_lists
        self._picture: Picture | None = None
        self._jobs = Jobs(self)
        self._task: Task | None = None
        self._share = 0.0
        # A search that is over at once shows no progress: it would only flicker.
        self._patience = QTimer(self, singleShot=True, interval=PROGRESS_AFTER_MS)
        self._patience.timeout.connect(self._show_progress)
        page.find_bar.requested.connect(self._find)
        page.find_bar.changed.connect(self._changed)
        page.find_bar.closed.connect(self._closed)
        page.goto_bar.typed.connect(self._preview)
        page.goto_bar.chosen.connect(self._go)
        page.goto_bar.closed.connect(self._closed)
        module_lists.functions_read.connect(self._functions_read)

    @property
    def is_busy(self) -> bool:
        """Whether a search is under way."""
        return self._task is not None

    def show(self, picture: Picture) -> None:
        """Another picture is shown."""
        self._picture = picture

    def begin_find(self) -> None:
        """Open the bar to find something."""
        self._page.goto_bar.hide()
        self._page.find_bar.begin()

    def begin_goto(self) -> None:
        """Open the bar to go somewhere."""
        self._page.find_bar.hide()
        self._page.goto_bar.begin()
        self._module_lists.read()
        self._preview(self._page.goto_bar.edit.text())

    def find_next(self) -> None:
        """Find the next place of what was looked for last."""
        self._find(1)

    def find_previous(self) -> None:
        """Find the place before."""
        self._find(-1)

    def close(self) -> None:
        """Give up what is under way."""
        self._patience.stop()
        self._jobs.close()

    def _find(self, direction: int) -> None:
        bar, picture = self._page.find_bar, self._picture
        needle = parse_needle(bar.kinds.currentText(), bar.edit.text(), bar.tolerance.text())
        if picture is None:
            return
        if isinstance(needle, str):
            self.begin_find()
            bar.note.show_text(needle or "Write what is to be found")
            return
        self._cancel()
        selection = self._selection_model.selection
        here = selection.start if selection is not None else -1
        source = picture.document.source
        start = here + 1 if direction > 0 else here - 1
        work = partial(search, source, needle, start, direction)
        self._task = self._jobs.start_task(work, self._found, self._progressed)
        self._share = 0.0
        self._patience.start()

    def _found(self, result: Match | Exception | None) -> None:
        self._task = None
        self._patience.stop()
        bar = self._page.find_bar
        bar.show_progress(None)
        if isinstance(result, Match):
            self._selection_model.select_range(result.start, result.end - 1)
            wrapped = ", from the other end again" if result.is_wrapped else ""
            bar.note.show_text(f"at 0x{result.start:X}{wrapped}")
        elif result is None:
            bar.note.show_text("not found")
        else:
            bar.note.show_text(str(result))
        self.found.emit()

    def _progressed(self, share: float) -> None:
        self._share = share
        if not self._patience.isActive():
            self._show_progress()

    def _show_progress(self) -> None:
        if self._task is not None:
            self._page.find_bar.show_progress(self._share)

    def _changed(self) -> None:
        self._cancel()
        bar = self._page.find_bar
        needle = parse_needle(bar.kinds.currentText(), bar.edit.text(), bar.tolerance.text())
        bar.note.show_text(needle if isinstance(needle, str) else "")

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.is_cancelled = True
            self._task = None
        self._patience.stop()
        self._page.find_bar.show_progress(None)

    def _closed(self) -> None:
        self._cancel()
        self._page.hex.setFocus()

    def _place(self, text: str) -> Place | str:
        if self._picture is None:
            return HINT
        return find_place(text, self._picture, self._module_lists.functions)

    def _preview(self, text: str) -> None:
        place = self._place(text)
        if isinstance(place, Place):
            note = f"{place.label}, at 0x{place.start:X}"
        else:
            note = place if text.strip() else ""
        self._page.goto_bar.note.show_text(note)

    def _functions_read(self) -> None:
        if self._page.goto_bar.isVisible():
            self._preview(self._page.goto_bar.edit.text())

    def _go(self, text: str) -> None:
        place = self._place(text)
        if isinstance(place, Place):
            self._selection_model.go_to_place(place)
            self._page.goto_bar.shut()
            if place.is_function:
                self.function_found.emit()
        else:
            self._page.goto_bar.note.show_text(place)
