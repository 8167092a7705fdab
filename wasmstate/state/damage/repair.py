"""Repairs: each makes new bytes of damaged ones, and shows what it would change.

A repair is a function from bytes to bytes. It is named by the finding that it fits, and proven, if
by anything, by a digest that holds afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.binary.module import Module
from wasmstate.binary.sections.custom import CustomSection
from wasmstate.errors import SectionError, StateError, WasmstateError
from wasmstate.state.compare.diff import TensorDiff, diff_states
from wasmstate.state.damage.other_records import records_in, sources_of
from wasmstate.state.damage.region_tables import regions_of
from wasmstate.state.damage.repair_frames import (
    is_whole,
    mended_frames,
    resized,
    tail_start,
    undone_text_mode,
    undone_utf8,
    with_size,
)
from wasmstate.state.damage.survey import survey
from wasmstate.state.damage.survey_parts import Survey
from wasmstate.state.digest import module_digest
from wasmstate.state.layout import MAGIC
from wasmstate.state.older import STATE_SECTION
from wasmstate.state.record import Lineage, Record, successor
from wasmstate.state.state import State

DIGESTS = "the state digest and the module digest"
_MOST_CHANGES = 1_000


@dataclass(frozen=True, slots=True)
class Damaged:
    """What a repair may look at.

    Attributes:
        data: the whole damaged file.
        leftovers: the temporary files of dead writers that lie beside it.
    """

    data: bytes
    leftovers: tuple[bytes, ...] = ()

    @property
    def module(self) -> Module:
        """The file, as far as it can be read."""
        return Module.from_bytes(self.data, strict=False)


@dataclass(frozen=True, slots=True)
class Repair:
    """One way to mend a file.

    Attributes:
        name: as a finding gives it.
        title: what it does, for a button or a line of help.
        make: gives the new bytes; raises SectionError if it does not fit.
        guesses: whether it makes up what nothing can prove, though checksums agree afterwards.
    """

    name: str
    title: str
    make: Callable[[Damaged], bytes]
    guesses: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """Bytes that are different after a repair.

    Attributes:
        offset: of the first of them, from the start of the file before.
        before: what stands there; empty where bytes are added.
        after: what would; empty where bytes are dropped.
    """

    offset: int
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Preview:
    """What a repair would do.

    Attributes:
        name: of the repair.
        title: what it does.
        data: the whole new file.
        proof: what proves that it is right; empty if nothing does.
        changes: each range of bytes that is different, in file order.
        tensors: the tensors with other values, cell by cell.
    """

    name: str
    title: str
    data: bytes
    proof: str
    changes: tuple[Change, ...]
    tensors: tuple[TensorDiff, ...]


def preview(name: str, data: bytes, leftovers: Sequence[bytes] = ()) -> Preview:
    """What the repair of this name would do to a file.

    Raises:
        SectionError: if there is no such repair, or it does not fit this file.
    """
    if name not in REPAIRS:
        raise SectionError(f"no repair is named {name!r}; there are {', '.join(REPAIRS)}")
    repair = REPAIRS[name]
    try:
        mended = repair.make(Damaged(data, tuple(leftovers)))
    except StateError as error:
        raise SectionError(f"{name} does not fit: {error}") from error
    proof = DIGESTS if is_whole(mended) and not repair.guesses else ""
    return Preview(
        name, repair.title, mended, proof, tuple(_changes(data, mended)), _tensors(data, mended)
    )


def _changes(before: bytes, after: bytes) -> list[Change]:
    if len(before) != len(after):
        shorter = min(len(before), len(after))
        ours, theirs = (np.frombuffer(each, np.uint8, shorter) for each in (before, after))
        differ = np.flatnonzero(ours != theirs)
        start = int(differ[0]) if len(differ) else shorter
        ours, theirs = (
            np.frombuffer(each, np.uint8)[::-1][: shorter - start] for each in (before, after)
        )
        differ = np.flatnonzero(ours != theirs)
        same = int(differ[0]) if len(differ) else shorter - start
        return [Change(start, before[start : len(before) - same], after[start : len(after) - same])]
    differ = np.flatnonzero(np.frombuffer(before, np.uint8) != np.frombuffer(after, np.uint8))
    if not len(differ):
        return []
    ranges = np.split(differ, np.flatnonzero(np.diff(differ) > 1) + 1)
    if len(ranges) > _MOST_CHANGES:
        ranges = [*ranges[: _MOST_CHANGES - 1], np.concatenate(ranges[_MOST_CHANGES - 1 :])]
    spans = [(int(each[0]), int(each[-1]) + 1) for each in ranges]
    return [Change(start, before[start:end], after[start:end]) for start, end in spans]


def _tensors(before: bytes, after: bytes) -> tuple[TensorDiff, ...]:
    try:
        new = State.of(Module.from_bytes(after))
        old = _as_it_stands(before, new)
    except WasmstateError:
        return ()
    return () if old is None else tuple(diff_states(old, new))


def _as_it_stands(data: bytes, like: State) -> State | None:
    """The values where a record begins, though no checksum holds, as far as they are there."""
    sections = Module.from_bytes(data, strict=False).custom_sections(STATE_SECTION)
    if not sections:
        return None
    content = sections[0].content
    record = like.record
    payload = content[record.payload_offset :][: len(record.payload)]
    if len(payload) < len(record.payload):
        return None
    return State(replace(record, payload=payload), like.schema)


# The repairs.


def _section(damaged: Damaged) -> CustomSection:
    sections = damaged.module.custom_sections(STATE_SECTION)
    if not sections:
        raise SectionError(f"there is no {STATE_SECTION} section to mend")
    return sections[0]


def _with_content(damaged: Damaged, section: CustomSection, content: bytes) -> bytes:
    """The file with another content in a section of five bytes' size, all else kept."""
    size = section.content_offset - section.offset - 6 + len(content)
    head = damaged.data[: section.content_offset]
    if section.content_offset - section.offset == 6 + 1 + len(STATE_SECTION):
        head = with_size(head, section.offset + 1, size)
        return head + content + damaged.data[section.end :]
    return damaged.module.with_custom(STATE_SECTION, content, force=True).to_bytes()


def _survey(damaged: Damaged, section: CustomSection) -> Survey:
    return survey(section.content, sources=sources_of(damaged.module))


def _mend_record(damaged: Damaged) -> bytes:
    section = _section(damaged)
    found = _survey(damaged, section)
    if found.content is None:
        raise SectionError("the record cannot be mended so that the state digest proves it")
    return _with_content(damaged, section, found.content + section.content[found.end :])


def _drop_after_record(damaged: Damaged) -> bytes:
    section = _section(damaged)
    found = _survey(damaged, section)
    if found.record is None:
        raise SectionError("no record is whole, so where it ends cannot be told")
    return _with_content(damaged, section, section.content[: found.end])


def _mend_frames(damaged: Damaged) -> bytes:
    mended = mended_frames(damaged.data, damaged.module)
    if mended is None:
        raise SectionError("no single bit in the frames of the sections explains the damage")
    return mended[0]


def _resize_section(damaged: Damaged) -> bytes:
    found = resized(damaged.data)
    if found is None:
        raise SectionError("no section has a size that its record contradicts")
    return with_size(damaged.data, found[0], found[2])


def _rename_section(damaged: Damaged) -> bytes:
    for section in damaged.module.custom_sections():
        name = section.name.encode()
        if section.content.startswith(MAGIC) and len(name) == len(STATE_SECTION):
            at = section.content_offset - len(name)
            return damaged.data[:at] + STATE_SECTION.encode() + damaged.data[at + len(name) :]
    raise SectionError("no section of another name holds a state")


def _drop_tail(damaged: Damaged) -> bytes:
    start = tail_start(damaged.module)
    if start is None:
        raise SectionError("nothing stands behind a last section that is whole")
    return damaged.data[:start]


def _keep_newest(damaged: Damaged) -> bytes:
    module = damaged.module
    sections = module.custom_sections(STATE_SECTION)
    records = [record for section in sections for record in records_in(section.content)]
    if not records:
        raise SectionError("there is no whole state to keep")
    own = [each for each in records if each.lineage.module_digest == module_digest(module)]
    newest = max(own or records, key=lambda each: each.lineage.generation)
    rivals = {
        each.digest()
        for each in own or records
        if each.lineage.generation == newest.lineage.generation
    }
    if len(rivals) > 1:
        raise SectionError("a fork: which of two states of one generation holds cannot be told")
    return _with_record(module, newest)


def _with_record(module: Module, record: Record) -> bytes:
    if len(module.custom_sections(STATE_SECTION)) > 1:
        module = module.without_custom(STATE_SECTION)
    return module.with_custom(STATE_SECTION, record.encode(), force=True).to_bytes()


def _restore(kind: str) -> Callable[[Damaged], bytes]:
    def make(damaged: Damaged) -> bytes:
        for source in sources_of(damaged.module):
            if source.kind == kind:
                return _with_record(damaged.module, source.record)
        raise SectionError(f"the file has no whole record in wasmstate.{kind}")

    return make


def _restore_values(damaged: Damaged) -> bytes:
    module = damaged.module
    state = State.of(module)
    broken = {name for name, _ in state.broken_bounds()}
    for source in sources_of(module):
        for kept in (_finite, _none):
            try:
                older = State(source.record)
                values = {
                    name: np.where(kept(state[name]), state[name], older[name]) for name in broken
                }
                mended = state.with_values(values)
            except (StateError, ValueError):  # not the same tensors
                continue
            if broken and not mended.broken_bounds():
                return _with_record(module, successor(mended.record, state.record))
    raise SectionError("no older record has values that keep the bounds")


def _finite(mine: NDArray[Any]) -> NDArray[Any]:
    finite: NDArray[np.bool_] = np.isfinite(mine)
    return finite


def _none(mine: NDArray[Any]) -> NDArray[Any]:
    return np.zeros(mine.shape, bool)


def _take_leftover(damaged: Damaged) -> bytes:
    whole = [each for each in damaged.leftovers if is_whole(each)]
    if not whole:
        raise SectionError("no temporary file beside it is whole")
    return max(whole, key=lambda each: State.of(Module.from_bytes(each)).generation)


def _undo(undone: Callable[[bytes], bytes | None]) -> Callable[[Damaged], bytes]:
    def make(damaged: Damaged) -> bytes:
        data = undone(damaged.data)
        if data is None:
            raise SectionError("undoing it does not make the file whole")
        return data

    return make


def _recompute(damaged: Damaged) -> bytes:
    section = _section(damaged)
    found = _survey(damaged, section)
    if found.table is None or found.schema is None or found.header is None:
        raise SectionError("header, region table and schema must be whole for that")
    fields, regions = found.fields, regions_of(found.table.content)
    if [len(part.content) for part in found.regions] != found.lengths:
        raise SectionError("the record is cut: there is nothing to take a checksum of")
    payload = section.content[fields.payload_offset :][: fields.payload_length]
    record = Record(Lineage.of(fields), regions, found.schema.content, payload, fields.keep)
    return _with_content(damaged, section, record.encode())


REPAIRS = {
    repair.name: repair
    for repair in (
        Repair("mend-record", "Put the record back to what its digest says it was", _mend_record),
        Repair("mend-frames", "Flip back the bit in the frame of a section", _mend_frames),
        Repair("resize-section", "Give the section the size of its record", _resize_section),
        Repair("rename-section", "Give the section its name again", _rename_section),
        Repair("drop-tail", "Drop the bytes behind the last section", _drop_tail),
        Repair("drop-after-record", "Drop the bytes behind the record", _drop_after_record),
        Repair("keep-newest", "Keep the newest state that belongs to the code", _keep_newest),
        Repair("restore-prev", "Go back to the generation before", _restore("prev")),
        Repair("restore-init", "Go back to the first state", _restore("init")),
        Repair("restore-values", "Take values that keep the bounds from before", _restore_values),
        Repair("take-leftover", "Take the file that an interrupted commit left", _take_leftover),
        Repair("undo-utf8", "Undo the encoding as UTF-8", _undo(undone_utf8)),
        Repair("undo-text-mode", "Undo the conversion of line ends", _undo(undone_text_mode)),
        Repair(
            "recompute-checksums",
            "Believe the values as they stand, and make the checksums agree",
            _recompute,
            guesses=True,
        ),
    )
}
"""Every repair, by name."""
