"""The schema: canonical JSON that describes the regions and never overrides them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from state.records import SCHEMA, canonical
from support import message
from wasmstate.errors import SchemaError
from wasmstate.state.record import RegionKind, place_regions
from wasmstate.state.schema import Schema, check_schema
from wasmstate.state.signature import Param, Signature
from wasmstate.state.tensor import Tensor

REGIONS = place_regions([(RegionKind.MEMORY, 0, 1024, 12), (RegionKind.GLOBAL, 3, 0, 8)])
W = Tensor("w", "f32", (2,), 0, 0, "w")
N = Tensor("n", "u32", (), 0, 8)
K = Tensor("k", "i64", (), 1, 0, "k")
NO_NAME = {"name": "", "type": "f32"}


def refusal(schema: Any) -> str:
    encoded = schema if isinstance(schema, bytes) else canonical(schema)
    return message(SchemaError, lambda: Schema.decode(encoded, REGIONS))


def tensor(**changes: Any) -> dict[str, Any]:
    document = {"name": "w", "dtype": "f32", "shape": [2], "region": 0, "offset": 0} | changes
    return {"tensors": [{key: value for key, value in document.items() if value != "absent"}]}


def entry(**changes: Any) -> dict[str, Any]:
    """A schema whose entry point takes one parameter."""
    function = {"params": [{"name": "x", "type": "f64"} | changes], "results": []}
    return {"tensors": [], "entry_points": {"f": function}}


def test_a_schema_is_decoded_and_written_back() -> None:
    schema = Schema.decode(canonical(SCHEMA), REGIONS)
    assert schema == Schema(
        (W, N, K),
        {"update": Signature((Param("x", "f32"),), ())},
        {"author": "é"},
    )
    assert schema.encode() == canonical(SCHEMA)


def test_everything_a_tensor_can_say_is_kept() -> None:
    full = Tensor("w", "f32", (2,), 0, 0, "s", "m/s", "mean", ("finite", ">= 0"))
    encoded = Schema((full,)).encode()
    assert json.loads(encoded)["tensors"] == [
        {
            "name": "w",
            "dtype": "f32",
            "shape": [2],
            "region": 0,
            "offset": 0,
            "symbol": "s",
            "unit": "m/s",
            "merge": "mean",
            "bounds": ["finite", ">= 0"],
        }
    ]
    assert Schema.decode(encoded, REGIONS) == Schema((full,))


def test_entry_points_and_metadata_may_be_left_out() -> None:
    assert Schema.decode(canonical(tensor()), REGIONS) == Schema((Tensor("w", "f32", (2,), 0, 0),))


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        (b"", "the schema is not JSON: Expecting value: line 1 column 1 (char 0)"),
        (b"{", "the schema is not JSON: Expecting property name enclosed in double quotes"),
        (b'{"tensors":[],"tensors":[]}', "the schema is not JSON: a key stands twice"),
        (b'{"metadata":{"x":NaN},"tensors":[]}', "the schema is not JSON: NaN is not JSON"),
        (b'{"metadata":{"x":-Infinity},"tensors":[]}',
         "the schema is not JSON: -Infinity is not JSON"),
        (b'{"metadata":{"x":1e999},"tensors":[]}',
         "the schema is not JSON: Out of range float values are not JSON compliant"),
        (b'{"tensors": []}', "the schema is not canonical JSON (sorted keys, no spaces)"),
        (b'{"tensors":[],"metadata":{}}',
         "the schema is not canonical JSON (sorted keys, no spaces)"),
        (b'{"metadata":{"x":1.50},"tensors":[]}',
         "the schema is not canonical JSON (sorted keys, no spaces)"),
        (b'{"metadata":{"x":"\\u00e9"},"tensors":[]}',
         "the schema is not canonical JSON (sorted keys, no spaces)"),
        (b"[]", "the schema must be an object"),
        (b"null", "the schema must be an object"),
    ],
)  # fmt: skip
def test_what_is_not_canonical_json_is_refused(encoded: bytes, expected: str) -> None:
    assert refusal(encoded).startswith(expected)  # Python's own words differ between versions


def test_json_that_is_not_utf8_is_refused() -> None:
    assert refusal(b'{"a":"\xff"}') == (
        "the schema is not JSON: "
        "'utf-8' codec can't decode byte 0xff in position 6: invalid start byte"
    )


@pytest.mark.parametrize("depth", [2_000, 100_000])
def test_json_nested_too_deeply_is_refused(depth: int) -> None:
    nested = b'{"metadata":{"x":' + b"[" * depth + b"]" * depth + b'},"tensors":[]}'
    assert refusal(nested) == "the schema is not JSON: nested deeper than 16"


def test_metadata_may_be_nested_16_deep_and_no_deeper() -> None:
    for depth, fits in ((14, True), (15, False), (900, False)):
        encoded = b'{"metadata":{"x":' + b"[" * depth + b"]" * depth + b'},"tensors":[]}'
        if fits:
            assert Schema.decode(encoded, ()).encode() == encoded.replace(
                b'{"metadata"', b'{"entry_points":{},"metadata"'
            )
        else:
            assert refusal(encoded) == "the schema is not JSON: nested deeper than 16"


def test_metadata_nested_too_deeply_is_not_written() -> None:
    deep: list[object] = []
    for _ in range(20):
        deep = [deep]
    said = message(SchemaError, Schema((), {}, {"x": deep}).encode)
    assert said == "the schema cannot be written as JSON: nested deeper than 16"


def test_an_integer_of_thousands_of_digits_is_refused() -> None:
    encoded = canonical(tensor()).replace(b'"offset":0', b'"offset":' + b"9" * 4300)
    assert refusal(encoded).startswith("w: its 8 bytes at 999")
    encoded = canonical(tensor()).replace(b'"offset":0', b'"offset":' + b"9" * 5000)
    assert refusal(encoded).startswith("the schema is not JSON: Exceeds the limit (4300 digits)")


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"tensors": [], "extra": 1}, "the schema has an unknown key 'extra'"),
        ({}, "tensors must be a list"),
        ({"tensors": {}}, "tensors must be a list"),
        ({"tensors": [0] * 65_537}, "65537 tensors, at most 65536 can be"),
        ({"tensors": [5]}, "tensors[0] must be an object"),
        ({"tensors": [], "metadata": []}, "metadata must be an object"),
        ({"tensors": [], "entry_points": []}, "entry_points must be an object"),
        ({"tensors": [], "entry_points": {"f": 1}}, "entry_points['f'] must be an object"),
        ({"tensors": [], "entry_points": {"f": {}}}, "entry_points['f'].params must be a list"),
        ({"tensors": [], "entry_points": {"f": {"params": [1], "results": []}}},
         "entry_points['f'].params[0] must be an object"),
        ({"tensors": [], "entry_points": {"f": {"params": [NO_NAME], "results": []}}},
         "a name must be a text that is not empty, not ''"),
        ({"tensors": [], "entry_points": {"f": {"params": [{"name": "x"}], "results": []}}},
         "entry_points['f'].params[0].type must be a text"),
        ({"tensors": [], "entry_points": {"f": {"params": []}}},
         "entry_points['f'].results must be a list"),
        ({"tensors": [], "entry_points": {"f": {"params": [], "results": [1]}}},
         "entry_points['f'].results must be a text"),
        ({"tensors": [], "entry_points": {"f": {"params": [], "results": ["i32\n"]}}},
         r"the type 'i32\n' has control characters or more than 255 bytes"),
        ({"tensors": [], "entry_points": {"f": {"params": [], "results": [""]}}},
         "a type must be a text that is not empty, not ''"),
        ({"tensors": [], "entry_points": {"f": {"params": [], "results": [], "note": 1}}},
         "entry_points['f'] has an unknown key 'note'"),
        (entry(type="f64\n"), r"the type 'f64\n' has control characters or more than 255 bytes"),
        (entry(type="f64[\u0663]"), "x: cannot read the type 'f64[\u0663]': write f64[6]"),
        (entry(type="f64[1]", place=None), "entry_points['f'].params[0].place must be a text"),
        (entry(bounds=["> \u0663"]),
         "cannot read the bound '> \u0663': write finite, psd, or a comparison such as '>= 0'"),
        (tensor(color="red"), "tensors[0] has an unknown key 'color'"),
        (tensor(name="absent"), "tensors[0].name must be a text"),
        (tensor(name=1), "tensors[0].name must be a text"),
        (tensor(dtype="absent"), "tensors[0].dtype must be a text"),
        (tensor(shape="absent"), "tensors[0].shape must be a list"),
        (tensor(shape=2), "tensors[0].shape must be a list"),
        (tensor(shape=[2.0]), "tensors[0].shape must be an integer"),
        (tensor(shape=[True]), "tensors[0].shape must be an integer"),
        (tensor(region="absent"), "tensors[0].region must be an integer"),
        (tensor(region=False), "tensors[0].region must be an integer"),
        (tensor(offset=0.0), "tensors[0].offset must be an integer"),
        (tensor(symbol=1), "tensors[0].symbol must be a text"),
        (tensor(unit=1), "tensors[0].unit must be a text"),
        (tensor(merge=1), "tensors[0].merge must be a text"),
        (tensor(symbol=None), "tensors[0].symbol must be a text"),
        (tensor(unit=None), "tensors[0].unit must be a text"),
        (tensor(merge=None), "tensors[0].merge must be a text"),
        (tensor(bounds="finite"), "tensors[0].bounds must be a list"),
        (tensor(bounds=[0]), "tensors[0].bounds must be a text"),
    ],
)  # fmt: skip
def test_a_key_of_the_wrong_kind_is_named(schema: Any, expected: str) -> None:
    assert refusal(schema) == expected


@pytest.mark.parametrize(
    ("tensors", "expected"),
    [
        ([W, W], "two tensors are named 'w'"),
        ([Tensor("t", "f32", (), 2, 0)], "t: there is no region 2"),
        ([Tensor("t", "f32", (), -1, 0)], "t: there is no region -1"),
        ([Tensor("t", "f32", (), 0, -4)],
         "t: its 4 bytes at -4 do not lie in region 0, which has 12"),
        ([Tensor("t", "f32", (), 0, 9)],
         "t: its 4 bytes at 9 do not lie in region 0, which has 12"),
        ([Tensor("t", "f64", (2**32 - 1,) * 8, 0, 0)],
         f"t: its {8 * (2**32 - 1) ** 8} bytes at 0 do not lie in region 0, which has 12"),
        ([Tensor("t", "i32", (), 1, 0)], "t: does not fill its global of 8 bytes"),
        ([W, Tensor("t", "f32", (), 0, 7)], "the tensors 'w' and 't' overlap"),
        ([Tensor("a", "u8", (12,), 0, 0), W], "the tensors 'w' and 'a' overlap"),
        ([K, Tensor("t", "f64", (), 1, 0)], "the tensors 'k' and 't' overlap"),
        ([Tensor("t", "float", (), 0, 0)],
         ("t: no element type 'float'; there are "
         "i8, u8, i16, u16, i32, u32, i64, u64, f16, f32, f64")),
    ],
)  # fmt: skip
def test_a_tensor_that_does_not_fit_the_regions_is_named(
    tensors: list[Tensor], expected: str
) -> None:
    schema = Schema(tuple(tensors))
    assert message(SchemaError, lambda: check_schema(schema, REGIONS)) == expected


def test_tensors_may_touch_and_stand_at_any_offset() -> None:
    check_schema(Schema((W, N, K)), REGIONS)
    check_schema(Schema((Tensor("a", "f32", (), 0, 1), Tensor("b", "u8", (), 0, 0))), REGIONS)


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"x": object}, "Object of type type is not JSON serializable"),
        ({"x": float("nan")}, "Out of range float values are not JSON compliant"),
        ({"x": "\ud800"},
         "'utf-8' codec can't encode character '\\ud800' in position 36: surrogates not allowed"),
        ({"x": 1, 2: 3}, "'<' not supported between instances of 'int' and 'str'"),
    ],
)  # fmt: skip
def test_metadata_that_is_not_json_is_refused(metadata: Any, expected: str) -> None:
    schema = Schema((W,), {}, metadata)
    found = message(SchemaError, schema.encode)  # Python's own words differ between versions
    assert found.startswith(f"the schema cannot be written as JSON: {expected}")


def test_a_schema_of_more_than_a_mebibyte_is_refused() -> None:
    empty = len(Schema((W,), {}, {"x": ""}).encode())
    assert len(Schema((W,), {}, {"x": "x" * (2**20 - empty)}).encode()) == 2**20
    schema = Schema((W,), {}, {"x": "x" * (2**20 - empty + 1)})
    assert message(SchemaError, schema.encode) == (
        "the schema has 1048577 bytes, at most 1048576 can be"
    )
