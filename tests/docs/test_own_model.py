"""The page about a model of one's own, followed from nothing."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from cli_runner import run_command

PAGE = Path(__file__).resolve().parents[2] / "docs/own-model.md"


def test_the_commands_of_the_page_run_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```console\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    assert len(lines) == 11
    for line in lines:
        program, *words = shlex.split(line)
        if program == "pip":
            continue
        if program == "cd":
            monkeypatch.chdir(words[0])
        elif program == "python":
            done = subprocess.run([sys.executable, *words], capture_output=True, text=True)
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        else:
            if find_spec("ziglang") is None:  # the model is the same in each language
                words = ["wat" if word == "c" else word for word in words]
            result = run_command(*words)
            assert result.exit_code == 0, f"{line}\n{result.stderr}"
