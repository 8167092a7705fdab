"""A module as large as the largest seen: functions, exports and segments by the ten thousand."""

from __future__ import annotations

import random
from pathlib import Path

from wasmstate import Module, attach

FUNCTIONS, EXPORTS, SEGMENTS = 89_060, 75_000, 98_000
_WORK = b"\x20\x00\x41\x2a\x6a\x1a"  # local.get 0, i32.const 42, i32.add, drop


def _leb(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _section(id: int, entries: list[bytes]) -> bytes:
    content = _leb(len(entries)) + b"".join(entries)
    return bytes([id]) + _leb(len(content)) + content


def _name(index: int) -> bytes:
    name = f"_ZN4core{index % 97}ops8function{index}FnOnce9call_once".encode()
    return _leb(len(name)) + name


def large_module(path: Path, size: int = 105_000_000, *, functions: int = FUNCTIONS) -> Path:
    """Write one of about ``size`` bytes, with a state of 4 MB.

    Args:
        path: of the file.
        size: in bytes.
        functions: how many it has; of exports and segments it has as many in proportion.
    """
    dice = random.Random(7)
    exports, segments = EXPORTS * functions // FUNCTIONS, SEGMENTS * functions // FUNCTIONS
    names = [_name(i) for i in range(functions)]
    left = (size - sum(map(len, names)) * 2 - segments * 48 - (5 << 20)) // functions
    bodies = []
    for _ in range(functions):
        body = b"\0" + _WORK * max(1, dice.randint(left // 2, left * 3 // 2) // 6) + b"\x20\x00\x0b"
        bodies.append(_leb(len(body)) + body)
    data = [
        b"\0\x41" + _leb(i * 40 % 60) + b"\x0b" + _leb(40) + dice.randbytes(40)
        for i in range(segments)
    ]
    names_content = _leb(functions) + b"".join(_leb(i) + n for i, n in enumerate(names))
    names_content = b"\x04name\x01" + _leb(len(names_content)) + names_content
    module = b"".join(
        (
            b"\0asm\x01\0\0\0",
            _section(1, [b"\x60\x01\x7f\x01\x7f"]),
            _section(3, [b"\0"] * functions),
            _section(5, [b"\0\x80\x01"]),
            _section(7, [names[i] + b"\0" + _leb(i) for i in range(exports)]),
            _section(10, bodies),
            _section(11, data),
            b"\0" + _leb(len(names_content)) + names_content,
        )
    )
    state = "w:f32[1024,1024]@65536"
    path.write_bytes(attach(Module.from_bytes(module), [state]).to_bytes())
    return path
