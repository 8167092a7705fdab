"""Tensors: how they are written down, which values they take."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from support import message
from wasmstate.errors import SchemaError, StateBoundsError
from wasmstate.state.tensor import DTYPES, Tensor, TensorSpec, check_tensor


def tensor(dtype: str, *shape: int) -> Tensor:
    return Tensor("t", dtype, shape, 0, 0)


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("w:f32[4,8]@1024", TensorSpec("w", "f32", (4, 8), "1024")),
        ("w:f32[4]@0x400", TensorSpec("w", "f32", (4,), "0x400")),
        ("w:f32[4]@sym:weights", TensorSpec("w", "f32", (4,), "sym:weights")),
        ("n:i64@global:count", TensorSpec("n", "i64", (), "global:count")),
        ("n:i64[]@8", TensorSpec("n", "i64", (), "8")),
        (" w:f32[2 x 3]@sym:a@b ", TensorSpec("w", "f32", (2, 3), "sym:a@b")),
        ("my weights:f32[2x3]@0", TensorSpec("my weights", "f32", (2, 3), "0")),
    ],
)
def test_a_tensor_is_written_name_dtype_shape_place(text: str, spec: TensorSpec) -> None:
    assert TensorSpec.parse(text) == spec
    assert TensorSpec.parse(str(spec)) == spec


@pytest.mark.parametrize(
    "text",
    [
        "",
        "w",
        "w:f32",
        "w:f32[4]",
        "w@4",
        ":f32@4",
        "w:f32[-1]@4",
        "w:f32[a]@4",
        "w:f32@",
        "w:f32[4,,8]@0",
        "w:f32[4 8]@0",
        "w:f32[4,]@0",
        "w:f32[4@0",
    ],
)
def test_a_text_that_is_no_tensor_is_refused_with_examples(text: str) -> None:
    assert message(SchemaError, lambda: TensorSpec.parse(text)) == (
        f"cannot read the tensor {text!r}: write name:dtype[shape]@place, "
        "for example w:f32[4]@1024, w:f32[4]@sym:weights or n:i64@global:count"
    )


def test_a_dimension_of_thousands_of_digits_is_refused() -> None:
    text = f"w:f32[{'9' * 5000}]@0"
    found = message(SchemaError, lambda: check_tensor(TensorSpec.parse(text)))
    assert found.startswith("cannot read the tensor 'w:f32[999")


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (TensorSpec("", "f32", (), "0"), "a name must be a text that is not empty, not ''"),
        (TensorSpec(7, "f32", (), "0"), "a name must be a text that is not empty, not 7"),  # type: ignore[arg-type]
        (TensorSpec("a\nb", "f32", (), "0"),
         "the name 'a\\nb' has control characters or more than 255 bytes"),
        (TensorSpec("a\x7f", "f32", (), "0"),
         "the name 'a\\x7f' has control characters or more than 255 bytes"),
        (TensorSpec("é" * 128, "f32", (), "0"),
         f"the name '{'é' * 40}' has control characters or more than 255 bytes"),
        (TensorSpec("\ud800", "f32", (), "0"), "the name '\\ud800' cannot be written as UTF-8"),
        (TensorSpec("t", "float", (), "0"),
         f"t: no element type 'float'; there are {', '.join(DTYPES)}"),
        (TensorSpec("t", "f32", (1,) * 9, "0"), "t: 9 dimensions, at most 8 can be"),
        (TensorSpec("t", "f32", (0,), "0"),
         "t: each dimension must be a positive integer below 2**32"),
        (TensorSpec("t", "f32", (2**32,), "0"),
         "t: each dimension must be a positive integer below 2**32"),
        (TensorSpec("t", "f32", (True,), "0"),
         "t: each dimension must be a positive integer below 2**32"),
        (TensorSpec("t", "f32", (2.0,), "0"),  # type: ignore[arg-type]
         "t: each dimension must be a positive integer below 2**32"),
        (TensorSpec("t", "f32", (), "0", merge="avg"),
         "t: no merge rule 'avg'; there are sum, mean, max, min, chan, counts, own, none"),
        (TensorSpec("t", "f32", (), "0", unit=5), "t: the unit must be a text"),  # type: ignore[arg-type]
        (TensorSpec("t", "f32", (), "0", bounds=("positive",)),
         "cannot read the bound 'positive': write finite, psd, or a comparison such as '>= 0'"),
    ],
)  # fmt: skip
def test_a_tensor_that_cannot_be_is_named(spec: TensorSpec, expected: str) -> None:
    assert message(SchemaError, lambda: check_tensor(spec)) == expected


def test_a_name_may_have_255_bytes() -> None:
    check_tensor(TensorSpec("é" * 127 + "x", "f32", (), "0"))


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        ("i8", -128, 127),
        ("u8", 0, 255),
        ("i16", -(2**15), 2**15 - 1),
        ("u16", 0, 2**16 - 1),
        ("i32", -(2**31), 2**31 - 1),
        ("u32", 0, 2**32 - 1),
        ("i64", -(2**63), 2**63 - 1),
        ("u64", 0, 2**64 - 1),
    ],
)
def test_integers_keep_their_range(dtype: str, low: int, high: int) -> None:
    one, two = tensor(dtype), tensor(dtype, 2)
    assert two.read(two.encode([low, high])).tolist() == [low, high]
    for wrong in (low - 1, high + 1):
        found = message(StateBoundsError, lambda wrong=wrong: one.encode(wrong))  # type: ignore[misc]
        assert found == f"t: {wrong} does not fit {dtype}"


@pytest.mark.parametrize(
    ("dtype", "value", "encoded"),
    [
        ("u16", 0x1234, "34 12"),
        ("i32", -2, "fe ff ff ff"),
        ("f16", 1.0, "00 3c"),
        ("f32", 1.5, "00 00 c0 3f"),
        ("f64", -2.0, "00 00 00 00 00 00 00 c0"),
        ("f32", 3, "00 00 40 40"),  # an integer is a float
        ("i8", True, "01"),  # and a truth value an integer
        ("f32", np.float64(1.5), "00 00 c0 3f"),
        ("f32", np.array(1.5, ">f4"), "00 00 c0 3f"),  # big endian
        ("u8", np.uint64(7), "07"),
    ],
)
def test_elements_are_little_endian(dtype: str, value: Any, encoded: str) -> None:
    assert tensor(dtype).encode(value) == bytes.fromhex(encoded)


def test_elements_stand_row_after_row() -> None:
    encoded = tensor("u8", 2, 3).encode([[1, 2, 3], [4, 5, 6]])
    assert encoded == bytes([1, 2, 3, 4, 5, 6])
    transposed = np.array([[1, 4], [2, 5], [3, 6]], "u1").T
    assert tensor("u8", 2, 3).encode(transposed) == encoded


def test_a_tensor_is_read_at_its_offset_and_cannot_be_written_to() -> None:
    array = Tensor("t", "u16", (2,), 0, 4).read(bytes.fromhex("ff ff ff ff 01 00 02 00 ff"))
    assert array.tolist() == [1, 2]
    assert not array.flags.writeable


def test_nbytes_are_those_of_all_elements() -> None:
    assert tensor("f64", 2, 3).nbytes == 48
    assert tensor("u8").nbytes == 1


@pytest.mark.parametrize(
    ("value", "given"), [(1.0, "[]"), ([1.0], "[1]"), ([[1.0, 2.0]], "[1, 2]"), ([], "[0]")]
)
def test_a_value_of_another_shape_is_refused_and_never_broadcast(value: Any, given: str) -> None:
    found = message(SchemaError, lambda: tensor("f32", 2).encode(value))
    assert found == f"t has the shape [2], the value given has {given}"


@pytest.mark.parametrize(
    ("dtype", "value", "expected"),
    [
        ("i32", 1.0, "t holds i32, not 1.0"),
        ("i32", [1, 2.0], "t holds i32, not 2.0"),
        ("i32", np.float32(1), "t holds i32, the value given is of type float32"),
        ("u8", [1, 10**400, 0.5], "t holds u8, not 0.5"),
        ("f32", "1", "t holds f32, the value given is of type <U1"),
        ("f32", 1j, "t holds f32, the value given is of type complex128"),
        ("i64", None, "t holds i64, not None"),
        ("f32", None, "t holds f32, not None"),  # not NaN
        ("u64", [2**64, 1.5], "t holds u64, not 1.5"),
        ("f32", [2**64, None], "t holds f32, not None"),
        ("f32", [2**64, "5"], "t holds f32, not '5'"),
        ("f32", {}, "t holds f32, not {}"),
    ],
)  # fmt: skip
def test_a_value_of_another_kind_is_refused(dtype: str, value: Any, expected: str) -> None:
    shape = np.shape(np.asarray(value, object))
    assert message(SchemaError, lambda: tensor(dtype, *shape).encode(value)) == expected


MASKED = np.ma.masked_equal([1.0, 999.0], 999.0)


@pytest.mark.parametrize(
    "value", [np.tile(MASKED, (2, 1)), [MASKED, MASKED.data], (MASKED.data, MASKED)]
)
def test_what_stands_under_a_mask_is_never_taken(value: Any) -> None:
    tensor = Tensor("w", "f64", (2, 2), 0, 0)
    assert message(SchemaError, lambda: tensor.encode(value)) == (
        "w has masked values, which have to be something: give .filled(...), "
        "or leave the masked rows out"
    )


def test_an_array_that_could_have_a_mask_and_has_none_is_taken() -> None:
    array = np.ma.array([1.0, 2.0])
    assert Tensor("w", "f64", (2,), 0, 0).encode(array) == array.tobytes()
    assert Tensor("w", "f64", (1, 2), 0, 0).encode([array]) == array.tobytes()


def test_rows_of_different_lengths_are_refused() -> None:
    found = message(SchemaError, lambda: tensor("f32", 2).encode([[1], [2, 3]]))
    assert found.startswith("t: setting an array element with a sequence.")  # NumPy's words


@pytest.mark.parametrize(
    ("dtype", "value"),
    [("f32", 1e39), ("f32", [0.0, -1e39]), ("f16", 65_520.0), ("f16", 2**20), ("f32", 10**40)],
)
def test_a_number_too_large_for_a_float_does_not_become_infinite(dtype: str, value: Any) -> None:
    found = message(StateBoundsError, lambda: tensor(dtype, *np.shape(value)).encode(value))
    assert found == f"t: a value is too large for {dtype}"


@pytest.mark.parametrize("value", [10**400, [1.5, 10**400]])
def test_a_number_too_large_for_any_float_is_refused_too(value: Any) -> None:
    found = message(StateBoundsError, lambda: tensor("f64", *np.shape(value)).encode(value))
    assert found == "t: a value is too large for f64"


def test_large_integers_are_floats_as_near_as_can_be() -> None:
    values = [2**70, True, 1.5, np.float32(2.5), np.int8(3)]
    array = tensor("f64", 5).read(tensor("f64", 5).encode(values))
    assert array.tolist() == [2.0**70, 1.0, 1.5, 2.5, 3.0]


def test_infinity_and_nan_are_floats() -> None:
    three = tensor("f32", 3)
    array = three.read(three.encode([np.inf, -np.inf, np.nan]))
    assert array[:2].tolist() == [np.inf, -np.inf]
    assert np.isnan(array[2])


def test_the_payload_of_a_nan_is_kept_in_an_array_of_the_type() -> None:
    bits = np.array([0x7F800001, 0xFFC12345], "<u4")
    assert tensor("f32", 2).encode(bits.view("<f4")) == bits.tobytes()
