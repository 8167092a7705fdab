"""Symbols are found wherever a module tells them, and not where it contradicts itself."""

from __future__ import annotations

import pytest

from models import from_wat
from support import custom_bytes, linking, message
from wasmstate import Module, SchemaError, State, attach
from wasmstate.binary.spaces import Spaces
from wasmstate.state.symbols import Symbol, data_symbols, symbols

TEXT = """
(module
  (memory (export "memory") 1)
  (global $hidden i32 (i32.const 64))
  (global $float f32 (f32.const 1))
  (global $changing (mut i32) (i32.const 96))
  (data $.data.weights (i32.const 128) "\\01\\02\\03\\04")
  (data $.rodata (i32.const 256) "text")
  (data $passive "x"))
"""


def with_linking(*symbols: tuple[str, int, int], text: str = TEXT) -> Module:
    return Module.from_bytes(from_wat(text).to_bytes() + linking(*symbols))


def address(module: Module, symbol: str) -> int:
    return State.of(attach(module, [f"t:u8@sym:{symbol}"])).regions[0].address


def test_a_constant_global_of_the_name_section() -> None:
    assert address(from_wat(TEXT), "hidden") == 64


def test_the_name_of_a_data_segment() -> None:
    assert address(from_wat(TEXT), "weights") == 128


def test_a_data_symbol_of_the_linking_section() -> None:
    module = with_linking(("bias", 0, 2), ("elsewhere", -1, 0), ("wrong", 9, 0), ("lazy", 2, 0))
    assert address(module, "bias") == 130
    for name in ("elsewhere", "wrong", "lazy"):
        with pytest.raises(
            SchemaError, match=f"exports no global '{name}'; it exports none; other"
        ):
            address(module, name)


def test_ways_that_agree() -> None:
    assert address(with_linking(("weights", 0, 0), ("hidden", 0, 0)), "weights") == 128


def test_ways_that_disagree_are_all_named() -> None:
    module = with_linking(("hidden", 0, 0))
    assert message(SchemaError, lambda: attach(module, ["t:u8@sym:hidden"])) == (
        "t: the symbol 'hidden' is found at several addresses: 64 (the name section), "
        "128 (the linking section); write the one that is meant as a number"
    )


def test_a_damaged_linking_section_names_nothing() -> None:
    module = Module.from_bytes(from_wat(TEXT).to_bytes() + custom_bytes("linking", b"\x02\x08\x7f"))
    assert address(module, "weights") == 128


def test_segments_of_other_memories_and_names_of_nothing_give_no_address() -> None:
    text = """(module (memory i64 1) (memory 1)
      (data $.data.far (memory 1) (i32.const 64) "a") (data $.data.near (i64.const 32) "b"))"""
    module = from_wat(text)
    assert data_symbols(Spaces(module)) == {"near": 32}
    names = b"\x07\x04\x01\x09\x01g" + b"\x09\x09\x01\x09\x06.bss.x"  # a global 9, a segment 9
    module = Module.from_bytes(
        module.without_custom("name").to_bytes() + custom_bytes("name", names)
    )
    assert data_symbols(Spaces(module)) == {}


def test_symbols_for_a_search_are_those_of_the_program() -> None:
    module = with_linking(("__stack_low", 0, 0), ("hidden", 0, 0), ("bias", 0, 2))
    assert data_symbols(Spaces(module)) == {"weights": 128, "bias": 130}


def test_symbols_are_told_with_their_size_and_segment_where_the_module_says_it() -> None:
    found = symbols(Spaces(with_linking(("text", 1, 0), ("weights", 0, 0))))
    assert found == [
        Symbol("hidden", 64, "the name section"),
        Symbol("text", 256, "the linking section", 4, ".rodata"),
        Symbol("weights", 128, "the linking section", 4, ".data.weights"),
    ]


def test_a_name_is_told_once_an_address_by_who_knows_its_size() -> None:
    text = TEXT.replace("$hidden i32 (i32.const 64)", "$weights i32 (i32.const 128)")
    assert symbols(Spaces(from_wat(text))) == [
        Symbol("weights", 128, "the name of a data segment", 4, ".data.weights")
    ]


def test_what_a_linker_calls_places_in_a_table_is_no_address_of_data() -> None:
    text = """(module (memory 1)
      (global $GOT.func.internal.f i32 (i32.const 64))
      (global $GOT.data.internal.total i32 (i32.const 80)))"""
    assert [each.name for each in symbols(Spaces(from_wat(text)))] == ["total"]
    assert address(from_wat(text), "total") == 80
