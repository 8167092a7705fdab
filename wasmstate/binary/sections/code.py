"""The code section.

Source: WebAssembly Core 3.0, Binary Format, "Code Section".
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from wasmstate.binary.content import Content, Field
from wasmstate.binary.fast import OnDemand
from wasmstate.binary.instructions import Instr, read_instructions
from wasmstate.binary.scan import NEEDS_DATA_COUNT, scan, skip_locals
from wasmstate.binary.sections.base import Section
from wasmstate.binary.types import ValType, valtype
from wasmstate.binary.values import Primitive, u32

MAX_LOCALS = 1 << 32
_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Locals:
    """So many locals of one type."""

    count: int
    type: ValType


class _LocalsList(Primitive):
    """The locals of a function, runs of one type each."""

    def read(self, content: Content, path: str) -> tuple[Locals, ...]:
        start = content.tell()
        count = u32.read(content, path)
        if count > content.length - content.tell():
            content.malformed(path, start, "length out of bounds")
        found = []
        total = 0
        for i in range(count):
            start = content.tell()
            run = Locals(
                u32.read(content, f"{path}[{i}].count"), valtype.read(content, f"{path}[{i}].type")
            )
            found.append(run)
            total += run.count
            if total >= MAX_LOCALS:
                content.malformed(f"{path}[{i}].count", start, "too many locals")
        return tuple(found)

    def encode(self, value: tuple[Locals, ...]) -> bytes:
        runs = [u32.encode(run.count) + valtype.encode(run.type) for run in value]
        return u32.encode(len(runs)) + b"".join(runs)


locals_list = _LocalsList()


@dataclass(frozen=True, slots=True)
class Func:
    """The code of a function, decoded when it is asked for.

    Attributes:
        content: its locals and its expression.
        offset: of the content, from the start of the module.
        path: how errors name it.
    """

    content: bytes
    offset: int
    path: str

    def locals(self) -> tuple[Locals, ...]:
        """The locals, parameters not counted. Raises MalformedError."""
        content = Content(self.content, self.offset, self.path)
        found: tuple[Locals, ...] = locals_list.read(content, ".locals")
        return found

    def instructions(self) -> Iterator[tuple[int, bytes, Instr]]:
        """The instructions, the last ``end`` left out.

        Yields:
            The offset in the module, the bytes, and what they mean.

        Raises:
            MalformedError: naming the instruction and the byte; those before it have been given.
        """
        content = Content(self.content, self.offset, self.path)
        locals_list.read(content, ".locals")
        for offset, instr in read_instructions(content, ".expr"):
            yield offset, self.content[offset - self.offset : content.tell()], instr
        if content.tell() != content.length:
            content.malformed("", content.tell(), "section size mismatch")

    def verify(self) -> frozenset[str]:
        """Check that every byte is well-formed.

        Returns:
            The mnemonics, among those that need a data count section, that occur.

        Raises:
            MalformedError: naming the instruction and the byte.
        """
        start = skip_locals(self.content)
        if start is not None and scan(self.content, start):
            return _NOTHING
        return NEEDS_DATA_COUNT & {instr.mnemonic for _, _, instr in self.instructions()}


class CodeSection(Section):
    """The code of each defined function, in index order."""

    @cached_property
    def entries(self) -> Sequence[Func]:
        """The functions.

        Raises:
            MalformedError: if the size of one does not fit; what is in them is not looked at.
        """
        data = self.content
        length = len(data)
        content = Content(data, self.content_offset, self.path)
        count = u32.read(content, ".entries")
        if count > length - content.tell():
            content.malformed(".entries", 0, "length out of bounds")
        at = content.tell()
        starts = array("Q", [at])
        bodies = array("Q")
        for i in range(count):
            start = at
            size = data[at] if at < length else 0x80
            if size < 0x80:
                at += 1
            else:
                content.seek(at)
                size = u32.read(content, f".entries[{i}].size")
                at = content.tell()
            if size > length - at:
                content.malformed(f".entries[{i}].size", start, "length out of bounds")
            bodies.append(at)
            at += size
            starts.append(at)
        if at != length:
            content.malformed("", at, "section size mismatch")

        def make(index: int, _: int, end: int) -> Func:
            body = bodies[index]
            path = f"{self.path}.entries[{index}]"
            return Func(data[body:end], self.content_offset + body, path)

        return OnDemand(starts, make)

    def decode(self) -> Sequence[Func]:
        return self.entries

    def fields(self) -> list[Field]:
        content = Content(self.content, self.content_offset, self.path)
        count = u32.read(content, ".entries")
        fields = [Field("entries.count", self.content_offset, content.tell(), count)]
        at = self.content_offset + content.tell()
        for i, func in enumerate(self.entries):
            size = len(func.content)
            fields.append(Field(f"entries[{i}].size", at, func.offset - at, size))
            fields.append(Field(f"entries[{i}]", func.offset, size, func.content))
            at = func.offset + size
        return fields

    def with_entries(self, entries: Sequence[Func]) -> Self:
        """A copy with other functions; sizes are written in their shortest form."""
        bodies = [u32.encode(len(func.content)) + func.content for func in entries]
        return self._replaced(u32.encode(len(bodies)) + b"".join(bodies))
