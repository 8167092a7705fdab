"""The panes of the window, their docks, the page in the centre and the status bar.

A new pane is its own file and one line in :class:`Panels`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, overload

from PySide6.QtCore import QByteArray, QObject, Qt, QTimer, Signal
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
    from wasmstate_gui.calls.why_panel import WhyPanel
    from wasmstate_gui.document.layout_panel import LayoutPanel
    from wasmstate_gui.module.module_panel import ModulePanel
    from wasmstate_gui.module.overview_panel import OverviewPanel
    from wasmstate_gui.problems.problems_panel import ProblemsPanel
    from wasmstate_gui.tensors.tensors_panel import TensorsPanel
    from wasmstate_gui.timeline.timeline_panel import TimelinePanel

_BYTES_WIDTH = 640  # one line of the hex view, with offset and text
_WIDE = 1500  # a window of this width has room for two columns beside the bytes
_LOW = 640  # a window that is lower has no room for what can be shown when it is wanted
_BELOW = ("Problems", "Why")  # lists under the bytes, shown when there is something in them
_BARS = ("Step", "Timeline")  # wide and low: their title stands at the left
_STATUS = ("disk", "generation", "validity", "size", "follow")

_LEFT, _TOP, _BOTTOM = (
    Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.DockWidgetArea.TopDockWidgetArea,
    Qt.DockWidgetArea.BottomDockWidgetArea,
)

Widget = TypeVar("Widget", bound=QWidget)


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where a kind of files has its panes at first.

    Attributes:
        above: over the whole width, from the top.
        first, second: the panes beside the bytes, of each column those that are tabs; in a window
            that is not wide both are one column. The first ones named are in front.
        share: the part of the room beside the bytes that the first column takes.
        notes: how much room a wide window gives the notes beside the bytes.
        hidden: the titles of the panes that are not shown.
    """

    above: tuple[str, ...]
    first: tuple[str, ...]
    second: tuple[str, ...]
    share: float
    notes: int
    hidden: tuple[str, ...]


WORKSPACES = {
    "model": Workspace(
        ("Step", "Timeline"),
        ("Layout", "Module"),
        ("Tensors", "Overview"),
        0.33,
        280,
        ("Problems", "Why"),
    ),
    "module": Workspace(
        ("Step", "Timeline"),
        ("Overview", "Layout"),
        ("Module", "Tensors"),
        0.42,
        0,
        ("Problems", "Why", "Step", "Timeline"),
    ),
}
"""The places of the panes by the kind of the file: a model has a state, a module has none."""


class Pane(Generic[Widget]):
    """One pane: the attribute of :class:`Panels` that holds its widget.

    The class of the widget is imported when the pane is made, after the window's first picture:
    it brings NumPy and construct.

    Args:
        title: of the dock, also its object name.
        source: ``module:class`` of the widget in this package, with ``set_theme(theme)``.
    """

    def __init__(self, title: str, source: str) -> None:
        self.title = title
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

    workspace_shown = Signal(str)
    """The panes of the workspace of this name are shown."""
    reset = Signal(bool)
    """The panes are at their first places; True in a window with little height."""

    layout: Pane[LayoutPanel] = Pane("Layout", "document.layout_panel:LayoutPanel")
    tensors: Pane[TensorsPanel] = Pane("Tensors", "tensors.tensors_panel:TensorsPanel")
    step: Pane[StepPanel] = Pane("Step", "calls.step_panel:StepPanel")
    timeline: Pane[TimelinePanel] = Pane("Timeline", "timeline.timeline_panel:TimelinePanel")
    problems: Pane[ProblemsPanel] = Pane("Problems", "problems.problems_panel:ProblemsPanel")
    module: Pane[ModulePanel] = Pane("Module", "module.module_panel:ModulePanel")
    overview: Pane[OverviewPanel] = Pane("Overview", "module.overview_panel:OverviewPanel")
    why: Pane[WhyPanel] = Pane("Why", "calls.why_panel:WhyPanel")

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
        self._front: list[str] = []  # the panes that were raised, the last one at the end
        self.empty = EmptyPage()
        self._centre = QStackedWidget()
        self._centre.addWidget(self.empty)
        window.setCentralWidget(self._centre)
        self.docks = {pane.title: self._dock(pane) for pane in self.PANES.values()}
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
        self._front = [*(each for each in self._front if each != title), title]
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
        for title, dock in self.docks.items():
            dock.setFloating(False)
            area = _TOP if title in workspace.above else _BOTTOM if title in _BELOW else _LEFT
            self.window.addDockWidget(area, dock)
        above = [self.docks[title] for title in workspace.above]
        for upper, lower in pairwise(above):
            self.window.splitDockWidget(upper, lower, Qt.Orientation.Vertical)
        first, second = ([self.docks[title] for title in each] for each in self._columns)
        if second:
            self.window.splitDockWidget(first[0], second[0], Qt.Orientation.Horizontal)
        for column in filter(None, (first, second)):
            for dock in column[1:]:
                self.window.tabifyDockWidget(column[0], dock)
        below = [self.docks[title] for title in _BELOW]
        if self._is_low:
            self.window.tabifyDockWidget(self.docks["Timeline"], below[0])
        self.window.tabifyDockWidget(*below)
        if self.workspace:
            for title, dock in self.docks.items():
                dock.setVisible(title not in workspace.hidden)
        self.bring_first_forward()
        if self.is_made:
            self.step.show_options(are_shown=not self._is_low)
            self.reset.emit(self._is_low)
        self.share_out()

    def bring_first_forward(self) -> None:
        """Put the panes in front of their tabs that are there at first."""
        for titles in filter(None, self._columns):
            self.bring_forward(titles[0])

    @property
    def _is_low(self) -> bool:
        return self.window.height() < _LOW

    @property
    def _columns(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The titles of the panes beside the bytes, column by column.

        A pane without a place in the workspace is the last tab.
        """
        workspace = WORKSPACES[self.workspace or "model"]
        placed = {*workspace.above, *workspace.first, *workspace.second, *_BELOW}
        others = tuple(title for title in self.docks if title not in placed)
        if self.window.width() >= _WIDE:
            return workspace.first, (*workspace.second, *others)
        front = workspace.second if self.workspace == "model" else workspace.first
        rest = (each for each in (*workspace.second, *workspace.first) if each not in front)
        return (*front, *rest, *others), ()

    def share_out(self) -> None:
        """Give each pane its first size; Qt does so for visible panes only."""
        window, workspace = self.window, WORKSPACES[self.workspace or "model"]
        notes = min(workspace.notes, max(0, window.width() - _WIDE))
        spare = max(2, window.width() - _BYTES_WIDTH - notes)
        columns = [self.docks[titles[0]] for titles in self._columns if titles]
        share = workspace.share if len(columns) > 1 else 1.0
        widths = [int(spare * share), int(spare * (1 - share))]
        window.resizeDocks(columns, widths[: len(columns)], Qt.Orientation.Horizontal)
        timeline = min(260, max(136, window.height() // 4))
        step = max(1, self.docks["Step"].minimumSizeHint().height())
        for titles, heights in ((("Step", "Timeline"), (step, timeline)), (_BELOW, (150, 150))):
            docks = [self.docks[title] for title in titles]
            window.resizeDocks(docks, heights, Qt.Orientation.Vertical)

    def shown(self) -> None:
        """The window is on the screen: sizes count from now on."""
        if self.workspace not in self.places:
            self.share_out()
        QTimer.singleShot(0, self._bring_front)

    def _bring_front(self) -> None:
        for title in self._front:
            if not self.docks[title].isHidden():
                _raise(self.docks[title])

    def show_workspace(self, name: str) -> bool:
        """Show the panes of a workspace, where they were the last time; whether it is another.

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
        self.workspace_shown.emit(name)
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
        if pane.title in _BARS:
            features = dock.features()
            dock.setFeatures(features | QDockWidget.DockWidgetFeature.DockWidgetVerticalTitleBar)
        self.window.addDockWidget(_LEFT, dock)
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
