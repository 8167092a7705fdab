"""``make new-models``: a new model in each language whose compiler is there, built and tested."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from cli_runner import run_command
from wasmstate import templates

RUSTC = os.environ.get("RUSTC", "rustc")


def lacks(language: str) -> str:
    if language in ("c", "zig"):
        return "" if find_spec("ziglang") else "ziglang is not installed"
    if language == "rust":
        done = shutil.which(RUSTC) and subprocess.run(
            [RUSTC, "--print", "target-libdir", "--target", "wasm32-unknown-unknown"],
            capture_output=True,
            text=True,
        )
        return "" if done and Path(done.stdout.strip()).is_dir() else "rustc lacks the target"
    if language == "assemblyscript":
        return "" if shutil.which("npm") else "npm is not installed"
    return ""


@pytest.mark.parametrize("language", templates.LANGUAGES)
def test_a_new_model_is_built_and_tested(language: str, tmp_path: Path) -> None:
    if reason := lacks(language):
        pytest.skip(reason)
    assert run_command("new", "mine", "--lang", language, "--into", str(tmp_path)).exit_code == 0
    folder = tmp_path / "mine"
    if language == "assemblyscript":
        subprocess.run(["npm", "install", "--silent", "assemblyscript"], cwd=folder, check=True)
    for command in (["build.py"], ["-m", "pytest", "-q", "--ignore", "node_modules"]):
        subprocess.run([sys.executable, *command], cwd=folder, check=True)
