"""Memories and tables that a module imports are made by the session, and S lies in them."""

from pathlib import Path

import pytest

from cli_runner import run_command as wasmstate
from models import from_wat, write_model
from support import message
from wasmstate import ArgumentError, LinkError, Session, TrapError, attach, discover, probe
from wasmstate.runtime.grants import GrantOptions

# Adds up in a memory of the host's, through a table of the host's.
ADDS = """
(module
  (import "env" "memory" (memory 1 4 {kind}))
  (import "env" "table" (table 2 funcref))
  (import "env" "offset" (global $offset i32))
  (import "env" "abort" (func $abort))
  (elem (i32.const 1) $add)
  (data (i32.const 64) "\\05")
  (func $add (param i32) (result i32) (i32.add (local.get 0) (i32.load (i32.const 64))))
  (func (export "predict") (result i32) (i32.add (global.get $offset) (i32.load (i32.const 64))))
  (func (export "update") (param i32)
    (drop (memory.grow (i32.const 1)))
    (i32.store (i32.const 64) (call_indirect (param i32) (result i32)
      (local.get 0) (i32.const 1)))))
"""
GRANTS: GrantOptions = {"imports": {"env": {"offset": 100}}, "allow": ["env.abort"]}


def adds(kind: str = "") -> str:
    return ADDS.format(kind=kind)


@pytest.mark.parametrize("is_whole", [False, True], ids=["tensor", "whole memory"])
def test_s_lies_in_an_imported_memory(tmp_path: Path, is_whole: bool) -> None:
    path = write_model(tmp_path / "m.wasm", adds(), "n:i32@64", whole_memory=is_whole)
    for expected in (112, 119):
        with Session.open(path, **GRANTS) as session:
            session.update(7)
            assert session.predict() == expected


def test_discover_and_probe_take_the_same_grants() -> None:
    found = discover(from_wat(adds()), ["update:3", "predict:"], **GRANTS)
    assert [str(each.spec).partition(":")[0] for each in found.tensors] == ["at_64"]
    module = attach(from_wat(adds()), ["n:i32@64"])
    assert probe(module, ["predict:", "update:3"], **GRANTS).tensors[0].verdict == "live"


def test_a_number_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.wasm", adds(), "n:i32@64")
    wrong: GrantOptions = {"imports": {"env": {"offset": 0.5}}, "allow": ["env"]}
    said = message(ArgumentError, lambda: Session.open(path, **wrong))
    assert said == "env.offset must be an integer (i32), not 0.5"


def test_a_memory_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.wasm", '(module (import "e" "m" (memory 20000)))', "n:i32@64")
    result = wasmstate("run", str(path), "predict", "--memory", "1024")
    assert result.exit_code == 1
    assert "memory minimum size of 20000 pages exceeds" in result.stderr


WAITS = """
(module
  (memory (export "memory") 1 2 shared)
  (func (export "update") (param i32)
    (drop (i32.atomic.rmw.add (i32.const 64) (local.get 0)))
    (drop (memory.atomic.notify (i32.const 64) (i32.const 1))))
  (func (export "predict") (result i32) (i32.atomic.load (i32.const 64)))
  (func (export "wait") (result i32)
    (memory.atomic.wait32 (i32.const 64) (i32.const 0) (i64.const -1))))
"""


@pytest.mark.parametrize("is_whole", [False, True], ids=["tensor", "whole memory"])
def test_a_shared_memory_is_that_of_one_thread_on_request(tmp_path: Path, is_whole: bool) -> None:
    path = write_model(tmp_path / "m.wasm", WAITS, "n:i32@64", whole_memory=is_whole)
    with pytest.raises(LinkError) as caught:
        Session.open(path)
    assert caught.value.grants == {"single_thread": True}
    with Session.open(path, single_thread=True) as session:
        session.update(7)
        assert session.predict() == 7
        assert "wait" in message(TrapError, lambda: session.call("wait"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (WAITS, "call it with --single-thread, as in 'wasmstate run', for what it imports"),
        (
            """(module (import "wasi_unstable" "sched_yield" (func (result i32)))
                 (import "env" "f" (func)) (memory 1))""",
            "call it with --wasi stub --allow env.f, as in 'wasmstate run', for what it imports",
        ),
        (adds(), "it cannot be called: no option grants its imports env.offset global"),
    ],
    ids=["shared", "functions", "a global"],
)
def test_attach_says_at_once_what_grants_the_imports(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "m.wasm"
    path.write_bytes(from_wat(text).to_bytes())
    result = wasmstate("attach", str(path), "--tensor", "n:i32@64")
    assert result.exit_code == 0, result.stderr
    assert result.stderr == f"{said}\n"
