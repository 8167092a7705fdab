"""The window's actions: menus, toolbar, keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QColor, QKeySequence, QPalette
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMenu, QToolBar, QToolButton

from wasmstate_gui.icons import icon

Slot = Callable[[], object]

_TRAVEL = ("first", "back", "forward", "last")


class Actions:
    """Everything the user can do, by name.

    Args:
        window: gets menus and a toolbar.
        slots: what is called, by the name of the action.
    """

    def __init__(self, window: QMainWindow, slots: dict[str, Slot]) -> None:
        self._window = window
        self._slots = slots
        self.open = self._action("open", "Open\u2026", "Ctrl+O")
        self.sample = self._action("sample", "Open the sample: a bandit")
        self.write = self._action("write", "Write changes", "Ctrl+S")
        self.revert = self._action("revert", "Revert")
        self.quit = self._action("quit", "Quit", "Ctrl+Q")
        self.step = self._action("step", "Step", "F10")
        self.predict = self._action("predict", "Predict", "F9")
        self.run = self._action("run", "Run", "F5")
        self.stop = self._action("stop", "Stop", "Esc")
        self.back = self._action("back", "Step back", "Alt+Left", "Ctrl+Z")
        self.forward = self._action("forward", "Step forward", "Alt+Right", "Ctrl+Y")
        self.first = self._action("first", "First step", "Alt+Home")
        self.last = self._action("last", "Last step", "Alt+End")
        self.branch = self._action("branch", "Next branch", "Alt+Down")
        self.plot = self._action("plot", "Plot the selected cell", "Ctrl+L")
        self.copy_tensor = self._action("copy_tensor", "Copy tensor as CSV", "Ctrl+Shift+C")
        self.save_tensor = self._action("save_tensor", "Save tensor\u2026", "Ctrl+Shift+S")
        self.load_tensor = self._action("load_tensor", "Load tensor\u2026", "Ctrl+Shift+L")
        self.next = self._action("next_change", "Next change", "F8")
        self.previous = self._action("previous_change", "Previous change", "Shift+F8")
        self.light = self._action("light", "Light", checkable=True)
        self.dark = self._action("dark", "Dark", checkable=True)
        self.since_step = self._action("since_step", "Changes of the last call", checkable=True)
        self.since_disk = self._action("since_disk", "Changes since the file", checkable=True)
        self.reset = self._action("reset", "Reset layout")
        self.keys = self._action("keys", "Keys", "F1")
        self.since_step.setChecked(True)
        self._group(self.light, self.dark)
        self._group(self.since_step, self.since_disk)
        self.write.setToolTip("Write S to the file, crash-safely (Ctrl+S)")
        self.revert.setToolTip("Go back to the state that is in the file")
        self._toolbar()

    def add_menus(self, docks: Iterable[QDockWidget]) -> None:
        """Fill the menu bar."""
        self._menu("&File", self.open, self.sample, None, self.write, self.revert, None, self.quit)
        self._menu("&Edit", self.copy_tensor, self.save_tensor, self.load_tensor)
        toggles = [dock.toggleViewAction() for dock in docks]
        for number, toggle in enumerate(toggles, 1):
            toggle.setShortcut(QKeySequence(f"Ctrl+{number}"))
        view = self._menu("&View", *toggles, None, self.since_step, self.since_disk, None)
        view.addActions([self.next, self.previous])
        view.addSeparator()
        view.addActions([self.light, self.dark])
        view.addSeparator()
        view.addAction(self.reset)
        step = self._menu("&Step", self.step, self.predict, self.run, None, self.stop, None)
        step.addActions([self.back, self.forward, self.first, self.last, self.branch])
        step.addSeparator()
        step.addAction(self.plot)
        self._menu("&Help", self.keys)

    def set_palette(self, palette: QPalette) -> None:
        """Draw the icons in these colours."""
        colour = palette.color(QPalette.ColorGroup.Normal, QPalette.ColorRole.ButtonText)
        faint = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText)
        for name in ("open", "write", "revert", "step", "predict", "run", "stop", *_TRAVEL):
            action: QAction = getattr(self, name)
            action.setIcon(icon(name, QColor(colour), QColor(faint)))

    def _action(self, name: str, text: str, *keys: str, checkable: bool = False) -> QAction:
        action = QAction(text, self._window)
        if keys:
            action.setShortcuts([QKeySequence(each) for each in keys])
            action.setToolTip(f"{text.removesuffix(chr(0x2026))} ({', '.join(keys)})")
        action.setCheckable(checkable)
        action.triggered.connect(self._slots[name])
        self._window.addAction(action)
        return action

    def _group(self, *actions: QAction) -> None:
        group = QActionGroup(self._window)
        for action in actions:
            group.addAction(action)

    def _menu(self, title: str, *actions: QAction | None) -> QMenu:
        menu = self._window.menuBar().addMenu(title)
        for action in actions:
            if action is None:
                menu.addSeparator()
            else:
                menu.addAction(action)
        return menu

    def _toolbar(self) -> None:
        bar = QToolBar("Toolbar", self._window)
        bar.setObjectName("toolbar")
        bar.setMovable(False)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        bar.addActions([self.open, self.write, self.revert])
        bar.addSeparator()
        bar.addActions([self.first, self.back, self.step, self.run, self.forward, self.last])
        bar.addActions([self.predict, self.stop])
        for each in (self.first, self.back, self.forward, self.last):
            button = bar.widgetForAction(each)
            assert isinstance(button, QToolButton)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        bar.toggleViewAction().setVisible(False)
        self._window.addToolBar(bar)
