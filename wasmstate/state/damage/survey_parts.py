"""What a survey of a damaged record gives: its parts, and what proves each.

A part is proved by its own CRC-32, or by the state digest, a SHA-256, over the whole record as it
would be with the parts that were mended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wasmstate.errors import SchemaError
from wasmstate.state import layout
from wasmstate.state.damage.find_records import Trailer
from wasmstate.state.damage.region_tables import entries, regions_of
from wasmstate.state.record import Record
from wasmstate.state.schema import Schema
from wasmstate.state.tensor import Tensor

OWN = "its CRC-32"
DIGEST = "the state digest"


@dataclass(frozen=True, slots=True)
class Source:
    """Another record, whole, that may tell what is missing.

    Attributes:
        kind: ``prev``, ``init``, ``donor`` or ``leftover``.
        label: what it is, for people.
        record: the record.
    """

    kind: str
    label: str
    record: Record


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of a record, as they are or as they can be mended.

    Attributes:
        name: ``header``, ``regions``, ``schema`` or ``regions[2]``.
        offset: where they stand, or stood, from the start of the data.
        content: the bytes; fewer than there should be if the record is cut.
        proof: what proves them; empty if nothing does.
        mended: how they differ from what is there; empty if they do not.
        flip: the one bit that was flipped back, as (offset, bit).
    """

    name: str
    offset: int
    content: bytes
    proof: str = ""
    mended: str = ""
    flip: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """What is there of a record.

    Attributes:
        start: of the record, from the start of the data.
        end: the first byte that is no longer of it, as far as that is known.
        header: its 256 bytes, by their CRC-32, or ``None``.
        trailer: its trailer, if there is one.
        table: the region table, entry after entry.
        schema: the schema.
        regions: the bytes of each region.
        content: the record as it was, byte for byte, if the state digest proves all of it.
        record: the same, decoded.
    """

    start: int
    end: int
    header: Part | None
    trailer: Trailer | None
    table: Part | None = None
    schema: Part | None = None
    regions: tuple[Part, ...] = ()
    content: bytes | None = None
    record: Record | None = None

    @property
    def parts(self) -> tuple[Part, ...]:
        """All that was found, in file order."""
        return tuple(part for part in (self.header, self.table, self.schema, *self.regions) if part)

    @property
    def fields(self) -> Any:
        """The fields of the header; ``None`` if there is none."""
        return self.header and layout.header.unpack(self.header.content)

    @property
    def generation(self) -> int | None:
        """By the header, else by the trailer."""
        if self.header is not None:
            generation: int = self.fields.generation
            return generation
        return self.trailer.generation if self.trailer else None

    @property
    def lengths(self) -> list[int]:
        """How many bytes each region ought to have."""
        return [] if self.table is None else [each.length for each in entries(self.table.content)]

    @property
    def is_unharmed(self) -> bool:
        """Whether nothing had to be mended."""
        return self.record is not None and not any(part.mended for part in self.parts)


def tensors_of(found: Survey) -> tuple[Tensor, ...]:
    """What the regions mean, as far as the schema can be read."""
    if found.table is None or found.schema is None:
        return ()
    try:
        return Schema.decode(found.schema.content, regions_of(found.table.content)).tensors
    except SchemaError:
        return ()
