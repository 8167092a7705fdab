"""What is wrong with the content of a section that holds one state record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from wasmstate.errors import Remedy, StateCorruptError
from wasmstate.escapes import listed
from wasmstate.state.damage.find_records import sites
from wasmstate.state.damage.finding import Certainty, Finding
from wasmstate.state.damage.region_tables import regions_of
from wasmstate.state.damage.survey import survey
from wasmstate.state.damage.survey_parts import Part, Source, Survey, tensors_of
from wasmstate.state.damage.try_patches import blocks
from wasmstate.state.layout import MAGIC, TRAILER_SIZE
from wasmstate.state.record import RegionKind
from wasmstate.state.tensor import Tensor

_PROVED = "it can be mended, and the state digest (SHA-256) proves the result"
_BLOCK = 512  # bytes: less than this a disk does not lose


def damaged_record(
    path: str, offset: int, content: bytes, error: StateCorruptError, sources: Sequence[Source]
) -> list[Finding]:
    """Why a record cannot be read, part by part.

    Args:
        path: of the section.
        offset: of its content, from the start of the file.
        content: of the section.
        error: the first contradiction.
        sources: other records of the file that may tell what is missing.
    """
    found = survey(content, sources=sources)
    return list(_Damage(path, offset, content, error, sources, found).findings())


def restoring(sources: Sequence[Source]) -> str | None:
    """The repair that puts an older record in the place of one that is lost."""
    kinds = {source.kind for source in sources}
    return next((f"restore-{kind}" for kind in ("prev", "init") if kind in kinds), None)


@dataclass(frozen=True, slots=True)
class _Damage:
    path: str
    offset: int
    content: bytes
    error: StateCorruptError
    sources: Sequence[Source]
    found: Survey

    def findings(self) -> Iterator[Finding]:
        size = len(self.content)
        if self.found.content is not None and self.found.end < size:
            yield self._appended()
            if self.found.is_unharmed:
                return
        if self.found.content is not None:
            yield from self._mendable()
            return
        reason = self.error.reason
        certainty: Certainty = "certain"
        fields = self.found.fields
        if fields is not None:
            whole = fields.payload_offset + fields.payload_length + TRAILER_SIZE
            if whole > size:
                reason += f": the record is cut, {whole - size} of its {whole} bytes are missing"
        elif self.error.path == "header.magic" and not self.error.reason.startswith("is "):
            certainty = "likely"  # it says how other bytes came to stand there
        tensors = tensors_of(self.found)
        proved = {i for i, part in enumerate(self.found.regions) if part.proof}
        saved = [tensor.name for tensor in tensors if tensor.region in proved]
        advice = "restore the file from a copy, or attach a new state"
        helps: tuple[Remedy, ...] = ()
        if saved:
            advice = (
                f"the {len(saved)} of {len(tensors)} tensors that are proven can be salvaged: "
                f"{', '.join(saved)}"
            )
            helps = ("salvage()",)
        repair = self._undoing() or restoring(self.sources)
        lost = [part for part in self.found.regions if not part.proof]
        if self.error.path not in [part.name for part in lost]:
            place, at = f"{self.path}.{self.error.path}", self.offset + self.error.offset
            yield Finding("error", place, at, reason, advice, certainty, repair, helps)
        for part in lost:
            inside = [each for each in tensors if self._is_in(each, part)]
            yield replace(self._lost(part, inside, advice, repair), remedies=helps)

    def _undoing(self) -> str | None:
        if self.error.path != "header.magic":
            return None
        if self.content.startswith(b"\xc2\x89WST"):
            return "undo-utf8"
        return "undo-text-mode" if self.content.startswith(b"\x89WST\r\r\n") else None

    def _appended(self) -> Finding:
        tail = self.content[self.found.end :]
        generations = [
            survey(tail, site.start, site.end).generation
            for site in sites(tail)
            if tail.startswith(MAGIC, site.start)
        ]
        reason = f"{len(tail)} bytes behind the record"
        repair, advice = "drop-after-record", "they can be dropped: the record before them is whole"
        if generations:
            named = ", ".join(map(str, generations))
            reason += (
                ": another record, as a linker leaves when it joins sections of one name "
                f"(generations {self.found.generation} and {named})"
            )
            repair = "keep-newest"
            advice = "keep the record that belongs to this code, and only that"
        elif not any(tail):
            reason += ", all of them zero"
        return Finding(
            "error",
            f"{self.path}.content",
            self.offset + self.found.end,
            reason,
            advice,
            repair=repair,
        )

    def _mendable(self) -> Iterator[Finding]:
        mended = [part for part in self.found.parts if part.mended]
        for part in mended:
            if part.flip is None:
                at = min(part.offset, len(self.content))
                reason = f"damaged{self._names(part)}: {part.mended}, it is right again"
            else:
                at, bit = part.flip
                reason = (
                    f"the CRC-32 is wrong, and one flipped bit explains it: bit {bit} of byte "
                    f"{self.offset + at:#x}{self._cell(part, at)}"
                )
            yield Finding(
                "error",
                f"{self.path}.{part.name}",
                self.offset + at,
                reason,
                _PROVED,
                "likely",
                "mend-record",
            )
        if not mended:  # the trailer, or bytes that must be zero
            yield Finding(
                "error",
                f"{self.path}.{self.error.path}",
                self.offset + self.error.offset,
                self.error.reason,
                _PROVED,
                repair="mend-record",
            )

    def _lost(
        self, part: Part, tensors: Sequence[Tensor], advice: str, repair: str | None
    ) -> Finding:
        """Which bytes and which tensors of a region cannot be trusted."""
        names = listed([tensor.name for tensor in tensors]) if tensors else "its values"
        at, reason = part.offset, f"the CRC-32 of {names} is wrong"
        certainty: Certainty = "certain"
        missing = self.found.lengths[self.found.regions.index(part)] - len(part.content)
        if missing:
            at = min(at + len(part.content), len(self.content))
            reason = f"{missing} bytes of {names} are missing"
        for start, end in blocks(part.content)[:1]:
            if end - start >= _BLOCK and not missing:
                cells = [
                    tensor.cell_at(max(start - tensor.offset, 0))
                    for tensor in tensors
                    if not self._is_stored_whole(part)
                    and tensor.offset < end
                    and start < tensor.offset + tensor.nbytes
                ]
                at, certainty = at + start, "likely"
                reason += (
                    f": {end - start} bytes from {', '.join(cells) or 'here'} on are zero, as a "
                    "block is that was never synced before a power cut"
                )
        place = f"{self.path}.{part.name}"
        return Finding("error", place, self.offset + at, reason, advice, certainty, repair)

    def _names(self, part: Part) -> str:
        names = [each.name for each in tensors_of(self.found) if self._is_in(each, part)]
        return f" ({', '.join(names)})" if names else ""

    def _cell(self, part: Part, at: int) -> str:
        if self._is_stored_whole(part):
            return ""
        for tensor in tensors_of(self.found):
            inside = at - part.offset - tensor.offset
            if self._is_in(tensor, part) and 0 <= inside < tensor.nbytes:
                return f", in {tensor.cell_at(inside)}"
        return ""

    @staticmethod
    def _is_in(tensor: Tensor, part: Part) -> bool:
        return part.name == f"regions[{tensor.region}]"

    def _is_stored_whole(self, part: Part) -> bool:
        """Whether bytes of the part are no places in the instance."""
        assert self.found.table is not None
        regions = regions_of(self.found.table.content)
        index = self.found.regions.index(part) if part in self.found.regions else None
        return index is not None and regions[index].kind is RegionKind.WHOLE_MEMORY
