"""The process that runs calls, without a window."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import wasmstate
from wasmstate_gui.protocol import Call, Load, Message, Outcome, Progress, decode, encode
from wasmstate_gui.worker import Runner


@pytest.mark.parametrize(
    "message",
    [
        Load(b"\0asm"),
        Call(7, "update", [3, 0.5], 2, [b"\1\2", b""], None),
        Progress(7, 1, [b"\xff"]),
        Outcome(7, "predict", 1, [1, 2.0], 0.5, None, (1, 2), "TrapError", "trapped"),
    ],
    ids=lambda message: type(message).__name__,
)
def test_a_message_survives_the_way(message: Message) -> None:
    line = encode(message)
    assert line.count(b"\n") == 1
    assert decode(line) == message


def test_a_call_gives_s_only_if_it_changed(bandit: Path) -> None:
    runner = Runner(wasmstate.Module.open(bandit))
    predicted = runner.run(Call(1, "predict", []), print)
    assert (predicted.error, predicted.done, predicted.contents) == ("", 1, None)
    updated = runner.run(Call(2, "update", [0, 0.0]), print)
    assert updated.contents is not None
    with wasmstate.Session.open(bandit, persist="manual") as session:
        session.predict()
        session.update(0, 0.0)
        assert updated.contents == session.state.contents()


def test_a_call_starts_from_the_s_that_it_is_given(bandit: Path) -> None:
    module = wasmstate.Module.open(bandit)
    contents = wasmstate.State.of(module).with_values({"count": 41}).contents()
    updated = Runner(module).run(Call(1, "update", [0, 0.0], contents=contents), print)
    assert updated.contents is not None
    after = wasmstate.State.of(module).with_contents(updated.contents)
    assert after["count"] == 42


def test_a_call_that_leaves_s_outside_its_bounds_changes_nothing(stubborn: Path) -> None:
    module = wasmstate.Module.open(stubborn).without_custom("wasmstate.state")
    spec = wasmstate.TensorSpec("n", "i64", (), "64", bounds=("<= 2",))
    module = wasmstate.attach(module, [spec])
    outcome = Runner(module).run(Call(1, "update", [0], times=5), print)
    assert (outcome.done, outcome.error) == (2, "StateBoundsError")
    assert outcome.contents == [(2).to_bytes(8, "little")]


def test_the_process_ends_with_the_window_even_in_an_endless_call(stubborn: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "wasmstate_gui.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(encode(Load(stubborn.read_bytes())))
    process.stdin.write(encode(Call(1, "update", [0])))
    process.stdin.flush()
    outcome = decode(process.stdout.readline())
    assert isinstance(outcome, Outcome)
    assert outcome.contents == [(1).to_bytes(8, "little")]
    process.stdin.write(encode(Call(2, "update", [1], seconds=None)))
    process.stdin.close()
    assert process.wait(timeout=20) == 0
    process.stdout.close()
