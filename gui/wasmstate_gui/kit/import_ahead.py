"""How the program imports what it is made of."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

# All that the panels need of NumPy, construct and the library comes with these.
_WITHOUT_QT = (
    "window.picture",
    "timeline.stepping",
    "document.overwrite",
    "calls.call_form",
    "window.selection",
    "module.entry_tables",
    "module.heading",
    "module.overview",
    "bytes.search",
    "bytes.copy_formats",
    "window.containing_parts",
    "bytes.values_at_cursor",
    "tensors.changes",
    "tensors.heatmap",
    "tensors.histogram",
    "tensors.cell_texts",
    "problems.repair_plan",
    "wizards.plan",
)
_IN_TURNS = (
    "document.controller",
    "bytes.byte_commands",
    "bytes.file_page",
    "tensors.tensors_panel",
    "calls.step_panel",
    "timeline.timeline_panel",
    "window.banners",
    "problems.verify_file",
    "window.late_imports",
)


def import_without_qt() -> None:
    """Import what panels need and what knows nothing of Qt: it can be done in any thread."""
    with no_garbage():
        for name in _WITHOUT_QT:
            import_module(f"wasmstate_gui.core.{name}")


def import_in_turns() -> Iterator[None]:
    """Import the panels, and who stands behind them, a little at a time."""
    for name in _IN_TURNS:
        with no_garbage():
            import_module(f"wasmstate_gui.{name}")
        yield


def import_plots() -> None:
    """Import pyqtgraph: 0.2 s, but in any thread. It is needed when there are steps to plot."""
    with no_garbage():
        import_module("pyqtgraph")


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
