"""Bytes that are overwritten: values of S, or any byte as it is.

A byte of S's values becomes another value, and the record around it is rebuilt when it is shown
and written, checksums and all. Any other byte is overwritten as it is and nothing is mended, so
that a file can be damaged on purpose, or repaired by hand. What is shown is always the file as it
would be if it were written now.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from wasmstate.binary.module import Module
from wasmstate.errors import StateConflictError, StateError
from wasmstate.session.rescue import write_copy as write_rescued
from wasmstate.state.memory_image import address_of_stored
from wasmstate.state.record import RegionKind
from wasmstate.state.state import SECTION_NAME
from wasmstate.storage import commit, rewrite, write_new
from wasmstate_gui.core.document.document import Document
from wasmstate_gui.core.document.edited_source import (
    JoinedSource,
    PatchedSource,
    Patches,
    same_bytes,
    shown_bytes,
    with_patch,
)
from wasmstate_gui.core.document.snapshot import Snapshot, checked, read_snapshot, snapshot_of


@dataclass(frozen=True, slots=True)
class Edit:
    """Bytes to be written over others.

    Attributes:
        offset: of the first, in the file.
        data: the bytes.
        is_raw: whether they are written as they are even where they are values of S.
    """

    offset: int
    data: bytes
    is_raw: bool


def is_value(document: Document, offset: int) -> bool:
    """Whether a byte belongs to S's values."""
    return _value_at(document, offset) is not None


def edited(document: Document, edits: Iterable[Edit]) -> Document:
    """The document with bytes overwritten, one edit after the other.

    Raises:
        StateError: if the layout of the file in memory is not that of the file on disk.
        MalformedError, OSError: if a large file cannot be read any more.
    """
    for edit in edits:
        place = None if edit.is_raw else _value_at(document, edit.offset)
        if place is not None:
            document = _with_value(document, place, edit.data)
        else:
            document = _with_bytes(document, edit)
    return document


def _value_at(document: Document, offset: int) -> tuple[int, int] | None:
    """The region that a byte belongs to, and its place in it."""
    sections = document.module.custom_sections(SECTION_NAME)
    if document.state is None or len(sections) != 1:
        return None
    record = document.state.record
    at = offset - sections[0].content_offset - record.payload_offset
    for i, region in enumerate(record.regions):
        there = at - region.payload_offset
        if not 0 <= there < region.length:
            continue
        if region.kind is not RegionKind.WHOLE_MEMORY:
            return i, there
        address = address_of_stored(record.region_bytes(i), region.size, there)
        return None if address is None else (i, address)
    return None


def _with_value(document: Document, place: tuple[int, int], data: bytes) -> Document:
    assert document.state is not None
    index, at = place
    contents = document.state.contents()
    content = bytearray(contents[index])
    data = data[: len(content) - at]
    content[at : at + len(data)] = data
    contents[index] = bytes(content)
    state = document.state.with_contents(contents)
    return replace(document, state=state)


def _with_bytes(document: Document, edit: Edit) -> Document:
    disk = document.disk
    if document.source.size != disk.source.size:
        raise StateError("the state section has another place than on disk: write changes first")
    data = edit.data[: disk.source.size - edit.offset]
    patches = with_patch(document.patches, edit.offset, data)
    found = patched(disk, patches)
    sections = document.module.custom_sections(SECTION_NAME)
    touches = any(s.offset < edit.offset + len(data) and edit.offset < s.end for s in sections)
    is_intact = found.state is not None and not touches
    if document.has_new_values and is_intact:
        return replace(document, edited=found)
    if document.has_new_values:
        # S is a part of the bytes from here on: an edit of a record is one of what is shown.
        patches = document.patches
        for section in sections:
            patches = with_patch(patches, section.content_offset, section.content)
        found = patched(disk, with_patch(patches, edit.offset, data))
    if found is disk and document.edited is None:
        return document
    if found is disk:
        return replace(document, edited=None, state=disk.state, before=document.state)
    before = document.state or document.before
    return replace(document, edited=found, state=found.state, before=before)


def patched(disk: Snapshot, patches: Patches) -> Snapshot:
    """The file with these bytes laid over it; itself, if they are the ones that it has.

    Raises:
        MalformedError, OSError: if a large file cannot be read any more.
    """
    if all(shown_bytes(disk.source, at, len(run)) == run for at, run in patches):
        return disk
    return checked(snapshot_of(PatchedSource(disk.source, patches), disk.path, disk.stamp))


def written(document: Document) -> Snapshot:
    """Write everything to the file, crash-safely; gives the file as it is then.

    Overwritten bytes are written first, as they are; then new values become a new generation.

    Raises:
        StateConflictError: somebody else has written to the file.
        WasmstateError, OSError: as :func:`wasmstate.storage.commit`.
    """
    path, state, base = document.disk.path, document.state, document.base
    if state is not None and document.has_new_values:
        state.check_bounds()
    if document.edited is not None:
        rewrite(path, lambda on_disk: _replacing(on_disk, document), strict=False)
    if state is not None and document.has_new_values:
        assert base.state is not None
        commit(path, state, expected_digest=base.state.digest)
    return read_snapshot(path)


def write_copy(document: Document, path: Path) -> None:
    """Write what is shown to a new file: new values are the generation after that of the file.

    Raises:
        NotCommittedError: there is such a file already, or it cannot be written.
        DurabilityUnknownError: as :func:`wasmstate.storage.commit`.
    """
    state, base = document.state, document.base
    if state is None or base.state is None or not document.has_new_values:
        write_new(path, document.module)
    else:
        write_rescued(path, base.module, base.state.record, state)


def _replacing(on_disk: Module, document: Document) -> Module:
    """The module with its overwritten bytes, if the file is still the one that was read."""
    disk = document.disk
    if not same_bytes(JoinedSource(on_disk.pieces()), disk.source):
        reason = "not written, the file has changed since it was read"
        raise StateConflictError(f"{disk.path}: {reason}", 0, 0)
    return document.base.module
