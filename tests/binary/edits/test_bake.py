"""Baking changes what instances start with, keeps all else, and can be undone byte for byte."""

from __future__ import annotations

import struct
from typing import Any

import pytest
import wasmtime

from models import from_wat
from stock import Stock
from support import custom_bytes, leb, message, module_bytes, section_bytes
from wasmstate import MalformedError, Module, SectionError
from wasmstate.binary.edits.bake import BAKED_NAME, Image, Segment, bake_image, is_baked, unbake
from wasmstate.binary.sections.data import DataSection
from wasmstate.binary.sections.data_count import DataCountSection
from wasmstate.binary.sections.import_ import ImportSection
from wasmstate.binary.sections.memory import MemorySection
from wasmstate.binary.spaces import Spaces

MEMORY = '(memory (export "memory") 1)'
BYTES = Segment(0, 16, b"\x01\x02\x03")


def wat(*fields: str) -> Module:
    return from_wat(f"(module {' '.join(fields)})")


def image(*segments: Segment, runs_start: bool = True, **parts: Any) -> Image:
    return Image(segments, parts.get("pages", {}), parts.get("globals", {}), runs_start)


def baked(module: Module, image: Image) -> Module:
    """The baked module, after checking that it is well-formed and that it can be undone."""
    found = bake_image(module, image).verify()
    assert is_baked(found)
    assert not is_baked(module)
    assert unbake(found).to_bytes() == module.to_bytes()
    assert unbake(Module.from_bytes(found.to_bytes())).to_bytes() == module.to_bytes()
    return found


@pytest.mark.parametrize(
    "fields",
    [
        [MEMORY],
        [MEMORY, '(data (i32.const 14) "......")'],
        [MEMORY, '(data (i32.const 16) "a")', '(data (i32.const 15) "bcdef")'],
        [MEMORY, '(data (i32.add (i32.const 8) (i32.const 9)) "x")'],
        [MEMORY, '(global $at i32 (i32.const 16))(data (global.get $at) "abc")'],
        [MEMORY, "(func)", '(data (i32.const 0) "behind code")'],
        ['(memory (export "memory") i64 1)', '(data (i64.const 17) "x")'],
    ],
    ids=["no data", "one", "overlapping", "extended const", "global.get", "code", "memory64"],
)
def test_what_is_baked_wins_over_the_segments_that_are_there(fields: list[str]) -> None:
    module = wat(*fields)
    stock = Stock(baked(module, image(BYTES, Segment(0, 17, b"\x09"))))
    before = Stock(module).memory(0, 64)
    assert stock.memory(0, 64) == before[:16] + b"\x01\x09\x03" + before[19:]


def test_passive_segments_keep_their_indices_and_the_data_count_follows() -> None:
    module = wat(
        MEMORY,
        '(data $p "passive")',
        '(func (export "f")',
        "(memory.init $p (i32.const 64) (i32.const 0) (i32.const 7)) (data.drop $p))",
    )
    found = baked(module, image(BYTES))
    count = found.section(DataCountSection)
    assert count is not None
    assert count.count == 2
    stock = Stock(found)
    stock.call("f")
    assert stock.memory(16, 19) == BYTES.init
    assert stock.memory(64, 71) == b"passive"


def test_another_memory_is_named_in_the_segment() -> None:
    module = wat(MEMORY, '(memory (export "other") 1)')
    stock = Stock(baked(module, image(Segment(1, 3, b"xyz"))))
    assert stock.memory(0, 8) == bytes(8)
    assert stock.memory(3, 6, "other") == b"xyz"


def test_addresses_in_the_upper_half_are_negative_constants() -> None:
    module = wat('(memory (export "memory") 65536)')
    segments = Spaces(baked(module, image(Segment(0, 0x8000_0001, b"x")))).data
    assert segments[0].offset is not None
    assert segments[0].offset.instructions[0].immediates == (-0x7FFF_FFFF,)


def test_an_imported_memory_is_written_to_and_asked_to_be_large_enough() -> None:
    module = wat(
        '(import "env" "f" (func))',
        '(import "env" "m" (memory 1 4))',
        '(export "memory" (memory 0))',
    )
    found = baked(module, image(BYTES, pages={0: 3}))
    section = found.section(ImportSection)
    assert section is not None
    assert section.entries[1].type.limits.min == 3  # type: ignore[union-attr]
    func_type = wasmtime.FuncType([], [])
    memory_type = wasmtime.MemoryType(wasmtime.Limits(3, 4))
    stock = Stock(
        found,
        [
            lambda store: wasmtime.Func(store, func_type, lambda: None),
            lambda store: wasmtime.Memory(store, memory_type),
        ],
    )
    assert stock.memory(16, 19) == BYTES.init


def test_a_memory_starts_as_large_as_it_has_to_be_and_never_smaller() -> None:
    module = wat('(import "e" "m" (memory 1))', '(memory (export "memory") 2 9)')
    section = baked(module, image(pages={0: 1, 1: 7})).section(MemorySection)
    assert section is not None
    assert (section.entries[0].limits.min, section.entries[0].limits.max) == (7, 9)
    text = message(SectionError, lambda: bake_image(module, image(pages={1: 10})))
    assert text == "memory 1 would start with 10 pages, its max is 9"


def test_globals_get_the_bits_that_are_given() -> None:
    module = wat(
        "(global $c i32 (i32.const 5))",
        '(global (export "a") (mut i32) (global.get $c))',
        '(global (export "b") (mut i64) (i64.const 1))',
        '(global (export "c") (mut f32) (f32.const 1))',
        '(global (export "d") (mut f64) (f64.const 1))',
        "(global (mut v128) (v128.const i64x2 0 0))",
        '(func (export "bits") (result i32) (i32.reinterpret_f32 (global.get 3)))',
    )
    values = {
        1: (-7).to_bytes(4, "little", signed=True),
        2: (1 << 63).to_bytes(8, "little"),
        3: bytes.fromhex("0100a07f"),  # a signalling NaN with a payload
        4: struct.pack("<d", -0.0),
        5: bytes(range(16)),
    }
    found = baked(module, image(globals=values))
    stock = Stock(found)
    assert (stock.value("a"), stock.value("b")) == (-7, -(1 << 63))
    assert stock.call("bits") == 0x7FA00001
    assert str(stock.value("d")) == "-0.0"
    assert Spaces(found).globals[5].value == bytes(range(16))


STARTING = (
    MEMORY,
    "(func $s (i32.store8 (i32.const 16) (i32.const 99)))",
    '(export "_initialize" (func $s))',
    '(export "again" (func $s))',
    "(start $s)",
)


def test_start_runs_behind_the_segments_unless_it_has_run() -> None:
    module = wat(*STARTING)
    assert Stock(baked(module, image(BYTES))).memory(16, 18) == b"\x63\x02"
    found = baked(module, image(BYTES, runs_start=False))
    stock = Stock(found)
    assert stock.memory(16, 18) == b"\x01\x02"
    assert list(Spaces(found).exports) == ["memory", "again"]
    assert not Spaces(found).runs_code_at_start
    nothing_runs = wat(MEMORY)
    assert Stock(baked(nothing_runs, image(BYTES, runs_start=False))).memory(16, 17) == b"\x01"


def test_sections_around_what_is_taken_away_stay_in_place() -> None:
    raw = wat(*STARTING)
    start = next(section for section in raw.sections if section.name == "start")
    module = raw.with_custom("before", b"1", index=start.index)
    module = module.with_custom("after", b"2", index=start.index + 2)
    names = [section.name for section in baked(module, image(runs_start=False)).sections]
    at = names.index("before")
    assert names[at : at + 4] == ["before", "wasmstate.start", "after", "code"]


def test_padded_integers_come_back_as_they_were() -> None:
    segment = leb(0, 4) + b"\x41\x08\x0b" + leb(2, 5) + b"ab"
    raw = module_bytes(
        section_bytes(5, leb(1, 3) + b"\x00" + leb(1, 2), width=5),
        section_bytes(12, leb(1, 5), width=4),
        section_bytes(11, leb(1, 5) + segment, width=3),
        custom_bytes("name", b""),
        custom_bytes("wasmstate.state", b"?"),
    )
    found = baked(Module.from_bytes(raw), image(BYTES, pages={0: 2}))
    assert [s.name for s in found.sections][-3:] == ["name", BAKED_NAME, "wasmstate.state"]
    data = found.section(DataSection)
    assert data is not None
    assert segment in data.content


def test_code_stays_where_it_is_if_the_widths_of_sizes_have_room() -> None:
    raw = module_bytes(
        section_bytes(5, b"\x01\x00\x01", width=5),
        section_bytes(6, b"\x01\x7f\x01\x41\x00\x0b", width=5),
        section_bytes(10, b"\x00"),
    )
    module = Module.from_bytes(raw)
    found = baked(module, image(pages={0: 300}, globals={0: b"\xff\xff\xff\x7f"}))
    assert [s.offset for s in found.sections][:3] == [s.offset for s in module.sections]


@pytest.mark.parametrize(
    ("fields", "wanted", "text"),
    [
        ([MEMORY], image(Segment(1, 0, b"x")), "the module has no memory 1"),
        (
            ["(memory 1 1 shared)"],
            image(BYTES),
            "memory 0 is shared: each thread that starts would undo what was learned",
        ),
        ([MEMORY], image(globals={0: bytes(4)}), "the module has no global 0"),
        (
            ['(import "e" "g" (global (mut i32)))'],
            image(globals={0: bytes(4)}),
            "global 0 is imported: what it starts with is the host's",
        ),
        (
            ["(global (mut funcref) (ref.null func))"],
            image(globals={0: bytes(8)}),
            "global 0 is of type funcref, which cannot be baked",
        ),
    ],
)
def test_what_cannot_be_baked_is_named(fields: list[str], wanted: Image, text: str) -> None:
    module = wat(*fields)
    assert message(SectionError, lambda: bake_image(module, wanted)) == text


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        ("linking", "it is an object file: link it first"),
        ("reloc.CODE", "it is an object file: link it first"),
        ("dylink.0", "it is a dynamic library: where its memory begins is for the loader to say"),
        ("signature", "it is signed, and would not be any more: take the signature off first"),
    ],
)
def test_a_module_that_others_rely_on_byte_for_byte_is_refused(section: str, reason: str) -> None:
    module = wat(MEMORY).with_custom(section, b"")
    text = message(SectionError, lambda: bake_image(module, image(BYTES)))
    assert text == f"the module has a {section} section: {reason}"


def test_components_and_baked_modules_are_refused() -> None:
    component = Module.from_bytes(b"\0asm\x0d\0\x01\0")
    text = message(SectionError, lambda: bake_image(component, image()))
    assert text == "this is a component; take the core module inside it"
    again = baked(wat(MEMORY), image(BYTES))
    text = message(SectionError, lambda: bake_image(again, image(BYTES)))
    assert text == "the module is baked already: unbake it first"


def test_a_module_that_is_not_baked_is_given_back() -> None:
    module = wat(MEMORY)
    assert unbake(module) is module


def _damaged(module: Module, name: str, content: bytes) -> str:
    return message(MalformedError, lambda: unbake(module.with_custom(name, content)))


def test_damage_of_what_was_kept_is_noticed() -> None:
    found = baked(wat(*STARTING), image(BYTES, runs_start=False))
    kept = found.custom_sections(BAKED_NAME)[0]
    for bit in range(8 * len(kept.content)):
        content = bytearray(kept.content)
        content[bit // 8] ^= 1 << bit % 8
        assert _damaged(found, BAKED_NAME, bytes(content))
    assert _damaged(found, "wasmstate.start", b"\x08").endswith("holds no start section")
    assert _damaged(found, "wasmstate.start", b"\x07\x01\x00").endswith("holds no start section")
    twice = found.with_custom(BAKED_NAME, b"", index=len(found.sections))
    text = message(MalformedError, lambda: unbake(twice))
    assert text.endswith("a second wasmstate.baked section")
    without = found.with_sections(section for section in found.sections if section.id != 11)
    text = message(MalformedError, lambda: unbake(without))
    assert text.endswith("no section 11, which was baked")
