"""What the repository holds at its top."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NAMES = {
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "benchmarks",
    "changelog.d",
    "constraints.txt",
    "docs",
    "examples",
    "fixtures",
    "gui",
    "kernels",
    "pyproject.toml",
    "tests",
    "wasmstate",
}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a clone")
def test_nothing_else_is_tracked_at_the_top() -> None:
    command = ["git", "-C", str(ROOT), "ls-files", "-z"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert {path.partition("/")[0] for path in listed.split("\0") if path} <= NAMES
