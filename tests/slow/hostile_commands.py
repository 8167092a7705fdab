"""``make hostile``: what a command that reads takes for a file made to keep it busy.

The promise is 2 s and a second for each MB, and 64 MB and four times the file, beyond what
Python and the libraries take.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hostile.child import measured
from hostile.dense import FILES

MIB = 1 << 20
COMMANDS = {
    "layout": ("{}",),
    "section": ("list", "{}"),
    "dump": ("{}",),
    "state": ("{}",),
    "check": ("{}",),
    "history": ("{}",),
    "diff": ("{}", "{}"),
    "salvage": ("{}",),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", FILES)
def test_what_a_command_takes_for_a_file_has_a_bound(
    name: str, command: str, tmp_path: Path
) -> None:
    path = tmp_path / "dense.wasm"
    data = FILES[name]()
    path.write_bytes(data)
    words = [word.format(path) for word in COMMANDS[command]]
    found = measured(tmp_path, "command", command, *words)
    assert "Traceback" not in found.errors
    assert path.read_bytes() == data
    print(f"{name}, {command}: {found.seconds:.2f} s, {found.memory / MIB:.0f} MB")
    assert found.seconds <= 2 + len(data) / MIB
    assert found.memory <= 64 * MIB + 4 * len(data)
