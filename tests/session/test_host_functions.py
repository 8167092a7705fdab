"""Functions in Python that a module imports, if they are granted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli_runner import run_command as wasmstate
from models import write_model
from support import message
from wasmstate import LinkError, Session, TrapError

ASKS = """
(module
  (import "env" "log" (func $log (param i32 f64)))
  (import "env" "ask" (func $ask (param i64) (result i64)))
  (import "env" "pair" (func $pair (result f32 i32)))
  (memory (export "memory") 1 1)
  (func (export "predict") (result i64) (i64.load (i32.const 64)))
  (func (export "update") (param $by i64)
    (i64.store (i32.const 64) (local.get $by))
    (call $log (i32.const -1) (f64.const 0.5))
    (i64.store (i32.const 64) (call $ask (local.get $by))))
  (func (export "both") (result f32 i32) (call $pair)))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_model(tmp_path / "asks.wasm", ASKS, "n:i64@64")


def granted(**functions: Callable[..., Any]) -> dict[str, dict[str, Callable[..., Any]]]:
    known: dict[str, Callable[..., Any]] = {
        "log": lambda *_: None,
        "ask": lambda n: n + 1,
        "pair": lambda: (0.5, 7),
    }
    return {"env": known | functions}


def test_a_module_calls_what_is_granted(path: Path) -> None:
    said: list[tuple[Any, ...]] = []
    imports = granted(log=lambda *args: said.append(args))
    with Session.open(path, imports=imports) as session:
        session.update(4)
        assert (session.predict(), session.call("both"), said) == (5, (0.5, 7), [(-1, 0.5)])
        session.update((1 << 63) - 2)
        assert session.predict() == (1 << 63) - 1


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda _: 1 // 0, "ZeroDivisionError: integer division or modulo by zero"),
        (lambda _: "5", "ArgumentError: the result must be an integer (i64), not '5'"),
        (lambda _: None, "ArgumentError: the result must be an integer (i64), not None"),
        (lambda _: 1 << 64, "ArgumentError: the result: 18446744073709551616 does not fit i64"),
    ],
)
def test_what_one_raises_ends_the_call_and_s_is_what_it_was(
    path: Path, ask: Callable[..., Any], said: str
) -> None:
    with Session.open(path, imports=granted(ask=ask)) as session:
        with pytest.raises(TrapError) as caught:
            session.update(4)
        assert str(caught.value).startswith(f"env.ask, a host function, raised {said}")
        assert type(caught.value.__cause__).__name__ == said.partition(":")[0]
        assert (session.predict(), session.generation) == (0, 0)


def test_too_few_results_end_the_call(path: Path) -> None:
    with Session.open(path, imports=granted(pair=lambda: (1.0,))) as session:
        said = message(TrapError, lambda: session.call("both"))
    assert said.startswith("env.pair, a host function, raised ValueError: 2 results are expected")


def test_a_function_that_calls_the_session_again_ends_the_call(path: Path) -> None:
    sessions: list[Session] = []
    imports = granted(ask=lambda _: sessions[0].predict())
    with Session.open(path, imports=imports) as session:
        sessions.append(session)
        said = message(TrapError, lambda: session.update(4))
        assert "the instance is busy with another call" in said
        assert session.predict() == 0


def test_what_is_missing_is_listed(path: Path) -> None:
    assert message(LinkError, lambda: Session.open(path, imports={"env": {"log": print}})) == (
        "the module needs 2 imports that are not granted:"
        "\n  env.ask (i64) -> (i64)"
        "\n  env.pair () -> (f32 i32)"
    )


def test_what_is_no_function_is_refused(path: Path, tmp_path: Path) -> None:
    wrong: Any = {"env": {"log": "5"}}
    said = message(TypeError, lambda: Session.open(path, imports=wrong))
    assert said == "imports['env']['log'] must be callable or a number, not '5'"
    wrong = {"env": print}
    assert "a dict of functions" in message(TypeError, lambda: Session.open(path, imports=wrong))
    said = message(
        ValueError, lambda: Session.open(path, imports=granted(), record=tmp_path / "log")
    )
    assert said == "a session with imports cannot be recorded: a replay has no host"


# As AssemblyScript compiles it: abort() is called in an emergency only.
ABORTS = """
(module
  (import "env" "abort" (func $abort (param i32 i32 i32 i32)))
  (memory (export "memory") 1 1)
  (func (export "update") (param $by i32)
    (i32.store (i32.const 64) (local.get $by))
    (if (i32.lt_s (local.get $by) (i32.const 0))
      (then (call $abort (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 2))))))
"""


@pytest.mark.parametrize("allow", ["env", "env.abort"])
def test_an_allowed_function_traps_when_it_is_called(tmp_path: Path, allow: str) -> None:
    path = write_model(tmp_path / "aborts.wasm", ABORTS, "n:i32@64")
    with Session.open(path, allow=[allow]) as session:
        session.update(3)
        assert message(TrapError, lambda: session.update(-1)) == (
            "env.abort was called, and it is allowed without a host that provides it"
        )
        assert session.value("n") == 3


def test_the_command_line_allows_a_function_and_says_so_if_it_is_missing(tmp_path: Path) -> None:
    path, log = write_model(tmp_path / "aborts.wasm", ABORTS, "n:i32@64"), tmp_path / "log"
    refused = wasmstate("run", str(path), "update", "3")
    assert refused.stderr.endswith("What helps: --allow env.abort\n")
    grant = ["--allow", "env.abort"]
    assert wasmstate("run", str(path), "update", "3", *grant, "--record", str(log)).exit_code == 0
    assert wasmstate("replay", str(path), "--log", str(log), *grant).exit_code == 0
    assert wasmstate("run", str(path), "update", "3", "--allow", "env.ab").exit_code == 1


def test_allow_is_a_list(path: Path) -> None:
    said = message(TypeError, lambda: Session.open(path, allow="env"))
    assert said == "allow must be a list of names, not 'env'"
