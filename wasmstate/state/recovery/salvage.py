"""Taking from a damaged file what is proven, and saying of the rest what it is.

Nothing is guessed. A tensor is taken if a checksum proves it, and filled from another record only
where the caller says so. What comes out is either the record that was lost, byte for byte, or a
state of its own: one generation on, so that nobody takes it for the one that was lost.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from wasmstate.binary.module import Module
from wasmstate.errors import MalformedError, Remedy, SchemaError, SectionError
from wasmstate.state.digest import module_digest
from wasmstate.state.layout import REGION_ALIGNMENT
from wasmstate.state.prev import INIT_SECTION, PREV_SECTION, STATE_SECTION
from wasmstate.state.record import Lineage, Record, Region, RegionKind
from wasmstate.state.recovery.code import Code, find_code, rebuilt
from wasmstate.state.recovery.frames import (
    mended_frames,
    resized,
    undone_text_mode,
    undone_utf8,
    with_size,
)
from wasmstate.state.recovery.parts import Part, Source, Survey, tensors_of
from wasmstate.state.recovery.sites import sites
from wasmstate.state.recovery.sources import labelled, records_in
from wasmstate.state.recovery.survey import survey
from wasmstate.state.recovery.tables import regions_of
from wasmstate.state.state import State
from wasmstate.state.tensor import Tensor

Fill = Literal["prev", "init", "donor", "leftover", "zeros"]
"""Where the values of tensors that are lost may come from."""

Accept = Literal["values", "code"]
"""What is taken though nothing proves it: values as they stand, code that no digest confirms."""

Status = Literal["proven", "mended", "filled", "unproven", "lost"]
"""Of a tensor: as it stands; put right, and proven; from another record; as it stands, and nothing
proves it; not to be had."""

_MOST_ZEROS = 16 << 20


@dataclass(frozen=True, slots=True)
class SavedTensor:
    """What became of one tensor.

    Attributes:
        name: of the tensor.
        status: see :data:`Status`.
        by: what proves it, or where it was taken from.
    """

    name: str
    status: Status
    by: str


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """One state record, or what is left of it.

    Attributes:
        offset: where it begins, from the start of the file.
        generation: ``None`` if neither header nor trailer tells it.
        digest: the state digest, if the record is whole or can be made so.
    """

    offset: int
    generation: int | None
    digest: str | None


@dataclass(frozen=True, slots=True)
class Salvage:
    """What was found, and the file that can be made of it.

    Attributes:
        records: each record of the state that was found.
        generation: of the record that was taken; ``None`` if there is none.
        tensors: what became of each.
        code: what proves the code; empty if nothing does.
        mended: what had to be done, for people, in order.
        state: the state that was saved; ``None`` if there is an obstacle to it.
        data: the whole new file; ``None`` if there is an obstacle.
        obstacles: why there is no file.
        remedies: the arguments that would help.
    """

    records: tuple[FoundRecord, ...]
    generation: int | None
    tensors: tuple[SavedTensor, ...]
    code: str
    mended: tuple[str, ...]
    state: State | None
    data: bytes | None
    obstacles: tuple[str, ...]
    remedies: tuple[Remedy, ...]

    @property
    def proven(self) -> int:
        """How many tensors are proven, as they stood or mended."""
        return sum(tensor.status in ("proven", "mended") for tensor in self.tensors)


def salvage_bytes(
    data: bytes,
    *,
    donor: Module | None = None,
    leftovers: Iterable[bytes] = (),
    fill: Fill | None = None,
    accept: Collection[Accept] = (),
    record: int | None = None,
) -> Salvage:
    """Take from the bytes of a damaged file what is proven.

    Args:
        data: the whole file.
        donor: another file with the same code, or an older copy.
        leftovers: the temporary files that lie beside it.
        fill: where lost tensors are filled from; if not given, they are an obstacle.
        accept: what may be taken though nothing proves it.
        record: the offset of the record to take, where there are several.

    Raises:
        ValueError: if there is no such thing to fill from or to accept, or ``record`` is none.
    """
    if fill is not None and fill not in get_args(Fill):
        raise ValueError(f"fill must be one of {', '.join(get_args(Fill))}, not {fill!r}")
    wrong = set(accept) - set(get_args(Accept))
    if wrong:
        raise ValueError(f"accept is a list of {', '.join(get_args(Accept))}, not {accept!r}")
    if record is not None and not isinstance(record, (int, np.integer)):
        raise ValueError(f"record must be the offset of a record, a whole number, not {record!r}")
    return _Salvager(data, donor, tuple(leftovers), fill, accept, record).salvage()


class _Salvager:
    def __init__(
        self,
        data: bytes,
        donor: Module | None,
        leftovers: tuple[bytes, ...],
        fill: Fill | None,
        accept: Collection[Accept],
        record: int | None,
    ) -> None:
        self.donor, self.fill, self.accept, self.record = donor, fill, accept, record
        self.wanted: bytes | None = None
        self.mended: list[str] = []
        self.obstacles: list[str] = []
        self.remedies: list[Remedy] = []
        self.tensors: list[SavedTensor] = []
        self.data = self._with_frames(data)
        self.module = Module.from_bytes(self.data, strict=False)
        self.sources = self._sources(leftovers)

    def salvage(self) -> Salvage:
        surveys = self._surveys()
        taken = self._choose(surveys)
        found = None if taken is None else self._record(taken)
        if found is None and taken is None and not self.obstacles:
            found = self._older()
        code = self._code(found, taken)
        state = None if found is None else self._state(found)
        data = None
        if state is not None and code.module is not None and not self.obstacles:
            try:
                history = self._history(state.generation)
                data = rebuilt(code.module, state, history).to_bytes()
            except (SectionError, MalformedError) as error:
                self.obstacles.append(f"the state cannot be put into the module: {error}")
        records = tuple(
            FoundRecord(
                each.start,
                each.generation,
                None if each.record is None else each.record.digest().hex(),
            )
            for each in surveys
        )
        generation = taken.generation if taken else None
        if taken is None and found is not None:
            generation = found.lineage.generation
        return Salvage(
            records,
            generation,
            tuple(self.tensors),
            code.proof,
            tuple(self.mended),
            state,
            data,
            tuple(self.obstacles),
            tuple(dict.fromkeys(self.remedies)),
        )

    def _with_frames(self, data: bytes) -> bytes:
        """The data with frames that can be read, if one step makes them so."""
        right = undone_utf8(data) or undone_text_mode(data)
        if right is not None:
            self.mended.append("what a transfer as text did was undone")
            return right
        module = Module.from_bytes(data, strict=False)
        if module.custom_sections(STATE_SECTION) and not module.findings(instructions=False):
            return data
        size = resized(data)
        if size is not None:
            self.mended.append(f"the size at {size[0]:#x} was set to {size[2]}, as the record says")
            return with_size(data, size[0], size[2])
        mended = mended_frames(data, module)
        if mended is not None:
            whole, at, bit = mended
            self.mended.append(f"bit {bit} of byte {at:#x} was flipped back, in a frame")
            return whole
        return data

    def _sources(self, leftovers: Sequence[bytes]) -> list[Source]:
        found = []
        # A record whose section has lost its name may be of the history.
        for names, name, kind in (
            ((PREV_SECTION, ""), PREV_SECTION, "prev"),
            ((INIT_SECTION,), INIT_SECTION, "init"),
        ):
            records = [
                each
                for site in sites(self.data)
                if site.section in names
                for each in records_in(self.data[site.start : site.end])
            ]
            found += labelled(kind, name, records)
        for each in leftovers:
            found += labelled("leftover", "a leftover file", records_in(each))
        if self.donor is not None:
            found += labelled("donor", "the donor", records_in(self.donor.to_bytes()))
        return found

    def _surveys(self) -> list[Survey]:
        digests = {source.record.lineage.module_digest for source in self.sources}
        try:
            digest: bytes | None = module_digest(self.module)
        except MalformedError:
            digest = None
        if self.module.damage is not None and len(digests) == 1:
            (digest,) = digests
        found = []
        for site in sites(self.data):
            if site.section in (STATE_SECTION, ""):
                found.append(
                    survey(
                        self.data,
                        site.start,
                        site.end,
                        sources=self.sources,
                        module_digest=digest,
                    )
                )
        return [each for each in found if each.parts or each.trailer]

    def _choose(self, surveys: Sequence[Survey]) -> Survey | None:
        if self.record is not None:
            for each in surveys:
                if each.start == self.record:
                    return each
            self.obstacles.append(f"there is no record at {self.record:#x}")
            return None
        if not surveys:
            return None
        best = max(
            surveys,
            key=lambda each: (
                each.record is not None,
                each.generation or 0,
                sum(bool(part.proof) for part in each.regions),
            ),
        )
        rivals = {
            each.record.digest(): each
            for each in surveys
            if each.record is not None and each.generation == best.generation
        }
        if len(rivals) > 1:
            places = ", ".join(f"{each.start:#x}" for each in rivals.values())
            self.obstacles.append(
                f"a fork: {len(rivals)} whole states of generation {best.generation} ({places}); "
                "which one holds cannot be told"
            )
            self.remedies.append("record")
        return best

    def _record(self, found: Survey) -> Record | None:
        """The record that was lost, or one of what is left of it."""
        for part in found.parts:
            if part.mended:
                self.mended.append(f"{part.name} at {part.offset:#x}: {part.mended}")
        tensors = tensors_of(found)
        if found.record is not None:
            for tensor in tensors:
                self.tensors.append(_proved(tensor.name, found.regions[tensor.region]))
            return found.record
        if found.table is None or found.schema is None or not tensors:
            missing = "its region table" if found.table is None else "its schema"
            self.obstacles.append(
                f"of the record at {found.start:#x} {missing} is lost: an older copy may have it"
            )
            self.remedies.append("donor")
            return None
        if found.header is not None:
            self.wanted = found.fields.module_digest
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
                self.tensors += [_proved(name, part) for name in inside]
            else:
                kept, stored, status, by = self._region(part, i, region)
                self.tensors += [SavedTensor(name, status, by) for name in inside]
            regions.append(replace(kept, length=len(stored), payload_offset=len(payload)))
            payload += stored
            payload += bytes(-len(payload) % REGION_ALIGNMENT)
        lost = [each.name for each in self.tensors if each.status == "lost"]
        if lost:
            self.obstacles.append(
                f"{', '.join(lost)}: lost; they can be filled from elsewhere, or their bytes taken "
                "as they stand"
            )
            self.remedies += ["fill", "accept"]
            return None
        keep = 1 if found.header is None else found.fields.keep
        return Record(self._lineage(found), tuple(regions), schema.content, bytes(payload), keep)

    def _region(self, part: Part, index: int, region: Region) -> tuple[Region, bytes, Status, str]:
        """A region that nothing proves, as the caller wants it."""
        if "values" in self.accept and len(part.content) == region.length:
            by = f"{part.mended}, which nothing confirms" if part.mended else "nothing"
            return region, part.content, "unproven", by
        most = max(len(self.data), _MOST_ZEROS)  # no memory for what bytes merely claim
        is_range = region.kind is not RegionKind.WHOLE_MEMORY
        if self.fill == "zeros" and is_range and region.length <= most:
            return region, bytes(region.length), "filled", "zeros"
        for source in self.sources:
            if source.kind == self.fill and self.wanted in (None, _code_of(source)):
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

    def _older(self) -> Record | None:
        """The record of another generation, where nothing at all is left of the state."""
        for source in self.sources:
            if source.kind == self.fill:
                return source.record
        kinds = sorted({source.label for source in self.sources})
        self.obstacles.append(
            "no record of the state is left"
            + (f"; there are {', '.join(kinds)} to fill it from" if kinds else "")
        )
        self.remedies += ["fill"] if kinds else []
        return None

    def _state(self, found: Record) -> State | None:
        try:
            state = State(found)
        except SchemaError as error:
            self.obstacles.append(f"the schema of the record cannot be right: {error}")
            return None
        if not self.tensors:
            self.tensors = [
                SavedTensor(each.name, "filled", str(self.fill)) for each in state.tensors
            ]
        return state

    def _code(self, found: Record | None, taken: Survey | None) -> Code:
        wanted = None
        if taken is not None and taken.header is not None:
            wanted = taken.fields.module_digest
        elif taken is None and found is not None:
            wanted = found.lineage.module_digest
        code = find_code(self.module, self.donor, wanted)
        if not code.proof and "code" not in self.accept:
            self.obstacles.append(
                "nothing proves the code: a donor with the same code would, or it can be taken as "
                "it stands"
            )
            self.remedies += ["donor", "accept"]
        if code.mended:
            self.mended.append(code.mended)
        return code

    def _history(self, generation: int) -> dict[str, bytes]:
        """The older records of the file, by the section that they belong to."""
        found = {}
        for name, kind in ((INIT_SECTION, "init"), (PREV_SECTION, "prev")):
            records = [
                source.record
                for source in self.sources
                if source.kind == kind
                and (kind == "init" or source.record.lineage.generation < generation)
            ]
            if records:
                records.sort(key=lambda each: each.lineage.generation)
                found[name] = b"".join(record.encode() for record in records)
        return found


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
