"""Texts in the data segments of a module, and where they stand in the file and in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.binary.sections.data import DataSection

# A character that can be shown, or that ends a line, as UTF-8; the first line is ASCII. Source: RFC
# 3629, section 4.
_CHARACTER = rb"""(?:[\x20-\x7e\t\n\r]
    |[\xc3-\xdf][\x80-\xbf]|\xc2[\xa0-\xbf]
    |\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]
    |\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})"""


class FoundString(NamedTuple):
    """A text in a data segment.

    Attributes:
        segment: the index of the segment.
        offset: of its first byte, from the start of the module.
        size: in bytes.
        address: in memory, where the segment puts it; ``None`` in a passive segment, or if the
            address is computed when the module is instantiated.
        text: what it says.
    """

    segment: int
    offset: int
    size: int
    address: int | None
    text: str


def find_strings(module: ModuleLike, least: int = 4) -> Iterator[FoundString]:
    """Find the texts in the data segments of a module, in file order.

    A text is a run of characters that can be shown, tabs and line ends, encoded as UTF-8. Other
    bytes end it, such as the zero behind a string of C.

    Args:
        module: a path, bytes or a Module.
        least: how many characters a text has at least.

    Raises:
        ValueError: if ``least`` is not positive.
        MalformedError: if the data section cannot be decoded.
    """
    if least < 1:
        raise ValueError(f"least must be 1 or more, not {least}")
    section = as_module(module).section(DataSection)
    if section is None:
        return
    pattern = re.compile(_CHARACTER + b"{%d,}" % least, re.VERBOSE)
    ends = section.entry_starts()[1:]
    for index, (segment, end) in enumerate(zip(section.entries, ends, strict=True)):
        start = end - len(segment.init)
        placed = segment.offset.evaluate() if segment.offset is not None else None
        for found in pattern.finditer(segment.init):
            at, size = found.start(), found.end() - found.start()
            address = placed + at if isinstance(placed, int) else None
            yield FoundString(index, start + at, size, address, found[0].decode())
