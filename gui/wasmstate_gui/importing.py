"""How the program imports what it is made of."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

# All that the panels need of NumPy, construct and the library comes with these.
_WITHOUT_QT = (
    "picture",
    "stepping",
    "edits",
    "step_form",
    "selection",
    "tables",
    "searching",
    "copying",
    "ladder",
    "values",
    "changes",
    "heatmap",
    "histogram",
    "cells",
    "repair_plan",
    "wizard",
)
_IN_TURNS = (
    "controller",
    "byte_commands",
    "panels.file_page",
    "panels.tensors_panel",
    "panels.step_panel",
    "panels.timeline_panel",
    "notices",
    "verifier",
    "parts",
)


def import_without_qt() -> None:
    """Import what panels need and what knows nothing of Qt: it can be done in any thread."""
    with no_garbage():
        for name in _WITHOUT_QT:
            import_module(f"wasmstate_gui.presenters.{name}")


def import_in_turns() -> Iterator[None]:
    """Import the panels, and who stands behind them, a little at a time."""
    for name in _IN_TURNS:
        with no_garbage():
            import_module(f"wasmstate_gui.{name}")
        yield


@contextmanager
def no_garbage() -> Iterator[None]:
    """Look for none meanwhile: what is imported stays, and looking takes a tenth of the start."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
