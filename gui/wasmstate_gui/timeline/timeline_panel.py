"""The timeline: lines over all steps, and a slider to go to any of them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QSlider,
    QSpinBox,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from wasmstate_gui.core.timeline.plot_series import HistoryView
from wasmstate_gui.kit.elided_label import ElidedLabel
from wasmstate_gui.kit.plain_text import PlainLabel
from wasmstate_gui.kit.settings import FASTEST, SLOWEST
from wasmstate_gui.kit.theme import LIGHT, Theme

if TYPE_CHECKING:
    from wasmstate_gui.timeline.plot_view import PlotView

_NO_STEPS_YET = "Step (F10) or Run (F5) calls the export; what its steps change is plotted here."


class TimelinePanel(QStackedWidget):
    """Shows a :class:`HistoryView`, or says why there are no steps."""

    chosen = Signal(int)
    """The user went to a position of the branch."""
    compared = Signal(int)
    """The user wants to compare with a position of the branch, or no longer."""
    branch_chosen = Signal(int)
    """The user went to another branch: the id of its first step."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Timeline")
        self._theme = LIGHT
        self.hint = PlainLabel(_NO_STEPS_YET)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.setWordWrap(True)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Step")
        self.slider.setMinimumWidth(120)
        self.slider.setMinimumHeight(24)
        self.place = PlainLabel()
        self.place.setAccessibleName("Which step is shown")
        self.caption = ElidedLabel()
        self.caption.setAccessibleName("What the step was")
        self.play_button = QToolButton()
        self.play_button.setMinimumSize(28, 24)
        self.pace = QSpinBox(minimum=SLOWEST, maximum=FASTEST, suffix=" /s")
        self.pace.setAccessibleName("Steps a second")
        self.pace.setToolTip("How many steps are played a second")
        self.pace.setKeyboardTracking(False)
        self.plot_button = QPushButton("Plot cell")
        self.plot_button.setToolTip("Plot the selected cell, or no longer (Ctrl+L)")
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(6, 2, 6, 4)
        column.setSpacing(2)
        column.addWidget(self.hint, 1)
        self._column = column
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.place)
        row.addWidget(self.slider, 2)
        row.addWidget(self.play_button)
        row.addWidget(self.pace)
        row.addWidget(self.caption, 3)
        row.addWidget(self.plot_button)
        column.addLayout(row)
        self.addWidget(page)
        self.reason = PlainLabel()
        self.reason.setWordWrap(True)
        self.reason.setMargin(12)
        self.reason.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.reason.setAccessibleName("Why there are no steps")
        self.addWidget(self.reason)
        self.slider.valueChanged.connect(self.chosen)

    @cached_property
    def plot(self) -> PlotView:
        """Made when there are steps: until then nobody needs pyqtgraph."""
        from wasmstate_gui.timeline.plot_view import PlotView  # noqa: PLC0415 (pyqtgraph)

        plot = PlotView()
        plot.set_theme(self._theme)
        plot.chosen.connect(self.chosen)
        plot.compared.connect(self.compared)
        plot.branch_chosen.connect(self.branch_chosen)
        self._column.replaceWidget(self.hint, plot)
        self._column.setStretchFactor(plot, 1)
        self.hint.hide()
        return plot

    @property
    def has_plot(self) -> bool:
        """Whether there were steps to plot."""
        return "plot" in vars(self)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.hint.setStyleSheet(f"color: {theme.dim};")
        if self.has_plot:
            self.plot.set_theme(theme)

    def show_reason(self, text: str) -> None:
        """Say why there are no steps."""
        self.reason.setText(text)
        self.setCurrentIndex(1)

    def show_view(self, view: HistoryView) -> None:
        """Show other steps."""
        self.setCurrentIndex(0)
        self.slider.blockSignals(True)
        self.slider.setRange(0, view.count - 1)
        self.slider.setPageStep(max(1, view.count // 10))
        self.slider.setValue(view.position)
        self.slider.blockSignals(False)
        last = view.first + view.count - 1
        place = f"step {view.first + view.position:,} / {last:,}"
        self.place.setText(f"{place} \u00b7 {view.s1_text}" if view.s1_text else place)
        self.caption.show_text(view.caption)
        is_told = any(mark.kind != "disk" for mark in view.marks)
        if view.count > 1 or is_told or self.has_plot:
            self.plot.show_view(view)
