"""From the options of the program to a window or a picture."""

from __future__ import annotations

import gc
import signal
import sys
from pathlib import Path

import click
from PySide6.QtCore import QObject, QSettings, QSize, Qt, QTimer
from PySide6.QtGui import QFontInfo, QIcon
from PySide6.QtWidgets import QApplication

from wasmstate_gui.kit.icons import PROGRAM
from wasmstate_gui.kit.settings import Settings
from wasmstate_gui.kit.theme import DARK, LIGHT, Theme
from wasmstate_gui.system_libraries import NO_FONT
from wasmstate_gui.window.main_window import MainWindow

_SETTLE_MS = 50
_PATIENCE_MS = 150
_GIVE_WAY = 0.0005


def run(
    file: Path | None,
    screenshot: Path | None,
    steps: int,
    panel: str | None,
    dark: bool | None,
    size: tuple[int, int] | None,
) -> int:
    """Show the window until it is closed, or draw it; gives the exit code."""
    # Ctrl+C ends it: while Qt waits for events, Python does not see its own signals.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    app = make_application()
    if not QFontInfo(app.font()).family():
        click.echo(f"Error: {NO_FONT}", err=True)
        return 2
    # A picture shows what everybody sees; a window remembers what its user likes.
    settings = Settings(None if screenshot else QSettings("wasmstate", "inspector"))
    window = MainWindow(settings=settings)
    if dark is not None or settings.is_dark is None:
        window.set_theme(_theme(app, dark))
    wanted = QSize(*size) if size else None
    if screenshot is None:
        window.fit(app.primaryScreen().availableSize(), wanted)
    elif wanted is not None:
        window.resize(wanted)
    least = window.minimumSize()
    if wanted is not None and wanted.expandedTo(least) != wanted:
        click.echo(f"The window is larger: it needs {least.width()}x{least.height()}", err=True)
    if settings.geometry is None:
        window.panels.reset_layout()
    if file is not None or screenshot is not None or panel is not None:
        window.make_panels()
        script = _Script(window, file, steps, screenshot, panel)
        QTimer.singleShot(0, script.start)
    if file is None:
        window.show()
    else:
        # The first picture is to be the file's, if that does not take long.
        window.controller.opened.connect(window.show)
        window.controller.failed.connect(window.show)
        QTimer.singleShot(_PATIENCE_MS, window.show)
    code = app.exec()
    window.close_jobs()
    return code


def make_application() -> QApplication:
    """The application, in the style that both palettes were made for."""
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("wasmstate")
    app.setDesktopFileName("wasmstate-inspector")
    app.setWindowIcon(QIcon(PROGRAM))
    app.setStyle("Fusion")
    # What is loaded by now stays: the garbage collector need not walk through all of it again and
    # again, which takes 50 ms of the window's thread each time.
    gc.freeze()
    # What is computed beside the window gives way to it at once, not after 5 ms each time.
    sys.setswitchinterval(_GIVE_WAY)
    return app


def _theme(app: QApplication, dark: bool | None) -> Theme:
    if dark is None:
        dark = app.styleHints().colorScheme() == Qt.ColorScheme.Dark
    return DARK if dark else LIGHT


class _Script(QObject):
    """What the options ask for, one after the other: open, step, draw."""

    def __init__(
        self,
        window: MainWindow,
        file: Path | None,
        steps: int,
        screenshot: Path | None,
        panel: str | None,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._file = file
        self._steps = steps
        self._screenshot = screenshot
        self._panel = panel
        self._error = ""
        window.controller.failed.connect(self._failed)
        window.controller.result.connect(self._result)

    def start(self) -> None:
        """Begin, when the window is there."""
        if self._file is None:
            self._draw_soon()
            return
        self._window.idle.connect(self._opened, Qt.ConnectionType.SingleShotConnection)
        self._window.open(self._file)

    def _opened(self) -> None:
        if not self._steps or self._error:
            self._draw_soon()
            return
        self._window.idle.connect(self._stepped, Qt.ConnectionType.SingleShotConnection)
        if not self._window.panels.step.step_times("update", self._steps):
            self._error = "there is no update() that could be called"
            self._draw_soon()

    def _stepped(self) -> None:
        self._window.selection_model.show_changed_tensor()
        self._draw_soon()

    def _draw_soon(self) -> None:
        dock = self._window.panels.docks.get(self._panel or "")
        if dock is not None:
            self._window.panels.show(dock.objectName())
        elif self._panel is not None:
            self._error = f"there is no panel {self._panel}: {', '.join(self._window.panels.docks)}"
        if dock is self._window.panels.docks["Module"]:
            self._window.module_lists.show_first()
            self._window.module_lists.settled.connect(self._wait_and_draw)
        else:
            self._wait_and_draw()

    def _wait_and_draw(self) -> None:
        if self._screenshot is None:
            return
        window = self._window
        is_busy = window.overview_reader.is_busy or window.module_lists.is_busy
        QTimer.singleShot(_SETTLE_MS, self._wait_and_draw if is_busy else self._draw)

    def _draw(self) -> None:
        assert self._screenshot is not None
        is_drawn = self._window.grab().save(str(self._screenshot))
        if not is_drawn:
            self._error = f"{self._screenshot} cannot be written"
        if self._error:
            click.echo(f"Error: {self._error}", err=True)
        QApplication.exit(1 if self._error else 0)

    def _failed(self, title: str, text: str) -> None:
        self._error = f"{title} {text}"

    def _result(self, text: str, failed: bool) -> None:
        if failed:
            self._error = text
