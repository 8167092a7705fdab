"""Where in a module the entries of a section stand, and the parts of a custom section.

For whoever shows a list of a hundred thousand entries: the places are found by one pass over the
bytes, and an entry is decoded when it is looked at.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from importlib import import_module
from typing import Any, NamedTuple

from wasmstate.binary.content import Content
from wasmstate.binary.decode_loops import OnDemand
from wasmstate.binary.sections.base import ListSection
from wasmstate.binary.sections.code import CodeSection
from wasmstate.binary.sections.custom import CustomSection
from wasmstate.binary.values import u32

# What stands before the subsections, and the file that says what they are.
_WITH_SUBSECTIONS: dict[str, tuple[Any, str]] = {
    "name": (None, "name"),
    "dylink.0": (None, "dylink"),
    "linking": (u32, "linking"),
}


class Part(NamedTuple):
    """A subsection: its name by the section's convention, and where it stands in the module."""

    name: str
    start: int
    end: int


def entry_starts(section: ListSection[Any] | CodeSection) -> array[int]:
    """The offset in the module at which each entry starts, and at which the last one ends.

    Raises:
        MalformedError: naming the entry, the field and the byte.
    """
    if isinstance(section, ListSection):
        return section.entry_starts()
    entries = section.entries
    assert isinstance(entries, OnDemand)
    return array("Q", [section.content_offset + at for at in entries.starts])


def subsections(section: CustomSection) -> Iterator[Part]:
    """The subsections of a custom section; none, if its convention has none.

    Raises:
        MalformedError: naming the size that does not fit; those before it have been given.
    """
    if section.name not in _WITH_SUBSECTIONS:
        return
    before, file = _WITH_SUBSECTIONS[section.name]
    known = import_module(f"wasmstate.binary.custom.{file}").subsections
    content = Content(section.content, section.content_offset, section.path)
    if before is not None:
        before.read(content, "")
    start = content.offset + content.tell()
    for _, id, _ in known.frames(content, ""):
        end = content.offset + content.tell()
        word = known.layouts[id][0] if id in known.layouts else f"subsection {id}"
        yield Part(word, start, end)
        start = end
