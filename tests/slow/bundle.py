"""The program of ``make bundle``: it compiles, calls and draws, without a Python beside it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import wasmstate
from wasmstate import Module, State

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "build" / "bundle" / "dist" / "wasmstate" / "wasmstate"
CHILDREN = (
    "wasmstate.runtime.compile_child",
    "wasmstate_gui.core.calls.worker",
    "wasmstate_gui.core.wizards.plan_process",
)


@pytest.fixture
def bandit(tmp_path: Path) -> Path:
    return Path(shutil.copy(ROOT / "fixtures" / "bandit.wasm", tmp_path))


def run(home: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the program in a folder, with nothing of this environment."""
    return subprocess.run(
        [PROGRAM, *arguments],
        cwd=home,
        env={"HOME": str(home), "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_program_is_of_this_version(tmp_path: Path) -> None:
    done = run(tmp_path, "--version")
    assert (done.returncode, wasmstate.__version__ in done.stdout) == (0, True)


def test_a_call_is_compiled_made_and_committed(bandit: Path) -> None:
    done = run(bandit.parent, "run", bandit, "update", "2", "1.0")
    assert (done.returncode, done.stderr) == (0, f"{bandit}: generation 0 -> 1, 1 update in all\n")
    assert State.of(Module.open(bandit))["successes"].tolist() == [1.0, 1.0, 2.0, 1.0]


def test_the_window_calls_in_a_process_of_its_own_and_draws(bandit: Path) -> None:
    picture = bandit.with_name("window.png")
    done = run(bandit.parent, "inspect", bandit, "--screenshot", picture, "--step", "3")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("child", CHILDREN)
def test_the_program_is_its_child_processes(tmp_path: Path, child: str) -> None:
    done = run(tmp_path, "run-wasmstate-child", child)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_models_and_samples_come_with_it(tmp_path: Path) -> None:
    done = run(tmp_path, "models", "new", "thompson", "--arms", "3", "-o", "ads.wasm")
    assert (done.returncode, done.stderr) == (0, "")
    done = run(tmp_path, "run", "ads.wasm", "update", "1", "1.0")
    assert done.returncode == 0, done.stderr
    assert run(tmp_path, "example").returncode == 0
