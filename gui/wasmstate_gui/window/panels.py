"""The panes of the window, their docks, the page in the centre and the status bar.

A new pane is its own file and one line in :class:`Panels`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, overload

from PySide6.QtCore import QByteArray, QObject, Qt, QTimer
from PySide6.QtWidgets import (
    QDockWidget,
    QLabel,
    QSizePolicy,
    QStackedWidget,
    QWidget,
)

from wasmstate_gui.document.empty_page import EmptyPage
from wasmstate_gui.kit.elided_label import ElidedLabel
from wasmstate_gui.kit.plain_text import PlainLabel
from wasmstate_gui.kit.themed_window import ThemedWindow

if TYPE_CHECKING:
    from wasmstate_gui.bytes.file_page import FilePage
    from wasmstate_gui.calls.step_panel import StepPanel
    from wasmstate_gui.document.layout_panel import LayoutPanel
    from wasmstate_gui.module.module_panel import ModulePanel
    from wasmstate_gui.module.overview_panel import OverviewPanel
    from wasmstate_gui.problems.problems_panel import ProblemsPanel
    from wasmstate_gui.tensors.tensors_panel import TensorsPanel
    from wasmstate_gui.timeline.timeline_panel import TimelinePanel

_BYTES_WIDTH = 640  # one line of the hex view, with offset and text
_STATUS = ("disk", "generation", "validity", "size", "follow")

_LEFT, _RIGHT, _BOTTOM = (
    Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.DockWidgetArea.RightDockWidgetArea,
    Qt.DockWidgetArea.BottomDockWidgetArea,
)

Widget = TypeVar("Widget", bound=QWidget)


@dataclass(frozen=True, slots=True)
class Workspace:
    """Which panes a kind of files has at first.

    Attributes:
        hidden: the titles of the others.
        front: of panes in tabs, those that are seen.
        below: how much of the window's height those at the bottom take, and at most how much.
    """

    hidden: tuple[str, ...]
    front: tuple[str, ...]
    below: tuple[float, int]


WORKSPACES = {
    "model": Workspace(("Problems",), ("Tensors", "Timeline"), (2 / 7, 240)),
    "module": Workspace(("Problems", "Step"), ("Overview", "Module"), (2 / 5, 400)),
}


class Pane(Generic[Widget]):
    """One pane: the attribute of :class:`Panels` that holds its widget.

    The class of the widget is imported when the pane is made, after the window's first picture:
    it brings NumPy and construct.

    Args:
        title: of the dock, also its object name.
        area: of the dock at first.
        source: ``module:class`` of the widget in this package, with ``set_theme(theme)``.
        tab_of: the pane whose tab it stands beside at first.
    """

    def __init__(
        self, title: str, area: Qt.DockWidgetArea, source: str, *, tab_of: str = ""
    ) -> None:
        self.title = title
        self.area = area
        self.tab_of = tab_of
        self._source = source

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, panels: None, owner: type) -> Self: ...
    @overload
    def __get__(self, panels: Panels, owner: type) -> Widget: ...
    def __get__(self, panels: Panels | None, owner: type) -> Self | Widget:
        if panels is None:
            return self
        try:
            widget: Widget = vars(panels)[self._name]
        except KeyError:
            raise AttributeError(f"the pane {self.title} is not made yet") from None
        return widget

    def make(self, panels: Panels) -> None:
        """Make the widget and put it into its dock."""
        module, _, name = self._source.partition(":")
        widget = getattr(import_module(f"wasmstate_gui.{module}"), name)()
        vars(panels)[self._name] = widget
        panels.docks[self.title].setWidget(widget)


class Panels(QObject):
    """The panes around the bytes.

    Attributes:
        docks: by title; they exist from the start, empty.
        empty: the page without a file.
        page: the page with the bytes of a file.
        is_made: True when the page and all panes are made.
        workspace: the name of the one that is shown; empty before the first file.
        places: of the panes, in workspaces that were used, now or the last time.
    """

    layout: Pane[LayoutPanel] = Pane("Layout", _LEFT, "document.layout_panel:LayoutPanel")
    tensors: Pane[TensorsPanel] = Pane("Tensors", _RIGHT, "tensors.tensors_panel:TensorsPanel")
    step: Pane[StepPanel] = Pane("Step", _RIGHT, "calls.step_panel:StepPanel")
    timeline: Pane[TimelinePanel] = Pane(
        "Timeline", _BOTTOM, "timeline.timeline_panel:TimelinePanel"
    )
    problems: Pane[ProblemsPanel] = Pane(
        "Problems", _BOTTOM, "problems.problems_panel:ProblemsPanel", tab_of="Timeline"
    )
    module: Pane[ModulePanel] = Pane(
        "Module", _BOTTOM, "module.module_panel:ModulePanel", tab_of="Timeline"
    )
    overview: Pane[OverviewPanel] = Pane(
        "Overview", _RIGHT, "module.overview_panel:OverviewPanel", tab_of="Tensors"
    )

    PANES: ClassVar[dict[str, Pane[Any]]] = {
        each.title: each for each in list(vars().values()) if isinstance(each, Pane)
    }

    page: FilePage

    def __init__(self, window: ThemedWindow) -> None:
        super().__init__(window)
        self.window = window
        self.is_made = False
        self._points = 0
        self.workspace = ""
        self.places: dict[str, QByteArray] = {}
        self._front: dict[Qt.DockWidgetArea, str] = {}  # the panes that were raised last
        self.empty = EmptyPage()
        self._centre = QStackedWidget()
        self._centre.addWidget(self.empty)
        window.setCentralWidget(self._centre)
        self.docks = {pane.title: self._dock(pane) for pane in self.PANES.values()}
        window.setCorner(Qt.Corner.BottomRightCorner, _RIGHT)
        window.setCorner(Qt.Corner.BottomLeftCorner, _BOTTOM)
        self.place_label = ElidedLabel()
        self.place_label.setAccessibleName("Selection")
        window.statusBar().addWidget(self.place_label, 1)
        self.status_labels = {name: self._status_label(name) for name in _STATUS}

    def make(self) -> Iterator[None]:
        """Make the page and the panes, one a turn."""
        from wasmstate_gui.bytes.file_page import FilePage  # noqa: PLC0415 (NumPy)

        self.page = FilePage()
        self._centre.addWidget(self.page)
        yield
        for pane in self.PANES.values():
            pane.make(self)
            yield
        self.is_made = True
        self.colour()
        self.set_zoom(self._points)

    def show(self, title: str) -> QDockWidget:
        """Show a pane in front of its tabs; gives its dock."""
        dock = self.docks[title]
        dock.show()
        self.bring_forward(title)
        return dock

    def show_list(self, kind: str) -> None:
        """Show one of the lists of the module."""
        self.show("Module")
        self.module.kinds.setCurrentText(kind)

    def bring_forward(self, title: str) -> None:
        """Put a pane in front of its tabs, also if the window is not on the screen yet."""
        self._front[self.PANES[title].area] = title
        _raise(self.docks[title])

    def toggle(self, title: str) -> None:
        """Show a pane; hide it if it is visible. One behind another tab is shown."""
        dock = self.docks[title]
        if dock.isVisible() and not dock.visibleRegion().isEmpty():
            dock.hide()
        else:
            self.show(title)

    def reset_layout(self) -> None:
        """Put every pane to its first place in this workspace."""
        workspace = WORKSPACES[self.workspace or "model"]
        for title, pane in self.PANES.items():
            dock = self.docks[title]
            dock.setFloating(False)
            self.window.addDockWidget(pane.area, dock)
            if pane.tab_of:
                self.window.tabifyDockWidget(self.docks[pane.tab_of], dock)
        if self.workspace:
            for title, dock in self.docks.items():
                dock.setVisible(title not in workspace.hidden)
        for title in workspace.front:
            self.bring_forward(title)
        self.share_out()

    def share_out(self) -> None:
        """Give each pane its first size; Qt does so for visible panes only."""
        window = self.window
        horizontal, vertical = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        spare = window.width() - _BYTES_WIDTH
        tensors = min(420, max(250, spare * 6 // 10))
        layout = min(284, max(150, spare - tensors))
        docks = [self.docks["Layout"], self.docks[self._front.get(_RIGHT, "Tensors")]]
        window.resizeDocks(docks, [layout, tensors], horizontal)
        heights = [window.height() - 400, 290]
        window.resizeDocks([self.docks["Tensors"], self.docks["Step"]], heights, vertical)
        share, most = WORKSPACES[self.workspace or "model"].below
        bottom = min(most, max(118, int(window.height() * share)))
        below = [self.docks[each.title] for each in self.PANES.values() if each.area == _BOTTOM]
        window.resizeDocks(below, [bottom] * len(below), vertical)

    def shown(self) -> None:
        """The window is on the screen: sizes count from now on."""
        if self.workspace not in self.places:
            self.share_out()
        QTimer.singleShot(0, self._bring_front)

    def _bring_front(self) -> None:
        for title in self._front.values():
            if not self.docks[title].isHidden():
                _raise(self.docks[title])

    def show_workspace(self, name: str) -> bool:
        """Show the panes of a kind of files, where they were the last time; whether it is another.

        Panes that were closed stay closed.
        """
        if name == self.workspace:
            return False
        self.keep_places()
        self.workspace = name
        if name in self.places:
            for dock in self.docks.values():
                dock.show()  # sizes hold for visible panes alone
            self.window.restoreState(self.places[name])
        else:
            self.reset_layout()
        return True

    def keep_places(self) -> None:
        """Note where the panes of this workspace are."""
        if self.workspace:
            self.places[self.workspace] = self.window.saveState()

    def show_page(self, *, is_file: bool) -> None:
        """Show the panes of a file, or the page that offers to open one."""
        # A stack asks for as much room as the largest of its pages, also of those that are hidden.
        policies = QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred
        shown = self.page if is_file else self.empty
        self._centre.setCurrentWidget(shown)
        for page in (self.page, self.empty) if self.is_made else (self.empty,):
            policy = policies[page is shown]
            page.setSizePolicy(policy, policy)
        if not is_file:
            for dock in self.docks.values():
                dock.hide()

    def set_zoom(self, points: int) -> None:
        """Use letters larger by ``points`` for bytes and numbers."""
        self._points = points
        if self.is_made:
            self.page.hex.set_zoom(points)
            self.tensors.set_zoom(points)

    def colour(self) -> None:
        """Give every pane the colours of the window."""
        theme = self.window.theme
        if self.is_made:
            self.page.set_theme(theme)
            for title in self.docks:
                self._widget(title).set_theme(theme)

    def _widget(self, title: str) -> Any:
        return self.docks[title].widget()

    def _dock(self, pane: Pane[Any]) -> QDockWidget:
        dock = QDockWidget(pane.title, self.window)
        dock.setObjectName(pane.title)
        dock.setAccessibleName(f"{pane.title} panel")
        self.window.addDockWidget(pane.area, dock)
        return dock

    def _status_label(self, name: str) -> QLabel:
        label = PlainLabel()
        label.setAccessibleName(f"Status: {name}")
        self.window.statusBar().addPermanentWidget(label)
        return label


def _raise(dock: QDockWidget) -> None:
    """Select the tab of a dock.

    Qt passes over the raising of the topmost sibling, and a dock that was raised before there was
    a tab bar is the topmost without being the selected tab.
    """
    dock.lower()
    dock.raise_()
