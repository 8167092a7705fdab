"""A command line in a folder with a model."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cli_runner import FIXTURES, Wasmstate, run_command


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``bandit.wasm``, in the folder where commands run."""
    shutil.copy(FIXTURES / "bandit.wasm", tmp_path)
    monkeypatch.chdir(tmp_path)
    return Path("bandit.wasm")


@pytest.fixture
def wasmstate() -> Wasmstate:
    """Runs a command."""
    return run_command
