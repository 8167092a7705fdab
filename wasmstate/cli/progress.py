"""Progress bars, for what takes longer than a second, on a terminal.

Rich draws them. It is an extra: without it, as on a small device, nothing is drawn.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

_SLOW = 1.0  # seconds after which a bar is of use


class Bar:
    """Shows how much of a total is done, once it turns out to be slow.

    Args:
        what: is being done.
        total: how much there is to do, in whatever unit; 0 if that is unknown.
    """

    def __init__(self, what: str, total: int) -> None:
        self._what = what
        self._total = total
        self._started = time.monotonic()
        self._progress: Any = None

    def show(self, done: int, what: str | None = None, *, count: int = 0) -> None:
        """Show how far it is.

        Args:
            done: so much of the total.
            what: is being done now, if that is another.
            count: of the things that are done, of which so many a second are shown.
        """
        self._what = what or self._what
        if self._is_due():
            self._progress = _draw(self._what, self._total)
        if self._progress is not None:
            rate = f"{count / (time.monotonic() - self._started):,.0f}/s" if count else ""
            self._progress.update(
                0, total=self._total, completed=done, description=self._what, rate=rate
            )

    def _is_due(self) -> bool:
        if self._progress is not None or time.monotonic() - self._started <= _SLOW:
            return False
        return find_spec("rich") is not None

    def resize(self, total: int) -> None:
        """Set how much there is to do, once it is known."""
        self._total = total

    def stop(self) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()


@contextmanager
def bar(what: str, total: int) -> Iterator[Bar]:
    """A bar that is taken away at the end of the block."""
    shown = Bar(what, total)
    try:
        yield shown
    finally:
        shown.stop()


@contextmanager
def waiting(what: str, *, slow: bool) -> Iterator[None]:
    """Say what is being waited for, if it is expected to be slow and tells no progress."""
    if not slow or not sys.stderr.isatty() or find_spec("rich") is None:
        yield
        return
    from rich.console import Console  # noqa: PLC0415 (drawing is rare)

    with Console(stderr=True).status(what):
        yield


def _draw(what: str, total: int) -> Any:
    from rich.console import Console  # noqa: PLC0415 (drawing is rare)
    from rich.progress import Progress, TextColumn  # noqa: PLC0415

    console = Console(stderr=True)
    cannot_draw = not console.is_terminal or console.is_dumb_terminal
    columns = (*Progress.get_default_columns(), TextColumn("{task.fields[rate]}"))
    progress = Progress(*columns, console=console, transient=True, disable=cannot_draw)
    progress.add_task(what, total=total or None, rate="")
    progress.start()
    return progress
