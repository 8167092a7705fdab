"""What all sections have in common: a place in the file, bytes, and decoding on demand."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, Self, TypeVar

from construct import Construct

from wasmstate.binary.content import Content, Field
from wasmstate.binary.decode_loops import OnDemand, UnusualError, read_unsigned
from wasmstate.binary.kept_bytes import edited_list
from wasmstate.binary.source import BytesSource, Source
from wasmstate.binary.values import decode, u32
from wasmstate.errors import MalformedError
from wasmstate.escapes import visible

if TYPE_CHECKING:
    Layout = Construct[Any, Any]
else:
    Layout = Construct

Entry = TypeVar("Entry")

_ENTRY = re.compile(r"entries\[(\d+)\]")
_FEW_BYTES, _MOST_SEEN = 32, 4096  # of an entry whose fields are kept, and how many are


def traced(layout: Layout, content: bytes, offset: int, path: str) -> Iterator[Field]:
    """The fields of a content by its layout; those before a fault come before its error.

    Raises:
        MalformedError: naming the field and the byte.
    """
    trace: list[Field] = []
    try:
        decode(layout, Content(content, offset, path, trace))
    finally:
        yield from trace


class Frame(NamedTuple):
    """The bytes that one section takes up in a source, unread.

    Attributes:
        source: where they are.
        start: of the section's id byte, in the source.
        content_start: of the content, in the source.
        end: the first byte after the section, in the source.
    """

    source: Source
    start: int
    content_start: int
    end: int

    def read(self) -> bytes:
        """All bytes of the section, its id and size as they were written."""
        return self.source.read(self.start, self.end - self.start)

    @classmethod
    def build(cls, id: int, content: bytes, *, prefix: bytes = b"", width: int = 1) -> Frame:
        """A new section: ``prefix`` and ``content`` behind an id, and a size in ``width`` bytes."""
        head = bytes([id]) + u32.encode_padded(len(prefix) + len(content), width) + prefix
        source = BytesSource(head + content)
        return cls(source, 0, len(head), source.size)


class FrameFault(NamedTuple):
    """Why the frame of a section is malformed, although its size leads to the next section.

    Attributes:
        part: of the frame: ``id`` or ``name``.
        position: of the first bad byte, from the section's id byte.
        reason: as in :class:`~wasmstate.errors.MalformedError`.
    """

    part: str
    position: int
    reason: str


@dataclass(frozen=True, eq=False)
class Section:
    """A section of a module, where it stands and what it holds.

    A section keeps the bytes it was read from and never changes in place.

    Attributes:
        id: the id byte.
        name: the specification's word for the section, or a custom section's own name.
        index: among all sections of the module, from 0.
        offset: of the id byte, from the start of the module.
        frame_fault: what is wrong with the frame; only in a module opened with ``strict=False``.
    """

    id: int
    name: str
    index: int
    offset: int
    frame: Frame
    frame_fault: FrameFault | None = None

    def __repr__(self) -> str:
        place = f"{self.size:,} bytes at {self.offset:#x}"
        return f"<section {self.index}, {visible(self.name)}: {place}>"

    @property
    def fault(self) -> MalformedError | None:
        """Why the frame is malformed, ``None`` if it is not."""
        if self.frame_fault is None:
            return None
        part, position, reason = self.frame_fault
        return MalformedError(f"{self.path}.{part}", self.offset + position, reason)

    @property
    def size(self) -> int:
        """Size of the content in bytes, in a custom section without its name."""
        return self.frame.end - self.frame.content_start

    @property
    def content_offset(self) -> int:
        """Offset of the content from the start of the module."""
        return self.offset + self.frame.content_start - self.frame.start

    @property
    def end(self) -> int:
        """Offset of the first byte after the section, from the start of the module."""
        return self.content_offset + self.size

    @property
    def content(self) -> bytes:
        """The content; of a custom section, what follows its name.

        Raises:
            MalformedError: if the file became shorter since it was opened.
        """
        return self.frame.source.read(self.frame.content_start, self.size)

    @property
    def path(self) -> str:
        """How errors name this section."""
        return f"sections[{self.index}]"

    def decode(self) -> Any:
        """What the content means; here the bytes themselves.

        Raises:
            MalformedError: naming the field and the byte.
        """
        return self.content

    def fields(self) -> list[Field]:
        """Each primitive of the content, in file order, with its place and its width.

        Raises:
            MalformedError: naming the field and the byte.
        """
        return list(self.each_field())

    def each_field(self) -> Iterator[Field]:
        """The fields one after the other; the error of a malformed one follows those before it.

        Raises:
            MalformedError: naming the field and the byte.
        """
        return iter(())

    def _replaced(self, content: bytes) -> Self:
        """A copy with other content, its size written in as many bytes as before."""
        head = Content(self.frame.source.read(self.frame.start + 1, 5))
        u32.read(head, "")
        return replace(self, frame=Frame.build(self.id, content, width=head.tell()))


class DecodedSection(Section):
    """A section with a layout."""

    layout: ClassVar[Layout]

    def each_field(self) -> Iterator[Field]:
        return traced(self.layout, self.content, self.content_offset, self.path)

    @cached_property
    def _decoded(self) -> Any:
        return decode(self.layout, Content(self.content, self.content_offset, self.path))


class ListSection(DecodedSection, Generic[Entry]):
    """A section whose content is one list of entries."""

    @cached_property
    def entries(self) -> Sequence[Entry]:
        """The entries, decoded when they are first asked for.

        Raises:
            MalformedError: naming the entry, the field and the byte.
        """
        content = self.content
        try:
            count, at = read_unsigned(content, 0)
            if count <= len(content):
                entries, end = self.read_entries(content, at, count)
                if end == len(content):
                    return entries
        except (UnusualError, IndexError, UnicodeDecodeError):
            pass  # the declaration takes anything, and words the errors
        declared: Sequence[Entry] = self._decoded["entries"]
        return declared

    def read_entries(self, data: bytes, at: int, count: int) -> tuple[Sequence[Entry], int]:
        """Decode a long list by a plain loop, if the section has one.

        Args:
            data: the content of the section.
            at: where the first entry starts.
            count: how many there are, at most ``len(data)``.

        Returns:
            The entries, and where the last one ends.

        Raises:
            UnusualError, IndexError, UnicodeDecodeError: if the declaration has to look.
        """
        starts = array("Q", [at])
        for _ in range(count):
            at = self.skip_entry(data, at)
            starts.append(at)
        entry = self.entry_layout()

        @cache
        def make(index: int, start: int, end: int) -> Entry:
            path = f"{self.path} -> entries[{index}]"
            content = Content(data[start:end], self.content_offset + start, path)
            made: Entry = decode(entry, content)
            return made

        return OnDemand(starts, make), at

    def skip_entry(self, data: bytes, at: int) -> int:
        """Where the entry at ``at`` ends, whatever the end of the content is.

        The declaration decodes an entry when it is asked for, so this only has to be right about
        what it accepts. Raises as :meth:`read_entries`.
        """
        raise UnusualError

    def each_field(self) -> Iterator[Field]:
        try:
            entries = self.entries
        except MalformedError:
            entries = ()  # the declaration gives the fields before the fault
        if not isinstance(entries, OnDemand):
            yield from super().each_field()
            return
        content, layout = self.content, self.entry_layout()
        head = Content(content, self.content_offset, self.path)
        count = u32.read(head, "entries")
        yield Field("entries.count", self.content_offset, head.tell(), count)
        seen: dict[bytes, list[Field]] = {}  # the same few bytes are often there many times
        for index, (start, end) in enumerate(pairwise(entries.starts)):
            raw, place, name = content[start:end], self.content_offset + start, f"entries[{index}]"
            if raw in seen:
                for path, at, size, value in seen[raw]:
                    yield Field(f"{name}.{path}" if path else name, place + at, size, value)
                continue
            known = []
            for path, at, size, value in traced(layout, raw, place, f"{self.path}.{name}"):
                yield Field(f"{name}.{path}" if path else name, at, size, value)
                known.append(Field(path, at - place, size, value))
            if len(raw) <= _FEW_BYTES and len(seen) < _MOST_SEEN:
                seen[raw] = known

    def entry_layout(self) -> Layout:
        """How one entry is decoded."""
        entry: Layout = self.layout.subcons[0].subcon.subcon  # type: ignore[attr-defined]
        return entry

    def decode(self) -> Sequence[Entry]:
        return self.entries

    def with_entries(self, entries: Sequence[Entry]) -> Self:
        """A copy with other entries; those that were there before keep their bytes.

        One that takes the place of another has integers as wide as there, any other the shortest.

        Raises:
            SectionError: if an entry cannot be encoded.
            MalformedError: if the section cannot be decoded.
        """
        if entries == self.entries:
            return self
        return self._replaced(self._edited(entries))

    def _edited(self, entries: Sequence[Entry]) -> bytes:
        starts = [at - self.content_offset for at in self.entry_starts()]
        return edited_list(self.entry_layout(), self.content, starts, self.entries, entries)

    def entry_starts(self) -> array[int]:
        """The offset in the module at which each entry starts, and at which the last one ends.

        Raises:
            MalformedError: naming the entry, the field and the byte.
        """
        entries = self.entries
        if isinstance(entries, OnDemand):
            return array("Q", [self.content_offset + at for at in entries.starts])
        starts = array("Q")
        for field in self.fields():
            match = _ENTRY.match(field.path)
            if match is not None and int(match[1]) == len(starts):
                starts.append(field.offset)
        starts.append(self.end)
        return starts
