"""Array arguments: their types in a signature, and where their buffers may lie."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import from_wat
from support import message
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import SchemaError, StateBoundsError
from wasmstate.state.attach.describe import describe
from wasmstate.state.buffers import address_type, allocator, find_buffers
from wasmstate.state.schema import Schema, check_schema
from wasmstate.state.signature import Param, Signature
from wasmstate.state.state import State
from wasmstate.state.tensor import DTYPES

X = '(global (export "x") i32 (i32.const 256))'
UPDATE = '(func (export "update") (param i32 f64))'
MALLOC = '(func (export "malloc") (param i32) (result i32) i32.const 512)'
FREE = '(func (export "free") (param i32))'


def described(signature: str, *, text: str = X + UPDATE, memory: str = "1") -> State:
    module = from_wat(f'(module (memory (export "memory") {memory}) {text})')
    parsed = Signature.parse(signature)
    return describe(module, ["s:f64[4]@64"], entry_points={"update": parsed})


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("(x: f64[6])", [Param("x", "f64[6]")]),
        ("(x:f64[6]@sym:x)", [Param("x", "f64[6]", "sym:x")]),
        ("(x: f64 [ 64 , 6 ] @ 0x400, y: f64)",
         [Param("x", "f64[64,6]", "0x400"), Param("y", "f64")]),
        ("(x: u8[28,28]@sym:_image finite >=0)",
         [Param("x", "u8[28,28]", "sym:_image", ("finite", ">= 0"))]),
        ("(arm: i32 >= 0 < 10, reward: f64 >=-1.5 <= 1e3)",
         [Param("arm", "i32", None, (">= 0", "< 10")),
          Param("reward", "f64", None, (">= -1.5", "<= 1e3"))]),
        ("(p: f64[2,2]@8 psd)", [Param("p", "f64[2,2]", "8", ("psd",))]),
    ],
)  # fmt: skip
def test_arrays_places_and_bounds_are_read_and_shown(text: str, params: list[Param]) -> None:
    signature = Signature.parse(f"{text} -> ()")
    assert signature.params == tuple(params)
    assert Signature.parse(str(signature)) == signature
    schema = Schema((), {"update": signature})
    assert Schema.decode(schema.encode(), ()) == schema


names = st.from_regex(r"[a-z_]\w{0,8}", fullmatch=True)
shapes = st.lists(st.integers(1, 99), min_size=1, max_size=3).map(lambda s: ",".join(map(str, s)))
bounds = st.lists(st.sampled_from(["finite", ">= 0", "> -1.5", "<= 1e3", "< 10"]), max_size=3)
params = st.builds(
    lambda name, dtype, shape, place, bounds: Param(name, f"{dtype}[{shape}]", place, bounds),
    names,
    st.sampled_from(sorted(DTYPES)),
    shapes,
    st.none() | st.sampled_from(["sym:x", "1024", "0x40"]),
    bounds.map(tuple),
) | st.builds(
    lambda name, type_, bounds: Param(name, type_, None, bounds),
    names,
    st.sampled_from(["i32", "i64", "f32", "f64"]),
    bounds.map(tuple),
)


@given(st.lists(params, max_size=4))
def test_any_signature_is_read_as_it_was_shown_and_written(given_params: list[Param]) -> None:
    signature = Signature(tuple(given_params), ("f64",))
    assert Signature.parse(str(signature)) == signature
    schema = Schema((), {"f": signature})
    assert Schema.decode(schema.encode(), ()).entry_points == {"f": signature}


def test_what_is_not_said_is_not_written() -> None:
    schema = Schema((), {"f": Signature.parse("(x: f64[2]@8 finite, y: f64) -> ()")})
    assert json.loads(schema.encode())["entry_points"]["f"]["params"] == [
        {"name": "x", "type": "f64[2]", "place": "8", "bounds": ["finite"]},
        {"name": "y", "type": "f64"},
    ]


@pytest.mark.parametrize("text", ["(x: f64[])", "(x: f64[6)", "(x: f64[-1])", "(x: f64[6] @)",
                                  "(x f64[6])", "(x: f64[6]@a b,)", "(x: f64 ~ 1)"])  # fmt: skip
def test_what_cannot_be_read_is_refused(text: str) -> None:
    found = message(SchemaError, lambda: Signature.parse(f"{text} -> ()"))
    assert found.startswith(("cannot read the signature", "cannot read the bound 'b'"))


@pytest.mark.parametrize(
    ("param", "expected"),
    [
        (Param("x", "f64[6"), "x: cannot read the type 'f64[6': write f64[6]"),
        (Param("x", "f80[6]"), f"x: no element type 'f80'; there are {', '.join(DTYPES)}"),
        (Param("x", "u8[1,1,1,1,1,1,1,1,1]"), "x: 9 dimensions, at most 8 can be"),
        (Param("x", "u8[0]"), "x: each dimension must be a positive integer below 2**32"),
        (Param("x", "u8[4294967296]"), "x: each dimension must be a positive integer below 2**32"),
        (Param("x", "f64", "8"), "x: a number has no place, only an array has"),
        (Param("x", "externref", None, ("finite",)), "x: a value of type externref has no bounds"),
        (Param("x", "f64", None, ("even",)),
         "cannot read the bound 'even': write finite, psd, or a comparison such as '>= 0'"),
    ],
)  # fmt: skip
def test_a_parameter_that_cannot_be_is_refused(param: Param, expected: str) -> None:
    schema = Schema((), {"f": Signature((param,), ())})
    assert message(SchemaError, lambda: check_schema(schema, ())) == expected


def test_a_key_of_a_parameter_that_is_not_known_is_refused() -> None:
    document = Schema((), {"f": Signature.parse("(x: f64) -> ()")}).encode()
    changed = document.replace(b'"type":"f64"', b'"type":"f64","unit":"m"')
    assert message(SchemaError, lambda: Schema.decode(changed, ())) == (
        "entry_points['f'].params[0] has an unknown key 'unit'"
    )


@pytest.mark.parametrize(
    ("signature", "rows"),
    [
        ("(x: f64[64,6]@8, y: f64[64]@sym:y, rows: i32)", 64),
        ("(x: f64[8]@8, n: i32)", 8),
        ("()", 0),
        ("(n: i32)", 0),
        ("(x: f64[8]@8, n: i64)", 0),
        ("(x: f64[8]@8, y: f64[4]@80, n: i32)", 0),
        ("(x: f64[8]@8, y: f64, n: i32)", 0),
        ("(x: f64[8]@8, y: f64[8]@80)", 0),
    ],
)
def test_a_function_takes_rows_if_it_has_arrays_of_one_length_and_their_number(
    signature: str, rows: int
) -> None:
    assert Signature.parse(f"{signature} -> ()").rows == rows


def test_a_row_has_the_shape_behind_the_first_dimension() -> None:
    signature = Signature.parse("(x: f64[64,6,2]@sym:x finite, y: u8[64]@sym:y, n: i32) -> ()")
    assert signature.of_one_row() == (
        Param("x", "f64[6,2]", None, ("finite",)),
        Param("y", "u8"),
    )


@pytest.mark.parametrize(
    ("place", "address"), [("@sym:x", 256), ("@0", 0), ("@96", 96), ("@65488", 65488)]
)
def test_a_buffer_may_touch_s_and_the_end_of_memory(place: str, address: int) -> None:
    state = described(f"(x: f64[6]{place}, y: f64) -> ()".replace("[6]@0", "[4]@0"))
    module = from_wat(f'(module (memory (export "memory") 1) {X}{UPDATE})')
    signature = state.entry_points["update"]
    (buffer,) = find_buffers(Spaces(module), "update", signature, state.regions)
    assert (buffer.index, buffer.param.name, buffer.address) == (0, "x", address)


@pytest.mark.parametrize(
    ("signature", "error", "expected"),
    [
        ("(x: f64[6]@sym:y, y: f64) -> ()", SchemaError,
         "update, buffer of x: the module exports no global 'y'; it exports the globals x"),
        ("(x: f64[6]@global:x, y: f64) -> ()", SchemaError,
         ("update, buffer of x: cannot read the place 'global:x': "
          "write an address or sym:NAME")),
        ("(x: f64[6]@88, y: f64) -> ()", SchemaError,
         "update: S and the buffer of x overlap, at address 88"),
        ("(x: f64[6]@24, y: f64) -> ()", SchemaError,
         "update: the buffer of x and S overlap, at address 64"),
        ("(x: f64[6]@65489, y: f64) -> ()", StateBoundsError,
         ("update, buffer of x: bytes 65489 to 65537 do not lie in the memory, "
          "which starts with 1 pages (65536 bytes)")),
        ("(x: f64[6]@-8, y: f64) -> ()", StateBoundsError,
         ("update, buffer of x: bytes -8 to 40 do not lie in the memory, "
          "which starts with 1 pages (65536 bytes)")),
        ("(x: f64[6], y: f64) -> ()", SchemaError,
         ("update, buffer of x: write its place, @ADDRESS or @sym:NAME; the module has no "
          "allocator that could give one (it would export malloc and free or malloc_buffer and "
          "free_buffer)")),
        ("(x: f64[6]@sym:x) -> ()", SchemaError,
         ("update is (i32 f64) -> () in the module, the signature given is "
          "(x: f64[6]@sym:x) -> ()")),
        ("(x: i32, y: f64[6]@sym:x) -> ()", SchemaError,
         ("update is (i32 f64) -> () in the module, the signature given is "
          "(x: i32, y: f64[6]@sym:x) -> ()")),
    ],
)  # fmt: skip
def test_a_buffer_that_cannot_be_there_is_refused(
    signature: str, error: type[Exception], expected: str
) -> None:
    assert message(error, lambda: described(signature)) == expected


def test_two_buffers_of_a_function_do_not_overlap() -> None:
    both = '(func (export "update") (param i32 i32))'
    signature = "(x: f64[6]@sym:x, y: f64@0) -> ()".replace("f64@0", "f32[1]@300")
    assert message(SchemaError, lambda: described(signature, text=X + both)) == (
        "update: the buffer of x and the buffer of y overlap, at address 300"
    )
    described(signature.replace("300", "304"), text=X + both)


def test_a_buffer_of_a_wide_memory_has_a_wide_address() -> None:
    text = '(func (export "update") (param i64 f64))'
    described("(x: f64[6]@256, y: f64) -> ()", text=text, memory="i64 1")
    assert message(
        SchemaError, lambda: described("(x: f64[6]@256, y: f64) -> ()", text=text)
    ).startswith("update is (i64 f64) -> () in the module")


@pytest.mark.parametrize("place", ["@8", ""])
def test_a_buffer_needs_a_memory(place: str) -> None:
    module = from_wat(f'(module (global (export "g") (mut i32) (i32.const 0)) {UPDATE})')
    signature = Signature.parse(f"(x: f64[6]{place}, y: f64) -> ()")
    assert message(
        SchemaError,
        lambda: describe(module, ["s:i32@global:g"], entry_points={"update": signature}),
    ) == ("update, buffer of x: the module has no memory")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (MALLOC + FREE, ("malloc", "free")),
        ((MALLOC + FREE).replace('malloc"', 'malloc_buffer"').replace('free"', 'free_buffer"'),
         ("malloc_buffer", "free_buffer")),
        (MALLOC, None),
        (FREE, None),
        (MALLOC.replace("i32", "i64") + FREE, None),
        (MALLOC + FREE.replace("(param i32)", ""), None),
        ("", None),
    ],
)  # fmt: skip
def test_an_allocator_is_two_functions_of_the_right_types(
    text: str, found: tuple[str, str] | None
) -> None:
    spaces = Spaces(from_wat(f"(module (memory 1) {text})"))
    assert address_type(spaces) == "i32"
    assert allocator(spaces) == found


def test_with_an_allocator_a_buffer_needs_no_place() -> None:
    state = described("(x: f64[6], y: f64) -> ()", text=UPDATE + MALLOC + FREE)
    assert str(state.entry_points["update"]) == "(x: f64[6], y: f64) -> ()"
