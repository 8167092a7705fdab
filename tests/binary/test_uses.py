"""Where a module uses a function, a global or an address."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import from_wat
from support import PREAMBLE, leb, section_bytes
from wasmstate import Module, find_uses
from wasmstate.binary.sections.code import CodeSection
from wasmstate.binary.values import s64, u32

MODULE = from_wat("""
(module
  (import "env" "log" (func $log (param i32)))
  (memory (export "memory") 1)
  (table 2 funcref)
  (global $count (export "count") (mut i32) (i32.const 0))
  (global $told funcref (ref.func $twice))
  (elem (i32.const 0) $twice $log)
  (func $twice (export "twice") (param i32)
    (call $log (i32.const 1040))
    (call $log (i32.load offset=1040 (local.get 0))))
  (func $main (global.set $count (i32.add (global.get $count) (i32.const -2147483648)))
    (call $twice (i32.const 7)))
  (start $main)
  (data (i32.const 1040) "a text\\00\\00")
  (data (i32.const 1048) "\\10\\04\\00\\00"))
""")


def uses(kind: Any, index: int) -> list[tuple[int | None, str]]:
    return [(each.function, each.text) for each in find_uses(MODULE, kind, index)]


def test_a_function_is_used_by_calls_tables_exports_references_and_the_start() -> None:
    assert uses("function", 1) == [
        (None, "initial value of a global, entry 1: ref.func 1"),
        (None, 'export "twice"'),
        (None, "element segment 0, element 0"),
        (2, "call 1"),
    ]
    assert uses("function", 0) == [
        (None, "element segment 0, element 1"),
        (1, "call 0"),
        (1, "call 0"),
    ]
    assert uses("function", 2) == [(None, "start")]


def test_a_global_is_used_where_it_is_read_written_or_exported() -> None:
    assert uses("global", 0) == [(None, 'export "count"'), (2, "global.get 0"), (2, "global.set 0")]
    assert uses("global", 1) == []


def test_an_address_is_used_by_constants_loads_and_pointers() -> None:
    assert uses("address", 1040) == [
        (1, "i32.const 1040"),
        (1, "i32.load offset=1040 align=4"),
        (None, "offset of data segment 0: i32.const 1040"),
        (None, "pointer in data segment 1 at address 1048"),
    ]
    assert uses("address", 1 << 31) == [(2, "i32.const -2147483648")]


def test_each_use_stands_where_it_is_said_to() -> None:
    code = MODULE.to_bytes()
    for each in find_uses(MODULE, "function", 0):
        if each.function is not None:
            assert code[each.offset : each.offset + 2] == b"\x10\x00"


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 5)), max_size=6), st.data())
def test_uses_are_those_that_decoding_all_code_finds(
    calls: list[tuple[int, int]], data: st.DataObject
) -> None:
    """However wide an index or a constant is written."""
    body = b"\0"
    for index, width in calls:
        body += b"\x10" + u32.encode_padded(index, width)
        body += b"\x41" + s64.encode(index) + b"\x1a"
    body += b"\x0b"
    module = Module.from_bytes(
        PREAMBLE
        + section_bytes(1, b"\x01\x60\0\0")
        + section_bytes(3, b"\x01\0")
        + section_bytes(10, b"\x01" + leb(len(body)) + body)
    )
    wanted = data.draw(st.sampled_from([each[0] for each in calls] or [1]))
    code = module.section(CodeSection)
    assert code is not None
    found = [each for each in code.entries[0].instructions() if each[2].immediates == (wanted,)]
    kinds: list[tuple[Any, str]] = [("function", "call"), ("address", "i32.const")]
    for kind, mnemonic in kinds:
        assert [each.offset for each in find_uses(module, kind, wanted)] == [
            offset for offset, _, instr in found if instr.mnemonic == mnemonic
        ]


def test_what_cannot_be_looked_for_is_refused() -> None:
    kind: Any = "table"
    with pytest.raises(ValueError, match="kind must be function, global, address, not 'table'"):
        list(find_uses(MODULE, kind, 0))
    with pytest.raises(ValueError, match="index must not be negative, and is -1"):
        list(find_uses(MODULE, "function", -1))
