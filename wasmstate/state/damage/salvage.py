"""Taking from a damaged file what is proven, and saying of the rest what it is.

Nothing is guessed. A tensor is taken if a checksum proves it, and filled from another record only
where the caller says so. What comes out is either the record that was lost, byte for byte, or a
state of its own: one generation on, so that nobody takes it for the one that was lost.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import get_args

import numpy as np

from wasmstate.binary.module import Module
from wasmstate.binary.verify import is_malformed
from wasmstate.errors import MalformedError, SectionError, StateError
from wasmstate.state.damage.fill_record import Filler
from wasmstate.state.damage.find_code import Code, find_code, rebuilt
from wasmstate.state.damage.find_records import sites
from wasmstate.state.damage.other_records import labelled, records_in
from wasmstate.state.damage.repair_frames import (
    mended_frames,
    resized,
    undone_text_mode,
    undone_utf8,
    with_size,
)
from wasmstate.state.damage.salvage_result import (
    Accept,
    Fill,
    FoundRecord,
    Notes,
    Salvage,
    SavedTensor,
    Status,
)
from wasmstate.state.damage.survey import survey
from wasmstate.state.damage.survey_parts import Source, Survey
from wasmstate.state.digest import module_digest
from wasmstate.state.older import INIT_SECTION, PREV_SECTION, STATE_SECTION
from wasmstate.state.record import Record
from wasmstate.state.state import State


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
        ValueError: for an unknown thing to fill from or to accept, or an invalid ``record``.
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
        self.notes = Notes()
        self.data = self._with_frames(data)
        self.module = Module.from_bytes(self.data, strict=False)
        self.sources = self._sources(leftovers)

    def salvage(self) -> Salvage:
        surveys = self._surveys()
        taken = self._choose(surveys)
        found = None
        if taken is not None:
            filler = Filler(self.fill, self.accept, self.sources, len(self.data), self.notes)
            found = filler.record(taken)
        elif not self.notes.obstacles:
            found = self._older()
        code = self._code(found, taken)
        state = None if found is None else self._state(found)
        data = None
        if state is not None and code.module is not None and not self.notes.obstacles:
            try:
                history = self._history(state.generation)
                data = rebuilt(code.module, state, history).to_bytes()
                State.of(Module.from_bytes(data))
            except (SectionError, MalformedError, StateError) as error:
                self.notes.obstacles.append(f"the state cannot be put into the module: {error}")
                data = None
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
            tuple(self.notes.tensors),
            code.proof,
            tuple(self.notes.mended),
            state,
            data,
            tuple(self.notes.obstacles),
            tuple(dict.fromkeys(self.notes.remedies)),
        )

    def _with_frames(self, data: bytes) -> bytes:
        """The data with frames that can be read, if one step makes them so."""
        right = undone_utf8(data) or undone_text_mode(data)
        if right is not None:
            self.notes.mended.append("what a transfer as text did was undone")
            return right
        module = Module.from_bytes(data, strict=False)
        if module.custom_sections(STATE_SECTION) and not is_malformed(module):
            return data
        size = resized(data)
        if size is not None:
            self.notes.mended.append(
                f"the size at {size[0]:#x} was set to {size[2]}, as the record says"
            )
            return with_size(data, size[0], size[2])
        mended = mended_frames(data, module)
        if mended is not None:
            whole, at, bit = mended
            self.notes.mended.append(f"bit {bit} of byte {at:#x} was flipped back, in a frame")
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
            self.notes.obstacles.append(f"there is no record at {self.record:#x}")
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
            self.notes.obstacles.append(
                f"a fork: {len(rivals)} whole states of generation {best.generation} ({places}); "
                "which one holds cannot be told"
            )
            self.notes.remedies.append("record")
        return best

    def _older(self) -> Record | None:
        """The record of another generation, where nothing at all is left of the state."""
        for source in self.sources:
            if source.kind == self.fill:
                return source.record
        kinds = sorted({source.label for source in self.sources})
        self.notes.obstacles.append(
            "no record of the state is left"
            + (f"; there are {', '.join(kinds)} to fill it from" if kinds else "")
        )
        self.notes.remedies += ["fill"] if kinds else []
        return None

    def _state(self, found: Record) -> State | None:
        try:
            state = State.from_content(found.encode())
        except StateError as error:  # checksums can be right for what breaks the rules
            self.notes.obstacles.append(f"a reader refuses the record: {error}")
            refused: Status = "unproven"
            self.notes.tensors[:] = [
                replace(each, status=refused, by="nothing: a reader refuses the record")
                if each.status in ("proven", "mended")
                else each
                for each in self.notes.tensors
            ]
            return None
        if not self.notes.tensors:
            self.notes.tensors.extend(
                SavedTensor(each.name, "filled", str(self.fill)) for each in state.tensors
            )
        return state

    def _code(self, found: Record | None, taken: Survey | None) -> Code:
        wanted = None
        if taken is not None and taken.header is not None:
            wanted = taken.fields.module_digest
        elif taken is None and found is not None:
            wanted = found.lineage.module_digest
        code = find_code(self.module, self.donor, wanted)
        if not code.proof and "code" not in self.accept:
            self.notes.obstacles.append(
                "nothing proves the code: a donor with the same code would, or it can be taken as "
                "it stands"
            )
            self.notes.remedies += ["donor", "accept"]
        if code.mended:
            self.notes.mended.append(code.mended)
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
