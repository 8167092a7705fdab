"""What of a damaged record is there, and what proves it.

Nothing is taken on trust. A part is proved by its own CRC-32; a bit that is flipped back, a block
that is taken from another generation, or a header that is made again are guesses, and what makes
them more than that is the state digest, a SHA-256, over the record as it would be with them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wasmstate.errors import StateCorruptError
from wasmstate.state import layout
from wasmstate.state.damage.find_records import Trailer, trailers, whole_length
from wasmstate.state.damage.flips import find_flip, flip_bit
from wasmstate.state.damage.region_tables import (
    entries,
    is_table,
    merged,
    payload_length,
    place,
    places,
    regions_of,
    with_checksums,
)
from wasmstate.state.damage.repair_header import known_header, made_header
from wasmstate.state.damage.survey_parts import DIGEST, OWN, Part, Source, Survey, tensors_of
from wasmstate.state.damage.try_patches import patched
from wasmstate.state.layout import HEADER_SIZE, REGION_SIZE, TRAILER_SIZE, aligned
from wasmstate.state.reading import decode_header, decode_record, whole_memory_fault
from wasmstate.state.record import Record, RegionKind, build_trailer
from wasmstate.state.tensor import Tensor


def survey(
    data: bytes,
    start: int = 0,
    end: int | None = None,
    *,
    sources: Sequence[Source] = (),
    module_digest: bytes | None = None,
) -> Survey:
    """Look at a record that may be damaged.

    Args:
        data: what it is in.
        start: where it begins.
        end: what it cannot reach beyond; the end of the data if not given.
        sources: other records that may tell what is missing.
        module_digest: of the code that it belongs to, if that is known.
    """
    end = len(data) if end is None else end
    return _Surveyor(data, start, end, sources, module_digest).survey()


@dataclass(slots=True)
class _Surveyor:
    data: bytes
    start: int
    end: int
    sources: Sequence[Source]
    module_digest: bytes | None

    def survey(self) -> Survey:
        length = whole_length(self.data, self.start)
        if length is not None and self.start + length <= self.end:
            try:
                record = decode_record(self.data[self.start : self.start + length])
            except StateCorruptError:
                pass
            else:
                return self._like(record, None, None)
        there = self.data[self.start : min(self.start + HEADER_SIZE, self.end)]
        trailer = None if _is_refused(there) else self._trailer()
        header = self._header(trailer)
        if header is not None:
            fields = layout.header.unpack(header.content)
            for source in self.sources:
                if source.record.digest() == fields.state_digest:
                    body = source.record.encode()[source.record.header_length : -TRAILER_SIZE]
                    body = header.content + body
                    record = decode_record(body + build_trailer(header.content, len(body)))
                    return self._like(record, header, source)
        found = Survey(self.start, self.end, header, trailer)
        found = replace(found, table=self._table(found))
        if found.table is None or not is_table(found.table.content):
            return replace(found, table=None)
        found = replace(found, schema=self._schema(found))
        found = replace(found, regions=tuple(self._regions(found)))
        return self._proved(found)

    def _like(self, record: Record, header: Part | None, source: Source | None) -> Survey:
        """The survey of a record that is whole: here, or in a source."""
        content = self.data[self.start : self.start + len(record.encode())]
        if source is not None:
            content = record.encode()
        schema_at = record.header_length + REGION_SIZE * len(record.regions)
        spans = [
            ("header", 0, record.header_length),
            ("regions", record.header_length, schema_at),
            ("schema", schema_at, schema_at + len(record.schema)),
        ]
        for i, region in enumerate(record.regions):
            at = record.payload_offset + region.payload_offset
            spans.append((f"regions[{i}]", at, at + region.length))
        parts = []
        for name, start, end in spans:
            there = self.data[self.start + start : self.start + end]
            same = there == content[start:end]
            proof, mended = OWN, ""
            if not same:
                assert source is not None
                proof, mended = DIGEST, f"as in {source.label}"
            parts.append(Part(name, self.start + start, content[start:end], proof, mended))
        return Survey(
            self.start,
            self.start + len(content),
            header or parts[0],
            self._trailer(),
            parts[1],
            parts[2],
            tuple(parts[3:]),
            content,
            record,
        )

    def _trailer(self) -> Trailer | None:
        for trailer in trailers(self.data, self.start, self.end):
            if trailer.start == self.start:
                return trailer
        return None

    def _header(self, trailer: Trailer | None) -> Part | None:
        there = self.data[self.start : min(self.start + HEADER_SIZE, self.end)]
        content, bit = known_header(there)
        if content is not None:
            if bit is None:
                return Part("header", self.start, content, OWN)
            flip = self.start + bit // 8, bit % 8
            return Part("header", self.start, content, OWN, _flipped(flip), flip)
        if trailer is None:
            return None
        whole = self.data[self.start : trailer.end]
        records = [source.record for source in self.sources]
        content = made_header(whole, trailer, records, self.module_digest)
        if content is None:
            return None
        proof = "the CRC-32 that the trailer has of it"
        return Part("header", self.start, content, proof, "made again from the rest")

    def _payload_offset(self, found: Survey) -> int:
        if found.header is not None:
            return self.start + int(found.fields.payload_offset)
        assert found.trailer is not None
        assert found.table is not None
        return found.trailer.end - TRAILER_SIZE - payload_length(found.table.content)

    def _table(self, found: Survey) -> Part | None:
        at = self.start + HEADER_SIZE
        if found.header is None:
            return self._table_without_header(at) if found.trailer else None
        fields = found.fields
        size = REGION_SIZE * fields.region_count
        there = self.data[at : max(at, min(at + size, self.end))]
        part = self._mended("regions", at, there, size, fields.region_crc32)
        if part.proof:
            return part
        payload_at = self.start + fields.payload_offset
        payload = self.data[payload_at : payload_at + fields.payload_length]
        others = [
            (source.record.region_table(), f"as in {source.label}")
            for source in self.sources
            if REGION_SIZE * len(source.record.regions) == size
        ]
        own = [(there, "with the checksums of the values")] if len(there) == size else []
        for candidate, label in [*own, *others]:
            summed = with_checksums(candidate, payload)
            if zlib.crc32(summed) == fields.region_crc32:
                return Part("regions", at, summed, OWN, f"made again {label}")
        for candidate, label in others:
            content = merged(there, candidate)
            return Part("regions", at, content, "", f"made again {label}")
        return part if len(there) == size else None

    def _table_without_header(self, at: int) -> Part | None:
        for source in self.sources:
            table = source.record.region_table()
            there = self.data[at : at + len(table)]
            if is_table(there) and places(there) == places(table):
                return Part("regions", at, there, f"the same places in {source.label}")
        return None

    def _schema(self, found: Survey) -> Part | None:
        assert found.table is not None
        table = found.table.content
        at = found.table.offset + len(table)
        if found.header is None:
            for source in self.sources:
                schema = source.record.schema
                if self.data[at : at + len(schema)] == schema:
                    return Part("schema", at, schema, f"the same in {source.label}")
            return None
        size, crc32 = found.fields.schema_length, found.fields.schema_crc32
        there = self.data[at : max(at, min(at + size, self.end))]
        part = self._mended("schema", at, there, size, crc32)
        if part.proof:
            return part
        for source in self.sources:
            schema = source.record.schema
            if len(schema) == size and zlib.crc32(schema) == crc32:
                return Part("schema", at, schema, OWN, f"as in {source.label}")
        for source in self.sources:
            if places(source.record.region_table()) == places(table):
                schema = source.record.schema
                return Part("schema", at, schema, "", f"that of {source.label}")
        return None

    def _regions(self, found: Survey) -> Iterator[Part]:
        assert found.table is not None
        payload_at = self._payload_offset(found)
        tensors = tensors_of(found)
        regions = regions_of(found.table.content)
        # Header and table can both have the right checksum, and differ: then of neither record.
        size = payload_length(found.table.content)
        are_known = found.header is not None and found.table.proof
        is_agreed = not are_known or found.fields.payload_length == size
        for i, entry in enumerate(entries(found.table.content)):
            at = payload_at + entry.payload_offset
            there = self.data[at : max(at, min(at + entry.length, self.end))]
            part = self._mended(f"regions[{i}]", at, there, entry.length, entry.crc32)
            if whole_memory_fault(regions[i], part.content) or not is_agreed:
                part = replace(part, proof="")  # a checksum makes no sense of what has none
            if is_agreed and not part.proof and not part.flip:
                inside = [
                    tensor
                    for tensor in tensors
                    if tensor.region == i and entry.kind != RegionKind.WHOLE_MEMORY
                ]
                part = self._from_sources(part, i, entry, inside)
            yield part

    def _from_sources(self, part: Part, index: int, entry: Any, tensors: list[Tensor]) -> Part:
        others = [
            (source.label, source.record.region_bytes(index))
            for source in self.sources
            if index < len(source.record.regions)
            and place(source.record.regions[index]) == place(entry)
        ]
        for content, mended in patched(part.content, entry.length, others, tensors):
            if zlib.crc32(content) == entry.crc32:
                return replace(part, content=content, proof=OWN, mended=mended)
        return part

    def _mended(self, name: str, at: int, there: bytes, size: int, crc32: int) -> Part:
        """Bytes by their own CRC-32, with one bit flipped back if need be."""
        if len(there) < size:
            return Part(name, at, there)
        if zlib.crc32(there) == crc32:
            return Part(name, at, there, OWN)
        bit = find_flip(there, crc32)
        if bit is None:
            return Part(name, at, there)
        flip = at + bit // 8, bit % 8
        # Of values only the state digest says whether this was it: many bits were tried.
        proof = "" if name.startswith("regions[") else OWN
        return Part(name, at, flip_bit(there, bit), proof, _flipped(flip), flip)

    def _proved(self, found: Survey) -> Survey:
        """With the record as it was, if the state digest says so of what was put together."""
        if found.header is None or found.schema is None:
            return found
        content = _assembled(found)
        try:
            record = decode_record(content)
        except StateCorruptError:
            return found
        regions = tuple(
            part if part.proof and not part.mended else _by_digest(part, record.region_bytes(i))
            for i, part in enumerate(found.regions)
        )
        end = self.start + len(content)
        return replace(found, regions=regions, content=content, record=record, end=end)


def _by_digest(part: Part, content: bytes) -> Part:
    mended = part.mended or "cut, and what is missing was zeros"
    return replace(part, content=content, proof=DIGEST, mended=mended)


def _flipped(flip: tuple[int, int]) -> str:
    return f"bit {flip[1]} of byte {flip[0]:#x} flipped back"


def _assembled(found: Survey) -> bytes:
    head, table, schema, *regions = [part.content for part in found.parts]
    content = bytearray(head + table + schema)
    content = content.ljust(aligned(len(content), layout.PAYLOAD_ALIGNMENT), b"\0")
    for region in regions:
        content += region
        content = content.ljust(aligned(len(content), layout.REGION_ALIGNMENT), b"\0")
    return bytes(content) + build_trailer(head, len(content))


def _is_refused(header: bytes) -> bool:
    """Whether a header breaks a rule and has the right checksum: no reader takes such a record.

    Nothing is damaged there that could be mended, and nothing behind it is proven.
    """
    if len(header) < HEADER_SIZE or zlib.crc32(header[:-4]) != int.from_bytes(
        header[-4:], "little"
    ):
        return False
    try:
        decode_header(header)
    except StateCorruptError:
        return True
    return False
