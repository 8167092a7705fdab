"""The programs in examples/ run, and say what they promise."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from wasmstate import Module, State

ROOT = Path(__file__).resolve().parents[2]


def run(name: str, *arguments: str) -> str:
    """What a program of examples/ prints."""
    words = [sys.executable, "-W", "error", str(ROOT / "examples" / name), *arguments]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_four_devices_merged_know_what_one_would_and_added_up_they_do_not() -> None:
    match = re.search(r"merged: (\S+) off, added up: (\d+)% off", run("four_devices.py"))
    assert match is not None
    assert float(match[1]) < 1e-12
    assert int(match[2]) > 10


needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


@needs_node
def test_python_and_node_step_one_file_in_turn() -> None:
    assert run("two_runtimes.py").endswith("the same bits\n")


def test_regret_is_told_and_drawn(tmp_path: Path) -> None:
    output = tmp_path / "regret.svg"
    text = run("regret.py", "2", str(output))
    assert [line.split()[0] for line in text.splitlines()] == [
        "bootstrap_thompson",
        "epsilon_greedy",
        "thompson",
    ]
    lines = ElementTree.parse(output).iter("{http://www.w3.org/2000/svg}polyline")
    assert len(list(lines)) == 3


def test_a_device_that_is_switched_off_goes_on_where_its_file_is(tmp_path: Path) -> None:
    cut, whole = (
        Path(shutil.copy(ROOT / "fixtures" / "bandit.wasm", tmp_path / f"{name}.wasm"))
        for name in ("cut", "whole")
    )
    words = [sys.executable, str(ROOT / "examples" / "bandit_device.py"), str(cut), "100000"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as device:
        assert device.stdout is not None
        for _ in range(40):
            device.stdout.readline()
        device.kill()
    remembered = State.of(Module.open(cut)).update_count
    assert remembered >= 40
    for path in (cut, whole):
        run("bandit_device.py", str(path), str(remembered + 20))
    states = [State.of(Module.open(path)) for path in (cut, whole)]
    assert states[0].contents() == states[1].contents()
