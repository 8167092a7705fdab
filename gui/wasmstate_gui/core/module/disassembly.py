"""A function's instructions as lines, each with its bytes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

from wasmstate.binary.disassemble import disassemble
from wasmstate.binary.sections.code import Func
from wasmstate.errors import MalformedError

MOST_LINES = 200_000
_BYTES_SHOWN = 6


@dataclass(frozen=True)
class Listing:
    """The instructions of a function.

    Attributes:
        title: which function.
        starts: the offset in the file of each instruction.
        sizes: in bytes.
        texts: as the text format writes them, indented.
        raws: the bytes, the first few of them, in hex.
    """

    title: str = ""
    starts: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    raws: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Lines."""
        return len(self.starts)

    def span(self, line: int) -> tuple[int, int]:
        """Where the bytes of a line stand."""
        return self.starts[line], self.starts[line] + self.sizes[line]

    def line_at(self, offset: int) -> int | None:
        """The line that a byte belongs to."""
        line = bisect_right(self.starts, offset) - 1
        return line if line >= 0 and offset < self.starts[line] + self.sizes[line] else None


def listing(title: str, func: Func | None, names: Mapping[int, str] | None = None) -> Listing:
    """The instructions; a malformed one ends the list, with the reason as its last line.

    Args:
        title: what stands above it.
        func: ``None`` for a function that is imported.
        names: of functions, for ``call``.
    """
    found = Listing(title)
    if func is None:
        return found
    try:
        for offset, raw, text in disassemble(func):
            _add(found, offset, raw, _named(text, names or {}))
            if found.count >= MOST_LINES:
                _add(found, offset + len(raw), b"", f"... {MOST_LINES:,} instructions are shown")
                break
    except MalformedError as error:
        end = func.offset + len(func.content)
        start = min(error.offset, end - 1)
        _add(found, start, func.content[start - func.offset :], f"malformed: {error.reason}")
    return found


def _add(found: Listing, offset: int, raw: bytes, text: str) -> None:
    found.starts.append(offset)
    found.sizes.append(len(raw))
    found.texts.append(text)
    more = "\u2026" if len(raw) > _BYTES_SHOWN else ""
    found.raws.append(raw[:_BYTES_SHOWN].hex(" ").upper() + more)


def _named(text: str, names: Mapping[int, str]) -> str:
    word, _, index = text.rpartition(" ")
    if word.endswith(("call", "return_call", "ref.func")) and index.isdecimal():
        name = names.get(int(index))
        return f"{text}  ;; {name}" if name else text
    return text
