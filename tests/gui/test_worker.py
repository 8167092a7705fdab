"""The process that runs calls, without a window."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import wasmstate
from models import from_wat
from wasmstate import Module, State
from wasmstate.state.attach.describe import with_state
from wasmstate_gui.core.calls.protocol import (
    Call,
    Load,
    Message,
    Outcome,
    Progress,
    Reader,
    Step,
    Took,
    encode,
)
from wasmstate_gui.core.calls.worker import Runner
from wasmstate_gui.core.timeline.timeline import Event, Timeline


@pytest.mark.parametrize(
    "message",
    [
        Load(b"\0asm"),
        Call(7, "update", [3, 0.5], 2, [b"\1\2", b""], None, watch="ddm"),
        Progress(7, [Step(b"\xff", 3, 0.5, [2, 1]), Step(b"", [1, 2.0], drift=(None, 1.0))]),
        Took(7, 5000),
        Outcome(7, "predict", 1, 2, [Step(b"\1")], 0.5, (1, 2), "TrapError", "trapped", True, 3),
    ],
    ids=lambda message: type(message).__name__,
)
def test_a_message_survives_the_way(message: Message) -> None:
    data = encode(message) * 2
    reader = Reader()
    assert reader.feed(data) == [message, message]
    found = [each for byte in data for each in reader.feed(bytes([byte]))]
    assert found == [message, message]


def after(start: list[bytes], outcome: Outcome) -> list[bytes]:
    """S after the steps of an outcome."""
    timeline = Timeline(start, Event("opened", "opened", 0))
    for step in outcome.steps:
        timeline.add_delta(Event("call", "", 0), step.delta)
    return timeline.contents()


def labelled(module: Module) -> Module:
    """A model whose metadata keep labels of its classes."""
    state = wasmstate.State.of(module)
    schema = replace(state.schema, metadata={**state.metadata, "classes": ["dry", "wet"]})
    return with_state(module, State(replace(state.record, schema=schema.encode()), schema))


def test_a_call_gives_what_it_changed_of_s(bandit: Path) -> None:
    module = wasmstate.Module.open(bandit)
    start = wasmstate.State.of(module).contents()
    runner = Runner(module)
    predicted = runner.run(Call(1, "predict", []), print)
    assert (predicted.error, predicted.done) == ("", 1)
    assert [step.delta for step in predicted.steps] == [b""]
    updated = runner.run(Call(2, "update", [0, 0.0]), print)
    with wasmstate.Session.open(bandit, persist="manual") as session:
        assert session.predict() == predicted.value
        session.update(0, 0.0)
        assert after(start, updated) == session.state.contents()
    assert updated.steps[0].size == 1.0  # one failure more; integers do not count


IMPORTS = """(module
  (import "env" "memory" (memory 1))
  (import "env" "abort" (func $abort (param i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (func (export "update") (param $n i64)
    (drop (call $random (i32.const 128) (i32.const 8)))
    (if (i64.lt_s (local.get $n) (i64.const 0)) (then (call $abort (i32.const 1))))
    (i64.store (i32.const 64) (local.get $n))))"""


def test_a_module_gets_what_it_imports() -> None:
    module = wasmstate.attach(from_wat(IMPORTS), ["n:i64@64"])
    runner = Runner(module)
    outcome = runner.run(Call(1, "update", [5]), print)
    assert after([bytes(8)], outcome) == [(5).to_bytes(8, "little")]
    assert runner.run(Call(2, "update", [-1]), print).text == (
        "env.abort was called, and it is allowed without a host that provides it"
    )


def test_a_call_starts_from_the_s_that_it_is_given(bandit: Path) -> None:
    module = wasmstate.Module.open(bandit)
    state = wasmstate.State.of(module).with_values({"count": 41})
    updated = Runner(module).run(Call(1, "update", [0, 0.0], contents=state.contents()), print)
    assert state.with_contents(after(state.contents(), updated))["count"] == 42


def test_each_call_takes_the_next_row(bandit: Path) -> None:
    module = wasmstate.Module.open(bandit)
    state = wasmstate.State.of(module)
    call = Call(1, "update", [], 3, rows=[[0, 1.0], [1, 1.0], [1, 1.0]])
    outcome = Runner(module).run(call, print)
    end = state.with_contents(after(state.contents(), outcome))
    assert end["successes"].tolist() == [2.0, 3.0, 1.0, 1.0]


def test_the_calls_end_when_the_condition_holds(bandit: Path) -> None:
    module = wasmstate.Module.open(bandit)
    call = Call(1, "update", [2, 1.0], 100, until="successes[2] >= 4 and dS == 1 and step == 3")
    outcome = Runner(module).run(call, print)
    assert (outcome.done, outcome.stopped) == (3, True)
    wrong = Runner(module).run(replace(call, until="successes[9] > 1"), print)
    assert (wrong.done, wrong.error) == (0, "SchemaError")


def test_a_call_that_leaves_s_outside_its_bounds_changes_nothing(stubborn: Path) -> None:
    module = wasmstate.Module.open(stubborn).without_custom("wasmstate.state")
    spec = wasmstate.TensorSpec("n", "i64", (), "64", bounds=("<= 2",))
    module = wasmstate.attach(module, [spec])
    outcome = Runner(module).run(Call(1, "update", [0], times=5), print)
    assert (outcome.done, outcome.error) == (2, "StateBoundsError")
    assert after([bytes(8)], outcome) == [(2).to_bytes(8, "little")]


def test_the_process_ends_with_the_window_even_in_an_endless_call(stubborn: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "wasmstate_gui.core.calls.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(encode(Load(stubborn.read_bytes())))
    process.stdin.write(encode(Call(1, "update", [0])))
    process.stdin.flush()
    reader = Reader()
    found: list[Message] = []
    while not found:
        found = reader.feed(os.read(process.stdout.fileno(), 1 << 16))
    (outcome,) = found
    assert isinstance(outcome, Outcome)
    assert after([bytes(8)], outcome) == [(1).to_bytes(8, "little")]
    process.stdin.write(encode(Call(2, "update", [1], seconds=None)))
    process.stdin.close()
    assert process.wait(timeout=20) == 0
    process.stdout.close()


def test_a_class_is_given_and_taken_by_its_label_and_watched_for_drift() -> None:
    module = labelled(wasmstate.models.new("gaussian_nb", classes=2, features=1))
    runner = Runner(module)
    rows = [[[float(i % 2)], ["dry", "wet"][i % 2]] for i in range(10)]
    outcome = runner.run(Call(1, "update", [], 10, rows=rows, watch="ddm"), print)
    assert (outcome.text, outcome.drifts) == ("", 0)
    assert runner.run(Call(2, "predict", [[0.9]]), print).value == "wet"
    outcome = runner.run(Call(3, "update", [[1.0], "snow"]), print)
    assert outcome.text == (
        "update, argument label: 'snow' is not a class; the classes are 'dry', 'wet'"
    )
