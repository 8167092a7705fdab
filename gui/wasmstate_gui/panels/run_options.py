"""How Run calls: how often, for how long at most, and until when."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)


class RunOptions(QWidget):
    """The fields below the buttons of a call."""

    times_changed = Signal(int)

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
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._boxes = [
            _labelled("Run calls", self.times),
            _labelled("Time limit", self.seconds),
            _labelled("Stop when", self.until),
        ]
        self.times.valueChanged.connect(self.times_changed)

    def lay_out(self, *, narrow: bool) -> None:
        """Side by side, or one below the other."""
        times, seconds, until = self._boxes
        self._grid.addWidget(times, 0, 0)
        self._grid.addWidget(seconds, *((1, 0) if narrow else (0, 1)))
        self._grid.addWidget(until, 2, 0, 1, 1 if narrow else 2)

    @property
    def limit(self) -> float | None:
        """Seconds that a call may take; ``None`` for as long as it likes."""
        return self.seconds.value() or None

    @property
    def condition(self) -> str:
        """What ends a run; empty for nothing."""
        return self.until.text().strip()


def _labelled(text: str, widget: QWidget) -> QWidget:
    box = QWidget()
    row = QHBoxLayout(box)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(QLabel(text))
    row.addWidget(widget, 1)
    return box
