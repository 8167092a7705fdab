"""The window without its behaviour: panels and where they are, colours, status bar."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QLabel,
    QMainWindow,
    QSizePolicy,
    QStackedWidget,
    QWidget,
)

from wasmstate_gui.document.empty_page import EmptyPage
from wasmstate_gui.kit.elided_label import ElidedLabel
from wasmstate_gui.kit.theme import LIGHT, Theme

FIRST_SIZE = QSize(1440, 900)
LEAST_SIZE = QSize(1024, 640)
_BYTES_WIDTH = 640  # what a row of bytes needs, its offset and text with it

_STATUS = ("disk", "generation", "validity", "size", "follow")

_LEFT, _RIGHT, _BOTTOM = (
    Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.DockWidgetArea.RightDockWidgetArea,
    Qt.DockWidgetArea.BottomDockWidgetArea,
)


class Shell(QMainWindow):
    """Lays out the panels."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(LEAST_SIZE)
        self.resize(FIRST_SIZE)
        self.setAcceptDrops(True)
        self.theme = LIGHT
        self._points = 0
        self._had_file = False
        self._places: QByteArray | None = None  # of the panels, the last time
        self.is_furnished = False
        self.empty = EmptyPage()
        self._centre = QStackedWidget()
        self._centre.addWidget(self.empty)
        self.setCentralWidget(self._centre)
        self.docks = {
            name: self._dock(name, area)
            for name, area in (
                ("Layout", _LEFT),
                ("Tensors", _RIGHT),
                ("Step", _RIGHT),
                ("Timeline", _BOTTOM),
                ("Problems", _BOTTOM),
                ("Module", _BOTTOM),
            )
        }
        self.setCorner(Qt.Corner.BottomRightCorner, _RIGHT)
        self.setCorner(Qt.Corner.BottomLeftCorner, _BOTTOM)
        self.place_label = ElidedLabel()
        self.place_label.setAccessibleName("Selection")
        self.statusBar().addWidget(self.place_label, 1)
        self.status_labels = {name: self._status_label(name) for name in _STATUS}

    def make_panels(self) -> Iterator[None]:
        """Make the panels, one at a time; until then there are only the places for them."""
        from wasmstate_gui.window import page_parts  # noqa: PLC0415 (see there)

        self.page = page_parts.FilePage()
        self.layout_panel = page_parts.LayoutPanel()
        yield
        self.tensors_panel = page_parts.TensorsPanel()
        yield
        self.step_panel = page_parts.StepPanel()
        self.problems_panel = page_parts.ProblemsPanel()
        self.timeline_panel = page_parts.TimelinePanel()
        self.module_panel = page_parts.ModulePanel()
        yield
        self._centre.addWidget(self.page)
        self.docks["Layout"].setWidget(self.layout_panel)
        self.docks["Tensors"].setWidget(self.tensors_panel)
        self.docks["Step"].setWidget(self.step_panel)
        self.docks["Timeline"].setWidget(self.timeline_panel)
        self.docks["Problems"].setWidget(self.problems_panel)
        self.docks["Module"].setWidget(self.module_panel)
        self.is_furnished = True
        self._colour_panels()
        self.set_zoom(self._points)

    def _dock(self, name: str, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(name, self)
        dock.setObjectName(name)
        dock.setAccessibleName(f"{name} panel")
        self.addDockWidget(area, dock)
        return dock

    def _status_label(self, name: str) -> QLabel:
        label = QLabel()
        label.setAccessibleName(f"Status: {name}")
        self.statusBar().addPermanentWidget(label)
        return label

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._places is None:
            self._share_out()

    def reset_layout(self) -> None:
        """Every panel where it was at first."""
        for name, area in (
            ("Layout", _LEFT),
            ("Tensors", _RIGHT),
            ("Step", _RIGHT),
            ("Timeline", _BOTTOM),
            ("Problems", _BOTTOM),
            ("Module", _BOTTOM),
        ):
            self.docks[name].setFloating(False)
            self.addDockWidget(area, self.docks[name])
            if self._had_file and name != "Problems":
                self.docks[name].show()
        self.tabifyDockWidget(self.docks["Timeline"], self.docks["Problems"])
        self.tabifyDockWidget(self.docks["Problems"], self.docks["Module"])
        self.docks["Timeline"].raise_()
        self._share_out()

    def _share_out(self) -> None:
        """Give each panel its size; Qt only does so for panels that are shown."""
        horizontal, vertical = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        spare = self.width() - _BYTES_WIDTH
        tensors = min(420, max(250, spare * 6 // 10))
        layout = min(284, max(150, spare - tensors))
        docks = [self.docks["Layout"], self.docks["Tensors"]]
        self.resizeDocks(docks, [layout, tensors], horizontal)
        heights = [self.height() - 440, 320]
        self.resizeDocks([self.docks["Tensors"], self.docks["Step"]], heights, vertical)
        bottom = min(210, max(118, self.height() // 5))
        below = [self.docks[name] for name in ("Timeline", "Problems", "Module")]
        self.resizeDocks(below, [bottom] * 3, vertical)

    def restore_panels(self, places: QByteArray) -> None:
        """Panels go where they were, and those that were closed stay so when a file is shown."""
        self._places = places

    def show_page(self, *, is_file: bool) -> None:
        """Show a file's panels, or the page that offers to open one."""
        # A stack asks for as much room as the largest of its pages, also of those that are hidden.
        policies = QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred
        shown = self.page if is_file else self.empty
        self._centre.setCurrentWidget(shown)
        for page in (self.page, self.empty) if self.is_furnished else (self.empty,):
            policy = policies[page is shown]
            page.setSizePolicy(policy, policy)
        if not is_file:
            for dock in self.docks.values():
                dock.hide()
        elif not self._had_file:
            self._had_file = True
            for name, dock in self.docks.items():
                dock.setVisible(name != "Problems")
            if self._places is None:
                self._share_out()
            else:
                self.restoreState(self._places)  # sizes are taken by panels that are shown alone

    @property
    def has_file(self) -> bool:
        """Whether a file was shown, so that the panels have their places."""
        return self._had_file

    def set_zoom(self, points: int) -> None:
        """Use letters so many points larger for bytes and numbers."""
        self._points = points
        if self.is_furnished:
            self.page.hex.set_zoom(points)
            self.tensors_panel.set_zoom(points)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours everywhere."""
        self.theme = theme
        palette = theme.palette()
        QApplication.setPalette(palette)
        self.setPalette(palette)
        if self.is_furnished:
            self._colour_panels()
        self.setStyleSheet(
            f"QStatusBar {{ border-top: 1px solid {theme.line}; }}"
            "QStatusBar::item { border: none; }"
            "QStatusBar > QLabel { padding: 0 8px; }"
            f"QLabel[waits=true] {{ color: {theme.error_text}; font-weight: bold; }}"
            f"QMainWindow::separator {{ background: {theme.line}; width: 3px; height: 3px; }}"
            f"QToolTip {{ background: {theme.base}; color: {theme.text};"
            f" border: 1px solid {theme.line}; }}"
        )

    def _colour_panels(self) -> None:
        for panel in (
            self.page,
            self.layout_panel,
            self.tensors_panel,
            self.step_panel,
            self.problems_panel,
            self.timeline_panel,
            self.module_panel,
        ):
            panel.set_theme(self.theme)
