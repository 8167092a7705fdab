"""The form of a call, its buttons and its result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from wasmstate.session.table import Row
from wasmstate.state.signature import Param
from wasmstate_gui.calls.argument_field import ArgumentField
from wasmstate_gui.calls.run_options import RunOptions
from wasmstate_gui.core.calls.call_form import Form
from wasmstate_gui.core.calls.protocol import Call
from wasmstate_gui.kit.elided_label import ElidedLabel
from wasmstate_gui.kit.flow_layout import FlowLayout
from wasmstate_gui.kit.plain_text import PlainLabel, tooltip
from wasmstate_gui.kit.theme import Theme

_LONGEST_NAME = 140
_FIELD, _WIDEST_FIELD = 72, 320
_WIDEST_EXPORT = 340
_BAR = 600
"""From this width on it is a bar, as high as its rows, else a form."""
_HIGHEST = 132
_UNBOUNDED = (1 << 24) - 1  # QWIDGETSIZE_MAX


class StepPanel(QScrollArea):
    """Fields from a signature. Every field is checked before anything is called."""

    requested = Signal(object)
    """A :class:`~wasmstate_gui.core.calls.protocol.Call`."""
    stop_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Step")
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self._forms: Sequence[Form] = ()
        self._texts: dict[str, list[str]] = {}
        self.fields: list[ArgumentField] = []
        self._boxes: list[QWidget] = []  # of the fields, with their names
        self._page = QWidget()
        self._controls = QWidget()
        self._row = FlowLayout()
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.exports = QComboBox()
        self.exports.setAccessibleName("Export")
        self.exports.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.exports.setMinimumContentsLength(10)
        self.exports.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.exports.setMaximumWidth(_WIDEST_EXPORT)
        self.step_button = self._button("Step  F10", "Call the export with these values")
        self.predict_button = self._button("Predict  F9", "Call predict()")
        self.run_button = self._button("Run 100  F5", "Call the export many times")
        self.stop_button = self._button("Stop  Esc", "End the call; S is what it was")
        self.more_button = self._button("Options", "How often Run calls, with what, and until when")
        self.more_button.setCheckable(True)
        self.options = RunOptions()
        self.result = PlainLabel()
        self.result.setWordWrap(True)
        self.result.setAccessibleName("Result")
        self.result.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.result.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._theme: Theme | None = None
        self._is_failure = False
        self._obstacle = ""
        self._lay_out()
        self.exports.currentIndexChanged.connect(self._chosen)
        self.step_button.clicked.connect(self.step)
        self.predict_button.clicked.connect(self.predict)
        self.run_button.clicked.connect(self.run)
        self.stop_button.clicked.connect(self.stop_requested)
        self.more_button.toggled.connect(self._show_options)
        self.more_button.setChecked(True)
        self.options.changed.connect(self._options_changed)
        self.set_running(running=False)

    def _button(self, text: str, hint: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tooltip(hint))
        button.setMinimumHeight(28)
        return button

    def _lay_out(self) -> None:
        outer = QVBoxLayout(self._page)
        outer.setContentsMargins(8, 6, 8, 6)
        column = QVBoxLayout(self._controls)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        outer.addWidget(self._controls)
        buttons = (self.step_button, self.predict_button, self.run_button, self.stop_button)
        for widget in (self.exports, *buttons, self.more_button):
            self._row.addWidget(widget)
        column.addLayout(self._row)
        column.addWidget(self.options)
        outer.addWidget(self.result, 1)
        self.setWidget(self._page)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(_BAR, self.minimumHeight())

    def show_options(self, *, are_shown: bool) -> None:
        """Show the options of a run, or have them behind their button."""
        self.more_button.setChecked(are_shown)

    def _show_options(self, are_shown: bool) -> None:
        self.options.setVisible(are_shown)
        self._fit()

    def _fit(self) -> None:
        """Be as high as the rows need where they are a bar."""
        is_bar = self.width() >= _BAR
        needed = self._page.heightForWidth(self.viewport().width())
        height = min(needed, _HIGHEST)
        self.setMinimumHeight(height if is_bar else 0)
        self.setMaximumHeight(height if is_bar else _UNBOUNDED)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self._paint_result()
        for each in self.fields:
            each.set_theme(theme)

    def show_forms(self, forms: Sequence[Form], obstacle: str | None) -> None:
        """Offer these functions; with an obstacle, none, and say why."""
        names = [form.label for form in forms]
        self._forms = forms
        if names != [self.exports.itemText(i) for i in range(self.exports.count())]:
            self.exports.blockSignals(True)
            self.exports.clear()
            self.exports.addItems(names)
            self.exports.blockSignals(False)
            self._texts = {}
            self._chosen(self.exports.currentIndex())
        self._controls.setEnabled(bool(forms))
        if obstacle or not self._controls.isEnabled() or self.result.text() == self._obstacle:
            self.show_result(obstacle or "", failed=False)
        self._obstacle = obstacle or ""

    def show_result(self, text: str, *, failed: bool) -> None:
        """Say what came of a call."""
        self.result.setText(text)
        self._is_failure = failed
        self._paint_result()
        self._fit()

    def set_running(self, *, running: bool) -> None:
        """While a call is under way, only Stop can be pressed."""
        can_call = not running and self.form is not None and not self.form.obstacle
        self.step_button.setEnabled(can_call)
        self.run_button.setEnabled(can_call)
        has_predict = any(form.name == "predict" for form in self._forms)
        self.predict_button.setEnabled(not running and has_predict)
        self.stop_button.setEnabled(running)

    @property
    def form(self) -> Form | None:
        """The chosen function."""
        index = self.exports.currentIndex()
        return self._forms[index] if 0 <= index < len(self._forms) else None

    def step(self) -> None:
        """Call the chosen function once."""
        self._request(1)

    def run(self) -> None:
        """Call the chosen function many times."""
        options = self.options
        self._request(options.count, options.condition, options.rows, options.detector)

    def predict(self) -> None:
        """Call ``predict``; if it takes arguments, show its form first."""
        for i, form in enumerate(self._forms):
            if form.name == "predict" and form.fields:
                self.exports.setCurrentIndex(i)
                self._request(1)
            elif form.name == "predict":
                self.requested.emit(Call(0, "predict", [], seconds=self.options.limit))

    def step_times(self, name: str, times: int) -> bool:
        """Choose a function and call it with what its fields hold; whether there is one."""
        for i, form in enumerate(self._forms):
            if form.name == name:
                self.exports.setCurrentIndex(i)
                self._request(times)
                return True
        return False

    def show_call(self, name: str, args: Sequence[Any]) -> bool:
        """Choose a function and give its fields these values; whether there is one."""
        for i, form in enumerate(self._forms):
            if form.name == name:
                self.exports.setCurrentIndex(i)
                for field, text in zip(self.fields, form.texts(args), strict=True):
                    field.edit.setText(text)
                if self.fields:
                    self.fields[0].edit.setFocus()
                    self.fields[0].edit.selectAll()
                return True
        return False

    def _request(
        self, times: int, until: str = "", rows: Sequence[Row] = (), watch: str = ""
    ) -> None:
        form = self.form
        if form is None:
            return
        arguments = form.arguments([each.edit.text() for each in self.fields])
        wrong = self._show_errors()
        if wrong is not None:
            wrong.edit.setFocus()
            wrong.edit.selectAll()
            return
        values = form.values(arguments)
        limit = self.options.limit
        self.requested.emit(
            Call(
                0,
                form.name,
                values,
                times,
                seconds=limit,
                rows=list(rows),
                until=until,
                watch=watch,
            )
        )

    def _show_errors(self) -> ArgumentField | None:
        """Check all fields; gives the first that is wrong."""
        first = None
        form = self.form
        arguments = form.arguments([each.edit.text() for each in self.fields]) if form else []
        for field, argument in zip(self.fields, arguments, strict=True):
            field.show_error(argument.error)
            if argument.error and first is None:
                first = field
        return first

    def _chosen(self, _index: int) -> None:
        for box in self._boxes:
            self._row.removeWidget(box)
            box.deleteLater()
        self.fields, self._boxes = [], []
        form = self.form
        if form is None:
            return
        self.options.show_rows("", [])
        texts = self._texts.setdefault(form.name, form.defaults())
        for param, text in zip(form.fields, texts, strict=True):
            self._add_field(param, text)
        self.step_button.setText(f"{form.action}  F10")
        self.set_running(running=False)
        if form.obstacle:
            self.show_result(form.obstacle, failed=False)

    def _add_field(self, param: Param, text: str) -> None:
        field = ArgumentField(param, text)
        field.edit.textChanged.connect(self._typed)
        if self._theme is not None:
            field.set_theme(self._theme)
        label = ElidedLabel()
        label.show_text(f"{param.name}  {param.type}")
        label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        label.setMaximumWidth(_LONGEST_NAME)
        label.setBuddy(field.edit)
        field.setMinimumWidth(2 * _FIELD if param.is_array else _FIELD)
        field.edit.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        box = QWidget()
        box.setMaximumWidth(_LONGEST_NAME + _WIDEST_FIELD)
        box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(label)
        row.addWidget(field, 1)
        self.fields.append(field)
        self._boxes.append(box)
        self._row.insert(len(self._boxes), box)
        box.show()

    def _typed(self) -> None:
        form = self.form
        if form is not None:
            self._texts[form.name] = [each.edit.text() for each in self.fields]
        self._show_errors()

    def _options_changed(self) -> None:
        self.run_button.setText(f"Run {self.options.count:,}  F5")

    def _paint_result(self) -> None:
        if self._theme is None:
            return
        if not self._is_failure:
            self.result.setStyleSheet("")
            return
        theme = self._theme
        self.result.setStyleSheet(
            f"background: {theme.damage_ground}; color: {theme.damage_text};"
            f"border-left: 4px solid {theme.damage}; padding: 6px;"
        )
