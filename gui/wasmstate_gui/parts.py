"""What a window needs once it has a file: its panels, and who stands behind them.

They take NumPy, construct and most of this program, so the window imports this module when its own
first picture is on the screen.
"""

from __future__ import annotations

from wasmstate_gui.byte_commands import ByteCommands
from wasmstate_gui.controller import Controller
from wasmstate_gui.display import Display
from wasmstate_gui.editor import Editor
from wasmstate_gui.explorer import Explorer
from wasmstate_gui.finder import Finder
from wasmstate_gui.navigator import Navigator
from wasmstate_gui.notices import Notices
from wasmstate_gui.opener import Opener
from wasmstate_gui.panels.file_page import FilePage
from wasmstate_gui.panels.layout_panel import LayoutPanel
from wasmstate_gui.panels.module_panel import ModulePanel
from wasmstate_gui.panels.problems_panel import ProblemsPanel
from wasmstate_gui.panels.step_panel import StepPanel
from wasmstate_gui.panels.tensors_panel import TensorsPanel
from wasmstate_gui.panels.timeline_panel import TimelinePanel
from wasmstate_gui.player import Player
from wasmstate_gui.presenters import status
from wasmstate_gui.presenters.following import looks_back
from wasmstate_gui.presenters.picture import Picture
from wasmstate_gui.presenters.usable import usable
from wasmstate_gui.protocol import Call
from wasmstate_gui.repairer import Repairer
from wasmstate_gui.rows import Rows
from wasmstate_gui.tensor_commands import TensorCommands
from wasmstate_gui.traveller import Traveller
from wasmstate_gui.undoer import Undoer
from wasmstate_gui.unwritten import Unwritten
from wasmstate_gui.verifier import Verifier

__all__ = [
    "ByteCommands",
    "Call",
    "Controller",
    "Display",
    "Editor",
    "Explorer",
    "FilePage",
    "Finder",
    "LayoutPanel",
    "ModulePanel",
    "Navigator",
    "Notices",
    "Opener",
    "Picture",
    "Player",
    "ProblemsPanel",
    "Repairer",
    "Rows",
    "StepPanel",
    "TensorCommands",
    "TensorsPanel",
    "TimelinePanel",
    "Traveller",
    "Undoer",
    "Unwritten",
    "Verifier",
    "looks_back",
    "status",
    "usable",
]
