"""What a baked module had in place of what was baked: ``wasmstate.baked``.

Source: docs/format.md, "Baking".
"""

from __future__ import annotations

from dataclasses import dataclass

from construct import Struct

from wasmstate.binary.values import Choice, List, Raw, byte, octets, record, u32


@dataclass(frozen=True, slots=True)
class BakedSection:
    """How a section becomes again what it was.

    Attributes:
        id: of the section.
        added: whether there was none.
        width: of its size, in bytes.
        head: the bytes that its content began with, up to those that are still there.
        start: of the bytes of the present content that were the rest of it.
        length: of these bytes.
    """

    id: int
    added: bool
    width: int
    head: bytes
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Baked:
    """The sections that were changed, and the CRC-32 of all bytes before it, little endian."""

    version: int
    sections: list[BakedSection]
    crc32: bytes


baked_section = record(
    BakedSection,
    Struct(
        "id" / byte,
        "added" / Choice("must be 0 or 1", names={0: False, 1: True}),
        "width" / Choice("must be 1 to 5", *range(1, 6)),
        "head" / octets,
        "start" / u32,
        "length" / u32,
    ),
)
baked = record(
    Baked,
    Struct(
        "version" / Choice("only version 1 is known", 1),
        "sections" / List(baked_section),
        "crc32" / Raw(4),
    ),
)
