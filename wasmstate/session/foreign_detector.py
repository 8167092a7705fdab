"""Detectors of drift that are no models: those of River, and what looks like one."""

from __future__ import annotations

from typing import Any, Protocol


class FlagDetector(Protocol):
    """A detector as River has them: it takes a number, and raises a flag."""

    @property
    def drift_detected(self) -> bool:
        """Whether the last number told a drift."""

    def update(self, x: Any) -> Any:
        """Take the next number."""


class ForeignDetector:
    """Counts the drifts of a detector that only has a flag."""

    def __init__(self, detector: FlagDetector) -> None:
        self._detector = detector
        self._drifts = 0

    def update(self, loss: float) -> None:
        """Tell the detector of a loss."""
        self._detector.update(loss)
        self._drifts += self._detector.drift_detected

    def predict(self) -> None:
        """It says no more than that there is a drift."""

    def value(self, _tensor: str) -> int:
        """How many drifts it has told."""
        return self._drifts
