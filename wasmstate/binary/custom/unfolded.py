"""What an unfolded module had in place of what it has now: ``wasmstate.unfolded``.

Source: docs/format.md, "Unfolding".
"""

from __future__ import annotations

from dataclasses import dataclass

from construct import Struct

from wasmstate.binary.values import Choice, List, Raw, byte, name, octets, record, u32, u64


@dataclass(frozen=True, slots=True)
class Splice:
    """Bytes that were others.

    Attributes:
        skip: how many bytes lie between the end of the splice before and this one.
        length: of the present bytes.
        old: what was there instead.
    """

    skip: int
    length: int
    old: bytes


@dataclass(frozen=True, slots=True)
class UnfoldedSection:
    """How a section becomes again what it was.

    Attributes:
        id: of the section.
        name: of a custom section, else empty.
        width: of its size, in bytes.
        head: what it began with behind its size: the number of its entries, or all of it.
        length: how many bytes of the present entries are of these; 0 if ``head`` is all of it.
        splices: in these bytes, in order.
    """

    id: int
    name: str
    width: int
    head: bytes
    length: int
    splices: list[Splice]


@dataclass(frozen=True, slots=True)
class UnfoldedCell:
    """Where an element is: the index of a global, or an address of memory 0."""

    kind: str
    place: int
    size: int


@dataclass(frozen=True, slots=True)
class UnfoldedConstant:
    """An instruction that was a constant.

    Attributes:
        function: its index among the functions that the module defines.
        position: where it stood, from the start of the function's locals.
        cell: the index of the element that it is read from by now.
    """

    function: int
    position: int
    cell: int


@dataclass(frozen=True, slots=True)
class Unfolded:
    """The sections that there were, and the constants.

    Attributes:
        version: 1.
        digest: SHA-256 of the non-custom sections as they were.
        sections: all that were no custom sections, and the custom sections that were changed.
        cells: the elements.
        constants: in the order of the code.
        crc32: of all bytes before it, little endian.
    """

    version: int
    digest: bytes
    sections: list[UnfoldedSection]
    cells: list[UnfoldedCell]
    constants: list[UnfoldedConstant]
    crc32: bytes


_splice = record(Splice, Struct("skip" / u32, "length" / u32, "old" / octets))
_section = record(
    UnfoldedSection,
    Struct(
        "id" / byte,
        "name" / name,
        "width" / Choice("must be 1 to 5", *range(1, 6)),
        "head" / octets,
        "length" / u32,
        "splices" / List(_splice),
    ),
)
_cell = record(
    UnfoldedCell,
    Struct(
        "kind" / Choice("must be 0 or 1", names={0: "memory", 1: "global"}),
        "place" / u64,
        "size" / Choice("must be 4, 8 or 16", 4, 8, 16),
    ),
)
_constant = record(UnfoldedConstant, Struct("function" / u32, "position" / u32, "cell" / u32))
unfolded = record(
    Unfolded,
    Struct(
        "version" / Choice("only version 1 is known", 1),
        "digest" / Raw(32),
        "sections" / List(_section),
        "cells" / List(_cell),
        "constants" / List(_constant),
        "crc32" / Raw(4),
    ),
)
