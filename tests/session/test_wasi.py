"""A module that imports WASI runs with a stub, if that is granted."""

from pathlib import Path

import pytest

from cli_runner import run_command as wasmstate
from models import from_wat, state_of, write_model
from support import message
from wasmstate import (
    LinkError,
    Session,
    TrapError,
    attach,
    discover,
    probe,
    read_log,
    replay,
)
from wasmstate.errors import DeadlineError
from wasmstate.runtime.limits import Limits

# Adds what the clock and random_get give to a sum, and prints what it adds.
DRAWS = """
(module
  (import "wasi_snapshot_preview1" "clock_time_get"
    (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1 1)
  (global (export "sum") i32 (i32.const 64))
  (data (i32.const 16) "\\20\\00\\00\\00\\03\\00\\00\\00")
  (func (export "predict") (result i64) (i64.load (i32.const 64)))
  (func (export "update") (param $by i64)
    (drop (call $clock (i32.const 0) (i64.const 1) (i32.const 128)))
    (drop (call $random (i32.const 136) (i32.const 8)))
    (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 144)))
    (i64.store (i32.const 64) (i64.add (i64.load (i32.const 64))
      (i64.mul (local.get $by) (i64.add (i64.load (i32.const 128)) (i64.load (i32.const 136)))))))
  (func (export "leave") (i64.store (i32.const 64) (i64.const -1)) (call $exit (i32.const 3)))
  (func (export "wait") (result i32)
    (loop $again
      (drop (call $clock (i32.const 1) (i64.const 1) (i32.const 128)))
      (br_if $again (i64.eq (i64.load (i32.const 128)) (i64.const 946684800000000000))))
    (i32.const 0)))
"""
SUM = "sum:i64@sym:sum"

# A reactor: it asks for the clock before the first call.
REACTOR = """
(module
  (import "wasi_unstable" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1 1)
  (func (export "_initialize") (drop (call $clock (i32.const 0) (i64.const 1) (i32.const 64))))
  (func (export "update") (i64.store (i32.const 64) (i64.const 5))))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_model(tmp_path / "draws.wasm", DRAWS, SUM)


def test_nothing_is_granted_by_default_and_the_error_says_what_serves(path: Path) -> None:
    with pytest.raises(LinkError) as caught:
        Session.open(path)
    assert str(caught.value).endswith(
        "\n  wasi_snapshot_preview1.proc_exit (i32) -> ()"
        "\n  They are functions of WASI, and a stub of it serves: an empty system."
    )
    assert caught.value.remedies == ("wasi",)
    result = wasmstate("run", str(path), "predict")
    assert result.exit_code == 1
    assert result.stderr.endswith("What helps: --wasi stub\n")


def test_n_and_m_updates_are_n_plus_m_updates(path: Path, tmp_path: Path) -> None:
    whole = write_model(tmp_path / "whole.wasm", DRAWS, SUM)
    with Session.open(whole, wasi="stub", persist="on-close") as session:
        for by in range(1, 8):
            session.update(by)
    for rows in (range(1, 4), range(4, 8)):
        with Session.open(path, wasi="stub") as session:
            session.update_many(list(rows))
    assert state_of(path)["sum"] == state_of(whole)["sum"] != 0


def test_a_replay_comes_to_the_same_with_the_same_grant(path: Path, tmp_path: Path) -> None:
    log = tmp_path / "draws.log"
    with Session.open(path, wasi="stub", record=log) as session:
        session.update(3)
        session.update(4)
    assert all(step.is_same for step in replay(path, read_log(log.read_bytes()), wasi="stub"))
    result = wasmstate("replay", str(path), "--log", str(log), "--wasi", "stub")
    assert (result.exit_code, result.output[:8]) == (0, "2 calls:")


def test_a_call_that_ends_the_module_changes_nothing(path: Path) -> None:
    with Session.open(path, wasi="stub") as session:
        with pytest.raises(TrapError, match=r"the module ended itself: proc_exit\(3\)"):
            session.call("leave")
        assert (session.predict(), session.generation) == (0, 0)
        session.update(1)
        assert session.generation == 1


def test_a_loop_that_waits_for_the_clock_meets_its_deadline(path: Path) -> None:
    with Session.open(path, wasi="stub", limits=Limits(seconds=0.02)) as session:
        message(DeadlineError, lambda: session.call("wait"))


def test_a_reactor_is_initialized_before_s_is_restored(tmp_path: Path) -> None:
    path = tmp_path / "reactor.wasm"
    tensor = "at:i64@64"
    assert "needs 1 import" in message(LinkError, lambda: attach(from_wat(REACTOR), [tensor]))
    path.write_bytes(attach(from_wat(REACTOR), [tensor], wasi="stub").to_bytes())
    assert state_of(path)["at"] == 946_684_800 * 10**9
    with Session.open(path, wasi="stub") as session:
        session.update()
    with Session.open(path, wasi="stub") as session:
        assert session.value("at") == 5


def test_the_state_of_such_a_module_is_found_and_probed(path: Path) -> None:
    calls = ["update:3", "predict"]
    found = discover(from_wat(DRAWS), calls, wasi="stub")
    assert "sum:u64@sym:sum" in [str(each.spec) for each in found.tensors]
    assert [each.verdict for each in probe(path, calls, wasi="stub").tensors] == ["live"]


def test_the_commands_take_the_grant(path: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.wasm"
    plain.write_bytes(from_wat(DRAWS).to_bytes())
    found = wasmstate("discover", str(plain), "--call", "update:3", "--wasi", "stub")
    assert "sum:u64@sym:sum" in found.output
    attached = wasmstate("attach", str(plain), "--tensor", SUM, "--wasi", "stub")
    assert (
        attached.stderr == "call it with --wasi stub, as in 'wasmstate run', for what it imports\n"
    )
    assert wasmstate("run", str(plain), "update", "2", "--wasi", "stub").exit_code == 0
    assert "live" in wasmstate("probe", str(plain), "--wasi", "stub").output
    assert state_of(plain).generation == 1


def test_what_is_not_of_wasi_is_listed_with_who_usually_provides_it(tmp_path: Path) -> None:
    text = """(module (import "wasi_unstable" "sched_yield" (func (result i32)))
      (import "env" "abort" (func (param i32 i32 i32 i32)))
      (import "wbg" "__wbg_now" (func (result f64)))
      (memory (export "memory") 1))"""
    path = write_model(tmp_path / "mixed.wasm", text, "n:i32@0")
    with pytest.raises(LinkError) as caught:
        Session.open(path)
    assert caught.value.remedies == ("wasi", "allow")
    assert message(LinkError, lambda: Session.open(path, wasi="stub")) == (
        "the module needs 2 imports that are not granted:"
        "\n  env.abort (i32 i32 i32 i32) -> ()"
        "\n  wbg.__wbg_now () -> (f64)"
        "\n  Such imports are usually provided by the JavaScript of wasm-bindgen and the host of "
        "AssemblyScript."
    )


def test_another_choice_is_refused(path: Path) -> None:
    said = message(ValueError, lambda: Session.open(path, wasi="full"))  # type: ignore[arg-type]
    assert said == "wasi must be none or stub, not 'full'"
