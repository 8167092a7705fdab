"""Forging state records: a field means something else, and every checksum and digest is right.

A record is taken apart, one to three things in it are changed, and it is put together again, with
checksums and digests of what is there now. So whoever reads it gets past them, to what is hostile.
"""

from __future__ import annotations

import copy
import json
import random
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from state.records import canonical, record_bytes
from support import custom_bytes
from wasmstate.binary import Module
from wasmstate.state.digest import module_digest

STATE, PREV, INIT = "wasmstate.state", "wasmstate.prev", "wasmstate.init"
MEMORY, GLOBAL, WHOLE = 0, 1, 2

_U16, _U32, _U64 = (1 << 16) - 1, (1 << 32) - 1, (1 << 64) - 1
_NUMBERS = (0, 1, 2, 15, 16, 17, 64, 65, 255, 256, 65_535, 65_536, _U32 >> 1, _U32)
_LARGE = (*_NUMBERS, 1 << 32, 1 << 40, (1 << 63) - 1, 1 << 63, _U64 - 1, _U64)
_FIELDS: dict[str, tuple[Any, ...]] = {
    "major": (0, 2, _U16),
    "minor": (1, 2, _U16),
    "incompatible_flags": (1, 1 << 31),
    "read_only_flags": (1, _U32),
    "header_length": _NUMBERS,
    "generation": _LARGE,
    "region_offset": _NUMBERS,
    "region_count": _NUMBERS,
    "schema_length": _NUMBERS,
    "payload_offset": _LARGE,
    "payload_length": _LARGE,
    "update_count": _LARGE,
    "module_digest": (bytes(32), b"\xff" * 32),
    "parent_digest": (bytes(32), b"p" * 32),
    "base_digest": (bytes(32), b"b" * 32),
    "keep": (0, 2, 63, 64, 65, _U32),
    "reserved": (b"\1" + bytes(39), bytes(39) + b"\1"),
}
_ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 3, 255, 1 << 31, 1 << 32, 1 << 64, 10**30,
    1.0, 0.5, -0.0, 1e300,
    "", "a", "\n", "\x7f", "\x85", "\u202e", "ä", "x" * 255, "x" * 256, [], {}, [[]], {"": None},
    "f64", "i8", "f64[2]", "f64[02]", "f64[0]", "f64[٣]", "u8[4294967296]",
    "f32[" + "1," * 8 + "1]",
    ">= 0", ">=0", ">= ٣", "< 1e999", ">  -1.5e3", "finite", "psd", "> nan", "sum", "none", "64",
    "0x40", "sym:w", "global:k", "externref", [1], [0], [2, 2], [1 << 32], [1] * 9, ["finite"],
)  # fmt: skip
_KEYS = ("symbol", "unit", "merge", "bounds", "place", "name", "type", "params", "comment", "")
_RAW = (
    lambda text: text.replace(b":", b": ", 1),
    lambda text: b"\xef\xbb\xbf" + text,
    lambda text: text + b"\n",
    lambda text: text.replace(b"{", b'{"a":1,"a":1,', 1),
    lambda text: text.replace(b'"metadata":{', b'"metadata":{"n":NaN,', 1),
    lambda text: text.replace(b'"metadata":{', b'"metadata":{"n":1e999,', 1),
    lambda text: text.replace(b'"metadata":{', b'"metadata":{"n":-0,', 1),
    lambda text: text.replace(b'"metadata":{', b'"metadata":{"n":1E2,', 1),
    lambda text: text.replace(b'"metadata":{', b'"metadata":{"n":"\\u0041",', 1),
    lambda text: text.replace(b'"metadata":{', b'"metadata":{"n":"\\ud800",', 1),
    lambda text: text.replace(b'"metadata":{', b'"metadata":{"n":"\xff",', 1),
    lambda text: text.replace(b'"metadata":{', b'"metadata":{"n":' + b"9" * 5000 + b",", 1),
    lambda text: text.replace(b'"metadata":{', b'"metadata":{"n":' + b"[" * 14 + b"]" * 14, 1),
    lambda text: text.replace(b'"metadata":{', b'"metadata":{"n":' + b"[" * 15 + b"]" * 15, 1),
    lambda text: text.replace(b'"metadata":{', b'"metadata":{"n":' + b"[" * 9999 + b"]" * 9999, 1),
    lambda text: text[: len(text) // 2],
    lambda _: b"",
    lambda _: b"[]",
    lambda _: b"null",
    lambda text: text.replace(b"offset", b"\\u006fffset", 1),
)


@dataclass
class Forged:
    """A record taken apart.

    Attributes:
        header: fields that are not what follows from the rest.
        regions: kind, index, address, and the three that a hostile one may lie about: length and
            offset in the payload, reserved.
        contents: the bytes of each region.
        schema: a document, or bytes that are no canonical JSON.
        trailer: fields that are not what follows from the rest.
        extra: of the header of a newer version.
        padding: between schema and payload, if not zeros.
        gap: what is behind each region's bytes, up to a multiple of 16.
        tail: behind the trailer.
    """

    header: dict[str, Any]
    regions: list[list[int]]
    contents: list[bytes]
    schema: Any
    trailer: dict[str, Any] = field(default_factory=dict)
    extra: bytes = b""
    padding: bytes | None = None
    gap: bytes = b"\0"
    tail: bytes = b""

    def encode(self) -> bytes:
        """The record."""
        table, payload = b"", b""
        for region, content in zip(self.regions, self.contents, strict=True):
            kind, index, address, length, offset, reserved = region
            entry = (kind, index, address, len(content) + length, len(payload) + offset)
            table += struct.pack(
                "<IIQQQII",
                *(each % (1 << 32) for each in entry[:2]),
                *(each % (1 << 64) for each in entry[2:]),
                zlib.crc32(content),
                reserved,
            )
            payload += content
            payload += self.gap * (-len(payload) % 16)
        return self.tail.join(
            (
                record_bytes(
                    schema=self.schema,
                    table=table,
                    payload=payload,
                    header=self.header,
                    trailer=self.trailer,
                    extra_header=self.extra,
                    padding=self.padding,
                ),
                b"",
            )
        )


def taken_apart(content: bytes) -> Forged:
    """A sound record, taken apart."""
    generation, _, count = struct.unpack_from("<QII", content, 24)
    (schema_size,) = struct.unpack_from("<I", content, 44)
    (payload_at,) = struct.unpack_from("<Q", content, 56)
    (updates,) = struct.unpack_from("<Q", content, 72)
    regions, contents = [], []
    for entry in struct.iter_unpack("<IIQQQII", content[256 : 256 + 40 * count]):
        kind, index, address, length, offset, _, _ = entry
        regions.append([kind, index, address, 0, 0, 0])
        contents.append(content[payload_at + offset : payload_at + offset + length])
    schema = content[256 + 40 * count : 256 + 40 * count + schema_size]
    header = {
        "generation": generation,
        "update_count": updates,
        "module_digest": content[80:112],
        "parent_digest": content[144:176],
        "base_digest": content[176:208],
        "keep": int.from_bytes(content[208:212], "little"),
    }
    return Forged(header, regions, contents, json.loads(schema))


def image(memory: bytes) -> bytes:
    """A whole memory as a record stores it."""
    blocks = range(0, len(memory), 256)
    used = [any(memory[at : at + 256]) for at in blocks]
    runs: list[tuple[int, int]] = []
    for at, is_used in zip(blocks, used, strict=True):
        if is_used and runs and sum(runs[-1]) == at:
            runs[-1] = (runs[-1][0], runs[-1][1] + min(256, len(memory) - at))
        elif is_used:
            runs.append((at, min(256, len(memory) - at)))
    table = struct.pack("<Q", len(runs)) + b"".join(struct.pack("<QQ", *run) for run in runs)
    return table + b"".join(memory[at : at + length] for at, length in runs)


def _set(record: Forged, dice: random.Random) -> None:
    name = dice.choice(list(_FIELDS))
    record.header[name] = dice.choice(_FIELDS[name])


def _trailer(record: Forged, dice: random.Random) -> None:
    name = dice.choice(("magic", "generation", "length", "header_crc32"))
    record.trailer[name] = b"WSTEND\n\n" if name == "magic" else dice.choice(_NUMBERS)


def _around(record: Forged, dice: random.Random) -> None:
    match dice.randrange(5):
        case 0:
            record.extra = bytes(dice.choice((4, 8, 64, 65_280 - 4, 65_280)))
        case 1:
            record.header["minor"] = 1
            record.extra = b"\7" * dice.choice((1, 4, 64, 65_280, 65_281))
        case 2:
            record.padding = dice.choice((b"", bytes(64), b"\1" * 64))
        case 3:
            record.gap = b"\1"
        case 4:
            record.tail = dice.choice((b"\0", b"\0" * 32, record.encode()))


def _region(record: Forged, dice: random.Random) -> None:
    i = dice.randrange(len(record.regions))
    at = dice.randrange(6)
    record.regions[i][at] = dice.choice(
        (
            (0, 1, 2, 3, _U32),
            (0, 1, 2, 9, 65_536, _U32),
            _LARGE,
            (-16, -1, 1, 8, 16, 1 << 32, 1 << 63),
            (-16, -1, 1, 16, 4096, 1 << 40),
            (1, _U32),
        )[at]
    )


def _regions(record: Forged, dice: random.Random) -> None:
    i = dice.randrange(len(record.regions))
    match dice.randrange(5):
        case 0:
            del record.regions[i], record.contents[i]
        case 1:
            record.regions.append(list(record.regions[i]))
            record.contents.append(record.contents[i])
        case 2:
            record.regions.reverse()
        case 3:
            at = record.regions[i][2] + dice.choice((-1, 0, 1, 8, len(record.contents[i])))
            record.regions.append([MEMORY, 0, at, 0, 0, 0])
            record.contents.append(b"\5" * dice.choice((1, 4, 16)))
        case 4:
            for each in range(dice.choice((2, 300))):
                record.regions.append([MEMORY, 0, 100_000 + 64 * each, 0, 0, 0])
                record.contents.append(b"\5")


def _content(record: Forged, dice: random.Random) -> None:
    i = dice.randrange(len(record.contents))
    size = len(record.contents[i])
    match dice.randrange(5):
        case 0:
            record.contents[i] = dice.randbytes(size)
        case 1:
            record.contents[i] = b"\xff" * size
        case 2:
            record.contents[i] = (struct.pack("<d", float("nan")) * size)[:size]
        case 3:
            record.contents[i] = record.contents[i][: dice.randrange(size + 1)]
        case 4:
            record.contents[i] += bytes(dice.choice((1, 8, 5000)))


def _whole(record: Forged, dice: random.Random) -> None:
    """A whole memory in place of the first region, sound or not."""
    memory = bytearray(65_536)
    for _ in range(dice.randrange(4)):
        at = dice.randrange(len(memory))
        memory[at : at + 400] = b"\3" * len(memory[at : at + 400])
    stored = bytearray(image(bytes(memory)))
    size = dice.choice(
        (65_536, 65_536, 65_536, 65_537, 1 << 20, 1 << 31, 1 << 32, 1 << 33, 0, _U64)
    )
    if dice.random() < 0.6:
        at = 8 * dice.randrange(max(len(stored) // 8, 1))
        value = dice.choice((*_LARGE, 512, 1024, 768))
        stored[at : at + 8] = value.to_bytes(8, "little")
    record.regions[0] = [WHOLE, dice.choice((0, 0, 0, 1)), size, 0, 0, 0]
    record.contents[0] = bytes(stored)


def _nodes(document: Any) -> Iterator[tuple[Any, Any]]:
    """Each place in a document: what holds it, and its key there."""
    inner = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in list(inner):
        yield document, key
        if isinstance(value, (dict, list)):
            yield from _nodes(value)


def _schema(record: Forged, dice: random.Random) -> None:
    if not isinstance(record.schema, dict):
        return
    places = list(_nodes(record.schema))
    if not places:
        return
    holder, key = dice.choice(places)
    match dice.randrange(8):
        case 0 | 1 | 2:
            holder[key] = copy.deepcopy(dice.choice(_ODD))
        case 3:
            del holder[key]
        case 4 if isinstance(holder[key], dict):
            holder[key][dice.choice(_KEYS)] = copy.deepcopy(dice.choice(_ODD))
        case 5 if isinstance(holder[key], list):
            holder[key].append(copy.deepcopy(dice.choice([*holder[key], *_ODD])))
        case 6 if isinstance(holder[key], list):
            holder[key].reverse()
        case 7 if isinstance(holder[key], int):
            holder[key] += dice.choice((-8, -1, 1, 4, 8))
        case _:
            holder[key] = copy.deepcopy(dice.choice(_ODD))


def _tensor(record: Forged, dice: random.Random) -> None:
    """A tensor more, over others or not, with all that a tensor can say."""
    if not isinstance(record.schema, dict) or not isinstance(record.schema.get("tensors"), list):
        return
    tensor: dict[str, Any] = {
        "name": dice.choice(("w", "z", "z\n", "z" * 256)),
        "dtype": dice.choice(("i8", "f16", "u64", "f64", "f128")),
        "shape": dice.choice(([], [1], [2, 2], [0], [1 << 32], [_U32] * 8, [1] * 8, [1] * 9)),
        "region": dice.choice((0, 0, 1, 2, -1, 99)),
        "offset": dice.choice((0, 0, 1, 8, -1, _U64)),
    }
    for key in ("symbol", "unit", "merge", "bounds"):
        if dice.random() < 0.3:
            tensor[key] = copy.deepcopy(dice.choice(_ODD))
    record.schema["tensors"].append(tensor)


def _text(record: Forged, dice: random.Random) -> None:
    """A schema that is no canonical JSON."""
    try:
        text = record.schema if isinstance(record.schema, bytes) else canonical(record.schema)
    except UnicodeEncodeError:
        return
    record.schema = dice.choice(_RAW)(text)


_CHANGES: tuple[Callable[[Forged, random.Random], None], ...] = (
    _set, _set, _trailer, _around, _region, _region, _regions, _content, _whole,
    _schema, _schema, _schema, _tensor, _text,
)  # fmt: skip


def forged(content: bytes, dice: random.Random) -> bytes:
    """A forgery of a sound record."""
    record = taken_apart(content)
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        if record.regions:
            dice.choice(_CHANGES)(record, dice)
    return record.encode()


def forged_file(module: Module, contents: Sequence[bytes], dice: random.Random) -> bytes:
    """A file whose state, or history, is forged; most have a history.

    Args:
        module: without a state.
        contents: sound records of its code, one generation after the other.
        dice: what chooses.
    """
    parts = {
        STATE: contents[-1],
        PREV: b"".join(contents[:-1]),
        INIT: contents[0],
    }
    where = dice.choice((STATE, STATE, STATE, PREV, INIT))
    if where == PREV:
        older = [*contents[:-1]]
        i = dice.randrange(len(older))
        match dice.randrange(5):
            case 0:
                dice.shuffle(older)
            case 1:
                older += older[i : i + 1] * dice.choice((1, 70))
            case 2:
                older[i] = dice.randbytes(100)
            case _:
                older[i] = forged(older[i], dice)
        parts[PREV] = b"".join(older)
    else:
        parts[where] = forged(parts[where], dice)
    names = [name for name in (INIT, PREV) if dice.random() < 0.5 or name == where]
    names.append(STATE)
    if dice.random() < 0.03:
        names.append(dice.choice((STATE, PREV, INIT)))
    data = module.to_bytes()
    for name in names:
        data += custom_bytes(name, parts[name], width=5)
    return data


def with_digest(content: bytes, module: Module) -> bytes:
    """The record as one of this code."""
    record = taken_apart(content)
    header = record.header | {"module_digest": module_digest(module)}
    return replace(record, header=header).encode()
