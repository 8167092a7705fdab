"""Frames of sections that are damaged, and how they can be put right.

A frame has no checksum of its own. What proves a frame that is mended is the digest of the code,
which a state record holds, or the record in the section, which says how long it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from wasmstate.binary.frames import MAGIC as WASM_MAGIC
from wasmstate.binary.frames import MODULE_LAYER, PREAMBLE_SIZE
from wasmstate.binary.module import Module
from wasmstate.binary.sections import MODULE_ORDER
from wasmstate.binary.source import SubSource
from wasmstate.binary.values import u32
from wasmstate.errors import MalformedError, StateError
from wasmstate.state.damage.find_records import sites
from wasmstate.state.digest import module_digest
from wasmstate.state.older import STATE_SECTION
from wasmstate.state.state import record_of

_HEAD = 7  # bytes: an id, a size as wide as it can be, the length of a name
_MOST_READ = 200_000  # sections, in all tries together: about a second
_SECTIONS = 16  # that are tried


class _Flipped:
    """Bytes with one of them changed, without a copy of the others."""

    def __init__(self, data: bytes, at: int, bit: int) -> None:
        self.data, self.at, self.byte = data, at, data[at] ^ 1 << bit
        self.size = len(data)

    def read(self, offset: int, size: int) -> bytes:
        piece = self.data[offset : offset + size]
        inside = self.at - offset
        if 0 <= inside < len(piece):
            return piece[:inside] + bytes([self.byte]) + piece[inside + 1 :]
        return piece


def is_whole(data: bytes) -> bool:
    """Whether this is a module with a state that belongs to its code."""
    return _is_whole(Module.from_bytes(data, strict=False))


def _is_whole(module: Module) -> bool:
    return module.damage is None and _is_proven(module)


def _is_proven(module: Module) -> bool:
    if module.is_component:
        return False
    order = [MODULE_ORDER.index(each.id) for each in module.sections if each.id in MODULE_ORDER]
    if order != sorted(order):
        return False  # before anything is hashed
    try:
        return record_of(module).lineage.module_digest == module_digest(module)
    except (StateError, MalformedError):
        return False


def undone_utf8(data: bytes) -> bytes | None:
    """The bytes before each was written as the character of its number, if that makes it whole."""
    if b"\xc2\x89WST" not in data:
        return None
    try:
        undone = data.decode("utf-8").encode("latin-1")
    except UnicodeError:
        return None
    return undone if is_whole(undone) else None


def undone_text_mode(data: bytes) -> bytes | None:
    """The bytes before each line end became two bytes, if that makes it whole."""
    if b"\x89WST\r\r\n" not in data:
        return None
    undone = data.replace(b"\r\n", b"\n")
    return undone if is_whole(undone) else None


def tail_start(module: Module) -> int | None:
    """Where bytes begin that stand behind a last section that holds a whole state."""
    end = _sound_end(module)
    if not PREAMBLE_SIZE < end < module.size:
        return None
    before = Module.from_source(SubSource(module.sections[0].frame.source, 0, end), strict=False)
    return end if _is_whole(before) else None


def _sound_end(module: Module) -> int:
    """Where the sections end behind which there are none with a sound frame."""
    sound = [each.end for each in module.sections if each.fault is None]
    return sound[-1] if sound else PREAMBLE_SIZE


def resized(data: bytes) -> tuple[int, int, int] | None:
    """A state section whose size is not that of the record in it.

    Returns:
        The offset of the size, the size that stands there, and the one that would be right.
    """
    for site in sites(data):
        if site.section != STATE_SECTION or not site.is_whole:
            continue
        named = bytes([len(STATE_SECTION)]) + STATE_SECTION.encode()
        size_at = site.start - len(named) - 5
        if size_at < PREAMBLE_SIZE or data[site.start - len(named) : site.start] != named:
            continue
        claimed = sum((byte & 0x7F) << 7 * i for i, byte in enumerate(data[size_at : size_at + 5]))
        size = len(named) + site.end - site.start
        if claimed != size and is_whole(with_size(data, size_at, size)):
            return size_at, claimed, size
    return None


def with_size(data: bytes, at: int, size: int) -> bytes:
    """The data with another size of a section, in five bytes."""
    return data[:at] + u32.encode_padded(size, 5) + data[at + 5 :]


def mended_frames(data: bytes, module: Module) -> tuple[bytes, int, int] | None:
    """The data with one bit flipped back in the preamble or in the head of a section.

    Returns:
        The whole file, the offset of the byte, and the bit.
    """
    right = WASM_MAGIC + MODULE_LAYER
    wrong = int.from_bytes(data[:8], "little") ^ int.from_bytes(right, "little")
    if len(data) >= PREAMBLE_SIZE and wrong.bit_count() == 1:
        bit = wrong.bit_length() - 1
        return right + data[PREAMBLE_SIZE:], bit // 8, bit % 8
    named = [fault.path.endswith(".name") for fault in module.faults]
    if all(named) and named and _is_proven(module):
        return None  # the state and the code are proven already, and nothing proves a name
    read = 0
    for at in () if wrong else _heads(module, data):
        for bit in range(8):
            tried = Module.from_source(_Flipped(data, at, bit), strict=False)
            if _is_whole(tried):
                return tried.to_bytes(), at, bit
            read += len(tried.sections)
            if read > _MOST_READ:
                return None
    return None


def _heads(module: Module, data: bytes) -> Iterator[int]:
    """The bytes of the frames, the last first, where one bit may have led the reader astray."""
    faulty = [section for section in module.sections if section.fault is not None]
    end = module.sections[-1].end if module.sections else PREAMBLE_SIZE
    yield from range(end, min(end + _HEAD, len(data)))
    for section in (*faulty, *module.sections[: -_SECTIONS - 1 : -1]):
        yield from range(section.offset, min(section.offset + _HEAD, section.content_offset))
