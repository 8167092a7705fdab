"""``make device``: the runner over wasm3, in turn with Python, here and for other processors."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from models import state_of
from wasmstate import Session, check, history

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "build/device"
VECTORS = ROOT / "fixtures/vectors"
FAMILIES = sorted(path.stem.removeprefix("model-") for path in VECTORS.glob("modules/model-*.wasm"))
UPDATES = 1000
LARGEST = 200_000
"""Bytes of the program, without symbols."""

PROCESSORS = {
    "here": (),
    "arm": ("arm-linux-musleabihf", "qemu-arm"),
    "riscv": ("riscv64-linux-musl", "qemu-riscv64"),
}


@cache
def runner(processor: str) -> tuple[str, ...]:
    """The command of the runner for a processor."""
    if processor == "here":
        return (str(BUILT / "runner"),)
    target, emulator = PROCESSORS[processor]
    if shutil.which(emulator) is None:
        pytest.skip(f"{emulator} is not installed: apt-get install qemu-user")
    program = BUILT / f"runner-{processor}"
    compiler = f"{sys.executable} -m ziglang cc -target {target} -fno-sanitize=undefined"
    command = ["make", "-C", "device/runner", f"CC={compiler}", f"OUT={program}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return emulator, str(program)


def say(processor: str, path: Path, lines: list[str], policy: str = "on-close") -> list[str]:
    """What the runner answers to lines, all of which have to be good."""
    command = [*runner(processor), str(path), policy]
    text = "".join(f"{line}\n" for line in lines)
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout.splitlines()


@cache
def updates(family: str) -> list[list[Any]]:
    """Arguments of the updates in a vector."""
    case = json.loads((VECTORS / f"replay/{family}.json").read_text(encoding="utf-8"))
    return [step["args"] for step in case["steps"] if step.get("function") == "update"]


def line(arguments: list[Any]) -> str:
    """An update as the runner reads it."""
    words: list[str] = []
    for each in arguments:
        words += map(repr, each if isinstance(each, list) else [each])
    return " ".join(["update", *words])


@pytest.mark.parametrize("processor", PROCESSORS)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_thousand_updates_leave_the_bits_that_python_leaves(
    family: str, processor: str, tmp_path: Path
) -> None:
    ours, theirs = tmp_path / "ours.wasm", tmp_path / "theirs.wasm"
    for path in (ours, theirs):
        shutil.copy(VECTORS / f"modules/model-{family}.wasm", path)
    rows = (updates(family) * UPDATES)[:UPDATES]
    assert say(processor, ours, list(map(line, rows))) == ["-"] * UPDATES
    with Session.open(theirs, persist="on-close") as session:
        for row in rows:
            session.update(*row)
    assert ours.read_bytes() == theirs.read_bytes()
    assert state_of(ours).update_count == UPDATES


def test_python_and_the_runner_go_on_from_each_other(tmp_path: Path) -> None:
    path = Path(shutil.copy(VECTORS / "modules/model-linear.wasm", tmp_path))
    alone = Path(shutil.copy(path, tmp_path / "alone.wasm"))
    rows = updates("linear")[:20]
    for i, row in enumerate(rows):
        if i % 2:
            say("here", path, [line(row)], "every-change")
        else:
            with Session.open(path) as session:
                session.update(*row)
    with Session.open(alone) as session:
        for row in rows:
            session.update(*row)
    assert state_of(path).digest == state_of(alone).digest
    assert [each.generation for each in history(path)] == [19, 20]
    assert not check(path)


def test_each_change_is_committed_before_it_is_answered(tmp_path: Path) -> None:
    path = Path(shutil.copy(VECTORS / "modules/welford.wasm", tmp_path))
    command = [*runner("here"), str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for generation in (1, 2, 3):
            print("update 2.5", file=process.stdin, flush=True)
            assert process.stdout.readline() == "-\n"
            assert state_of(path).generation == generation
        process.kill()
    assert not check(path)


def test_what_is_refused_changes_nothing(tmp_path: Path) -> None:
    path = Path(shutil.copy(VECTORS / "modules/model-linear.wasm", tmp_path))
    before = path.read_bytes()
    refused = {
        "update 1 2 3": "error update takes 4 numbers",
        "update 1 2 3 4 5": "error update takes 4 numbers",
        "update nan 2 3 4": "error argument x: nan breaks its bounds",
        "update 1 2e51 3 4": "error argument x: 2e51 breaks its bounds",
        "update 1 2 3 four": "error argument y: four is no number of its type",
        "update_many 1": "error no function update_many that can be called here",
        "": "error no function  that can be called here",
    }
    command = [*runner("here"), str(path)]
    text = "".join(f"{line}\n" for line in refused)
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    assert done.stdout.splitlines() == list(refused.values())
    assert done.returncode == 1
    assert path.read_bytes() == before


def test_a_call_that_traps_or_breaks_bounds_is_taken_back(tmp_path: Path) -> None:
    path = Path(shutil.copy(VECTORS / "modules/halves.wasm", tmp_path))
    calls = {
        "update 5": "-",
        "update 13": "error [trap] unreachable executed",
        "predict": "5",
        "update -7": "error total breaks its bounds",
        "update 1001": "error argument by: 1001 breaks its bounds",
        "update 6": "-",
    }
    command = [*runner("here"), str(path)]
    text = "".join(f"{line}\n" for line in calls)
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    assert [each.strip() for each in done.stdout.splitlines()] == list(calls.values())
    assert (done.returncode, done.stderr) == (1, "")
    assert state_of(path)["total"] == 11
    assert state_of(path)["calls"] == 2


def test_the_program_is_small() -> None:
    assert (BUILT / "runner").stat().st_size <= LARGEST
