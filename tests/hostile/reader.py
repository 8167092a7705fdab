"""A reader of the state section written from docs/format.md alone.

It shares no line with ``wasmstate.state``: whatever the two say differently of a record, either
the page or the library is wrong. It reads, and says nothing about where a fault is.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import struct
import zlib
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NoReturn

SIZES = {
    "i8": 1, "u8": 1, "i16": 2, "u16": 2, "i32": 4, "u32": 4, "i64": 8, "u64": 8,
    "f16": 2, "f32": 4, "f64": 8,
}  # fmt: skip
MERGE_RULES = {"sum", "mean", "max", "min", "chan", "counts", "own", "none"}
MEMORY, GLOBAL, WHOLE = 0, 1, 2

_HEADER = struct.Struct("<8sHHIIIQIIIIIIQQQ32s32s32s32sI40s")
_REGION = struct.Struct("<IIQQQII")
_TRAILER = struct.Struct("<8sQQII")
_BOUND = re.compile(r"finite|psd|(>=|<=|>|<)[ \t\n\r\f\v]*-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_ARRAY = re.compile(r"([a-z0-9]+)\[([0-9]{1,10}(?:,[0-9]{1,10})*)\]")


class Refused(Exception):  # noqa: N818 (what the page says that a reader does)
    """A reader refuses the bytes."""


@dataclass(frozen=True)
class Read:
    """What a record holds.

    Attributes:
        generation: of the record.
        update_count: of the record.
        keep: of the record.
        digests: of module, state, parent and base.
        tensors: by name the element type, the shape and the bytes.
    """

    generation: int
    update_count: int
    keep: int
    digests: tuple[bytes, bytes, bytes, bytes]
    tensors: dict[str, tuple[str, tuple[int, ...], bytes]]


def read_module(data: bytes) -> Read:
    """The state in a module's file. Raises Refused."""
    found, at = [], 8
    require(data[:4] == b"\0asm", "no module")
    while at < len(data):
        id_ = data[at]
        size, start = _leb(data, at + 1)
        end = start + size
        require(end <= len(data), "a section is cut")
        if id_ == 0:
            length, name_at = _leb(data, start)
            if data[name_at : name_at + length] == b"wasmstate.state":
                found.append(data[name_at + length : end])
        at = end
    require(len(found) == 1, "not exactly one state section")
    return read_record(found[0])


def read_record(content: bytes) -> Read:
    """The state in the content of a section. Raises Refused."""
    require(len(content) >= 256, "header cut")
    (
        magic, major, minor, incompatible, _, length, generation, region_at, count, region_crc,
        schema_size, schema_crc, payload_crc, payload_at, payload_size, updates,
        module_digest, state_digest, parent, base, keep, reserved,
    ) = _HEADER.unpack_from(content)  # fmt: skip
    require(magic == b"\x89WST\r\n\x1a\n", "magic")
    require(major == 1, "major version")
    require(256 <= length <= 65_536 and length <= len(content), "header length")
    header_crc = int.from_bytes(content[length - 4 : length], "little")
    require(zlib.crc32(content[: length - 4]) == header_crc, "header CRC-32")
    require(incompatible == 0, "incompatible flags")
    require(minor > 0 or (length == 256 and not any(reserved)), "reserved")
    require(keep <= 64, "keep")
    require(region_at == length and 1 <= count <= 65_536, "region table")
    require(schema_size <= 1 << 20 and payload_size <= 1 << 32, "sizes")

    schema_at = region_at + 40 * count
    table = content[region_at:schema_at]
    schema_end = schema_at + schema_size
    schema = content[schema_at:schema_end]
    require(schema_end <= len(content), "table or schema cut")
    require(zlib.crc32(table) == region_crc and zlib.crc32(schema) == schema_crc, "CRC-32")
    require(payload_at == -(-schema_end // 64) * 64, "payload offset")
    end = payload_at + payload_size
    payload = content[payload_at:end]
    require(end + 32 == len(content), "length")
    require(zlib.crc32(payload) == payload_crc, "payload CRC-32")
    require(not any(content[schema_end:payload_at]), "padding")
    tail = content[end:]
    trailer = (b"WSTEND\r\n", generation, len(content), header_crc, zlib.crc32(tail[:28]))
    require(_TRAILER.unpack(tail) == trailer, "trailer")

    regions = _regions(table, payload)
    require(hashlib.sha256(table + schema + payload).digest() == state_digest, "state digest")
    tensors = _tensors(_document(schema), regions)
    digests = (module_digest, state_digest, parent, base)
    return Read(generation, updates, keep, digests, tensors)


def require(fulfilled: object, rule: str) -> None:
    """Refuse unless a rule is fulfilled."""
    if not fulfilled:
        raise Refused(rule)


@dataclass(frozen=True)
class _Region:
    kind: int
    index: int
    address: int
    stored: bytes

    @property
    def size(self) -> int:
        """In the instance."""
        return self.address if self.kind == WHOLE else len(self.stored)

    def part(self, start: int, size: int) -> bytes:
        """Bytes of the instance."""
        if self.kind != WHOLE:
            return self.stored[start : start + size]
        out = bytearray(size)
        for address, length, at in _runs(self.stored, self.address):
            low, high = max(address, start), min(address + length, start + size)
            if low < high:
                piece = self.stored[at + low - address : at + high - address]
                out[low - start : high - start] = piece
        return bytes(out)


def _regions(table: bytes, payload: bytes) -> list[_Region]:
    found, at = [], 0
    for kind, index, address, length, offset, crc, reserved in _REGION.iter_unpack(table):
        require(kind in (MEMORY, GLOBAL, WHOLE), "kind")
        require(reserved == 0 and length >= 1 and offset == at, "region")
        require(kind != GLOBAL or (address == 0 and length in (4, 8, 16)), "global")
        require(kind != MEMORY or address + length <= 1 << 64, "address")
        require(at + length <= len(payload), "region past the payload")
        stored = payload[at : at + length]
        require(zlib.crc32(stored) == crc, "region CRC-32")
        at += -(-length // 16) * 16
        require(not any(payload[offset + length : at]), "padding")
        if kind == WHOLE:
            _runs(stored, address)
        found.append(_Region(kind, index, address, stored))
    require(at == len(payload), "payload length")
    spans = []
    for each in found:
        is_whole = each.kind == WHOLE
        start, end = (0, 1 << 64) if is_whole else (each.address, each.address + each.size)
        spans.append((each.kind == GLOBAL, each.index, start, end))
    for (*space, _, stop), (*other, start, _) in pairwise(sorted(spans)):
        require(space != other or stop <= start, "overlap")
    return found


def _runs(stored: bytes, size: int) -> list[tuple[int, int, int]]:
    """Address, length, and where the bytes begin."""
    require(size <= 1 << 32 and len(stored) >= 8, "whole memory")
    (count,) = struct.unpack_from("<Q", stored)
    require(8 + 16 * count <= len(stored), "runs")
    found, at, free = [], 8 + 16 * count, 0
    for i in range(count):
        address, length = struct.unpack_from("<QQ", stored, 8 + 16 * i)
        end = address + length
        require(length and address % 256 == 0 and address >= free and end <= size, "run")
        require(end % 256 == 0 or end == size, "end of a run")
        require(at + length <= len(stored), "run cut")
        blocks = [stored[at + k : at + min(k + 256, length)] for k in range(0, length, 256)]
        require(all(map(any, blocks)), "block of zeros")
        found.append((address, length, at))
        at += length
        free = end + 1  # a run that touches the one before would be one with it
    require(at == len(stored), "length of runs")
    return found


def _document(schema: bytes) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        require(len(dict(pairs)) == len(pairs), "a key twice")
        return dict(pairs)

    def constant(text: str) -> NoReturn:
        raise Refused(text)

    try:
        text = schema.decode()
        document = json.loads(text, object_pairs_hook=unique, parse_constant=constant)
        require(_depth(text) <= 16, "depth")
        canonical = json.dumps(
            document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
        require(canonical.encode() == schema, "canonical")
    except (ValueError, RecursionError) as error:
        raise Refused(str(error)) from error
    return document


def _depth(text: str) -> int:
    """How deep lists and objects of a JSON text are nested."""
    depth = most = 0
    for token in re.findall(r'"(?:[^"\\]|\\.)*"|[\[{\]}]', text):
        if token in "[{":
            depth += 1
            most = max(most, depth)
        elif token in "]}":
            depth -= 1
    return most


def _tensors(
    document: Any, regions: list[_Region]
) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    schema = _object(document, "tensors", optional=("entry_points", "metadata"))
    require(type(schema.get("metadata", {})) is dict, "metadata")
    entry_points = schema.get("entry_points", {})
    require(type(entry_points) is dict, "entry points")
    for entry in entry_points.values():
        function = _object(entry, "params", "results")
        require(type(function["params"]) is list and type(function["results"]) is list, "lists")
        for param in function["params"]:
            _param(param)
        for result in function["results"]:
            _name(result)
    require(type(schema["tensors"]) is list and len(schema["tensors"]) <= 65_536, "tensors")
    found: dict[str, tuple[str, tuple[int, ...], bytes]] = {}
    spans = []
    for each in schema["tensors"]:
        known = ("name", "dtype", "shape", "region", "offset")
        tensor = _object(each, *known, optional=("symbol", "unit", "merge", "bounds"))
        name, dtype, shape = tensor["name"], tensor["dtype"], tensor["shape"]
        _name(name)
        require(name not in found, "two tensors of one name")
        require(type(dtype) is str and dtype in SIZES, "element type")
        require(type(shape) is list and len(shape) <= 8, "shape")
        require(all(type(s) is int and 0 < s < 1 << 32 for s in shape), "dimension")
        for key in ("symbol", "unit", "merge"):
            require(type(tensor.get(key, "")) is str, key)
        require(tensor.get("merge", "none") in MERGE_RULES, "merge rule")
        _bounds(tensor)
        index, offset = tensor["region"], tensor["offset"]
        require(type(index) is int and 0 <= index < len(regions), "region")
        region, size = regions[index], math.prod(shape) * SIZES[dtype]
        require(type(offset) is int and 0 <= offset <= region.size - size, "inside its region")
        require(region.kind != GLOBAL or size == region.size, "fills its global")
        spans.append((index, offset, offset + size))
        found[name] = (dtype, tuple(shape), region.part(offset, size))
    for (a, _, end), (b, start, _) in pairwise(sorted(spans)):
        require(a != b or end <= start, "tensors overlap")
    return found


def _param(document: Any) -> None:
    param = _object(document, "name", "type", optional=("place", "bounds"))
    _name(param["name"])
    _name(param["type"])
    if "[" in param["type"]:
        match = _ARRAY.fullmatch(param["type"])
        require(match is not None and match[1] in SIZES, "array")
        assert match is not None
        shape = [int(size) for size in match[2].split(",")]
        require(len(shape) <= 8 and all(0 < size < 1 << 32 for size in shape), "shape")
        require(type(param.get("place", "")) is str, "place")
    else:
        require("place" not in param, "a number has no place")
        is_number = param["type"] in ("i32", "i64", "f32", "f64")
        require(is_number or not param.get("bounds"), "bounds of no number")
    _bounds(param)


def _object(document: Any, *keys: str, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    require(type(document) is dict, "an object")
    assert isinstance(document, dict)
    given = set(document)
    require(set(keys) <= given <= {*keys, *optional}, "keys")
    return document


def _bounds(document: dict[str, Any]) -> None:
    if "bounds" in document:
        bounds = document["bounds"]
        require(type(bounds) is list, "bounds")
        for bound in bounds:
            require(type(bound) is str and _BOUND.fullmatch(bound), "bound")


def _name(name: Any) -> None:
    require(type(name) is str, "a text")
    require(1 <= len(name.encode()) <= 255, "length of a name")
    require(not any(ord(c) < 0x20 or ord(c) == 0x7F for c in name), "control character")


def _leb(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        require(at < len(data), "an integer is cut")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
