"""Files of 300 KB that give a reader as much to do as can be."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import replace

from models import from_wat, model
from support import PREAMBLE, custom_bytes, leb, section_bytes
from wasmstate import Module, State, attach
from wasmstate.state.older import PREV_SECTION, STATE_SECTION
from wasmstate.state.record import fill_stored

SIZE = 300_000

_VOID = section_bytes(1, b"\x01\x60\x00\x00")
_MEMORY = '(module (memory (export "memory") 4) (func (export "update") (param i32) {}))'


def _many(id: int, entry: Callable[[int], bytes], before: bytes = b"") -> bytes:
    """A module with one section that is full of entries."""
    entries: list[bytes] = []
    size = 0
    while size < SIZE:
        entries.append(entry(len(entries)))
        size += len(entries[-1])
    return PREAMBLE + before + section_bytes(id, leb(len(entries)) + b"".join(entries))


def _name(text: str) -> bytes:
    return leb(len(text)) + text.encode()


def _function(body: bytes) -> bytes:
    code = leb(len(body)) + body
    return PREAMBLE + _VOID + section_bytes(3, b"\x01\x00") + section_bytes(10, b"\x01" + code)


def _customs() -> bytes:
    return PREAMBLE + b"".join(custom_bytes(f"c{i}") for i in range(SIZE // 9))


def _names() -> bytes:
    names = leb(40_000) + b"".join(leb(i) + b"\x01a" for i in range(40_000))
    return PREAMBLE + custom_bytes("name", b"\x01" + leb(len(names)) + names)


def _sound() -> Module:
    return model(_MEMORY.format(""), "n:i64@64")


def _whole_memory() -> bytes:
    """A state whose memory has a run in every second block."""
    segments = " ".join(f'(data (i32.const {at}) "x")' for at in range(0, 4 << 16, 512))
    module = from_wat(_MEMORY.format("")[:-1] + segments + ")")
    return attach(module, whole_memory=True).to_bytes()


def _claimed_memory() -> bytes:
    """The same, a thousand blocks, in a memory that claims to have 4 GiB."""
    step = (4 << 30) // 1000 // 256 * 256
    runs = [(i * step, 256) for i in range(1000)]
    image = struct.pack("<Q", len(runs)) + b"".join(struct.pack("<QQ", *run) for run in runs)
    module = attach(from_wat(_MEMORY.format("")), whole_memory=True)
    record = State.of(module).record
    regions, payload = fill_stored(
        [replace(each, address=4 << 30) for each in record.regions],
        [image + b"x" * 256 * len(runs)],
    )
    content = replace(record, regions=tuple(regions), payload=payload).encode()
    return module.with_custom(STATE_SECTION, content, force=True).to_bytes()


def _tensors() -> bytes:
    text = _MEMORY.format("").replace("4)", "1)")
    return model(text, *(f"t{i}:u8@{i}" for i in range(4000))).to_bytes()


def _generations() -> bytes:
    """Many records in ``wasmstate.prev``, each behind the one before."""
    sound = _sound()
    record = State.of(sound).to_content()
    prev = custom_bytes(PREV_SECTION, record * (SIZE // len(record)))
    at = sound.custom_sections(STATE_SECTION)[0].offset
    data = sound.to_bytes()
    return data[:at] + prev + data[at:]


def _magics() -> bytes:
    """What looks like the beginning of a record, again and again."""
    magic = State.of(_sound()).to_content()[:16]
    return PREAMBLE + custom_bytes("other", magic * (SIZE // 16))


def _nested() -> bytes:
    """Components in a component, as deep as their sizes allow."""
    inner = b"\0asm\x0d\0\1\0"
    while len(inner) < SIZE and inner.count(b"asm") < 3000:
        inner = b"\0asm\x0d\0\1\0" + section_bytes(4, inner)
    return inner


FILES: dict[str, Callable[[], bytes]] = {
    "types": lambda: _many(1, lambda _: b"\x60\x00\x00"),
    "a type of many parameters": lambda: _many(
        1, lambda _: b"\x60" + leb(900) + b"\x7f" * 900 + b"\0"
    ),
    "imports": lambda: _many(2, lambda _: b"\x01a\x01b\x00\x00", _VOID),
    "globals": lambda: _many(6, lambda _: b"\x7f\x00\x41\x00\x0b"),
    "long initial values": lambda: _many(6, lambda _: b"\x7f\x00" + b"\x41\x00" * 9000 + b"\x0b"),
    "tables": lambda: _many(4, lambda _: b"\x70\x00\x01"),
    "memories": lambda: _many(5, lambda _: b"\x00\x01"),
    "exports": lambda: _many(7, lambda i: _name(f"e{i}") + b"\x00\x00"),
    "elements": lambda: _many(9, lambda _: b"\x00\x41\x00\x0b\x00"),
    "segments": lambda: _many(11, lambda _: b"\x00\x41\x00\x0b\x00"),
    "empty functions": lambda: (
        PREAMBLE
        + _VOID
        + section_bytes(3, leb(90_000) + b"\x00" * 90_000)
        + section_bytes(10, leb(90_000) + b"\x02\x00\x0b" * 90_000)
    ),
    "nops": lambda: _function(b"\x00" + b"\x01" * SIZE + b"\x0b"),
    "blocks": lambda: _function(b"\x00" + b"\x02\x40" * (SIZE // 3) + b"\x0b" * (SIZE // 3 + 1)),
    "a branch table": lambda: _function(
        b"\x00\x41\x00\x0e" + leb(SIZE) + b"\x00" * (SIZE + 1) + b"\x0b"
    ),
    "custom sections": _customs,
    "names": _names,
    "whole memory": _whole_memory,
    "claimed memory": _claimed_memory,
    "tensors": _tensors,
    "generations": _generations,
    "magics": _magics,
    "components": _nested,
    "zeros": lambda: bytes(SIZE),
    "noise": lambda: random.Random(3).randbytes(SIZE),
    "noise behind a header": lambda: PREAMBLE + random.Random(4).randbytes(SIZE),
    "a size of all": lambda: PREAMBLE + b"\x00" + struct.pack("<I", 0x7F) + bytes(SIZE),
}
"""What each file is full of."""
