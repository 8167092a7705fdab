"""A field for one argument."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from wasmstate.state.signature import Param
from wasmstate_gui.kit.checked_line import CheckedLine


class ArgumentField(CheckedLine):
    """A line to type a parameter's value in."""

    def __init__(self, param: Param, text: str, parent: QWidget | None = None) -> None:
        super().__init__(f"{param.name}, {param.type}", text, parent)
