"""Types that several sections share: limits, values, references, tables, globals, tags."""

from __future__ import annotations

from typing import Any

import pytest

from support import message, read_value
from wasmstate.binary.types import (
    FuncType,
    GlobalType,
    Limits,
    MemType,
    RefType,
    TableType,
    TagType,
    globaltype,
    heaptype,
    limits,
    memtype,
    mut,
    reftype,
    storagetype,
    tabletype,
    tagtype,
    valtype,
)
from wasmstate.errors import MalformedError, SectionError

FUNCREF = RefType(nullable=True, heap_type="func")

LIMITS = [
    ("00 02", Limits(0, 2)),
    ("01 02 03", Limits(1, 2, 3)),
    ("02 02", Limits(2, 2)),
    ("03 02 03", Limits(3, 2, 3)),
    ("04 02", Limits(4, 2)),
    ("05 02 03", Limits(5, 2, 3)),
    ("06 02", Limits(6, 2)),
    ("07 02 03", Limits(7, 2, 3)),
    ("08 02 10", Limits(8, 2, None, 16)),
    ("09 02 03 00", Limits(9, 2, 3, 0)),
    ("0f 02 03 10", Limits(15, 2, 3, 16)),
    # 64 bits wide, also for a memory of 32-bit addresses: the range is validation
    ("00 ff ff ff ff ff ff ff ff ff 01", Limits(0, 2**64 - 1)),
]
VALUE_TYPES = [
    ("7f", "i32"),
    ("7e", "i64"),
    ("7d", "f32"),
    ("7c", "f64"),
    ("7b", "v128"),
    ("70", FUNCREF),
    ("6f", RefType(nullable=True, heap_type="extern")),
    ("69", RefType(nullable=True, heap_type="exn")),
    ("63 05", RefType(nullable=True, heap_type=5)),
    ("63 c0 00", RefType(nullable=True, heap_type=64)),
    ("64 70", RefType(nullable=False, heap_type="func")),
    ("64 00", RefType(nullable=False, heap_type=0)),
]
HEAP_TYPES = [
    ("74", "noexn"),
    ("73", "nofunc"),
    ("72", "noextern"),
    ("71", "none"),
    ("70", "func"),
    ("6f", "extern"),
    ("6e", "any"),
    ("6d", "eq"),
    ("6c", "i31"),
    ("6b", "struct"),
    ("6a", "array"),
    ("69", "exn"),
    ("00", 0),
    ("3f", 63),
    ("c0 00", 64),
]


@pytest.mark.parametrize(("text", "value"), LIMITS)
def test_the_flag_of_limits_says_what_follows(text: str, value: Limits) -> None:
    assert read_value(limits, text) == value
    assert limits.build(value) == bytes.fromhex(text)


def test_the_flag_of_limits_says_how_addresses_are_and_whether_threads_share() -> None:
    assert [Limits(flag, 0).is_64_bit for flag in (0, 2, 4, 6)] == [False, False, True, True]
    assert [Limits(flag, 0).is_shared for flag in (0, 2, 4, 6)] == [False, True, False, True]


@pytest.mark.parametrize("flag", ["10", "80", "ff"])
def test_other_flags_of_limits_are_malformed(flag: str) -> None:
    found = message(MalformedError, lambda: read_value(limits, f"{flag} 00 00"))
    assert found == "value.flag at 0x1f0: malformed limits flags"


def test_the_flag_of_limits_is_a_byte_and_cannot_be_padded() -> None:
    found = message(MalformedError, lambda: read_value(limits, "81 00 00"))
    assert found == "value.flag at 0x1f0: malformed limits flags"


def test_limits_cut_short_name_the_field() -> None:
    found = message(MalformedError, lambda: read_value(limits, "01 02"))
    assert found == "value.max at 0x1f2: unexpected end"


@pytest.mark.parametrize(
    ("text", "size"), [("00 01", 65_536), ("08 01 00", 1), ("08 01 10", 65_536)]
)
def test_a_memory_has_pages_of_64_kib_unless_it_says_otherwise(text: str, size: int) -> None:
    assert read_value(memtype, text).page_size == size


def test_a_page_size_that_no_engine_has_costs_nothing() -> None:
    assert MemType(Limits(8, 1, None, 63)).page_size == 1 << 63


@pytest.mark.parametrize(("text", "value"), VALUE_TYPES)
def test_value_types(text: str, value: Any) -> None:
    assert read_value(valtype, text) == value
    assert valtype.encode(value) == bytes.fromhex(text)


@pytest.mark.parametrize(("text", "value"), HEAP_TYPES)
def test_heap_types(text: str, value: str | int) -> None:
    assert read_value(heaptype, text) == value
    assert heaptype.encode(value) == bytes.fromhex(text)


@pytest.mark.parametrize(("text", "value"), [("78", "i8"), ("77", "i16"), ("7f", "i32")])
def test_packed_types_are_for_fields_only(text: str, value: str) -> None:
    assert read_value(storagetype, text) == value
    if value != "i32":
        found = message(MalformedError, lambda: read_value(valtype, text))
        assert found == "value at 0x1f0: malformed value type"


def test_a_short_form_written_long_is_read() -> None:
    assert read_value(valtype, "63 70") == FUNCREF


@pytest.mark.parametrize(
    ("construct", "text", "expected"),
    [
        (valtype, "", "value at 0x1f0: unexpected end"),
        (valtype, "40", "value at 0x1f0: malformed value type"),
        (reftype, "7f", "value at 0x1f0: malformed reference type"),
        (storagetype, "79", "value at 0x1f0: malformed storage type"),
        (valtype, "63", "value at 0x1f1: unexpected end"),
        (valtype, "63 7f", "value at 0x1f1: malformed heap type"),
        (heaptype, "f0 7f", "value at 0x1f0: malformed heap type"),  # func, padded
        (heaptype, "40", "value at 0x1f0: malformed heap type"),
        (mut, "02", "value at 0x1f0: malformed mutability"),
        (tagtype, "01 00", "value.attribute at 0x1f0: malformed tag attribute"),
    ],
)
def test_a_malformed_type_is_reported_at_its_byte(construct: Any, text: str, expected: str) -> None:
    assert message(MalformedError, lambda: read_value(construct, text)) == expected


@pytest.mark.parametrize(
    ("construct", "value", "expected"),
    [
        (valtype, "i8", "cannot encode the type 'i8'"),
        (reftype, "i32", "cannot encode the type 'i32'"),
        (valtype, RefType(nullable=True, heap_type="any?"), "cannot encode the heap type 'any?'"),
        # -16 would be written as the byte of "func"
        (valtype, RefType(nullable=True, heap_type=-16), "cannot encode the heap type -16"),
        (mut, 2, "cannot encode 2: malformed mutability"),
    ],
)
def test_what_is_no_type_is_not_written(construct: Any, value: Any, expected: str) -> None:
    assert message(SectionError, lambda: construct.encode(value)) == expected


@pytest.mark.parametrize(
    ("construct", "text", "value"),
    [
        (globaltype, "7f 00", GlobalType("i32", mut=False)),
        (globaltype, "7c 01", GlobalType("f64", mut=True)),
        (tabletype, "70 00 0a", TableType(FUNCREF, Limits(0, 10))),
        (memtype, "01 01 02", MemType(Limits(1, 1, 2))),
        (tagtype, "00 03", TagType(0, 3)),
    ],
)
def test_types_of_what_can_be_imported(construct: Any, text: str, value: Any) -> None:
    assert read_value(construct, text) == value
    assert construct.build(value) == bytes.fromhex(text)


@pytest.mark.parametrize(
    ("nullable", "heap_type", "text"),
    [
        (True, "func", "funcref"),
        (True, "extern", "externref"),
        (True, "none", "nullref"),
        (True, "nofunc", "nullfuncref"),
        (True, "noextern", "nullexternref"),
        (True, "noexn", "nullexnref"),
        (False, "func", "(ref func)"),
        (True, 3, "(ref null 3)"),
        (False, 3, "(ref 3)"),
    ],
)
def test_a_reference_type_reads_as_in_the_text_format(
    nullable: bool, heap_type: str | int, text: str
) -> None:
    assert str(RefType(nullable, heap_type)) == text


def test_a_function_type_reads_as_parameters_and_results() -> None:
    assert str(FuncType(("i32", FUNCREF), ("f64",))) == "(i32 funcref) -> (f64)"
    assert str(FuncType((), ())) == "() -> ()"
