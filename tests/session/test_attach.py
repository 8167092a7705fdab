"""A state is attached with the values that the memory holds when the module is ready."""

from __future__ import annotations

from pathlib import Path

import pytest

from models import FIXTURES, from_wat, model
from wasmstate import (
    CallError,
    DeadlineError,
    Limits,
    LinkError,
    Module,
    SchemaError,
    Session,
    Signature,
    State,
    StateBoundsError,
    TrapError,
    attach,
)
from wasmstate.binary.sections.code import CodeSection
from wasmstate.binary.spaces import Spaces

PLAIN = """
(module
  (memory (export "memory") 1)
  (global (export "g") (mut f32) (f32.const 1.5))
  (global (export "s") i32 (i32.const 16))
  (data (i32.const 18) "\\01\\02\\03")
  (func (export "update") (param f64)))
"""
STARTING = PLAIN.replace(
    '(func (export "update")',
    """(func $start
         (i32.store8 (i32.const 16) (i32.const 9))
         (global.set 0 (f32.const -1)))
       (start $start)
       (func (export "update")""",
)
INITIALIZING = STARTING.replace("(start $start)", '(export "_initialize" (func $start))')
TENSORS = ("s:u8[6]@sym:s", "g:f32@global:g")


def code(module: Module) -> CodeSection:
    section = module.section(CodeSection)
    assert section is not None
    return section


def attached(text: str, **options: object) -> State:
    return State.of(model(text, *TENSORS, **options))


def test_values_come_from_data_segments_and_globals() -> None:
    state = attached(PLAIN)
    assert state["s"].tolist() == [0, 0, 1, 2, 3, 0]
    assert state["g"] == 1.5
    assert (state.generation, state.update_count) == (0, 0)


@pytest.mark.parametrize("text", [STARTING, INITIALIZING], ids=["start", "_initialize"])
def test_values_are_those_that_start_and_initialize_leave(text: str) -> None:
    state = attached(text)
    assert state["s"].tolist() == [9, 0, 1, 2, 3, 0]
    assert state["g"] == -1


def test_values_that_are_given_win() -> None:
    state = attached(STARTING, values={"s": [1] * 6})
    assert state["s"].tolist() == [1] * 6
    assert state["g"] == -1


def test_a_module_whose_values_are_all_given_is_not_run() -> None:
    text = STARTING.replace("(func $start", "(func $start unreachable")
    state = attached(text, values={"s": [1] * 6, "g": 2})
    assert (state["s"].tolist(), float(state["g"])) == ([1] * 6, 2.0)


def test_a_module_that_cannot_run_cannot_tell_its_values() -> None:
    text = STARTING.replace("(func $start", "(func $start unreachable")
    with pytest.raises(TrapError) as caught:
        attached(text)
    assert str(caught.value).startswith("instantiation trapped: wasm `unreachable` instruction")
    with pytest.raises(DeadlineError):
        attached(text.replace("unreachable", "(loop br 0)"), limits=Limits(seconds=0.1))
    with pytest.raises(LinkError) as linking:
        attached(text.replace("(memory", '(import "env" "f" (func)) (memory', 1))
    assert linking.value.missing == ("env.f () -> ()",)


def test_what_is_not_exported_becomes_so_and_code_stays_where_it_is() -> None:
    text = STARTING.replace('(memory (export "memory") 1)', "(memory 1)")
    text = text.replace('(global (export "g")', "(global $hidden")
    plain = from_wat(text)
    tensors = ("s:u8[6]@sym:s", "g:f32@global:hidden")
    module = attach(plain, tensors)
    assert list(Spaces(module).exports) == [
        *Spaces(plain).exports,
        "wasmstate:memory:0",
        "wasmstate:global:0",
    ]
    bodies = [[f.content for f in code(m).entries] for m in (plain, module)]
    assert bodies[0] == bodies[1]
    state = State.of(module)
    assert (state["s"].tolist(), float(state["g"])) == ([9, 0, 1, 2, 3, 0], -1)
    assert state.place("g") == "global:wasmstate:global:0"
    assert attach(plain, (tensors[0], "g:f32@global:0")).to_bytes() == module.to_bytes()
    known = attach(plain, ["s:u8@0"])  # the memory is exported by now, and will not be twice
    assert known.to_bytes().count(b"wasmstate:memory:0") == 1


def test_a_module_that_exports_nothing_gets_an_export_section() -> None:
    module = attach(
        from_wat("(module (memory 1) (global (mut i32) (i32.const 4)))"), ["g:i32@global:0"]
    )
    assert list(Spaces(module).exports) == ["wasmstate:global:0"]
    assert State.of(module)["g"] == 4


def test_a_global_by_an_index_that_is_none_or_constant_is_refused() -> None:
    for place in ("global:1", "global:7", "global:x"):
        with pytest.raises(SchemaError):
            attach(from_wat(PLAIN), [f"g:f32@{place}"])


def test_what_is_said_of_the_model_is_kept() -> None:
    signature = Signature.parse("(x: f64) -> ()")
    state = attached(PLAIN, entry_points={"update": signature}, metadata={"by": "me"})
    assert state.entry_points == {"update": signature}
    assert state.metadata == {"by": "me"}


def test_the_code_and_the_original_stay_as_they_were() -> None:
    module = from_wat(PLAIN)
    with_state = attach(module, TENSORS)
    assert module.to_bytes() == from_wat(PLAIN).to_bytes()
    assert with_state.to_bytes().startswith(module.to_bytes())


@pytest.mark.parametrize(
    ("tensors", "options", "error", "message"),
    [
        ([], {}, SchemaError, "a state needs one tensor at least"),
        (
            ["s:u8[6]@65533"],
            {},
            StateBoundsError,
            (
                "s: bytes 65533 to 65539 do not lie in the memory, "
                "which starts with 1 pages (65536 bytes)"
            ),
        ),
        (
            ["s:u8[6]@sym:t"],
            {},
            SchemaError,
            "s: the module exports no global 't'; it exports the globals g, s",
        ),
        (
            ["s:u8@0"],
            {"values": {"t": 1}},
            SchemaError,
            "no tensor 't'; there are s",
        ),
        (
            ["s:u8@0"],
            {"values": {"s": 256}},
            StateBoundsError,
            "s: 256 does not fit u8",
        ),
        (
            ["s:u8@0"],
            {"entry_points": {"predict": Signature.parse("() -> ()")}},
            SchemaError,
            "the module exports no function 'predict'; it exports update",
        ),
    ],
)
def test_what_cannot_be_attached_is_said(
    tensors: list[str], options: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        model(PLAIN, *tensors, **options)
    assert str(caught.value) == message


def test_a_state_is_attached_once() -> None:
    with pytest.raises(SchemaError) as caught:
        attach(Module.open(FIXTURES / "linear.wasm"), ["s:u8@0"])
    assert str(caught.value) == (
        "the module has a wasmstate.state section already: change its values, or remove it"
    )
    assert caught.value.remedies == ("State.with_values()", "Module.without_custom()")


def test_an_attached_state_is_what_a_session_starts_with(tmp_path: Path) -> None:
    path = tmp_path / "model.wasm"
    path.write_bytes(model(INITIALIZING, *TENSORS, values={"g": 7}).to_bytes())
    with Session.open(path) as session:
        session.update(0)
        assert session.state["s"].tolist() == [9, 0, 1, 2, 3, 0]
        assert session.state["g"] == 7
        with pytest.raises(CallError):
            session.update()
