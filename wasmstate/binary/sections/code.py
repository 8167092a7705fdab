"""The code section.

Source: WebAssembly Core 3.0, Binary Format, "Code Section".
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from wasmstate.binary.code.instructions import Expr, Instr, read_instructions
from wasmstate.binary.code.scan import NEEDS_DATA_COUNT, scan, skip_locals
from wasmstate.binary.content import Content, Field
from wasmstate.binary.decode_loops import OnDemand, UnusualError, read_unsigned
from wasmstate.binary.sections.base import Section
from wasmstate.binary.types import ValType, valtype
from wasmstate.binary.values import Primitive, u32

MAX_LOCALS = 1 << 32
_WINDOW = 1 << 17  # bytes read at a time while looking for functions
_INTEGER = 6  # bytes of a u32 at most, and one to see that it is too long
_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Locals:
    """So many locals of one type."""

    count: int
    type: ValType

    def __str__(self) -> str:
        return f"{self.count} x {self.type}"


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

    def expr(self) -> Expr:
        """The instructions, decoded. Raises MalformedError."""
        return Expr(tuple(instr for _, _, instr in self.instructions()))

    def uses(self, mnemonics: frozenset[str]) -> frozenset[str]:
        """Which of these instructions occur; they may be none with labels, or of a block.

        Raises:
            MalformedError: as :meth:`verify`.
        """
        start = skip_locals(self.content)
        if start is not None and scan(self.content, start, mnemonics):
            return _NOTHING
        return mnemonics & {instr.mnemonic for _, _, instr in self.instructions()}

    def verify(self, *, has_data_count: bool = False) -> frozenset[str]:
        """Check that every byte is well-formed.

        Args:
            has_data_count: whether the module has a data count section; then nobody asks.

        Returns:
            The mnemonics, among those that need a data count section, that occur.

        Raises:
            MalformedError: naming the instruction and the byte.
        """
        return self.uses(_NOTHING if has_data_count else NEEDS_DATA_COUNT)


class CodeSection(Section):
    """The code of each defined function, in index order."""

    @cached_property
    def entries(self) -> Sequence[Func]:
        """The functions.

        Raises:
            MalformedError: if the size of one does not fit; what is in them is not looked at.
        """
        length, base = self.size, self.frame.content_start
        head = self._head(0)
        count = u32.read(head, ".entries")
        at = head.tell()
        if count > length - at:
            head.malformed(".entries", 0, "length out of bounds")
        # The bodies are not kept, and large ones not even read: only their sizes are looked at.
        read = self.frame.source.read
        window, window_at, window_end = b"", at, at
        starts, bodies = array("Q", [at]), array("Q")
        for i in range(count):
            start = at
            if at + _INTEGER > window_end and window_end < length:
                window, window_at = read(base + at, min(_WINDOW, length - at)), at
                window_end = at + len(window)
            try:
                size, end = read_unsigned(window, at - window_at)
                at = window_at + end
            except (UnusualError, IndexError):
                u32.read(self._head(at), f".entries[{i}].size")  # words the error
                raise  # pragma: no cover (the line before has raised)
            if size > length - at:
                head = self._head(start)
                head.malformed(f".entries[{i}].size", 0, "length out of bounds")
            bodies.append(at)
            at += size
            starts.append(at)
        if at != length:
            self._head(at).malformed("", 0, "section size mismatch")

        def make(index: int, _: int, end: int) -> Func:
            body = bodies[index]
            path = f"{self.path}.entries[{index}]"
            return Func(read(base + body, end - body), self.content_offset + body, path)

        return OnDemand(starts, make)

    def _head(self, at: int) -> Content:
        """The next integer of the content, at most."""
        start = self.frame.content_start + at
        raw = self.frame.source.read(start, min(_INTEGER, self.size - at))
        return Content(raw, self.content_offset + at, self.path)

    def decode(self) -> Sequence[Func]:
        return self.entries

    def each_field(self) -> Iterator[Field]:
        head = self._head(0)
        count = u32.read(head, ".entries")
        yield Field("entries.count", self.content_offset, head.tell(), count)
        at = self.content_offset + head.tell()
        for i, func in enumerate(self.entries):
            size = len(func.content)
            yield Field(f"entries[{i}].size", at, func.offset - at, size)
            yield Field(f"entries[{i}]", func.offset, size, func.content)
            at = func.offset + size

    def with_entries(self, entries: Sequence[Func]) -> Self:
        """A copy with other functions; the sizes of those that were there stay as wide.

        A function with other code is known by its offset; ``dataclasses.replace`` keeps that.
        """
        if entries == self.entries:
            return self
        old = self.entries
        assert isinstance(old, OnDemand)
        widths = {
            func.offset: func.offset - self.content_offset - start
            for func, start in zip(old, old.starts, strict=False)
        }
        bodies = [
            u32.encode_padded(len(func.content), widths.get(func.offset, 1)) + func.content
            for func in entries
        ]
        return self._replaced(u32.encode_padded(len(bodies), old.starts[0]) + b"".join(bodies))
