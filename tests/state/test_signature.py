"""Signatures of entry points, as a user writes them."""

from __future__ import annotations

import pytest

from support import message
from wasmstate.errors import SchemaError
from wasmstate.state.schema import Schema, check_schema
from wasmstate.state.signature import Param, Signature


@pytest.mark.parametrize(
    ("text", "signature", "shown"),
    [
        ("() -> ()", Signature((), ()), "() -> ()"),
        ("()->", Signature((), ()), "() -> ()"),
        (" ( x : f32 ) -> i32 ", Signature((Param("x", "f32"),), ("i32",)), "(x: f32) -> i32"),
        (
            "(arm: i32, reward: f64) -> (i32, i64)",
            Signature((Param("arm", "i32"), Param("reward", "f64")), ("i32", "i64")),
            "(arm: i32, reward: f64) -> (i32, i64)",
        ),
        ("(x: f32) -> i32 i64", Signature((Param("x", "f32"),), ("i32", "i64")),
         "(x: f32) -> (i32, i64)"),
    ],
)  # fmt: skip
def test_a_signature_is_read_and_shown(text: str, signature: Signature, shown: str) -> None:
    assert Signature.parse(text) == signature
    assert str(signature) == shown
    assert Signature.parse(shown) == signature


@pytest.mark.parametrize("text", ["", "x: f32", "(x: f32)", "(x: f32) => i32", "((x)) -> ()"])
def test_a_text_that_is_no_signature_is_refused_with_an_example(text: str) -> None:
    assert message(SchemaError, lambda: Signature.parse(text)) == (
        f"cannot read the signature {text!r}: write (name: type, ...) -> type, "
        "for example (arm: i32, reward: f64) -> ()"
    )


def test_a_parameter_needs_a_name() -> None:
    expected = "a name must be a text that is not empty, not ''"
    assert message(SchemaError, lambda: Signature.parse("(: f32) -> ()")) == expected
    schema = Schema((), {"f": Signature((Param("", "f32"),), ())})
    assert message(SchemaError, lambda: check_schema(schema, ())) == expected
