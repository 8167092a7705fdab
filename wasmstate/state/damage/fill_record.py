"""From what is left of a record to one that is whole: what is proven, and what fills the rest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from wasmstate.state.damage.region_tables import regions_of
from wasmstate.state.damage.salvage_result import Accept, Fill, Notes, SavedTensor, Status
from wasmstate.state.damage.survey_parts import Part, Source, Survey, tensors_of
from wasmstate.state.layout import MAX_COUNT, REGION_ALIGNMENT
from wasmstate.state.record import Lineage, Record, Region, RegionKind
from wasmstate.state.tensor import Tensor

_MOST_ZEROS = 16 << 20


class Filler:
    """Makes records whole.

    Args:
        fill: where lost tensors are filled from.
        accept: what may be taken though nothing proves it.
        sources: the records that there are besides.
        size: of the file.
        notes: are told what became of each tensor, and what is in the way.
    """

    def __init__(
        self,
        fill: Fill | None,
        accept: Collection[Accept],
        sources: Sequence[Source],
        size: int,
        notes: Notes,
    ) -> None:
        self._fill, self._accept, self._sources = fill, accept, sources
        self._size = size
        self._notes = notes
        self._wanted: bytes | None = None

    def record(self, found: Survey) -> Record | None:
        """The record that was lost, or one of what is left of it."""
        for part in found.parts:
            if part.mended:
                self._notes.mended.append(f"{part.name} at {part.offset:#x}: {part.mended}")
        tensors = tensors_of(found)
        if found.record is not None:
            for tensor in tensors:
                self._notes.tensors.append(_proved(tensor.name, found.regions[tensor.region]))
            return found.record
        if found.table is None or found.schema is None or not tensors:
            missing = "its region table" if found.table is None else "its schema"
            self._notes.obstacles.append(
                f"of the record at {found.start:#x} {missing} cannot be read: an older copy may "
                "have it"
            )
            self._notes.remedies.append("donor")
            return None
        if found.header is not None:
            self._wanted = found.fields.module_digest
        return self._partial(found, found.schema, tensors)

    def _partial(self, found: Survey, schema: Part, tensors: Sequence[Tensor]) -> Record | None:
        assert found.table is not None
        regions: list[Region] = []
        payload = bytearray()
        for i, region in enumerate(regions_of(found.table.content)):
            part = found.regions[i]
            inside = [each.name for each in tensors if each.region == i] or [part.name]
            if part.proof:
                kept, stored = region, part.content
                self._notes.tensors += [_proved(name, part) for name in inside]
            else:
                kept, stored, status, by = self._region(part, i, region)
                self._notes.tensors += [SavedTensor(name, status, by) for name in inside]
            regions.append(replace(kept, length=len(stored), payload_offset=len(payload)))
            payload += stored
            payload += bytes(-len(payload) % REGION_ALIGNMENT)
        lost = [each.name for each in self._notes.tensors if each.status == "lost"]
        if lost:
            self._notes.obstacles.append(
                f"{', '.join(lost)}: lost; they can be filled from elsewhere, or their bytes taken "
                "as they stand"
            )
            self._notes.remedies += ["fill", "accept"]
            return None
        if found.generation == MAX_COUNT:
            self._notes.obstacles.append(
                f"what is left would be a generation of its own, and {MAX_COUNT} is the last one"
            )
            return None
        keep = 1 if found.header is None else found.fields.keep
        return Record(self._lineage(found), tuple(regions), schema.content, bytes(payload), keep)

    def _region(self, part: Part, index: int, region: Region) -> tuple[Region, bytes, Status, str]:
        """A region that nothing proves, as the caller wants it."""
        if "values" in self._accept and len(part.content) == region.length:
            by = f"{part.mended}, which nothing confirms" if part.mended else "nothing"
            return region, part.content, "unproven", by
        most = max(self._size, _MOST_ZEROS)  # no memory for what bytes merely claim
        is_range = region.kind is not RegionKind.WHOLE_MEMORY
        if self._fill == "zeros" and is_range and region.length <= most:
            return region, bytes(region.length), "filled", "zeros"
        for source in self._sources:
            if source.kind == self._fill and self._wanted in (None, _code_of(source)):
                others = source.record.regions
                if index < len(others) and _same_place(others[index], region):
                    stored = source.record.region_bytes(index)
                    return others[index], stored, "filled", source.label
        return region, b"", "lost", "its CRC-32 is wrong"

    def _lineage(self, found: Survey) -> Lineage:
        if found.header is None:
            return Lineage((found.generation or 0) + 1, 0, bytes(32))
        of = Lineage.of(found.fields)
        base = found.fields.state_digest if of.generation == 0 else of.base_digest
        return replace(
            of,
            generation=of.generation + 1,
            parent_digest=found.fields.state_digest,
            base_digest=base,
        )


def _code_of(source: Source) -> bytes:
    return source.record.lineage.module_digest


def _same_place(one: Region, other: Region) -> bool:
    places = [(each.kind, each.index, each.start) for each in (one, other)]
    if RegionKind.WHOLE_MEMORY is not one.kind and one.length != other.length:
        return False
    return places[0] == places[1]


def _proved(name: str, part: Part) -> SavedTensor:
    if part.mended:
        return SavedTensor(name, "mended", f"{part.proof}, {part.mended}")
    return SavedTensor(name, "proven", part.proof)
