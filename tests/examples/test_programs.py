"""The programs in examples/ run, and say what they promise."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from support import FIXTURES
from wasmstate import Module, Session, State, check, history, models

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


DEVICE = ROOT / "examples" / "device.mjs"


def in_node(program: str, *arguments: str, input: str = "") -> subprocess.CompletedProcess[str]:
    words = ["node", *((program,) if program else ()), *arguments]
    return subprocess.run(words, capture_output=True, text=True, input=input)


@needs_node
def test_a_device_in_javascript_and_python_commit_to_one_file_in_turn(tmp_path: Path) -> None:
    rows = np.random.default_rng(5).normal(size=(24, 3)).tolist()
    both, one = tmp_path / "both.wasm", tmp_path / "one.wasm"
    for path in (both, one):
        path.write_bytes(models.new("linear", features=2).to_bytes())
    both.chmod(0o640)
    for start in range(0, 24, 8):
        with Session.open(both, persist="on-close", keep=3) as session:
            for *x, y in rows[start : start + 4]:
                session.update(x, y)
        lines = [json.dumps(["update", x, y]) for *x, y in rows[start + 4 : start + 8]]
        done = in_node(str(DEVICE), str(both), input="\n".join(lines))
        assert done.stderr == f"generation {start // 4 + 2}\n"
    with Session.open(one) as session:
        for *x, y in rows:
            session.update(x, y)
    assert not check(both)
    assert State.of(Module.open(both)).contents() == State.of(Module.open(one)).contents()
    assert State.of(Module.open(both)).update_count == 24
    kept = history(both)
    assert [each.generation for each in kept] == [3, 4, 5, 6]
    assert both.stat().st_mode & 0o777 == 0o640


@needs_node
@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "ENOENT"), (b"", "0 state sections"), (b"text, and no module", "is cut")],
)
def test_a_device_in_javascript_says_what_is_wrong_with_a_file(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    path = tmp_path / "model.wasm"
    if content is not None:
        path.write_bytes(content)
    done = in_node(str(DEVICE), str(path))
    assert done.returncode == 1
    assert done.stderr.startswith(f"{path}: ")
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1


@needs_node
def test_a_device_in_javascript_notices_each_flipped_bit_of_the_record() -> None:
    program = """
        import { readFileSync } from "node:fs";
        const { readRecord, sectionsOf } = await import(process.argv[1]);
        const sections = sectionsOf(readFileSync(process.argv[2]));
        const content = Buffer.from(sections.find((s) => s.name === "wasmstate.state").content);
        let silent = 0;
        for (let bit = 0; bit < 8 * content.length; bit++) {
          content[bit >> 3] ^= 1 << (bit & 7);
          try { readRecord(content); silent++; } catch {}
          content[bit >> 3] ^= 1 << (bit & 7);
        }
        console.log(silent, readRecord(content).generation);
    """
    words = ["--input-type=module", "-e", program, DEVICE.as_uri(), str(FIXTURES / "bandit.wasm")]
    done = in_node("", *words)
    assert (done.stdout, done.stderr) == ("0 0\n", "")


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
