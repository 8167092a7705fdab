"""Random modules with constants: a function of numbers, in the text format."""

from __future__ import annotations

import math
import struct

from hypothesis import strategies as st

_UNARY = {
    "i32": ["clz", "popcnt", "extend8_s", "eqz", "wrap_i64:i64"],
    "i64": ["ctz", "extend32_s", "extend_i32_u:i32"],
    "f32": ["neg", "abs", "sqrt", "demote_f64:f64", "convert_i32_s:i32"],
    "f64": ["neg", "ceil", "promote_f32:f32", "convert_i64_s:i64"],
}
_BINARY = {
    "i32": ["add", "mul", "xor", "shl", "lt_s"],
    "i64": ["add", "sub", "mul", "rotl"],
    "f32": ["add", "mul", "min", "copysign"],
    "f64": ["add", "sub", "mul", "div", "max"],
}
TYPES = ("i32", "i64", "f32", "f64")


def _float(raw: bytes) -> str:
    value: float = struct.unpack("<f" if len(raw) == 4 else "<d", raw)[0]
    if math.isnan(value):
        bits = int.from_bytes(raw, "little")
        payload = bits & ((1 << (23 if len(raw) == 4 else 52)) - 1)
        return f"{'-' if raw[-1] & 0x80 else ''}nan:{payload:#x}"
    return str(value) if math.isinf(value) else value.hex()


def _constants(type_: str) -> st.SearchStrategy[str]:
    if type_.startswith("i"):
        bits = int(type_[1:])
        values = st.integers(-(1 << bits - 1), (1 << bits - 1) - 1) | st.integers(-9, 9)
        return values.map(lambda value: f"({type_}.const {value})")
    size = int(type_[1:]) // 8
    usual = st.floats(-100, 100, width=32).map(lambda v: f"({type_}.const {v.hex()})")
    return usual | st.binary(min_size=size, max_size=size).map(
        lambda raw: f"({type_}.const {_float(raw)})"
    )


@st.composite
def expressions(draw: st.DrawFn, type_: str, depth: int) -> str:
    """An expression of a type over the parameters ``$i32`` to ``$f64``."""
    if depth == 0:
        return draw(_constants(type_) | st.just(f"(local.get ${type_})"))

    def inner(of: str) -> str:
        return draw(expressions(of, depth - 1))

    kind = draw(
        st.sampled_from(["constant", "unary", "binary", "if", "loop", "load", "store", "call"])
    )
    if kind == "constant":
        return draw(_constants(type_))
    if kind == "unary":
        operation, _, of = draw(st.sampled_from(_UNARY[type_])).partition(":")
        return f"({type_}.{operation} {inner(of or type_)})"
    if kind == "binary":
        operation = draw(st.sampled_from(_BINARY[type_]))
        return f"({type_}.{operation} {inner(type_)} {inner(type_)})"
    if kind == "if":
        then, otherwise = inner(type_), inner(type_)
        return f"(if (result {type_}) {inner('i32')} (then {then}) (else {otherwise}))"
    if kind == "loop":
        return (
            f"(local.set $n (i32.const 3)) (loop (local.set ${type_} {inner(type_)})"
            " (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))"
            f" (local.get ${type_})"
            if depth == _DEPTH
            else f"(local.tee ${type_} {inner(type_)})"
        )
    if kind == "store":
        of = draw(st.sampled_from(TYPES))
        address = draw(st.integers(0, 60))
        at = f"(i32.and {inner('i32')} (i32.const 1023))"
        stored = f"({of}.store offset={address} {at} {inner(of)})"
        return f"(block (result {type_}) {stored} {inner(type_)})"
    if kind == "load":
        address = draw(st.integers(0, 60))
        return f"({type_}.load offset={address} (i32.and {inner('i32')} (i32.const 1023)))"
    return f"(call $help_{type_} {inner(type_)})"


_DEPTH = 4


@st.composite
def modules(draw: st.DrawFn) -> str:
    """A module that exports ``predict``: the text format."""
    result = draw(st.sampled_from(TYPES))
    helpers = " ".join(
        f"(func $help_{type_} (param ${type_} {type_}) (result {type_})"
        f" ({type_}.add (local.get 0) {draw(_constants(type_))}))"
        for type_ in TYPES
    )
    params = " ".join(f"(param ${type_} {type_})" for type_ in TYPES)
    has_max = draw(st.booleans())
    return f"""(module (memory (export "memory") 1 {1 if has_max else ""})
      (data (i32.const 8) "some bytes to load numbers from, more or less random: \\fe\\ed\\00\\01")
      {helpers}
      (func (export "predict") {params} (result {result}) (local $n i32)
        {draw(expressions(result, _DEPTH))}))"""
