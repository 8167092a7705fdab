"""The objects behind the panels.

They take NumPy, construct and most of this program, so the window imports this module when its own
first picture is on the screen.
"""

from __future__ import annotations

from wasmstate_gui.bytes.byte_commands import ByteCommands
from wasmstate_gui.bytes.edit_mode import Editor
from wasmstate_gui.bytes.find_bars import Finder
from wasmstate_gui.calls.explain_cell import Explainer
from wasmstate_gui.calls.table_rows import TableRows
from wasmstate_gui.core.calls.protocol import Call
from wasmstate_gui.core.timeline.follow import looks_back
from wasmstate_gui.core.window import status
from wasmstate_gui.core.window.picture import Picture
from wasmstate_gui.core.window.usable_commands import Situation, usable
from wasmstate_gui.document.controller import Controller
from wasmstate_gui.document.file_undo import Undoer
from wasmstate_gui.document.open_dialog import Opener
from wasmstate_gui.document.selection_model import SelectionModel
from wasmstate_gui.document.unwritten import Unwritten
from wasmstate_gui.module.module_lists import ModuleLists
from wasmstate_gui.module.read_overview import OverviewReader
from wasmstate_gui.problems.repair_file import Repairer
from wasmstate_gui.problems.verify_file import Verifier
from wasmstate_gui.tensors.tensor_commands import TensorCommands
from wasmstate_gui.timeline.playback import Player
from wasmstate_gui.timeline.time_travel import TimeTravel
from wasmstate_gui.window.banners import Banners
from wasmstate_gui.window.refresh import PanelRefresh
from wasmstate_gui.window.selection_view import SelectionView

__all__ = [
    "Banners",
    "ByteCommands",
    "Call",
    "Controller",
    "Editor",
    "Explainer",
    "Finder",
    "ModuleLists",
    "Opener",
    "OverviewReader",
    "PanelRefresh",
    "Picture",
    "Player",
    "Repairer",
    "SelectionModel",
    "SelectionView",
    "Situation",
    "TableRows",
    "TensorCommands",
    "TimeTravel",
    "Undoer",
    "Unwritten",
    "Verifier",
    "looks_back",
    "status",
    "usable",
]
