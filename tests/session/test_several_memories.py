"""Modules with several memories: a place says in which of them a tensor lies."""

from __future__ import annotations

from pathlib import Path

import pytest
import wasmtime

from cli_runner import run_command
from support import message
from wasmstate import Module, Session, Signature, State, attach
from wasmstate.binary.edits.graft import graft_code
from wasmstate.errors import SchemaError, SectionError

TEXT = """(module
  (memory $a (export "scratch") 1) (memory $b (export "memory") 1)
  (data (memory $a) (i32.const 64) "\\00\\00\\00\\00\\00\\00\\14\\40")
  (data (memory $b) (i32.const 64) "\\00\\00\\00\\00\\00\\00\\08\\40")
  (global (export "w") i32 (i32.const 64))
  (func (export "update") (param f64) (f64.store $b (i32.const 64)
    (f64.add (f64.load $b (i32.const 64)) (local.get 0))))
  (func (export "predict") (result f64) (f64.load $b (i32.const 64))))"""


def two() -> Module:
    return Module.from_bytes(bytes(wasmtime.wat2wasm(TEXT)))


@pytest.mark.parametrize(
    "place", ["mem:memory:64", "mem:1:0x40", "mem:memory:sym:w", "mem:1:sym:w"]
)
def test_what_is_learned_in_the_second_memory_is_kept(place: str, tmp_path: Path) -> None:
    model = attach(two(), [f"w:f64@{place}"])
    assert float(State.of(model)["w"]) == 3.0
    symbol = "sym:w" if "sym" in place else "64"
    assert State.of(model).place("w") == f"mem:1:{symbol}"
    path = tmp_path / "m.wasm"
    path.write_bytes(model.to_bytes())
    with Session.open(path) as session:
        session.update(1.5)
    with Session.open(path) as session:
        assert session.predict() == 4.5


@pytest.mark.parametrize("place", ["64", "sym:w"])
def test_a_place_that_does_not_say_in_which_memory_is_refused(place: str) -> None:
    assert message(SchemaError, lambda: attach(two(), [f"w:f64@{place}"])) == (
        f"w: the module has 2 memories (0 scratch, 1 memory), and {place} does not say in which: "
        f"write mem:NAME:{place}, or its index for NAME"
    )


@pytest.mark.parametrize("name", ["heap", "2", "w", ""])
def test_a_memory_that_is_not_there_is_refused_with_those_that_are(name: str) -> None:
    assert message(SchemaError, lambda: attach(two(), [f"w:f64@mem:{name}:64"])) == (
        f"w: there is no memory {name!r}; there are 0 scratch, 1 memory"
    )


def test_the_first_memory_is_named_like_the_others(tmp_path: Path) -> None:
    state = State.of(attach(two(), ["w:f64@mem:scratch:64"]))
    assert (float(state["w"]), state.place("w")) == (5.0, "64")


def test_a_buffer_lies_in_the_first_memory() -> None:
    text = TEXT.replace("(param f64)", "(param i32)").replace("(local.get 0)", "(f64.const 1)")
    module = Module.from_bytes(bytes(wasmtime.wat2wasm(text)))
    for place, expected in (
        ("128", "the module has 2 memories (0 scratch, 1 memory), and 128 does not say in which"),
        ("mem:1:128", "a buffer lies in memory 0, not in mem:1:128"),
    ):
        update = Signature.parse(f"(x: f64[2]@{place}) -> ()")
        refused = message(
            SchemaError,
            lambda update=update: attach(  # type: ignore[misc]
                module, ["w:f64@mem:1:64"], entry_points={"update": update}
            ),
        )
        assert refused.startswith(f"update, buffer of x: {expected}")
    attached = attach(
        module,
        ["w:f64@mem:1:64"],
        entry_points={"update": Signature.parse("(x: f64[2]@mem:0:128) -> ()")},
    )
    assert State.of(attached)


def test_a_donor_is_told_which_memory_it_gets() -> None:
    donor = Module.from_bytes(
        bytes(
            wasmtime.wat2wasm(
                """(module (import "env" "memory" (memory 1))
                (func (export "peek") (result f64) (f64.load (i32.const 64))))"""
            )
        )
    )
    refused = message(SectionError, lambda: graft_code(two(), donor))
    assert refused.endswith(
        "env.memory (memory): the host exports several memories: say which, scratch, memory"
    )
    grafted = graft_code(two(), donor, names={"memory": "memory"})
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    instance = wasmtime.Instance(store, wasmtime.Module(engine, grafted.to_bytes()), [])
    peek = instance.exports(store)["peek"]
    assert isinstance(peek, wasmtime.Func)
    assert peek(store) == 3.0


def test_the_command_line_names_the_memories(tmp_path: Path) -> None:
    file = tmp_path / "two.wasm"
    file.write_bytes(two().to_bytes())
    refused = run_command("attach", str(file), "--tensor", "w:f64@64")
    assert "write mem:NAME:64" in refused.stderr
    assert run_command("attach", str(file), "--tensor", "w:f64@mem:memory:64").exit_code == 0
    assert "mem:1:64" in run_command("state", str(file)).stdout
