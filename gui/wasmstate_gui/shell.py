"""The window without its behaviour: panels and where they are, colours, status bar."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
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

from wasmstate_gui.panels.elided_label import ElidedLabel
from wasmstate_gui.panels.empty_page import EmptyPage
from wasmstate_gui.panels.file_page import FilePage
from wasmstate_gui.panels.layout_panel import LayoutPanel
from wasmstate_gui.panels.module_panel import ModulePanel
from wasmstate_gui.panels.problems_panel import ProblemsPanel
from wasmstate_gui.panels.step_panel import StepPanel
from wasmstate_gui.panels.tensors_panel import TensorsPanel
from wasmstate_gui.panels.timeline_panel import TimelinePanel
from wasmstate_gui.theme import LIGHT, Theme

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
        self._had_file = False
        self.page = FilePage()
        self.empty = EmptyPage()
        self._centre = QStackedWidget()
        self._centre.addWidget(self.empty)
        self._centre.addWidget(self.page)
        self.setCentralWidget(self._centre)
        self.layout_panel = LayoutPanel()
        self.tensors_panel = TensorsPanel()
        self.step_panel = StepPanel()
        self.problems_panel = ProblemsPanel()
        self.timeline_panel = TimelinePanel()
        self.module_panel = ModulePanel()
        self.docks = {
            "Layout": self._dock("Layout", self.layout_panel, _LEFT),
            "Tensors": self._dock("Tensors", self.tensors_panel, _RIGHT),
            "Step": self._dock("Step", self.step_panel, _RIGHT),
            "Timeline": self._dock("Timeline", self.timeline_panel, _BOTTOM),
            "Problems": self._dock("Problems", self.problems_panel, _BOTTOM),
            "Module": self._dock("Module", self.module_panel, _BOTTOM),
        }
        self.setCorner(Qt.Corner.BottomRightCorner, _RIGHT)
        self.setCorner(Qt.Corner.BottomLeftCorner, _BOTTOM)
        self.place_label = ElidedLabel()
        self.place_label.setAccessibleName("Selection")
        self.statusBar().addWidget(self.place_label, 1)
        self.status_labels = {name: self._status_label(name) for name in _STATUS}

    def _dock(self, name: str, panel: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(name, self)
        dock.setObjectName(name)
        dock.setAccessibleName(f"{name} panel")
        dock.setWidget(panel)
        self.addDockWidget(area, dock)
        return dock

    def _status_label(self, name: str) -> QLabel:
        label = QLabel()
        label.setAccessibleName(f"Status: {name}")
        self.statusBar().addPermanentWidget(label)
        return label

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
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

    def show_page(self, *, is_file: bool) -> None:
        """Show a file's panels, or the page that offers to open one."""
        # A stack asks for as much room as the largest of its pages, also of those that are hidden.
        policies = QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored
        for page, is_shown in ((self.page, is_file), (self.empty, not is_file)):
            policy = policies[0] if is_shown else policies[1]
            page.setSizePolicy(policy, policy)
        self._centre.setCurrentWidget(self.page if is_file else self.empty)
        for name, dock in self.docks.items():
            if name != "Problems":
                dock.setVisible(is_file)
        if is_file and not self._had_file:
            self._had_file = True
            self._share_out()

    @property
    def has_file(self) -> bool:
        """Whether a file was shown, so that the panels have their places."""
        return self._had_file

    def set_zoom(self, points: int) -> None:
        """Use letters so many points larger for bytes and numbers."""
        self.page.hex.set_zoom(points)
        self.tensors_panel.set_zoom(points)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours everywhere."""
        self.theme = theme
        palette = theme.palette()
        QApplication.setPalette(palette)
        self.setPalette(palette)
        for panel in (
            self.page,
            self.layout_panel,
            self.tensors_panel,
            self.step_panel,
            self.problems_panel,
            self.timeline_panel,
            self.module_panel,
        ):
            panel.set_theme(theme)
        self.setStyleSheet(
            f"QStatusBar {{ border-top: 1px solid {theme.line}; }}"
            "QStatusBar::item { border: none; }"
            "QStatusBar > QLabel { padding: 0 8px; }"
            f"QLabel[waits=true] {{ color: {theme.error_text}; font-weight: bold; }}"
            f"QMainWindow::separator {{ background: {theme.line}; width: 3px; height: 3px; }}"
            f"QToolTip {{ background: {theme.base}; color: {theme.text};"
            f" border: 1px solid {theme.line}; }}"
        )
