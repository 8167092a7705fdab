"""Where entries and subsections stand."""

from __future__ import annotations

import pytest

from support import REAL_BINARIES, custom_of, message, module_of, real_bytes, section_bytes
from wasmstate import Module
from wasmstate.binary.entry_ranges import entry_starts, subsections
from wasmstate.binary.sections.base import ListSection
from wasmstate.binary.sections.code import CodeSection
from wasmstate.errors import MalformedError


@pytest.mark.parametrize("package", REAL_BINARIES)
def test_each_entry_begins_where_its_first_field_does(package: str) -> None:
    for section in Module.from_bytes(real_bytes(package)).sections:
        if isinstance(section, ListSection | CodeSection):
            starts = entry_starts(section)
            assert len(starts) == len(section.entries) + 1
            assert starts[-1] == section.end
            first: dict[int, int] = {}
            for field in section.fields():
                if field.path.startswith("entries["):
                    first.setdefault(int(field.path[8:].partition("]")[0]), field.offset)
            assert list(starts[:-1]) == [first[i] for i in range(len(section.entries))]


def test_a_section_without_entries_ends_where_it_begins() -> None:
    (section,) = module_of(section_bytes(2, b"\0")).sections
    assert isinstance(section, ListSection)
    assert list(entry_starts(section)) == [section.end]


def test_the_subsections_of_names_and_of_linking_are_named() -> None:
    names = custom_of("name", "00 02 01 6d   01 01 00   63 01 ff  # module, functions, one unknown")
    at = names.content_offset
    assert list(subsections(names)) == [
        ("module", at, at + 4),
        ("functions", at + 4, at + 7),
        ("subsection 99", at + 7, at + 10),
    ]
    linking = custom_of("linking", "02   05 01 00   # version, segments")
    at = linking.content_offset
    assert list(subsections(linking)) == [("segments", at + 1, at + 4)]
    assert list(subsections(custom_of("dylink.0", "02 01 00"))) != []
    assert list(subsections(custom_of("mine", "01 02"))) == []


def test_subsections_before_a_size_that_does_not_fit_are_given() -> None:
    found: list[str] = []

    def gather() -> None:
        found.extend(part.name for part in subsections(custom_of("name", "01 01 00   02 09 00")))

    error = message(MalformedError, gather)
    assert error.endswith("length out of bounds")
