"""examples/device.mjs: a device in JavaScript that keeps the state of a model in its file."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import write_model
from support import FIXTURES
from wasmstate import Module, Session, State, TensorSpec, check, history, models
from wasmstate.state.attach.describe import with_state
from wasmstate.state.schema import Schema
from wasmstate.state.signature import Signature

ROOT = Path(__file__).resolve().parents[2]

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")

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
    words = [
        "--input-type=module",
        "-e",
        program,
        DEVICE.with_name("device_file.mjs").as_uri(),
        str(FIXTURES / "bandit.wasm"),
    ]
    done = in_node("", *words)
    assert (done.stdout, done.stderr) == ("0 0\n", "")


def device(path: Path, *calls: list[Any] | str) -> subprocess.CompletedProcess[str]:
    lines = [each if isinstance(each, str) else json.dumps(each) for each in calls]
    return in_node(str(DEVICE), str(path), input="\n".join(lines))


def write_line(folder: Path) -> Path:
    path = folder / "line.wasm"
    path.write_bytes(models.new("linear", features=2).to_bytes())
    return path


X = "update, argument x"


@needs_node
@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (["update", [1.0], 3.0], f"{X}: 2 are needed, 1 given"),
        (["update", [1.0, 2.0, 3.0], 3.0], f"{X}: 2 are needed, 3 given"),
        (["update", [0.0] * 4000, 3.0], f"{X}: 2 are needed, 4000 given"),
        (["update", 1.0, 3.0], f"{X}: a list of 2 is needed, not 1"),
        (["update", [[1.0, 2.0]], 3.0], f"{X}: 2 are needed, 1 given"),
        (["update", [1.0, "2"], 3.0], f'{X}: "2" is no number'),
        (["update", [1.0, None], 3.0], f"{X}: null is no number"),
        (["update", [1.0, True], 3.0], f"{X}: true is no number"),
        (["update", [1.0, 1e51], 3.0], f"{X}: element 1 = 1e+51 is not <= 1e50"),
        (["update", [1.0, 2.0]], "update takes (x,y), 1 value is given"),
        (["update", [1.0, 2.0], 3.0, 4.0], "update takes (x,y), 3 values are given"),
        (["update", [1.0, 2.0], [3.0]], "update, argument y: [3] is no number"),
        (["learn", [1.0, 2.0], 3.0], "the module exports no function learn"),
        (["memory"], "the module exports no function memory"),
        ('{"fn": "update", "args": []}', 'a call is written ["update", 2, 1.0]'),
        ('["update", [1, 1e999], 3]', "a number is too large for a double"),
        (
            ["update_many", [[1.0, 2.0]], [1.0, 2.0]],
            "update_many, argument y: 1 are needed, 2 given",
        ),
        (
            ["update_many", [[1.0, 2.0]], [1.0], 2],
            "update_many, argument x: 2 are needed, 1 given",
        ),
        (
            ["update_many", [[1.0], [2.0]], [1.0, 2.0]],
            "update_many, argument x[0]: 2 are needed, 1",
        ),
    ],
)
def test_a_device_in_javascript_never_commits_what_the_schema_forbids(
    tmp_path: Path, call: list[Any] | str, reason: str
) -> None:
    path = write_line(tmp_path)
    before = path.read_bytes()
    done = device(path, ["update", [1.0, 2.0], 3.0], call)
    assert reason in done.stderr
    assert done.stderr.startswith(f"{path}: line 2: ")
    assert done.stderr.endswith("; nothing was committed\n")
    assert done.returncode == 1
    assert path.read_bytes() == before


@needs_node
@pytest.mark.parametrize("arm", [4, -1, 1.5, 2**32])
def test_a_device_in_javascript_takes_only_arms_that_there_are(tmp_path: Path, arm: float) -> None:
    path = tmp_path / "arms.wasm"
    path.write_bytes(models.new("thompson", arms=4, seed=1).to_bytes())
    before = path.read_bytes()
    done = device(path, ["update", arm, 1.0])
    assert f"{path}: line 1: update, argument arm: " in done.stderr
    assert path.read_bytes() == before


@needs_node
@pytest.mark.parametrize("count", [[], [3]])
def test_a_device_in_javascript_learns_rows_as_python_does(
    tmp_path: Path, count: list[int]
) -> None:
    path, other = write_line(tmp_path), tmp_path / "other.wasm"
    shutil.copy(path, other)
    x, y = [[0.5, 1.0], [1.0, 0.0], [0.25, 2.0]], [1.0, 2.0, 3.0]
    assert device(path, ["update_many", x, y, *count]).stderr == "generation 1\n"
    with Session.open(other) as session:
        session.update_many(x, y)
        expected = session.state
    found = State.of(Module.open(path))
    assert found.contents() == expected.contents()
    assert found.update_count == expected.update_count == 3


@needs_node
def test_a_device_in_javascript_takes_a_label_for_no_number_of_rows(tmp_path: Path) -> None:
    path = tmp_path / "classes.wasm"
    path.write_bytes(models.new("gaussian_nb", classes=3, features=2).to_bytes())
    assert "argument x: 2 are needed, 0 given" in device(path, ["update", [], 0]).stderr
    assert device(path, ["update", [1.0, 2.0], 1]).stderr == "generation 1\n"
    assert State.of(Module.open(path))["count"].tolist() == [0, 1, 0]


HALVES = """
(module
  (memory (export "memory") 1 1)
  (func (export "predict") (result i64) (i64.load (i32.const 64)))
  (func (export "update") (param $by i64)
    (i64.store (i32.const 64) (i64.add (i64.load (i32.const 64)) (local.get $by)))
    (if (i64.eq (local.get $by) (i64.const 13)) (then unreachable))))
"""
"""Adds up; 13 is added before the trap."""


@needs_node
@pytest.mark.parametrize(
    ("bad", "reason"), [("13n", "update: unreachable"), ("-5n", "update: total: element 0 = -2")]
)
def test_a_device_in_javascript_takes_s_back_after_a_call_that_failed(
    tmp_path: Path, bad: str, reason: str
) -> None:
    path = write_model(
        tmp_path / "halves.wasm",
        HALVES,
        TensorSpec("total", "i64", (), "64", bounds=(">= 0",)),
        entry_points={
            name: Signature.parse(text)
            for name, text in {"update": "(by: i64) -> ()", "predict": "() -> i64"}.items()
        },
    )
    program = f"""
        const {{ Device }} = await import(process.argv[1]);
        const device = new Device(process.argv[2]);
        device.call("update", 3);
        try {{ device.call("update", {bad}); }} catch (error) {{ console.log(error.message); }}
        console.log(device.call("predict"));
        device.call("update", 4);
        device.commit();
    """
    done = in_node("", "--input-type=module", "-e", program, DEVICE.as_uri(), str(path))
    assert done.stderr == ""
    said, total = done.stdout.splitlines()
    assert said.startswith(reason)
    assert total == "3n"
    state = State.of(Module.open(path))
    assert int(state["total"]) == 7
    assert state.update_count == 2


@needs_node
def test_a_device_in_javascript_refuses_a_buffer_that_lies_over_s(tmp_path: Path) -> None:
    text = """(module (memory (export "memory") 1 1)
      (func (export "update") (param i32) (i64.store (i32.const 64) (i64.const 1))))"""
    path = write_model(tmp_path / "over.wasm", text, "total:i64@64")
    module = Module.open(path)
    state = State.of(module)
    # Only a schema that was written by hand says so: attach refuses it.
    over = {"update": Signature.parse("(x: f64[2]@56) -> ()")}
    schema = Schema(state.tensors, over, state.metadata)
    record = replace(state.record, schema=schema.encode())
    path.write_bytes(with_state(module, State(record, schema)).to_bytes())
    assert "its buffer lies over S" in device(path, ["update", [1.0, 2.0]]).stderr


@needs_node
@pytest.mark.parametrize("labels", [[1, 2, 3], ["dry", "wet", "0"]])
def test_a_device_in_javascript_takes_and_gives_the_labels_of_classes(
    tmp_path: Path, labels: list[Any]
) -> None:
    module = models.new("gaussian_nb", classes=3, features=1)
    state = State.of(module)
    schema = replace(state.schema, metadata={**state.metadata, "classes": labels})
    record = replace(state.record, schema=schema.encode())
    path = tmp_path / "classes.wasm"
    path.write_bytes(with_state(module, State(record, schema)).to_bytes())
    first, second, third = labels
    x, y = [[0.0], [0.1], [5.0], [5.1], [9.0]], [first, first, second, second, third]
    done = device(path, ["update_many", x, y], ["update", [9.1], third], ["predict", [5.0]])
    assert done.stderr == "generation 1\n"
    assert json.loads(done.stdout.splitlines()[2]) == second
    assert State.of(Module.open(path))["count"].tolist() == [2, 2, 2]
    done = device(path, ["update", [9.1], 0])
    assert "update, argument label: 0 is not a class; the classes are " in done.stderr
