"""``make models``: docs/bring-your-model.md runs as it stands, and prints what it shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "bring-your-model.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.M | re.S)
NOT_RUN = ("pip ", "wasmstate inspect ")


def commands(block: str) -> Iterator[tuple[str, str]]:
    """Each command, and what the page says that it prints."""
    for part in block.removeprefix("$ ").split("\n$ "):
        command, _, shown = part.partition("\n")
        yield command, shown.strip()


def ran(folder: Path, command: str) -> str:
    """What a command prints, with the programs of this environment."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=os.environ | {"PATH": path},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.stdout.strip()


def test_the_page_runs_as_it_stands(tmp_path: Path) -> None:
    script, shown = "", ""
    for kind, body in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind == "python":
            script += body
        elif kind == "text":
            shown = body.strip()
            (tmp_path / "fit.py").write_text(script)
            assert ran(tmp_path, "python fit.py") == shown
        else:
            for command, printed in commands(body):
                if not command.startswith(NOT_RUN):
                    assert ran(tmp_path, command) == printed.rstrip(), command
    assert shown
