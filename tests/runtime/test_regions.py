"""S is read from the instance and written to it: ranges of memory, and globals."""

from __future__ import annotations

import struct

import pytest

from runtime.instances import instance
from wasmstate import StateBoundsError
from wasmstate.state.record import Region, RegionKind

pytestmark = pytest.mark.usefixtures("calls")

MODULE = """
(module
  (memory (export "memory") 1)
  (memory $hidden 1)
  (data (i32.const 8) "abcdefgh")
  (global (export "i32") (mut i32) (i32.const -2))
  (global (export "i64") (mut i64) (i64.const -3))
  (global (export "f32") (mut f32) (f32.const 0.1))
  (global (export "f64") (mut f64) (f64.const 0.1))
  (global (export "constant") i32 (i32.const 8))
  (global (export "vector") (mut v128) (v128.const i64x2 0 0))
  (global $hidden (mut i32) (i32.const 0))
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "sum") (result f64)
    (f64.add
      (f64.add (f64.convert_i32_s (global.get 0)) (f64.convert_i64_s (global.get 1)))
      (f64.add (f64.promote_f32 (global.get 2)) (global.get 3))))
  (func (export "grow") (param i32) (result i32)
    (i32.store8 (i32.const 8) (i32.const 0x41))
    (memory.grow (local.get 0))
    (i32.store8 (i32.const 9) (i32.const 0x42))))
"""

WIDE = """
(module
  (memory (export "memory") i64 1)
  (data (i64.const 8) "abcdefgh")
  (func (export "grow") (param i64) (result i64)
    (i32.store8 (i64.const 8) (i32.const 0x41))
    (memory.grow (local.get 0))
    (i32.store8 (i64.const 9) (i32.const 0x42))))
"""


def memory(address: int, length: int, index: int = 0) -> Region:
    return Region(RegionKind.MEMORY, index, address, length, 0)


def global_(index: int, length: int) -> Region:
    return Region(RegionKind.GLOBAL, index, 0, length, 0)


GLOBALS = [global_(0, 4), global_(1, 8), global_(2, 4), global_(3, 8)]


def test_memory_is_read_and_written() -> None:
    running = instance(MODULE)
    assert running.read([memory(8, 8), memory(10, 2)]) == [b"abcdefgh", b"cd"]
    running.write([memory(9, 3), memory(65535, 1)], [b"\x01\x02\x03", b"\xff"])
    assert running.read([memory(8, 8)]) == [b"a\x01\x02\x03efgh"]
    assert [running.call("load", [address]) for address in (8, 9, 11, 65535)] == [97, 1, 3, 255]


def test_globals_of_every_type_are_read_and_written() -> None:
    running = instance(MODULE)
    assert running.read(GLOBALS) == [
        struct.pack("<i", -2),
        struct.pack("<q", -3),
        struct.pack("<f", 0.1),
        struct.pack("<d", 0.1),
    ]
    contents = [
        struct.pack("<i", -(2**31)),
        struct.pack("<q", 2**63 - 1),
        struct.pack("<f", float("inf")),
        struct.pack("<d", -0.0),
    ]
    running.write(GLOBALS, contents)
    assert running.read(GLOBALS) == contents
    running.write(GLOBALS, [struct.pack("<" + f, 1) for f in "iqfd"])
    assert running.call("sum", []) == 4.0


def test_memory_that_moved_when_it_grew_is_read_at_its_new_place() -> None:
    running = instance(WIDE, memory=None)
    before = running.read([memory(8, 4)])
    pages = (4 << 30 >> 16) + 100  # more than the 4 GiB that are reserved: it has to move
    assert running.call("grow", [pages]) == 1
    assert before == [b"abcd"]
    assert running.read([memory(8, 4)]) == [b"ABcd"]
    end = running.pages << 16
    assert end > 1 << 32
    running.write([memory(end - 2, 2)], [b"\x05\x06"])
    assert running.read([memory(end - 2, 2)]) == [b"\x05\x06"]


def test_memory_that_grew_is_read_to_its_new_end() -> None:
    running = instance(MODULE)
    region = memory(65536, 4)
    with pytest.raises(StateBoundsError) as caught:
        running.read([region])
    assert str(caught.value) == "S ends at address 65540, the memory has 65536 bytes"
    assert running.call("grow", [1]) == 1
    running.write([region], [b"next"])
    assert running.read([region]) == [b"next"]


@pytest.mark.parametrize(
    ("region", "message"),
    [
        (memory(0, 4, 1), "memory 1 is not exported, S cannot be read"),
        (memory(0, 4, 2), "memory 2 is not exported, S cannot be read"),
        (memory(65533, 4), "S ends at address 65537, the memory has 65536 bytes"),
        (
            memory(2**64 - 4, 4),
            "S ends at address 18446744073709551616, the memory has 65536 bytes",
        ),
        (global_(6, 4), "global 6 is not exported, S cannot be read"),
        (global_(99, 4), "global 99 is not exported, S cannot be read"),
        (global_(4, 4), "global 4 is a constant i32, it cannot hold 4 bytes of S"),
        (global_(0, 8), "global 0 is a mutable i32, it cannot hold 8 bytes of S"),
        (global_(1, 4), "global 1 is a mutable i64, it cannot hold 4 bytes of S"),
        (global_(5, 16), "global 5 is a mutable v128, it cannot hold 16 bytes of S"),
    ],
)
def test_a_region_that_is_not_there_is_neither_read_nor_written(
    region: Region, message: str
) -> None:
    running = instance(MODULE)
    with pytest.raises(StateBoundsError) as caught:
        running.read([region])
    assert str(caught.value) == message
    with pytest.raises(StateBoundsError) as caught:
        running.write([region], [bytes(region.length)])
    assert str(caught.value) == message
