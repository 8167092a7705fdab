"""What a detector says while rows are learned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from wasmstate.cli.common import echo, echo_json_line, plural
from wasmstate.cli.stopping import Stopped

if TYPE_CHECKING:
    from wasmstate.session.drift import Drift, DriftWatch
    from wasmstate.session.session import Session


class Watching:
    """A watch for drift whose drifts are told as they come.

    Args:
        watch: of a model.
        detector: its name.
        as_json: whether they are data, and nothing is said.

    Attributes:
        drift: the one that was told with the last row.
    """

    def __init__(self, watch: DriftWatch, detector: str, *, as_json: bool) -> None:
        self._watch = watch
        self._detector = detector
        self._as_json = as_json
        self._loss = 0.0
        self._drifts: list[dict[str, Any]] = []
        self.drift: Drift | None = None

    def predict(self, row: Sequence[Any]) -> None:
        """Before a row is learned. Raises as :meth:`DriftWatch.loss`."""
        self._loss = self._watch.expect(*row)

    def learned(self, where: str) -> None:
        """After it. Raises as :meth:`DriftWatch.tell`."""
        drift = self.drift = self._watch.tell(self._loss)
        if drift is None:
            return
        self._drifts.append({"row": drift.row, "place": where, **_document(drift)})
        if not self._as_json:
            said = "" if drift.said is None else f", which said {drift.said}"
            was = "unknown" if drift.before is None else f"{drift.before:.4g}"
            echo(
                f"{where or f'call {drift.row + 1}'}: drift told by {self._detector}{said}: "
                f"mean loss {drift.after:.4g} in the last rows, {was} before",
                err=True,
            )

    @property
    def document(self) -> dict[str, Any]:
        """The last row's loss and drift."""
        drift = None if self.drift is None else _document(self.drift)
        return {"loss": self._loss, "drift": drift}

    def sum_up(self) -> None:
        """Say what came of all rows."""
        watch = self._watch
        if self._as_json:
            summary = {
                "detector": self._detector,
                "rows": watch.rows,
                "mean_loss": watch.mean_loss if watch.rows else None,
                "drifts": self._drifts,
            }
            echo_json_line({"watched": summary})
        else:
            loss = f", mean loss {watch.mean_loss:.4g}" if watch.rows else ""
            echo(
                f"{plural(len(watch.drifts), 'drift')} told by {self._detector} in "
                f"{plural(watch.rows, 'row')}{loss}",
                err=True,
            )


@contextmanager
def watching(
    session: Session, name: str | None, options: Sequence[str], *, as_json: bool, **how: Any
) -> Iterator[Watching | None]:
    """Watch for drift while a session learns, and sum up.

    Args:
        session: the model.
        name: of the detector; empty for one that fits the model, ``None`` if nothing is watched.
        options: of the detector.
        as_json: how it is told.
        how: the file of a detector is opened; the model's commits commit it.
    """
    if name is None:
        yield None
        return
    from wasmstate.cli.detectors import detector, fitting  # noqa: PLC0415 (to watch is rare)

    name = name or fitting(session.params("update"))
    if session.persist != "manual":
        how = {**how, "persist": "on-close"}
    with detector(name, options, **how) as found:
        from wasmstate.session.drift import DriftWatch  # noqa: PLC0415

        watch = Watching(DriftWatch(session, found), name, as_json=as_json)
        try:
            yield watch
        except Stopped:
            watch.sum_up()
            raise
        watch.sum_up()


def _document(drift: Drift) -> dict[str, Any]:
    return {"said": drift.said, "before": drift.before, "after": drift.after}
