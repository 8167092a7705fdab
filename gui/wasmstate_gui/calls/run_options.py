"""How Run calls: how often, for how long at most, and until when."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QWidget,
)

from wasmstate.session.table import Row
from wasmstate_gui.core.texts import counted
from wasmstate_gui.kit.flow_layout import FlowLayout
from wasmstate_gui.kit.plain_text import PlainLabel, tooltip

DETECTORS = {"": "none", "page_hinkley": "Page-Hinkley", "ddm": "DDM", "ewma": "EWMA"}
"""What can watch for drift, and what it is called."""

_ROWS_WIDTH = 150
_UNTIL_WIDTH = 200
_ROWS_TIP = "Take the arguments of each call from a CSV or npy file"


class RunOptions(QWidget):
    """The fields below the buttons of a call."""

    changed = Signal()
    """How often Run calls is another number now."""
    rows_wanted = Signal()
    """The user wants to choose a file with arguments."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.times = QSpinBox(minimum=2, maximum=1_000_000, value=100)
        self.times.setAccessibleName("How often Run calls")
        self.times.setGroupSeparatorShown(True)
        self.seconds = QDoubleSpinBox(minimum=0.0, maximum=86_400.0, value=2.0, decimals=1)
        self.seconds.setAccessibleName("Time limit of a call in seconds")
        self.seconds.setSuffix(" s")
        self.seconds.setSpecialValueText("none")
        self.until = QLineEdit()
        self.until.setAccessibleName("Condition that ends a run")
        self.until.setPlaceholderText("isnan(w).any() or dS > 1")
        self.until.setToolTip(
            "A run ends after the step that makes this true: an expression over the tensors,\n"
            "dS (the norm of the change), y (what the call returned) and step"
        )
        self.until.setClearButtonEnabled(True)
        self.until.setMinimumWidth(_UNTIL_WIDTH)
        self.rows: list[Row] = []
        """The arguments of each call; none if all take what the form holds."""
        self.rows_button = QPushButton()
        # A long name of a file does not make the panel wider than its dock.
        self.rows_button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.rows_button.setMinimumWidth(_ROWS_WIDTH)
        self.rows_button.clicked.connect(self._rows_clicked)
        self.watch = QComboBox()
        self.watch.setAccessibleName("Detector that watches for drift")
        self.watch.setToolTip(
            "A detector is told how wrong the model was about each row before it learned it;\n"
            "a drift that it tells is a ring in the timeline. DDM is for classes. In a condition,\n"
            "drift is true of such a step"
        )
        for name, text in DETECTORS.items():
            self.watch.addItem(text, name)
        row = FlowLayout(self)
        boxes = [
            _labelled("Run calls", self.times),
            _labelled("Time limit", self.seconds),
            _labelled("Stop when", self.until),
            _labelled("Arguments", self.rows_button),
            _labelled("Watch drift", self.watch),
        ]
        for box in boxes:
            row.addWidget(box)
        self._watch_box = boxes[-1]
        self.times.valueChanged.connect(self.changed)
        self.show_rows("", [])

    def show_rows(self, name: str, rows: list[Row]) -> None:
        """Take the arguments from a file; with no rows, from the form."""
        self.rows = rows
        text = f"{counted(len(rows), 'row')} of {name}" if rows else ""
        self.rows_button.setText(f"{text}  \u00d7" if rows else "as above\u2026")
        tip = f"{text}; press to take them from the form again" if rows else _ROWS_TIP
        self.rows_button.setToolTip(tooltip(tip))
        self.times.setEnabled(not rows)
        self._watch_box.setEnabled(bool(rows))
        self.changed.emit()

    def _rows_clicked(self) -> None:
        if self.rows:
            self.show_rows("", [])
        else:
            self.rows_wanted.emit()

    @property
    def count(self) -> int:
        """How often Run calls."""
        return len(self.rows) or self.times.value()

    @property
    def limit(self) -> float | None:
        """Seconds that a call may take; ``None`` for as long as it likes."""
        return self.seconds.value() or None

    @property
    def detector(self) -> str:
        """What watches for drift; empty for none. Without rows there is no stream to watch."""
        return str(self.watch.currentData()) if self.rows else ""

    @property
    def condition(self) -> str:
        """What ends a run; empty for nothing."""
        return self.until.text().strip()


def _labelled(text: str, widget: QWidget) -> QWidget:
    box = QWidget()
    row = QHBoxLayout(box)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(PlainLabel(text))
    row.addWidget(widget, 1)
    return box
