"""Programs in Node that use the package in js/."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
JS = ROOT / "js"


def _lacks() -> str:
    if shutil.which("node") is None:
        return "node is not installed"
    return "" if (JS / "dist/node.js").exists() else "js/ is not built: make js"


needs_package = pytest.mark.skipif(bool(_lacks()), reason=_lacks() or "-")


def link_package(folder: Path) -> None:
    """Let programs in a folder import the package."""
    modules = folder / "node_modules"
    modules.mkdir(exist_ok=True)
    if not (modules / "wasmstate").exists():
        (modules / "wasmstate").symlink_to(JS)


def start(script: str, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a script that may import the package, in a folder, with pipes and arguments."""
    link_package(folder)
    return subprocess.Popen(
        ["node", "--input-type=module", "-e", script, *arguments],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # the program flock, which it starts, is killed with it
    )


def run_script(script: str, folder: Path, input: str = "") -> str:
    """Run a script to its end, which has to be a good one; gives what it prints."""
    process = start(script, folder)
    said, errors = process.communicate(input)
    assert (process.returncode, errors) == (0, "")
    return said
