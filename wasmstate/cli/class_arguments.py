"""Arguments on the command line that are labels of classes."""

from __future__ import annotations

from pathlib import Path

from wasmstate.binary.module import Module
from wasmstate.errors import WasmstateError
from wasmstate.session.class_labels import ClassLabels
from wasmstate.session.names import Names
from wasmstate.state.state import State


def labels_at(file: Path, function: str) -> dict[int, ClassLabels]:
    """Which argument of a function is a label, and of which classes.

    A file that cannot be read has none: whoever opens it to call says why.
    """
    try:
        state = State.of(Module.open(file))
    except (WasmstateError, OSError):
        return {}
    signature = state.entry_points.get(function)
    names = Names(state.metadata)
    at = names.class_position(signature.params) if signature is not None else None
    return {} if at is None or names.classes is None else {at: names.classes}
