"""Parameters with a default are left out, and counts beside arrays are filled in."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from models import from_wat, state_of, write_model
from support import message
from wasmstate import (
    ArgumentError,
    Module,
    SchemaError,
    Session,
    Signature,
    State,
    StateError,
    attach,
    bake,
    declare,
    read_log,
    replay,
)
from wasmstate.state.schema import Schema

KERNEL = """
(module
  (memory (export "memory") 1)
  (global (export "sum") i32 (i32.const 64))
  (global (export "xbuf") i32 (i32.const 512))
  (func (export "predict") (result f64) (f64.load (i32.const 64)))
  (func (export "update") (param $x i32) (param $n i32) (param $y f64) (local $end i32)
    (local.set $end (i32.add (local.get $x) (i32.shl (local.get $n) (i32.const 3))))
    (block $done (loop $next
      (br_if $done (i32.eq (local.get $x) (local.get $end)))
      (f64.store (i32.const 64) (f64.add (f64.load (i32.const 64)) (f64.load (local.get $x))))
      (local.set $x (i32.add (local.get $x) (i32.const 8)))
      (br $next)))
    (f64.store (i32.const 64) (f64.add (f64.load (i32.const 64)) (local.get $y)))))
"""
WITH_DEFAULT = "(x: f64[3]@sym:xbuf, n: i32 = 3, y: f64) -> ()"
WITHOUT = "(x: f64[3]@sym:xbuf, y: f64) -> ()"


def written(path: Path, signature: str, text: str = KERNEL) -> Path:
    entry_points = {"update": Signature.parse(signature)}
    return write_model(path, text, "sum:f64@sym:sum", entry_points=entry_points)


@pytest.mark.parametrize("signature", [WITH_DEFAULT, WITHOUT])
def test_what_has_a_default_is_left_out_or_given_by_name(signature: str, tmp_path: Path) -> None:
    with Session.open(written(tmp_path / "m.wasm", signature)) as session:
        session.update([1, 2, 3], 4)
        assert session.predict() == 10
        name = session.state.entry_points["update"].params[1].name
        assert name == "n"
        session.update([100, 1000, 10000], y=0, **{name: 2})
        assert session.predict() == 1110
        session.update([1, 1, 1], 1, 1)
        assert session.predict() == 1112
        assert [param.name for param in session.params("update")] == ["x", "y"]
    assert state_of(tmp_path / "m.wasm").update_count == 3


def test_a_default_is_kept_and_written_as_it_was() -> None:
    text = "(x: f64[3]@sym:xbuf, n: i32 >= 1 <= 3 = 3, y: f64 = 0.5) -> ()"
    signature = Signature.parse(text)
    assert str(signature) == text
    assert [param.default for param in signature.params] == [None, 3, 0.5]
    model = attach(from_wat(KERNEL), ["sum:f64@sym:sum"], entry_points={"update": signature})
    assert State.of(Module.from_bytes(model.to_bytes())).entry_points["update"] == signature


def test_too_few_and_too_many_arguments_name_what_is_taken(tmp_path: Path) -> None:
    with Session.open(written(tmp_path / "m.wasm", WITH_DEFAULT)) as session:
        assert message(ArgumentError, lambda: session.update([1, 2, 3])).startswith(
            "update(x: f64[3]@sym:xbuf, n: i32 = 3, y: f64) -> () takes 3 arguments, 1 given"
        )
        assert message(ArgumentError, lambda: session.update(x=[1, 2, 3])) == (
            "update needs y, too; it takes x, n, y"
        )


def test_rows_have_no_column_for_it(tmp_path: Path) -> None:
    with Session.open(written(tmp_path / "m.wasm", WITH_DEFAULT)) as session:
        session.update_many([[1, 2, 3], [4, 5, 6]], [10, 20])
        assert session.predict() == 51


def test_a_recorded_call_is_done_again_with_its_default(tmp_path: Path) -> None:
    path = written(tmp_path / "m.wasm", WITH_DEFAULT)
    log = tmp_path / "calls.log"
    with Session.open(path, record=log) as session:
        session.update([1, 2, 3], 4)
        session.update([1, 2, 3], y=4, n=1)
    *_, last = replay(path, read_log(log.read_bytes()))
    assert last.problem is None
    assert last.after["sum"] == 15


@pytest.mark.parametrize(
    ("params", "signature", "taken"),
    [
        # The code loads from the second parameter, so the count stands in front of the array.
        ("(param $n i32) (param $x i32) (param $y f64)", "(x: f64[2]@0, y: f64)", "x_count, x, y"),
        ("(param $x i32) (param $y f64) (param $n i32)", "(x: f64[2]@0, y: f64)", None),
        (
            "(param $x i32) (param $rows i32) (param $n i32) (param $y f64)",
            "(x: f64[2,3]@0, y: f64)",
            "x, x_size_0, x_size_1, y",
        ),
        (
            "(param $x i32) (param $z i32) (param $n i32) (param $y f64)",
            "(x: f64[2]@0, z: f64[2]@16, y: f64)",
            "x, z, x_count, y",
        ),
    ],
)
def test_counts_are_found_where_kernels_have_them(
    params: str, signature: str, taken: str | None
) -> None:
    loads = "(f64.load (local.get $x))" + (
        " (f64.load (local.get $z)) (f64.add)" if "$z" in params else ""
    )
    text = f"""(module (memory (export "memory") 1)
      (func (export "update") {params} (f64.store (i32.const 64) {loads})))"""
    entry_points = {"update": Signature.parse(f"{signature} -> ()")}

    def model() -> Module:
        return attach(
            from_wat(text).without_custom("name"), ["w:f64@64"], entry_points=entry_points
        )

    if taken is None:
        assert message(SchemaError, model).endswith(
            "; write the number of elements that it takes, too, such as n: i32 = 3"
        )
        return
    found = State.of(model()).entry_points["update"].params
    assert ", ".join(param.name for param in found) == taken
    assert all(param.default in (2, 3) for param in found if param.name.startswith("x_"))


def test_a_kernel_that_gives_the_address_away_is_not_guessed() -> None:
    text = """(module (memory (export "memory") 1)
      (func $inner (param i32 i32))
      (func (export "update") (param i32 i32) (call $inner (local.get 0) (local.get 1))))"""
    entry_points = {"update": Signature.parse("(x: f64[2]@0) -> ()")}
    said = message(
        SchemaError, lambda: attach(from_wat(text), ["w:f64@64"], entry_points=entry_points)
    )
    assert said.startswith("update is (i32 i32) -> () in the module, the signature given is")


def test_the_names_of_the_module_are_those_of_the_counts() -> None:
    text = KERNEL.replace("$n", "$length")
    entry_points = {"update": Signature.parse(WITHOUT)}
    found = attach(from_wat(text), ["sum:f64@sym:sum"], entry_points=entry_points)
    assert [p.name for p in State.of(found).entry_points["update"].params] == ["x", "length", "y"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(n: i32 = 1.5) -> ()", "n: cannot read the default '1.5' of type i32"),
        ("(n: i32 = 4294967296) -> ()", "n: the default 4294967296 is no value of type i32"),
        ("(x: f64 = nan) -> ()", "x: the default nan is no value of type f64"),
        ("(n: i32 >= 1 = 0) -> ()", "n: the default = 0 is not >= 1"),
        ("(x: f64[2]@0 = 1) -> ()", "x: only a number has a default"),
    ],
)
def test_a_default_that_cannot_be_is_refused(text: str, said: str) -> None:
    assert message(SchemaError, lambda: Signature.parse(text)) == said


def test_an_array_where_a_number_is_declared_says_how_to_declare_it(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.wasm", KERNEL, "sum:f64@sym:sum")
    with Session.open(path) as session:
        said = message(ArgumentError, lambda: session.update([1, 2, 3], 3, 4.0))
    assert said == (
        "update, argument x must be an integer (i32), not [1, 2, 3]; if it is the address of an "
        "array, the signature of the function must say so: x: f64[3]@sym:x, with the type of its "
        "elements and the place of its buffer, an address or an exported symbol"
    )


@pytest.mark.parametrize("is_baked", [False, True])
def test_a_state_that_is_there_takes_signatures(is_baked: bool, tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.wasm", KERNEL, "sum:f64@sym:sum", values={"sum": 2})
    module = bake(path) if is_baked else Module.open(path)
    declared = declare(module, {"update": Signature.parse(WITHOUT)})
    declared.save(path, overwrite=True)
    assert State.of(declared).generation == 1
    with Session.open(path) as session:
        session.update([1, 2, 3], 4)
        assert session.predict() == 12
    plain = from_wat(KERNEL)
    assert "no wasmstate.state section" in message(
        StateError, lambda: declare(plain, {"update": Signature.parse(WITHOUT)})
    )


def test_a_default_in_a_file_is_in_its_canonical_form() -> None:
    signature = Signature.parse("(x: i32, n: i32 = 3, y: f64) -> ()")
    found = attach(from_wat(KERNEL), ["sum:f64@sym:sum"], entry_points={"update": signature})
    state = State.of(found)
    for old, new, said in (
        (b'"default":"3"', b'"default":"03"', "cannot read the default '03' of type i32"),
        (b'"default":"3"', b'"default":"0x3"', "default is not in its canonical form: 3"),
        (b'"default":"3"', b'"default":3', "default must be a text"),
    ):
        schema = state.record.schema.replace(old, new)
        assert said in message(SchemaError, partial(Schema.decode, schema, state.regions))


def test_rows_and_a_default_do_not_go_together() -> None:
    text = "(x: f64[8,2]@0, rows: i32 = 8) -> ()"
    assert Signature.parse(text).rows == 0
    assert Signature.parse(text.replace(" = 8", "")).rows == 8


def test_a_function_that_is_not_there_is_named_before_its_counts() -> None:
    entry_points = {"learn": Signature.parse("(x: f64[3]@sym:xbuf) -> ()")}
    assert message(
        SchemaError, lambda: attach(from_wat(KERNEL), ["w:f64@8"], entry_points=entry_points)
    ).startswith("the module exports no function 'learn'")
    entry_points = {"update": Signature.parse("(x: i32, y: f64) -> ()")}
    assert message(
        SchemaError, lambda: attach(from_wat(KERNEL), ["w:f64@8"], entry_points=entry_points)
    ).endswith("the signature given is (x: i32, y: f64) -> ()")
