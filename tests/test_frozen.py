"""A frozen program starts itself for its child processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from wasmstate.frozen import child_command

COMPILER = "wasmstate.runtime.compile_child"
WORKER = "wasmstate_gui.core.calls.worker"


def test_a_child_is_a_module_of_the_interpreter_or_the_frozen_program_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert child_command(WORKER) == [sys.executable, "-P", "-m", WORKER]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", "/opt/wasmstate")
    assert child_command(WORKER) == ["/opt/wasmstate", "run-wasmstate-child", WORKER]


@pytest.mark.parametrize(
    ("entry", "module"),
    [
        ("wasmstate.cli", COMPILER),
        ("wasmstate.cli", WORKER),
        ("wasmstate_gui.app", COMPILER),
        ("wasmstate_gui.app", "wasmstate_gui.core.wizards.plan_process"),
    ],
)
def test_both_programs_are_their_children(entry: str, module: str, tmp_path: Path) -> None:
    """A worker without questions ends in silence; the program would print its help or an error."""
    program = tmp_path / "program.py"
    program.write_text(f"from {entry} import main\nmain()\n")
    done = subprocess.run(
        [sys.executable, program, "run-wasmstate-child", module],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_no_other_module_is_run(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("from wasmstate.cli import main\nmain()\n")
    done = subprocess.run(
        [sys.executable, program, "run-wasmstate-child", "this"], capture_output=True, timeout=60
    )
    assert done.returncode == 2
