"""Child processes of a frozen program, such as one that PyInstaller made.

``sys.executable`` is the program itself there, without an option ``-m``. So the program is started
once more, with an argument that names the module of the child.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

_ARGUMENT = "run-wasmstate-child"
_CHILDREN = (
    "wasmstate.runtime.compile_child",
    "wasmstate_gui.core.calls.worker",
    "wasmstate_gui.core.wizards.plan_process",
)


def child_command(module: str) -> list[str]:
    """The command that runs a module of this program in a process of its own."""
    if getattr(sys, "frozen", False):
        return [sys.executable, _ARGUMENT, module]
    # -P: a folder with a file json.py in it must not be able to take part.
    return [sys.executable, "-P", "-m", module]


def run_child(arguments: Sequence[str]) -> bool:
    """Be the child, if that is what a frozen program was started for; gives whether it was."""
    if len(arguments) != 2 or arguments[0] != _ARGUMENT or arguments[1] not in _CHILDREN:
        return False
    import runpy  # noqa: PLC0415 (only a child needs it)

    runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    return True
