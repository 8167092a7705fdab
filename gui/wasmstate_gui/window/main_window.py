"""The main window: panels around one document and one selection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QWidget

from wasmstate_gui.core.window.commands import TOOLBAR
from wasmstate_gui.kit.dialogs import show_about, show_keys
from wasmstate_gui.kit.import_ahead import import_in_turns
from wasmstate_gui.kit.settings import Settings
from wasmstate_gui.kit.theme import LIGHT, Theme
from wasmstate_gui.window.docks import Shell
from wasmstate_gui.window.menus import Actions
from wasmstate_gui.window.preferences import Comforts
from wasmstate_gui.window.startup import Furnisher

if TYPE_CHECKING:
    from wasmstate_gui.core.calls.protocol import Call
    from wasmstate_gui.core.window.view_state import Picture
    from wasmstate_gui.wizards.open_wizard import Wizards

_SAID_MS = 6000


class MainWindow(Shell):
    """Passes on what the user does, and shows what comes of it."""

    idle = Signal()
    """Nothing is under way any more: no call, no reading, no writing."""

    _painted = Signal()

    def __init__(self, parent: QWidget | None = None, *, settings: Settings | None = None) -> None:
        super().__init__(parent)
        self._settings = settings or Settings()
        self.comforts = Comforts(self, self._settings)
        self.actions_ = Actions(self)
        self.actions_.add_menus(self.docks.values())
        self.actions_.set_usable({name: name in ("open", "follow") for name in TOOLBAR if name})
        self.actions_.connect_to(self._run)
        self.empty.open_requested.connect(self.actions_.open.trigger)
        self.empty.sample_requested.connect(self.actions_.sample.trigger)
        self.empty.new_requested.connect(self.actions_.new_model.trigger)
        self.empty.recent_requested.connect(self._open_named)
        self._furnisher = Furnisher(self._furnish(), self)
        self._painted.connect(self._furnisher.begin, Qt.ConnectionType.QueuedConnection)
        self.set_theme(LIGHT)
        self.reset_layout()
        self.setWindowTitle("wasmstate")
        self.comforts.restore()
        self.show_page(is_file=False)  # whatever was remembered of the panels

    def furnish(self) -> None:
        """Make the panels and who stands behind them now, as far as they are not made yet."""
        self._furnisher.finish()

    def _furnish(self) -> Iterator[None]:
        yield from import_in_turns()
        from wasmstate_gui.window import page_parts  # noqa: PLC0415 (see there)

        yield from self.make_panels()
        self.controller = page_parts.Controller(self)
        self.navigator = page_parts.Navigator(self)
        self.traveller = page_parts.Traveller(self.controller, self.navigator, self.timeline_panel)
        self.player = page_parts.Player(self.controller, self.timeline_panel, self._settings)
        self.tensor_commands = page_parts.TensorCommands(self.controller, self.tensors_panel, self)
        self.explorer = page_parts.Explorer(self.module_panel, self)
        self.finder = page_parts.Finder(self.page, self.navigator, self.explorer)
        self.editor = page_parts.Editor(self.controller, self.navigator, self.page)
        self.byte_commands = page_parts.ByteCommands(
            self.controller, self.navigator, self.explorer, self.page
        )
        self.display = page_parts.Display(self)
        self.verifier = page_parts.Verifier(self.controller, self.display, self.page.task_bar)
        self.undoer = page_parts.Undoer(self.controller)
        self.repairer = page_parts.Repairer(self.controller, self.undoer, self)
        self.rows = page_parts.Rows(self.controller, self.step_panel, self)
        self.notices = page_parts.Notices(self.controller, self.undoer, self)
        self.unwritten = page_parts.Unwritten(self.controller, self)
        self.opener = page_parts.Opener(self.controller, self.unwritten, self)
        self.actions_.add_keys(self.page.hex)
        self.editor.use(self.actions_)
        self.timeline_panel.play_button.setDefaultAction(self.actions_.play)
        self.player.playing_changed.connect(self.actions_.play.setChecked)
        self._connect()
        self._show()

    def _run(self, command: str) -> None:
        self._furnisher.when_done(partial(self._do, command))

    def _do(self, command: str) -> None:
        self._slots[command]()

    def _open_named(self, name: str) -> None:
        self.open(Path(name))

    @cached_property
    def wizards(self) -> Wizards:
        """Made when one is wanted: most of the dialogs are never seen."""
        from wasmstate_gui.wizards.open_wizard import Wizards  # noqa: PLC0415

        wizards = Wizards(self.controller, self.undoer, self)
        wizards.made.connect(self.open)
        return wizards

    @cached_property
    def _slots(self) -> dict[str, Callable[[], object]]:
        """What each command does."""
        return {
            "open": self.opener.choose,
            "sample": self.opener.open_sample,
            "new_model": partial(self._begin, "new_model"),
            "attach": partial(self._begin, "attach"),
            "graft": partial(self._begin, "graft"),
            "bake": partial(self._begin, "bake"),
            "unbake": partial(self._begin, "unbake"),
            "write": self.controller.write,
            "revert": self.controller.revert,
            "follow": self._toggle_follow,
            "quit": self.close,
            "step": self.step_panel.step,
            "predict": self.step_panel.predict,
            "run": self.step_panel.run,
            "stop": self._stop,
            "verify": self.verifier.verify,
            "back": self.traveller.back,
            "forward": self.traveller.forward,
            "first": self.traveller.first,
            "last": self.traveller.last,
            "play": self.player.toggle,
            "branch": self.traveller.next_branch,
            "next_mark": self.traveller.next_mark,
            "previous_mark": self.traveller.previous_mark,
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
            "since_step": partial(self.controller.compare_with, "step"),
            "since_chosen": self.traveller.compare,
            "diff": self._show_diff,
            "since_disk": partial(self.controller.compare_with, "disk"),
            "reset": self.reset_layout,
            "keys": partial(show_keys, self),
            "copy_hex": partial(self.byte_commands.copy, "hex"),
            "copy_c": partial(self.byte_commands.copy, "c"),
            "copy_python": partial(self.byte_commands.copy, "python"),
            "copy_array": partial(self.byte_commands.copy, "array"),
            "select_field": self.byte_commands.select_field,
            "select_all": self.navigator.select_all,
            "edit_mode": self.editor.toggle,
            "raw_mode": self.editor.toggle_raw,
            "values": self._toggle_values,
            "find": self.finder.begin_find,
            "find_next": self.finder.find_next,
            "find_previous": self.finder.find_previous,
            "goto": self.finder.begin_goto,
        }

    def _connect(self) -> None:
        controller, page = self.controller, self.page
        controller.opened.connect(self._opened)
        controller.changed.connect(self._show)
        controller.typed_changed.connect(self._typed_changed)
        controller.running_changed.connect(self._running_changed)
        controller.result.connect(self._result)
        controller.said.connect(self._said)
        controller.settled.connect(self._settled)
        self.notices.diff_wanted.connect(self._show_diff)
        self.verifier.begun.connect(self._enable)
        self.verifier.finished.connect(self._enable)
        self.tensors_panel.attach_wanted.connect(partial(self._begin, "attach"))
        self.step_panel.requested.connect(self._call)
        self.step_panel.stop_requested.connect(controller.stop)
        page.damage.chosen.connect(self.display.show_problems)
        self.navigator.moved.connect(self.explorer.go_to)
        self.docks["Module"].visibilityChanged.connect(self.explorer.set_open)
        self.problems_panel.repair_wanted.connect(self.repairer.preview)

    @property
    def picture(self) -> Picture | None:
        """What the panels show; ``None`` before a file is open."""
        return self.controller.picture if self.is_furnished else None

    def open(self, path: Path) -> None:
        """Show a file, after asking if changes would be lost."""
        self._furnisher.when_done(lambda: self.opener.open(path))

    def set_theme(self, theme: Theme) -> None:
        super().set_theme(theme)
        self.actions_.set_palette(self.palette())
        (self.actions_.dark if theme.is_dark else self.actions_.light).setChecked(True)

    def _opened(self) -> None:
        self.verifier.cancel()
        self.display.begin()
        self.navigator.selection = None
        self.notices.begin()
        self.editor.begin_file()
        if self.controller.document is not None:
            self.comforts.opened(self.controller.document.disk.path)
        self._show()
        self.navigator.begin()
        self.page.hex.setFocus()

    def _show(self) -> None:
        picture = self.controller.picture
        self.display.show(picture, self.controller.typed)
        self._enable()
        self._show_following()
        getattr(self.actions_, f"since_{self.controller.since}").setChecked(True)
        if picture is not None:
            self.notices.show(picture.document)
            self.explorer.show_module(picture.document.base.module)
            self.finder.show(picture)
            self.navigator.show(picture)
            self.traveller.show()

    def _enable(self) -> None:
        from wasmstate_gui.window import page_parts  # noqa: PLC0415 (see there)

        controller, panel, running = self.controller, self.step_panel, self.controller.is_running
        panel.set_running(running=running)
        can = page_parts.usable(
            controller.document,
            controller.timeline,
            is_running=running,
            is_verifying=self.verifier.is_busy,
        )
        can |= {"step": panel.step_button.isEnabled(), "run": panel.run_button.isEnabled()}
        can |= {"predict": panel.predict_button.isEnabled()}
        self.actions_.set_usable(can)

    def _begin(self, wizard: str) -> None:
        getattr(self.wizards, wizard)()

    def _show_following(self) -> None:
        from wasmstate_gui.window import page_parts  # noqa: PLC0415 (see there)

        controller = self.controller
        if controller.document is not None and not controller.is_computing:
            is_back = page_parts.looks_back(controller.timeline)
            on = controller.is_following
            text = page_parts.status.following(controller.document, is_on=on, looks_back=is_back)
            self.display.show_following(text)

    def _toggle_follow(self) -> None:
        self.controller.follow(on=self.actions_.follow.isChecked())
        self._show_following()

    def _show_diff(self) -> None:
        shown = self.tensors_panel.shown
        if shown is not None and not shown.changed_count:
            self.navigator.show_changed_tensor()
        self.display.show_diff()

    def _stop(self) -> None:
        self.controller.stop()
        self.verifier.cancel()

    def _call(self, request: Call) -> None:
        self.notices.forget_revert()
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

    def _settled(self) -> None:
        self._enable()
        self.idle.emit()

    def _show_palette(self) -> None:
        self.comforts.show_palette(self.actions_)

    def _toggle_values(self) -> None:
        self.page.values_bar.setVisible(self.actions_.values.isChecked())

    def close_jobs(self) -> None:
        """End what is under way in other threads and processes."""
        self._furnisher.close()
        if not self.is_furnished:
            return
        if "wizards" in vars(self):
            self.wizards.close()
        self.finder.close()
        self.verifier.close()
        self.explorer.close()
        self.controller.close()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.is_furnished:
            self._painted.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.is_furnished and self.unwritten.exists:
            event.ignore()
            self.unwritten.ask_before(self.close)
            return
        self.comforts.keep()
        self.close_jobs()
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.open(Path(event.mimeData().urls()[0].toLocalFile()))
