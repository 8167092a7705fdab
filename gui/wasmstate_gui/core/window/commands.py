"""Everything the user can do, as data: menus, toolbar, keys and documentation are made of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """Something to do.

    Attributes:
        name: by which the window knows it.
        text: what menus show; also what the documentation says, without its dots.
        menu: in which it stands, in the order of :data:`COMMANDS`.
        keys: as Qt writes them; several are separated by a comma and a blank.
        tip: more about it, where the text does not say enough.
        icon: its drawing, if it has one.
        group: of commands of which one is chosen.
        is_checkable: whether it is on or off.
        is_for_bytes: whether its keys count only while the bytes have the focus.
        begins_group: whether a line stands above it.
    """

    name: str
    text: str
    menu: str
    keys: str = ""
    tip: str = ""
    icon: str = ""
    group: str = ""
    is_checkable: bool = False
    is_for_bytes: bool = False
    begins_group: bool = False


MENUS = ("File", "Edit", "View", "Go", "Step", "Module", "Help")

COMMANDS = (
    Command(
        "new_model",
        "New model\u2026",
        "File",
        "Ctrl+N",
        "Make a file with a model that has learned nothing yet",
    ),
    Command("open", "Open\u2026", "File", "Ctrl+O", "Open a file", "open"),
    Command("recent", "Open recent\u2026", "File", "Ctrl+R", "Open one of the last files"),
    Command("sample", "Open the sample: a bandit", "File"),
    Command(
        "write",
        "Write changes",
        "File",
        "Ctrl+S",
        "Write S and edited bytes to the file, crash-safely",
        "write",
        begins_group=True,
    ),
    Command(
        "revert",
        "Revert",
        "File",
        tip="Go back to what is in the file",
        icon="revert",
    ),
    Command(
        "follow",
        "Follow",
        "File",
        "F6",
        "Show what other programs make of the file, as soon as they have replaced it",
        "follow",
        is_checkable=True,
    ),
    Command("quit", "Quit", "File", "Ctrl+Q", begins_group=True),
    Command(
        "back",
        "Undo, step back",
        "Edit",
        "Ctrl+Z, Alt+Left",
        "To the step before: undoes a call or an edit",
        "back",
    ),
    Command(
        "forward",
        "Redo, step forward",
        "Edit",
        "Ctrl+Y, Alt+Right",
        "To the next step",
        "forward",
    ),
    Command(
        "copy_hex",
        "Copy as hex",
        "Edit",
        "Ctrl+C",
        "Copy the selected bytes as hex",
        is_for_bytes=True,
        begins_group=True,
    ),
    Command("copy_c", "Copy as a C array", "Edit"),
    Command("copy_python", "Copy as Python bytes", "Edit"),
    Command("copy_array", "Copy as a NumPy array", "Edit", tip="Elements of a tensor, else bytes"),
    Command("copy_tensor", "Copy tensor as CSV", "Edit", "Ctrl+Shift+C", begins_group=True),
    Command("save_tensor", "Save tensor\u2026", "Edit", "Ctrl+Shift+S", "Save it as npy or CSV"),
    Command("load_tensor", "Load tensor\u2026", "Edit", "Ctrl+Shift+L", "Take values from a file"),
    Command(
        "select_field",
        "Select the field, then its parent",
        "Edit",
        "Space",
        is_for_bytes=True,
        begins_group=True,
    ),
    Command("select_all", "Select all bytes", "Edit", "Ctrl+A", is_for_bytes=True),
    Command(
        "edit_mode",
        "Edit mode",
        "Edit",
        "Ins",
        "Typing overwrites bytes: those of S become values, with checksums that are right",
        is_checkable=True,
        is_for_bytes=True,
        begins_group=True,
    ),
    Command(
        "raw_mode",
        "Raw bytes: mend no checksums",
        "Edit",
        "Shift+Ins",
        "Typing overwrites bytes as they are, also those of S: to damage or to repair by hand",
        is_checkable=True,
        is_for_bytes=True,
    ),
    Command(
        "values",
        "Values at the cursor",
        "View",
        "Ctrl+I",
        "The bytes at the cursor as numbers and text",
        is_checkable=True,
        begins_group=True,
    ),
    Command(
        "since_step",
        "Changes of the shown step",
        "View",
        group="since",
        is_checkable=True,
        begins_group=True,
    ),
    Command(
        "since_chosen",
        "Changes since this step",
        "View",
        "Ctrl+M",
        "Compare every step with the one that is shown now, S1",
        group="since",
        is_checkable=True,
    ),
    Command("since_disk", "Changes since the file", "View", group="since", is_checkable=True),
    Command(
        "diff",
        "Diff S1\u2194S2",
        "View",
        "Ctrl+D",
        "Show which cells changed, from what to what",
        "diff",
    ),
    Command("light", "Light", "View", group="theme", is_checkable=True, begins_group=True),
    Command("dark", "Dark", "View", group="theme", is_checkable=True),
    Command("zoom_in", "Larger letters", "View", "Ctrl++, Ctrl+=", begins_group=True),
    Command("zoom_out", "Smaller letters", "View", "Ctrl+-"),
    Command("zoom_reset", "Letters as at first", "View", "Ctrl+0"),
    Command("reset", "Reset layout", "View", begins_group=True),
    Command(
        "goto", "Go to\u2026", "Go", "Ctrl+G", "Go to an offset, a section, a cell, a function"
    ),
    Command("find", "Find\u2026", "Go", "Ctrl+F", "Find bytes, text or numbers"),
    Command("find_next", "Find next", "Go", "F3"),
    Command("find_previous", "Find previous", "Go", "Shift+F3"),
    Command("next_change", "Next change", "Go", "F8", begins_group=True),
    Command("previous_change", "Previous change", "Go", "Shift+F8"),
    Command("step", "Step", "Step", "F10", "Call the chosen export once", "step"),
    Command("predict", "Predict", "Step", "F9", "Call predict()", "predict"),
    Command("run", "Run", "Step", "F5", "Call the export many times", "run"),
    Command(
        "stop",
        "Stop",
        "Step",
        "Esc",
        "End what is under way: a call, or a verification",
        "stop",
        begins_group=True,
    ),
    Command("first", "First step", "Step", "Alt+Home", icon="first", begins_group=True),
    Command("last", "Last step", "Step", "Alt+End", icon="last"),
    Command(
        "play",
        "Play",
        "Step",
        "Shift+F5",
        "Go from step to step to the last one; again to stop",
        "play",
        is_checkable=True,
    ),
    Command("branch", "Next branch", "Step", "Alt+Down"),
    Command(
        "next_mark",
        "Next mark",
        "Step",
        "Alt+PgDown",
        "To the next step with a mark: a drift, trouble, a fork, the file",
    ),
    Command("previous_mark", "Previous mark", "Step", "Alt+PgUp"),
    Command(
        "plot",
        "Plot the selected cell",
        "Step",
        "Ctrl+L",
        "Plot the selected cell, or no longer",
        begins_group=True,
    ),
    Command(
        "verify",
        "Verify",
        "Module",
        "F7",
        "Look at every byte of the file, instructions included",
        "verify",
    ),
    Command(
        "attach",
        "Add a state section\u2026",
        "Module",
        tip="Tell which bytes of the module's memory are S, so that it remembers",
        begins_group=True,
    ),
    Command(
        "graft",
        "Graft functions\u2026",
        "Module",
        tip="Add the functions of another module, such as an update()",
    ),
    Command(
        "bake",
        "Bake\u2026",
        "Module",
        tip="Write S into data segments and globals, so that any runtime starts from it",
        begins_group=True,
    ),
    Command(
        "unbake",
        "Undo baking\u2026",
        "Module",
        tip="Other runtimes start again from what the module was compiled with",
    ),
    Command("palette", "Commands\u2026", "Help", "Ctrl+Shift+P", "Find a command by typing"),
    Command("keys", "Keys", "Help", "F1"),
    Command("about", "About wasmstate", "Help", begins_group=True),
)

TOOLBAR = (
    *("open", "write", "revert", ""),
    *("first", "back", "step", "run", "forward", "last", "predict", "stop", ""),
    *("diff", "verify", "follow"),
)
"""The commands that are buttons, too; an empty name is a line between two of them."""

ICONS_ONLY = ("first", "back", "forward", "last", "stop")

MORE_KEYS = (
    ("F2", "Give the selected cell another value"),
    ("Ctrl+1 to Ctrl+6", "Show or hide a panel"),
    ("Arrows, Page Up, Page Down, Home, End", "Move in the bytes; with Shift, select"),
    ("Left, Right on the map", "Go from section to section"),
    ("Left, Right, Home, End on the timeline", "Go from step to step"),
    ("Ctrl and a click on the plot", "Compare with that step, or no longer"),
)

FIRST_KEYS = ("new_model", "open", "step", "predict", "run", "stop", "write", "goto", "find")
"""What the empty window tells."""


def keys_table() -> list[tuple[str, str]]:
    """Keys, and what they do, in the order of the menus."""
    found = [
        (command.keys.replace(", ", " or "), command.text.removesuffix("\u2026"))
        for menu in MENUS
        for command in COMMANDS
        if command.menu == menu and command.keys
    ]
    return [*found, *MORE_KEYS]
