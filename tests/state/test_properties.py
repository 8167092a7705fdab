"""What must hold for any state, and for any bytes in its place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays, from_dtype

from state.records import SCHEMA, canonical, record_bytes, table_and_payload
from support import FIXTURES
from wasmstate.binary import Module
from wasmstate.errors import SchemaError, StateError
from wasmstate.state.compare.diff import diff_states
from wasmstate.state.damage.check import check_module
from wasmstate.state.reading import decode_record
from wasmstate.state.record import Lineage, Record, RegionKind, fill, place_regions
from wasmstate.state.schema import Schema
from wasmstate.state.signature import Param, Signature
from wasmstate.state.state import SECTION_NAME, State
from wasmstate.state.tensor import DTYPES, MERGE_RULES, Tensor, TensorSpec, check_tensor

RECORD = record_bytes()
REAL = [
    Module.open(path).custom_sections(SECTION_NAME)[0].content
    for path in sorted(FIXTURES.glob("*.wasm"))
]
HEADER_FIELDS = [
    "minor", "incompatible_flags", "read_only_flags", "region_offset", "region_count",
    "schema_length", "payload_offset", "payload_length",
]  # fmt: skip
TENSOR_KEYS = ["name", "dtype", "shape", "region", "offset", "symbol", "unit", "merge", "bounds"]

dtypes = st.sampled_from(sorted(DTYPES))
u32s = st.integers(0, 2**32 - 1)
u64s = st.integers(0, 2**64 - 1)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
digests = st.binary(min_size=32, max_size=32)
lineages = st.builds(Lineage, u64s, u64s, digests, digests, digests)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
signatures = st.builds(
    Signature,
    st.lists(st.builds(Param, texts, st.sampled_from(["i32", "f64"])), max_size=3).map(tuple),
    st.lists(st.sampled_from(["i32", "f64"]), max_size=2).map(tuple),
)


@st.composite
def states(draw: st.DrawFn) -> State:
    """States of any tensors, one or more a region, with any values."""
    names = draw(st.lists(texts, min_size=1, max_size=5, unique=True))
    tensors: list[Tensor] = []
    places: list[tuple[RegionKind, int, int, int]] = []
    address: int = draw(u32s)
    for name in names:
        dtype = draw(dtypes)
        shape = tuple(draw(st.lists(st.integers(1, 3), max_size=3)))
        unit, merge = draw(st.none() | texts), draw(st.none() | st.sampled_from(MERGE_RULES))
        tensor = Tensor(name, dtype, shape, len(places), 0, draw(st.none() | texts), unit, merge)
        joins = draw(st.booleans())
        if places and joins:
            tensor = replace(tensor, region=len(places) - 1, offset=places[-1][3])
            places[-1] = (*places[-1][:3], places[-1][3] + tensor.nbytes)
        else:
            address += draw(st.integers(0, 100))
            places.append((RegionKind.MEMORY, 0, address, tensor.nbytes))
        address += tensor.nbytes
        tensors.append(tensor)
    regions = place_regions(places)
    contents = [draw(st.binary(min_size=r.length, max_size=r.length)) for r in regions]
    schema = Schema(
        tuple(tensors),
        draw(st.dictionaries(texts, signatures, max_size=2)),
        draw(st.dictionaries(texts, documents, max_size=2)),
    )
    regions, payload = fill(regions, contents)
    return State(Record(draw(lineages), regions, schema.encode(), payload), schema)


def read(content: bytes) -> State | None:
    """The state, if there is one; nothing but StateError may come out."""
    try:
        return State.from_content(content)
    except StateError:
        return None


@given(states())
def test_a_state_is_read_back_from_its_content(state: State) -> None:
    found = State.from_content(state.to_content())
    assert found.record == state.record
    assert found.schema == state.schema
    assert found.to_content() == state.to_content()
    assert diff_states(found, state) == []
    for name in state:
        assert found[name].tobytes() == state[name].tobytes()
        assert found.content_offset(name) + found[name].nbytes <= len(state.to_content())


@given(states(), st.data())
def test_values_that_are_set_are_the_values_that_are_read(state: State, data: Any) -> None:
    name = data.draw(st.sampled_from(list(state)))
    old = state[name]
    new = data.draw(arrays(old.dtype, old.shape, elements=from_dtype(old.dtype)))
    other = State.from_content(state.with_values({name: new}).to_content())
    assert other[name].tobytes() == new.tobytes()
    for rest in set(state) - {name}:
        assert other[rest].tobytes() == state[rest].tobytes()
    listed = state.with_values({name: new.tolist()})
    assert np.array_equal(listed[name], new, equal_nan=old.dtype.kind == "f")


@given(st.binary(max_size=600))
def test_no_content_whatever_raises_anything_else(content: bytes) -> None:
    assert read(content) is None
    assert read(RECORD[:8] + content) is None


@given(st.sampled_from([RECORD, *REAL]), st.data())
def test_every_mutation_is_noticed(record: bytes, data: Any) -> None:
    content = bytearray(record)
    at = data.draw(st.integers(0, len(content)))
    match data.draw(st.sampled_from(["set", "insert", "delete", "swap"])):
        case "set":
            piece = data.draw(st.binary(min_size=1, max_size=16))
            content[at : at + len(piece)] = piece
        case "insert":
            content[at:at] = data.draw(st.binary(min_size=1, max_size=16))
        case "delete":
            del content[at : at + data.draw(st.integers(1, 16))]
        case "swap":
            content = content[at:] + content[:at]
    assert bytes(content) == record or read(bytes(content)) is None


@given(
    st.dictionaries(
        st.sampled_from(HEADER_FIELDS),
        st.integers(0, 300) | st.sampled_from([2**16 - 1]),
    ),
    st.binary(max_size=100),
)  # fmt: skip
def test_no_header_with_right_checksums_raises_anything_else(
    header: dict[str, int], extra: bytes
) -> None:
    read(record_bytes(header=header, extra_header=extra))


@given(st.binary(max_size=120), st.binary(max_size=100))
def test_no_region_table_with_right_checksums_raises_anything_else(
    table: bytes, payload: bytes
) -> None:
    read(record_bytes(table=table[: len(table) // 40 * 40], payload=payload))


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 40) | u64s,
                  st.integers(1, 20)),
        min_size=1, max_size=4,
    )
)  # fmt: skip
def test_no_regions_with_right_checksums_raise_anything_else(
    regions: list[tuple[int, int, int, int]],
) -> None:
    regions = [(kind, i, min(at, 2**64 - 1), length) for kind, i, at, length in regions]
    table, payload = table_and_payload(regions, [bytes(length) for *_, length in regions])
    state = read(record_bytes(table=table, payload=payload, schema={"tensors": []}))
    if state is not None:
        assert len(state.regions) == len(regions)


@given(documents | st.binary(max_size=50))
def test_no_schema_raises_anything_else(document: Any) -> None:
    read(record_bytes(schema=document))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.sampled_from(TENSOR_KEYS),
            documents | st.integers(-1, 10) | st.lists(st.integers(0, 4)) | dtypes,
        ),
        min_size=1, max_size=3,
    )
)  # fmt: skip
def test_no_tensors_in_a_schema_raise_anything_else(changes: list[tuple[int, str, Any]]) -> None:
    tensors = [dict(tensor) for tensor in SCHEMA["tensors"]]
    for index, key, value in changes:
        tensors[index][key] = value
    state = read(record_bytes(schema=canonical(SCHEMA | {"tensors": tensors})))
    if state is not None:
        for name in state:
            state[name].tolist()
            state.place(name)
        state.violations()


@given(st.text(max_size=40) | st.from_regex(r"\w+:[fiu]\d+(\[[\dx,]*\])?@\w+", fullmatch=True))
def test_no_text_of_a_tensor_or_signature_raises_anything_else(text: str) -> None:
    for parse in (lambda: check_tensor(TensorSpec.parse(text)), lambda: Signature.parse(text)):
        try:
            parse()
        except SchemaError:
            continue


@given(
    dtypes,
    st.recursive(
        st.integers() | st.floats() | st.booleans() | st.none() | st.text(max_size=3)
        | st.complex_numbers() | st.binary(max_size=3),
        lambda inner: st.lists(inner, max_size=3),
        max_leaves=6,
    ),
)  # fmt: skip
def test_no_value_of_a_tensor_raises_anything_else(dtype: str, value: Any) -> None:
    for shape in ((), (1,), (2,), (2, 2)):
        try:
            encoded = Tensor("t", dtype, shape, 0, 0).encode(value)
        except StateError:
            continue
        read_back = Tensor("t", dtype, shape, 0, 0).read(encoded)
        assert read_back.shape == shape
        if DTYPES[dtype].kind in "iu":
            assert read_back.tolist() == value


@given(st.sampled_from(sorted(FIXTURES.glob("*.wasm"))), st.data())
def test_nothing_stops_the_check_of_a_damaged_file(path: Any, data: Any) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    for finding in check_module(Module.from_bytes(bytes(content), strict=False)):
        assert finding.offset is None or 0 <= finding.offset <= len(content)


@given(lineages, st.sampled_from(REAL))
def test_a_lineage_is_kept(lineage: Lineage, content: bytes) -> None:
    record = replace(decode_record(content), lineage=lineage)
    assert decode_record(record.encode()) == record
