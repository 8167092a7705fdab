"""The window's actions: menus, toolbar, keys, made of the table of commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QActionGroup, QColor, QKeySequence, QPalette
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMenu, QToolBar, QToolButton, QWidget

from wasmstate_gui.core.window.commands import (
    COMMANDS,
    CONTEXT_MENUS,
    ICONS_ONLY,
    MENUS,
    TOOLBAR,
    Command,
)
from wasmstate_gui.kit.icons import icon


class Actions:
    """Everything the user can do, by the names of :data:`COMMANDS`.

    Args:
        window: gets menus and a toolbar.

    Attributes:
        by_name: the actions.
    """

    def __init__(self, window: QMainWindow) -> None:
        self.by_name: dict[str, QAction] = {}
        self._window = window
        self._groups: dict[str, QActionGroup] = {}
        self.by_name = {command.name: self._action(command) for command in COMMANDS}
        self.since_step.setChecked(True)
        self.values.setChecked(True)
        self.follow.setChecked(True)
        self.toolbar = self._toolbar()

    def __getattr__(self, name: str) -> QAction:
        try:
            return self.by_name[name]
        except KeyError:
            raise AttributeError(name) from None

    def connect_to(self, run: Callable[[Command], None]) -> None:
        """Call ``run`` with the command of each triggered action."""
        for command in COMMANDS:
            self.by_name[command.name].triggered.connect(partial(run, command))

    def add_keys(self, bytes_view: QWidget) -> None:
        """Let the view of the bytes have the keys of the commands that are for bytes."""
        for command in COMMANDS:
            if command.is_for_bytes:
                bytes_view.addAction(self.by_name[command.name])

    def add_menus(self, docks: Iterable[QDockWidget], toggle: Callable[[str], None]) -> None:
        """Fill the menu bar; ``toggle`` shows or hides a dock by its name."""
        for title in MENUS:
            menu = self._window.menuBar().addMenu(f"&{title}")
            if title == "View":
                self._add_docks(menu, docks, toggle)
            for command in COMMANDS:
                if command.menu == title:
                    if command.begins_group:
                        menu.addSeparator()
                    menu.addAction(self.by_name[command.name])

    def add_context_menus(self, panes: Mapping[str, QWidget]) -> None:
        """Give each pane its menu of :data:`CONTEXT_MENUS`."""
        for name, pane in panes.items():
            pane.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            pane.customContextMenuRequested.connect(partial(self._pop_up, name, pane))

    def _pop_up(self, name: str, pane: QWidget, place: QPoint) -> None:
        menu = QMenu(pane)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for command in CONTEXT_MENUS[name]:
            if command:
                menu.addAction(self.by_name[command])
            else:
                menu.addSeparator()
        menu.popup(pane.mapToGlobal(place))

    def set_usable(self, usable: Mapping[str, bool]) -> None:
        """Which of the commands can be used, by their names; the others stay what they are."""
        for name, can in usable.items():
            self.by_name[name].setEnabled(can)

    def set_palette(self, palette: QPalette) -> None:
        """Draw the icons in these colours."""
        colour = palette.color(QPalette.ColorGroup.Normal, QPalette.ColorRole.ButtonText)
        faint = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText)
        for command in COMMANDS:
            if command.icon:
                drawn = icon(command.icon, QColor(colour), QColor(faint))
                self.by_name[command.name].setIcon(drawn)

    def _action(self, command: Command) -> QAction:
        action = QAction(command.text, self._window)
        tip = command.tip or command.text.removesuffix("\u2026")
        if command.keys:
            keys = command.keys.split(", ")
            action.setShortcuts([QKeySequence(each) for each in keys])
            tip = f"{tip} ({', '.join(keys)})"
        action.setToolTip(tip)
        action.setCheckable(command.is_checkable)
        if command.group:
            group = self._groups.setdefault(command.group, QActionGroup(self._window))
            group.addAction(action)
        if command.is_for_bytes:
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        else:
            self._window.addAction(action)
        return action

    def _add_docks(
        self, menu: QMenu, docks: Iterable[QDockWidget], toggle: Callable[[str], None]
    ) -> None:
        for number, dock in enumerate(docks, 1):
            action = QAction(dock.objectName(), self._window)
            action.setShortcut(QKeySequence(f"Ctrl+{number}"))
            action.triggered.connect(partial(toggle, dock.objectName()))
            menu.addAction(action)

    def _toolbar(self) -> QToolBar:
        bar = QToolBar("Toolbar", self._window)
        bar.setObjectName("toolbar")
        bar.setMovable(False)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        for name in TOOLBAR:
            if not name:
                bar.addSeparator()
                continue
            bar.addAction(self.by_name[name])
            button = bar.widgetForAction(self.by_name[name])
            if name in ICONS_ONLY and isinstance(button, QToolButton):
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        bar.toggleViewAction().setVisible(False)
        self._window.addToolBar(bar)
        return bar
