"""The main window: panels around one document and one selection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QMessageBox, QWidget

from wasmstate_gui.actions import Actions
from wasmstate_gui.comforts import Comforts
from wasmstate_gui.controller import Controller
from wasmstate_gui.dialogs import TABLE, ask_about_changes, ask_for_file, show_about, show_keys
from wasmstate_gui.editor import Editor
from wasmstate_gui.explorer import Explorer
from wasmstate_gui.finder import Finder
from wasmstate_gui.navigator import Navigator
from wasmstate_gui.presenters import absence, status
from wasmstate_gui.presenters.copying import MOST, copied
from wasmstate_gui.presenters.document import Document
from wasmstate_gui.presenters.picture import Picture
from wasmstate_gui.presenters.snapshot import Snapshot
from wasmstate_gui.presenters.step_form import forms
from wasmstate_gui.presenters.tables import table_of
from wasmstate_gui.protocol import Call
from wasmstate_gui.repairer import Repairer
from wasmstate_gui.samples import sample_copy
from wasmstate_gui.settings import Settings
from wasmstate_gui.shell import Shell
from wasmstate_gui.tensor_commands import TensorCommands
from wasmstate_gui.theme import LIGHT, Theme
from wasmstate_gui.traveller import Traveller
from wasmstate_gui.undoer import UNDO, Undoer
from wasmstate_gui.wizards import Wizards

_SAID_MS = 6000


class MainWindow(Shell):
    """Passes on what the user does, and shows what comes of it."""

    idle = Signal()
    """Nothing is under way any more: no call, no reading, no writing."""

    def __init__(self, parent: QWidget | None = None, *, settings: Settings | None = None) -> None:
        super().__init__(parent)
        self.comforts = Comforts(self, settings or Settings())
        self.controller = Controller(self)
        self.navigator = Navigator(self)
        self.traveller = Traveller(self.controller, self.navigator, self.timeline_panel)
        self.tensor_commands = TensorCommands(self.controller, self.tensors_panel, self)
        self.explorer = Explorer(self.module_panel, self)
        self.finder = Finder(self.page, self.navigator, self.explorer)
        self.editor = Editor(self.controller, self.navigator, self.page)
        self._base: Snapshot | None = None
        self.undoer = Undoer(self.controller)
        self.repairer = Repairer(self.controller, self.undoer, self)
        self.wizards = Wizards(self.controller, self.undoer, self)
        self._left: Document | None = None
        self.question: QMessageBox | None = None
        self._afterwards: Callable[[], object] | None = None
        self.actions_ = Actions(
            self,
            {
                "open": self.choose_file,
                "sample": self.open_sample,
                "new_model": self.wizards.new_model,
                "attach": self.wizards.attach,
                "graft": self.wizards.graft,
                "bake": self.wizards.bake,
                "unbake": self.wizards.unbake,
                "write": self.controller.write,
                "revert": self.controller.revert,
                "quit": self.close,
                "step": self.step_panel.step,
                "predict": self.step_panel.predict,
                "run": self.step_panel.run,
                "stop": self.controller.stop,
                "back": self.traveller.back,
                "forward": self.traveller.forward,
                "first": self.traveller.first,
                "last": self.traveller.last,
                "branch": self.traveller.next_branch,
                "plot": self.traveller.plot_cell,
                "copy_tensor": self.tensor_commands.copy,
                "save_tensor": self.tensor_commands.save,
                "load_tensor": self.tensor_commands.load,
                "next_change": self.navigator.next_change,
                "previous_change": self.navigator.previous_change,
                "light": partial(self.comforts.use_theme, dark=False),
                "dark": partial(self.comforts.use_theme, dark=True),
                "recent": self.comforts.choose_recent,
                "zoom_in": partial(self.comforts.zoom, 1),
                "zoom_out": partial(self.comforts.zoom, -1),
                "zoom_reset": partial(self.comforts.zoom, 0),
                "palette": self._show_palette,
                "about": partial(show_about, self),
                "since_step": self._compare_with_step,
                "since_disk": self._compare_with_disk,
                "reset": self.reset_layout,
                "keys": partial(show_keys, self),
                "copy_hex": partial(self._copy, "hex"),
                "copy_c": partial(self._copy, "c"),
                "copy_python": partial(self._copy, "python"),
                "copy_array": partial(self._copy, "array"),
                "select_field": self._select_field,
                "select_all": self.navigator.select_all,
                "edit_mode": self.editor.toggle,
                "raw_mode": self.editor.toggle_raw,
                "values": self._toggle_values,
                "find": self.finder.begin_find,
                "find_next": self.finder.find_next,
                "find_previous": self.finder.find_previous,
                "goto": self.finder.begin_goto,
            },
            self.page.hex,
        )
        self.editor.use(self.actions_)
        self.actions_.add_menus(self.docks.values())
        self._connect()
        self.set_theme(LIGHT)
        self.docks["Problems"].hide()
        self.reset_layout()
        self._show()
        self.comforts.restore()

    def _connect(self) -> None:
        controller, page = self.controller, self.page
        controller.opened.connect(self._opened)
        controller.changed.connect(self._show)
        controller.typed_changed.connect(self._typed_changed)
        controller.running_changed.connect(self._running_changed)
        controller.result.connect(self._result)
        controller.said.connect(self._said)
        controller.failed.connect(self._failed)
        controller.reverted.connect(self._reverted)
        controller.settled.connect(self._settled)
        self.empty.open_requested.connect(self.choose_file)
        self.empty.sample_requested.connect(self.open_sample)
        self.empty.new_requested.connect(self.wizards.new_model)
        self.tensors_panel.attach_wanted.connect(self.wizards.attach)
        self.wizards.made.connect(self.open)
        self.empty.recent_requested.connect(self._file_chosen)
        self.step_panel.requested.connect(self._call)
        self.step_panel.stop_requested.connect(controller.stop)
        self.step_panel.options.rows_wanted.connect(self.choose_rows)
        controller.rows_read.connect(self.step_panel.options.show_rows)
        page.damage.chosen.connect(self._show_problems)
        page.conflict.chosen.connect(self._settle)
        self.navigator.moved.connect(self.explorer.go_to)
        self.module_panel.range_chosen.connect(self._range_chosen)
        self.docks["Module"].visibilityChanged.connect(self.explorer.set_open)
        self.layout_panel.doubleClicked.connect(self._section_activated)
        page.notice.chosen.connect(self._notice_chosen)
        controller.noticed.connect(page.notice.show_notice)
        self.problems_panel.repair_wanted.connect(self.repairer.preview)

    @property
    def picture(self) -> Picture | None:
        """What the panels show; ``None`` before a file is open."""
        return self.controller.picture

    def open(self, path: Path) -> None:
        """Show a file, after asking if changes would be lost."""
        self._unless_dirty(partial(self.controller.open, path))

    def choose_file(self) -> None:
        """Ask for a file and open it."""
        ask_for_file(self, self._file_chosen)

    def choose_rows(self) -> None:
        """Ask for a file with the arguments of many calls."""
        ask_for_file(self, self._rows_chosen, TABLE)

    def open_sample(self) -> None:
        """Open a copy of the sample."""
        try:
            self.open(sample_copy())
        except OSError as error:
            self._failed("The sample cannot be opened.", str(error))

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self.actions_.set_palette(self.palette())
        (self.actions_.dark if theme.is_dark else self.actions_.light).setChecked(True)

    def _file_chosen(self, name: str) -> None:
        self.open(Path(name))

    def _rows_chosen(self, name: str) -> None:
        form = self.step_panel.form
        if form is not None:
            self.controller.read_rows(Path(name), form.fields)

    def _opened(self) -> None:
        self._base = None
        self.navigator.selection = None
        self.undoer.forget()
        self.page.notice.show_notice(None)
        self.editor.begin_file()
        if self.controller.document is not None:
            self.comforts.opened(self.controller.document.disk.path)
        self._show()
        self.navigator.begin()
        self.page.hex.setFocus()

    def _show(self) -> None:
        document = self.controller.document
        self.setWindowTitle(status.title(document))
        self.show_page(is_file=document is not None)
        if document is None:
            self._enable()
            return
        self.setWindowModified(document.is_dirty)
        picture = self.controller.picture
        assert picture is not None
        size = document.source.size
        self.page.strip.show_rows(picture.rows, size, picture.changed, picture.damage)
        self.page.hex.show_dump(replace(picture.dump, typed=self.controller.typed))
        self.layout_panel.show_rows(picture.rows)
        if document.base is not self._base:
            self._show_base(document.base)
        if document.state is None:
            self.tensors_panel.show_reason(
                absence.no_tensors(document.base), can_attach=absence.can_attach(document.base)
            )
        else:
            self.tensors_panel.show_tensors(picture.tensors)
        self.page.damage.show_notice(status.damage_notice(document))
        self.page.conflict.show_notice(status.conflict_notice(document))
        if self._left is not None and self._left.disk is not document.disk:
            self._forget_revert()
        self._show_status(document)
        self._enable()
        self.explorer.show_module(document.base.module)
        self.finder.show(picture)
        self.navigator.show(picture)
        self.traveller.show()

    def _show_base(self, base: Snapshot) -> None:
        """What depends on the file alone, not on S in memory."""
        if self._base is None or bool(base.findings) != bool(self._base.findings):
            self.docks["Problems"].setVisible(bool(base.findings))
            self.docks["Problems" if base.findings else "Timeline"].raise_()
        self.problems_panel.show_findings(base.findings)
        self.docks["Problems"].setWindowTitle(f"Problems ({len(base.findings)})")
        self.step_panel.show_forms(forms(base.functions), base.obstacle)
        self._base = base

    def _show_status(self, document: Document) -> None:
        labels = self.status_labels
        labels["validity"].setText(status.validity(document))
        labels["generation"].setText(status.generation(document))
        labels["disk"].setText(status.disk_state(document))
        labels["size"].setText(f"{document.source.size:,} bytes")

    def _enable(self) -> None:
        document, busy = self.controller.document, self.controller.is_running
        actions = self.actions_
        is_dirty = document is not None and document.is_dirty and not busy
        actions.write.setEnabled(is_dirty)
        actions.revert.setEnabled(is_dirty)
        panel = self.step_panel
        panel.set_running(running=busy)
        actions.step.setEnabled(panel.step_button.isEnabled())
        actions.run.setEnabled(panel.run_button.isEnabled())
        actions.predict.setEnabled(panel.predict_button.isEnabled())
        actions.stop.setEnabled(busy)
        base = None if document is None or busy else document.base
        actions.attach.setEnabled(base is not None and absence.can_attach(base))
        actions.graft.setEnabled(base is not None and absence.can_graft(base))
        actions.bake.setEnabled(base is not None and absence.can_bake(base))
        actions.unbake.setEnabled(base is not None and absence.can_unbake(base))
        travels = not busy
        actions.back.setEnabled(travels and self.traveller.can_go_back)
        actions.first.setEnabled(travels and self.traveller.can_go_back)
        actions.forward.setEnabled(travels and self.traveller.can_go_forward)
        actions.last.setEnabled(travels and self.traveller.can_go_forward)
        actions.branch.setEnabled(travels and self.traveller.can_change_branch)

    def _call(self, request: Call) -> None:
        self._forget_revert()
        self.controller.call(request)

    def _running_changed(self, running: bool) -> None:
        self._enable()
        if running:
            self.step_panel.show_result("Running\u2026 Esc stops it.", failed=False)

    def _result(self, text: str, failed: bool) -> None:
        self.step_panel.show_result(text, failed=failed)

    def _typed_changed(self) -> None:
        self.page.hex.show_typed(self.controller.typed)
        self.setWindowModified(True)
        self.actions_.write.setEnabled(True)

    def _said(self, text: str) -> None:
        self.statusBar().showMessage(text, _SAID_MS)

    def _failed(self, title: str, text: str) -> None:
        self.page.notice.show_notice(status.Notice("conflict", title, text))
        self.empty.show_failure(f"{title} {text}")

    def _reverted(self, left: Document) -> None:
        self._left = left
        self.step_panel.show_result("", failed=False)
        self.page.notice.show_notice(status.revert_notice(left))

    def _notice_chosen(self, key: str) -> None:
        if key == UNDO:
            self.page.notice.show_notice(None)
            self.undoer.undo()
        else:
            self._undo_revert()

    def _undo_revert(self) -> None:
        left = self._left
        self._forget_revert()
        if left is not None:
            self.controller.come_back(left)

    def _forget_revert(self) -> None:
        self._left = None
        self.page.notice.show_notice(None)

    def _settle(self, key: str) -> None:
        if key == "mine":
            self.controller.keep_mine()
        else:
            self.controller.take_theirs()

    def _show_problems(self, _key: str) -> None:
        self.docks["Problems"].show()
        self.docks["Problems"].raise_()
        self.problems_panel.setFocus()

    def _show_palette(self) -> None:
        self.comforts.show_palette(self.actions_)

    def _copy(self, kind: str) -> None:
        """Put the selected bytes on the clipboard."""
        selection, picture = self.navigator.selection, self.picture
        if selection is None or picture is None:
            return
        size = selection.end - selection.start
        if size > MOST:
            self._said(f"{size:,} bytes are too many to copy: at most {MOST:,}")
            return
        data = self.page.hex.dump.read(selection.start, selection.end)
        QGuiApplication.clipboard().setText(copied(kind, data, selection.start, picture.tensors))
        self._said(f"Copied {status.counted(len(data), 'byte')}")

    def _select_field(self) -> None:
        selection = self.navigator.selection
        if selection is not None:
            at = selection.start if selection.cursor is None else selection.cursor
            self.navigator.select_field(self.explorer.places_at(at))

    def _toggle_values(self) -> None:
        self.page.values_bar.setVisible(self.actions_.values.isChecked())

    def _range_chosen(self, start: int, end: int) -> None:
        if end > start:
            self.navigator.select_range(start, end - 1)

    def _section_activated(self, index: QModelIndex) -> None:
        """Show the list of a section, if it has one."""
        row = self.layout_panel.layout_model.row(index)
        kind = table_of(row.name, row.kind)
        if kind is not None:
            self.docks["Module"].show()
            self.docks["Module"].raise_()
            self.module_panel.kinds.setCurrentText(kind)

    def _compare_with_step(self) -> None:
        self.controller.compare_with("step")

    def _compare_with_disk(self) -> None:
        self.controller.compare_with("disk")

    def _unless_dirty(self, action: Callable[[], object]) -> None:
        """Do something that drops S in memory, after asking if it is on disk."""
        document = self.controller.document
        if document is None or not document.is_dirty:
            action()
            return
        self._afterwards = action
        what = status.sentence(status.disk_changes(document))
        self.question = ask_about_changes(self, what, self.controller.write, self._drop)

    def _drop(self) -> None:
        action, self._afterwards = self._afterwards, None
        self.controller.stop()
        self.controller.revert()
        if action is not None:
            action()

    def _settled(self) -> None:
        document = self.controller.document
        self._enable()
        action = self._afterwards
        if action is not None and document is not None and not document.is_dirty:
            self._afterwards = None
            action()
        self.idle.emit()

    def close_jobs(self) -> None:
        """End what is under way in other threads and processes."""
        self.wizards.close()
        self.finder.close()
        self.explorer.close()
        self.controller.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        document = self.controller.document
        if document is not None and document.is_dirty:
            event.ignore()
            self._unless_dirty(self.close)
            return
        self.comforts.keep()
        self.close_jobs()
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.open(Path(event.mimeData().urls()[0].toLocalFile()))
