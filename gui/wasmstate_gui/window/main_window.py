"""The main window: panels around one document and one selection."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QWidget

from wasmstate_gui.core.window.commands import CONTEXT_MENUS, TOOLBAR, Command
from wasmstate_gui.kit.dialogs import show_about, show_keys
from wasmstate_gui.kit.import_ahead import import_in_turns
from wasmstate_gui.kit.settings import Settings
from wasmstate_gui.kit.theme import LIGHT, Theme
from wasmstate_gui.kit.themed_window import ThemedWindow
from wasmstate_gui.window.menus import Actions
from wasmstate_gui.window.panels import Panels
from wasmstate_gui.window.preferences import Preferences
from wasmstate_gui.window.startup import Startup

if TYPE_CHECKING:
    from wasmstate_gui.core.calls.protocol import Call
    from wasmstate_gui.core.window.picture import Picture
    from wasmstate_gui.wizards.open_wizard import Wizards

FIRST_SIZE = QSize(1440, 900)
LEAST_SIZE = QSize(1024, 640)
_SETTLED_MS = 50
_TITLE_BAR = 40  # logical pixels; the window manager tells only after the first show
_SAID_MS = 6000


class MainWindow(ThemedWindow):
    """Passes commands on, and shows their results."""

    idle = Signal()
    """Nothing is under way any more: no call, no reading, no writing."""

    _painted = Signal()

    def __init__(self, parent: QWidget | None = None, *, settings: Settings | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(LEAST_SIZE)
        self.resize(FIRST_SIZE)
        self.setAcceptDrops(True)
        self._others: list[MainWindow] = []  # Python would delete them
        self.panels = Panels(self)
        self._settings = settings or Settings()
        self.preferences = Preferences(self.panels, self._settings)
        self.preferences.theme_wanted.connect(self.set_theme)
        self.actions_ = Actions(self)
        self.actions_.add_menus(self.panels.docks.values(), self.panels.toggle)
        self.actions_.set_usable({name: name in ("open", "follow") for name in TOOLBAR if name})
        self.actions_.connect_to(self._run)
        empty = self.panels.empty
        empty.open_requested.connect(self.actions_.open.trigger)
        empty.sample_requested.connect(self.actions_.sample.trigger)
        empty.new_requested.connect(self.actions_.new_model.trigger)
        empty.recent_requested.connect(self._open_named)
        self._startup = Startup(self._make_panels(), self)
        self._painted.connect(self._startup.begin, Qt.ConnectionType.QueuedConnection)
        self.set_theme(LIGHT)
        self.panels.reset_layout()
        self.setWindowTitle("wasmstate")
        self.preferences.restore()
        self.panels.show_page(is_file=False)  # whatever the settings say

    def fit(self, available: QSize, wanted: QSize | None) -> None:
        """Take a first size that fits on the screen.

        Args:
            available: the screen without bars and docks of the desktop.
            wanted: a size that the user asked for; it counts, whatever the screen.
        """
        room = available - QSize(0, _TITLE_BAR)
        self.setMinimumSize(LEAST_SIZE.boundedTo(room))
        if wanted is not None:
            self.setWindowState(Qt.WindowState.WindowNoState)
            self.resize(wanted)
        elif self._settings.geometry is None:
            self.resize(FIRST_SIZE.boundedTo(room))

    def make_panels(self) -> None:
        """Make the panels and who stands behind them now, as far as they are not made yet."""
        self._startup.finish()

    def _make_panels(self) -> Iterator[None]:
        yield from import_in_turns()
        from wasmstate_gui.window import late_imports  # noqa: PLC0415 (see there)

        yield from self.panels.make()
        panels, page = self.panels, self.panels.page
        self.controller = late_imports.Controller(self)
        self.selection_model = late_imports.SelectionModel(self)
        view = late_imports.SelectionView(self.selection_model, panels)
        self.time_travel = late_imports.TimeTravel(
            self.controller, self.selection_model, panels.timeline
        )
        self.player = late_imports.Player(self.controller, panels.timeline, self._settings)
        self.explainer = late_imports.Explainer(
            self.controller, self.selection_model, panels.step, panels.why
        )
        self.explainer.explained.connect(lambda: panels.show("Why"))
        self.tensor_commands = late_imports.TensorCommands(self.controller, panels.tensors, self)
        self.module_lists = late_imports.ModuleLists(panels.module, self)
        self.overview_reader = late_imports.OverviewReader(panels.overview, self)
        panels.overview.use_actions(self.actions_.by_name)
        self.finder = late_imports.Finder(page, self.selection_model, self.module_lists)
        self.finder.function_found.connect(view.show_functions)
        self.editor = late_imports.Editor(self.controller, self.selection_model, page)
        self.byte_commands = late_imports.ByteCommands(
            self.controller, self.selection_model, self.module_lists, page
        )
        self.refresh = late_imports.PanelRefresh(panels)
        self.verifier = late_imports.Verifier(self.controller, page.task_bar)
        self.undoer = late_imports.Undoer(self.controller)
        self.repairer = late_imports.Repairer(self.controller, self.undoer, self)
        self.table_rows = late_imports.TableRows(self.controller, panels.step, self)
        self.banners = late_imports.Banners(self.controller, self.undoer, panels)
        self.unwritten = late_imports.Unwritten(self.controller, self)
        self.opener = late_imports.Opener(self.controller, self.unwritten, self)
        self.actions_.add_keys(page.hex)
        named = {title.lower(): dock.widget() for title, dock in panels.docks.items()}
        self.actions_.add_context_menus({name: named.get(name, page.hex) for name in CONTEXT_MENUS})
        self.editor.use(self.actions_.edit_mode, self.actions_.raw_mode)
        self.panels.timeline.play_button.setDefaultAction(self.actions_.play)
        self.player.playing_changed.connect(self.actions_.play.setChecked)
        self._connect()
        self._show()

    def _run(self, command: Command) -> None:
        self._startup.when_done(partial(self.do, command))

    def do(self, command: Command) -> None:
        """Do a command at once; the panels are made."""
        attrgetter(command.does)(self)(*command.args)

    def _open_named(self, name: str) -> None:
        self.open(Path(name))

    @cached_property
    def wizards(self) -> Wizards:
        """Made when one is wanted: most of the dialogs are never seen."""
        from wasmstate_gui.wizards.open_wizard import Wizards  # noqa: PLC0415

        wizards = Wizards(self.controller, self.undoer, self)
        wizards.made.connect(self.open)
        return wizards

    def _connect(self) -> None:
        controller, panels = self.controller, self.panels
        controller.opened.connect(self._opened)
        controller.changed.connect(self._show)
        controller.typed_changed.connect(self._typed_changed)
        controller.running_changed.connect(self._running_changed)
        controller.result.connect(self._result)
        controller.said.connect(self._said)
        controller.settled.connect(self._settled)
        self.banners.diff_wanted.connect(self.show_diff)
        self.banners.copy_wanted.connect(self.opener.choose_copy)
        self.verifier.begun.connect(self._enable)
        self.verifier.found.connect(self.refresh.show_problems)
        self.verifier.finished.connect(self._enable)
        panels.tensors.attach_wanted.connect(self.actions_.attach.trigger)
        panels.step.requested.connect(self._call)
        panels.step.stop_requested.connect(controller.stop)
        panels.page.damage.chosen.connect(self._damage_chosen)
        self.selection_model.moved.connect(self.module_lists.go_to)
        panels.docks["Module"].visibilityChanged.connect(self.module_lists.set_open)
        panels.docks["Overview"].visibilityChanged.connect(self.overview_reader.set_open)
        panels.problems.repair_wanted.connect(self.repairer.preview)
        panels.reset.connect(self._make_room)
        panels.workspace_shown.connect(self._workspace_shown)

    @property
    def picture(self) -> Picture | None:
        """What the panels show; ``None`` before a file is open."""
        return self.controller.picture if self.panels.is_made else None

    def open(self, path: Path) -> None:
        """Show a file, after asking if changes would be lost."""
        self._startup.when_done(lambda: self.opener.open(path))

    def set_theme(self, theme: Theme) -> None:
        """Use other colours everywhere."""
        self.theme = theme
        palette = theme.palette()
        QApplication.setPalette(palette)
        self.setPalette(palette)
        self.panels.colour()
        self.setStyleSheet(theme.window_style())
        self.actions_.set_palette(palette)
        (self.actions_.dark if theme.is_dark else self.actions_.light).setChecked(True)

    def _opened(self) -> None:
        self.verifier.cancel()
        self.refresh.begin()
        self.selection_model.selection = None
        self.banners.begin()
        self.editor.begin_file()
        if self.controller.document is not None:
            self.preferences.opened(self.controller.document.disk.path)
        self._show()
        self.selection_model.begin()
        self.panels.page.hex.setFocus()
        self._reveal_soon()

    def _show(self) -> None:
        picture = self.controller.picture
        self.refresh.show(picture, self.controller.typed)
        self._enable()
        self._show_following()
        getattr(self.actions_, f"since_{self.controller.since}").setChecked(True)
        if picture is not None:
            self.banners.show(picture.document)
            self.module_lists.show_module(picture.document.base.module)
            self.overview_reader.show(picture.document)
            self.finder.show(picture)
            self.selection_model.show(picture)
            self.time_travel.show()

    def _enable(self) -> None:
        from wasmstate_gui.window import late_imports  # noqa: PLC0415 (see there)

        controller, form = self.controller, self.panels.step
        form.set_running(running=controller.is_running)
        now = late_imports.Situation(
            controller.document,
            controller.timeline,
            controller.is_running,
            self.verifier.is_busy,
            form.step_button.isEnabled(),
            form.run_button.isEnabled(),
            form.predict_button.isEnabled(),
        )
        self.actions_.set_usable(late_imports.usable(now))

    def _show_following(self) -> None:
        from wasmstate_gui.window import late_imports  # noqa: PLC0415 (see there)

        controller = self.controller
        if controller.document is not None and not controller.is_computing:
            is_back = late_imports.looks_back(controller.timeline)
            on = controller.is_following
            text = late_imports.status.following(controller.document, is_on=on, looks_back=is_back)
            self.refresh.show_following(text)

    def toggle_follow(self) -> None:
        """Follow the file on disk, or no longer."""
        self.controller.follow(on=self.actions_.follow.isChecked())
        self._show_following()

    def show_diff(self) -> None:
        """Show the changed cells."""
        shown = self.panels.tensors.shown
        if shown is not None and not shown.changed_count:
            self.selection_model.show_changed_tensor()
        self.refresh.show_diff()

    def open_window(self) -> MainWindow:
        """Open another window, for another file; gives it."""
        window = MainWindow(settings=self._settings)
        window.set_theme(self.theme)
        window.fit(self.screen().availableSize(), None)
        self._others = [each for each in self._others if each.isVisible()]
        self._others.append(window)
        window.show()
        return window

    def stop(self) -> None:
        """End the call and the verification."""
        self.controller.stop()
        self.verifier.cancel()

    def _damage_chosen(self, key: str) -> None:
        if key == "repair":
            self.repairer.preview_first()
        else:
            self.refresh.show_problems()

    def _call(self, request: Call) -> None:
        self.banners.forget_revert()
        self.controller.call(request)

    def _running_changed(self, running: bool) -> None:
        self._enable()
        if running:
            self.panels.step.show_result("Running\u2026 Esc stops it.", failed=False)

    def _result(self, text: str, failed: bool) -> None:
        self.panels.step.show_result(text, failed=failed)

    def _typed_changed(self) -> None:
        self.panels.page.hex.show_typed(self.controller.typed)
        self.setWindowModified(True)
        self.actions_.write.setEnabled(True)

    def _said(self, text: str) -> None:
        self.statusBar().showMessage(text, _SAID_MS)

    def _settled(self) -> None:
        self._enable()
        if self.controller.timeline is not None:
            self._startup.import_ahead()
        self.idle.emit()

    def show_palette(self) -> None:
        """Find a command by typing."""
        self.preferences.show_palette(self.actions_)

    def show_about(self) -> None:
        """Show versions."""
        show_about(self)

    def show_keys(self) -> None:
        """Show all keys."""
        show_keys(self)

    def toggle_values(self) -> None:
        """Show or hide the values at the cursor."""
        self.panels.page.values_bar.setVisible(self.actions_.values.isChecked())

    def _workspace_shown(self, name: str) -> None:
        self.actions_.by_name[f"workspace_{name}"].setChecked(True)

    def _make_room(self, is_low: bool) -> None:
        self.actions_.values.setChecked(not is_low)
        self.toggle_values()

    def close_jobs(self) -> None:
        """End what is under way in other threads and processes."""
        self._startup.close()
        if not self.panels.is_made:
            return
        if "wizards" in vars(self):
            self.wizards.close()
        self.finder.close()
        self.verifier.close()
        self.module_lists.close()
        self.overview_reader.close()
        self.controller.close()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.panels.shown()
        if self.panels.is_made:
            self._reveal_soon()

    def _reveal_soon(self) -> None:
        """Show the selection when the docks have taken their sizes, and the bytes what is left."""
        QTimer.singleShot(_SETTLED_MS, self.selection_model, self.selection_model.reveal)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.panels.is_made:
            self._painted.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.panels.is_made and self.unwritten.exists:
            event.ignore()
            self.unwritten.ask_before(self.close)
            return
        self.preferences.keep()
        self.close_jobs()
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _files(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = _files(event)
        if not files:
            return
        self.open(files[0])
        if len(files) > 1:
            self._said(f"{len(files)} files were dropped; {files[0].name} is shown")


def _files(event: QDropEvent) -> list[Path]:
    """The dropped files of this machine; web links are skipped."""
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
