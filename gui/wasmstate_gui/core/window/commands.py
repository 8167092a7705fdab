"""Every command of the window, declared once; menus, toolbar, keys, palette and docs follow.

A new command is one entry here and the method that it names. The entry does not stand beside the
method, as a decorator would: menus are drawn in the first picture, and the modules of the methods
bring NumPy and construct, which come after it (docs/decisions/0006).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        name: the identifier of its action.
        text: in menus; the documentation uses it without its dots.
        menu: one of :data:`MENUS`; the order there is that of :data:`COMMANDS`.
        does: the method, by its attribute path from the main window.
        args: arguments of the method.
        keys: as Qt writes them; several are separated by a comma and a blank.
        tip: the tooltip, if the text does not say enough.
        icon: the name of its drawing.
        group: commands of one group exclude each other.
        is_checkable: True for a switch.
        is_for_bytes: True if its keys count only while the bytes have the focus.
        begins_group: True if a separator stands above it in the menu.
        usable: the property of :class:`~wasmstate_gui.core.window.usable_commands.Situation` that
            decides whether it is enabled; empty for a command that always is.
    """

    name: str
    text: str
    menu: str
    does: str
    args: tuple[str | int, ...] = ()
    keys: str = ""
    tip: str = ""
    icon: str = ""
    group: str = ""
    is_checkable: bool = False
    is_for_bytes: bool = False
    begins_group: bool = False
    usable: str = ""


MENUS = ("File", "Edit", "View", "Go", "Step", "Module", "Help")

COMMANDS = (
    Command(
        "new_model",
        "New model…",
        "File",
        "wizards.new_model",
        keys="Ctrl+N",
        tip="Make a file with a model that has learned nothing yet",
    ),
    Command(
        "open", "Open…", "File", "opener.choose", keys="Ctrl+O", tip="Open a file", icon="open"
    ),
    Command(
        "recent",
        "Open recent…",
        "File",
        "preferences.choose_recent",
        keys="Ctrl+R",
        tip="Open one of the last files",
    ),
    Command("sample", "Open the sample: a bandit", "File", "opener.open_sample"),
    Command(
        "write",
        "Write changes",
        "File",
        "controller.write",
        keys="Ctrl+S",
        tip="Write S and edited bytes to the file, crash-safely",
        icon="write",
        begins_group=True,
        usable="is_dirty",
    ),
    Command(
        "save_copy",
        "Save a copy…",
        "File",
        "opener.choose_copy",
        keys="Ctrl+Alt+S",
        tip="Write what is shown to a new file; this one stays what it is",
        usable="is_open",
    ),
    Command(
        "revert",
        "Revert",
        "File",
        "controller.revert",
        tip="Go back to what is in the file, which is read again",
        icon="revert",
        usable="is_open",
    ),
    Command(
        "follow",
        "Follow",
        "File",
        "toggle_follow",
        keys="F6",
        tip="Show what other programs make of the file, as soon as they have replaced it",
        icon="follow",
        is_checkable=True,
    ),
    Command(
        "new_window",
        "New window",
        "File",
        "open_window",
        keys="Ctrl+Shift+N",
        tip="Another window, for another file",
        begins_group=True,
    ),
    Command("quit", "Quit", "File", "close", keys="Ctrl+Q"),
    Command(
        "back",
        "Undo, step back",
        "Edit",
        "time_travel.back",
        keys="Ctrl+Z, Alt+Left",
        tip="To the step before: undoes a call or an edit",
        icon="back",
        usable="can_go_back",
    ),
    Command(
        "forward",
        "Redo, step forward",
        "Edit",
        "time_travel.forward",
        keys="Ctrl+Y, Alt+Right",
        tip="To the next step",
        icon="forward",
        usable="can_go_forward",
    ),
    Command(
        "copy_hex",
        "Copy as hex",
        "Edit",
        "byte_commands.copy",
        args=("hex",),
        keys="Ctrl+C",
        tip="Copy the selected bytes as hex",
        is_for_bytes=True,
        begins_group=True,
    ),
    Command("copy_c", "Copy as a C array", "Edit", "byte_commands.copy", args=("c",)),
    Command("copy_python", "Copy as Python bytes", "Edit", "byte_commands.copy", args=("python",)),
    Command(
        "copy_array",
        "Copy as a NumPy array",
        "Edit",
        "byte_commands.copy",
        args=("array",),
        tip="Elements of a tensor, else bytes",
    ),
    Command(
        "copy_tensor",
        "Copy tensor as CSV",
        "Edit",
        "tensor_commands.copy",
        keys="Ctrl+Shift+C",
        begins_group=True,
    ),
    Command(
        "save_tensor",
        "Save tensor…",
        "Edit",
        "tensor_commands.save",
        keys="Ctrl+Shift+S",
        tip="Save it as npy or CSV",
    ),
    Command(
        "load_tensor",
        "Load tensor…",
        "Edit",
        "tensor_commands.load",
        keys="Ctrl+Shift+L",
        tip="Take values from a file",
    ),
    Command(
        "select_field",
        "Select the field, then its parent",
        "Edit",
        "byte_commands.select_field",
        keys="Space",
        is_for_bytes=True,
        begins_group=True,
    ),
    Command(
        "select_all",
        "Select all bytes",
        "Edit",
        "selection_model.select_all",
        keys="Ctrl+A",
        is_for_bytes=True,
    ),
    Command(
        "edit_mode",
        "Edit mode",
        "Edit",
        "editor.toggle",
        keys="Ins",
        tip="Typing overwrites bytes: those of S become values, with checksums that are right",
        is_checkable=True,
        is_for_bytes=True,
        begins_group=True,
    ),
    Command(
        "raw_mode",
        "Raw bytes: mend no checksums",
        "Edit",
        "editor.toggle_raw",
        keys="Shift+Ins",
        tip="Typing overwrites bytes as they are, also those of S: to damage or to repair by hand",
        is_checkable=True,
        is_for_bytes=True,
    ),
    Command(
        "values",
        "Values at the cursor",
        "View",
        "toggle_values",
        keys="Ctrl+I",
        tip="The bytes at the cursor as numbers and text",
        is_checkable=True,
        begins_group=True,
    ),
    Command(
        "since_step",
        "Changes of the shown step",
        "View",
        "controller.compare_with",
        args=("step",),
        group="since",
        is_checkable=True,
        begins_group=True,
    ),
    Command(
        "since_chosen",
        "Changes since this step",
        "View",
        "time_travel.compare",
        keys="Ctrl+M",
        tip="Compare every step with the one that is shown now, S1",
        group="since",
        is_checkable=True,
    ),
    Command(
        "since_disk",
        "Changes since the file",
        "View",
        "controller.compare_with",
        args=("disk",),
        group="since",
        is_checkable=True,
    ),
    Command(
        "diff",
        "Diff S1↔S2",
        "View",
        "show_diff",
        keys="Ctrl+D",
        tip="Show which cells changed, from what to what",
        icon="diff",
        usable="has_state",
    ),
    Command(
        "light",
        "Light",
        "View",
        "preferences.use_theme",
        args=("light",),
        group="theme",
        is_checkable=True,
        begins_group=True,
    ),
    Command(
        "dark",
        "Dark",
        "View",
        "preferences.use_theme",
        args=("dark",),
        group="theme",
        is_checkable=True,
    ),
    Command(
        "zoom_in",
        "Larger letters",
        "View",
        "preferences.zoom",
        args=(1,),
        keys="Ctrl++, Ctrl+=",
        begins_group=True,
    ),
    Command("zoom_out", "Smaller letters", "View", "preferences.zoom", args=(-1,), keys="Ctrl+-"),
    Command(
        "zoom_reset", "Letters as at first", "View", "preferences.zoom", args=(0,), keys="Ctrl+0"
    ),
    Command(
        "workspace_model",
        "Panels for a model",
        "View",
        "panels.show_workspace",
        args=("model",),
        keys="Ctrl+Alt+1",
        tip="Step and timeline over tensors and bytes; a file with a state opens so",
        group="workspace",
        is_checkable=True,
        begins_group=True,
    ),
    Command(
        "workspace_module",
        "Panels for a module",
        "View",
        "panels.show_workspace",
        args=("module",),
        keys="Ctrl+Alt+2",
        tip="Overview and functions beside the bytes; a file without a state opens so",
        group="workspace",
        is_checkable=True,
    ),
    Command("reset", "Reset layout", "View", "panels.reset_layout"),
    Command(
        "goto",
        "Go to…",
        "Go",
        "finder.begin_goto",
        keys="Ctrl+G",
        tip="Go to an offset, a section, a cell, a function",
    ),
    Command(
        "place_back",
        "Back to the last place",
        "Go",
        "selection_model.back",
        keys="Ctrl+Alt+Left",
        tip="To where the selection was before, such as the caller of a function",
    ),
    Command(
        "place_forward",
        "Forward to the next place",
        "Go",
        "selection_model.forward",
        keys="Ctrl+Alt+Right",
    ),
    Command(
        "find", "Find…", "Go", "finder.begin_find", keys="Ctrl+F", tip="Find bytes, text or numbers"
    ),
    Command("find_next", "Find next", "Go", "finder.find_next", keys="F3"),
    Command("find_previous", "Find previous", "Go", "finder.find_previous", keys="Shift+F3"),
    Command(
        "strings",
        "Strings",
        "Go",
        "panels.show_list",
        args=("Strings",),
        keys="Ctrl+T",
        tip="List the texts in the data segments",
        usable="is_open",
    ),
    Command(
        "uses",
        "Find uses",
        "Go",
        "module_lists.find_uses",
        keys="Shift+F12",
        tip="List what uses the function, the string or the data that is chosen in the lists",
        usable="is_open",
    ),
    Command(
        "next_change",
        "Next change",
        "Go",
        "selection_model.next_change",
        keys="F8",
        begins_group=True,
    ),
    Command(
        "previous_change",
        "Previous change",
        "Go",
        "selection_model.previous_change",
        keys="Shift+F8",
    ),
    Command(
        "step",
        "Step",
        "Step",
        "panels.step.step",
        keys="F10",
        tip="Call the chosen export once",
        icon="step",
        usable="can_step",
    ),
    Command(
        "predict",
        "Predict",
        "Step",
        "panels.step.predict",
        keys="F9",
        tip="Call predict()",
        icon="predict",
        usable="can_predict",
    ),
    Command(
        "run",
        "Run",
        "Step",
        "panels.step.run",
        keys="F5",
        tip="Call the export many times",
        icon="run",
        usable="can_run",
    ),
    Command(
        "stop",
        "Stop",
        "Step",
        "stop",
        keys="Esc",
        tip="End what is under way: a call, or a verification",
        icon="stop",
        begins_group=True,
        usable="is_busy",
    ),
    Command(
        "first",
        "First step",
        "Step",
        "time_travel.first",
        keys="Alt+Home",
        icon="first",
        begins_group=True,
        usable="can_go_back",
    ),
    Command(
        "last",
        "Last step",
        "Step",
        "time_travel.last",
        keys="Alt+End",
        icon="last",
        usable="can_go_forward",
    ),
    Command(
        "play",
        "Play",
        "Step",
        "player.toggle",
        keys="Shift+F5",
        tip="Go from step to step to the last one; again to stop",
        icon="play",
        is_checkable=True,
        usable="can_play",
    ),
    Command(
        "branch",
        "Next branch",
        "Step",
        "time_travel.next_branch",
        keys="Alt+Down",
        usable="has_branches",
    ),
    Command(
        "next_mark",
        "Next mark",
        "Step",
        "time_travel.next_mark",
        keys="Alt+PgDown",
        tip="To the next step with a mark: a drift, trouble, a fork, the file",
    ),
    Command("previous_mark", "Previous mark", "Step", "time_travel.previous_mark", keys="Alt+PgUp"),
    Command(
        "why",
        "Why did this cell change?",
        "Step",
        "explainer.ask",
        keys="F4",
        tip="Which instructions of the shown step wrote the selected cell, called by what",
        begins_group=True,
        usable="is_call",
    ),
    Command(
        "again",
        "Again with other arguments…",
        "Step",
        "explainer.again",
        keys="Alt+F10",
        tip="To the step before, with the arguments of this one in the form: a branch begins",
        usable="is_call",
    ),
    Command(
        "plot",
        "Plot the selected cell",
        "Step",
        "time_travel.plot_cell",
        keys="Ctrl+L",
        tip="Plot the selected cell, or no longer",
        begins_group=True,
    ),
    Command(
        "plot_all",
        "Plot all steps",
        "Step",
        "time_travel.plot_all",
        tip="Show all steps again, after zooming with the wheel",
        usable="can_play",
    ),
    Command(
        "export_plot",
        "Export the plot…",
        "Step",
        "time_travel.export_plot",
        tip="Save the plot as PNG or SVG, or its values as CSV",
        usable="can_play",
    ),
    Command(
        "verify",
        "Verify",
        "Module",
        "verifier.verify",
        keys="F7",
        tip="Look at every byte of the file, instructions included",
        icon="verify",
        usable="can_verify",
    ),
    Command(
        "repair",
        "Repair…",
        "Module",
        "repairer.preview_first",
        tip="Look at what the repair of the first problem would change",
        usable="can_repair",
    ),
    Command(
        "attach",
        "Add a state section…",
        "Module",
        "wizards.attach",
        tip="Tell which bytes of the module's memory are S, so that it remembers",
        begins_group=True,
        usable="can_attach",
    ),
    Command(
        "graft",
        "Graft functions…",
        "Module",
        "wizards.graft",
        tip="Add the functions of another module, such as an update()",
        usable="can_graft",
    ),
    Command(
        "bake",
        "Bake…",
        "Module",
        "wizards.bake",
        tip="Write S into data segments and globals, so that any runtime starts from it",
        begins_group=True,
        usable="can_bake",
    ),
    Command(
        "unbake",
        "Undo baking…",
        "Module",
        "wizards.unbake",
        tip="Other runtimes start again from what the module was compiled with",
        usable="can_unbake",
    ),
    Command(
        "palette",
        "Commands…",
        "Help",
        "show_palette",
        keys="Ctrl+Shift+P",
        tip="Find a command by typing",
    ),
    Command("keys", "Keys", "Help", "show_keys", keys="F1"),
    Command("about", "About wasmstate", "Help", "show_about", begins_group=True),
)

TOOLBAR = (
    *("open", "write", "revert", ""),
    *("first", "back", "forward", "last", ""),
    *("diff", "verify", "follow"),
)
"""The commands that are buttons, too; an empty name is a line between two of them."""

_OF_SELECTION = ("copy_hex", "copy_c", "copy_python", "copy_array")

CONTEXT_MENUS = {
    "layout": (*_OF_SELECTION, "", "goto", "find", "verify"),
    "bytes": (
        *(*_OF_SELECTION, "", "select_field", "select_all", ""),
        *("edit_mode", "raw_mode", "", "goto", "find", "next_change", "previous_change", "values"),
    ),
    "tensors": (
        *("why", "plot", "diff", "", "copy_tensor", "save_tensor", "load_tensor", ""),
        *("next_change", "previous_change", "attach"),
    ),
    "timeline": (
        *(
            "back",
            "forward",
            "first",
            "last",
            "play",
            "",
            "branch",
            "next_mark",
            "previous_mark",
            "",
        ),
        *("again", "since_chosen", "since_step", "", "plot", "plot_all", "export_plot"),
    ),
    "problems": ("repair", "verify"),
    "module": (
        "uses",
        "place_back",
        "place_forward",
        "",
        *_OF_SELECTION,
        "",
        "goto",
        "find",
        "verify",
    ),
    "overview": ("verify", "repair", "attach", "graft", "bake", "unbake"),
}
"""The commands of the context menu of each pane, and of the bytes."""

ICONS_ONLY = ("first", "back", "forward", "last")

MORE_KEYS = (
    ("F2", "Give the selected cell another value"),
    ("Ctrl+1 to Ctrl+8", "Show or hide a panel"),
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
