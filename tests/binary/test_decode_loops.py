"""Loops over bytes and declarations decode alike."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binary import strategies as s
from support import PREAMBLE, REAL_BINARIES, real_bytes, section_bytes
from wasmstate.binary import Module
from wasmstate.binary.content import Content, Field
from wasmstate.binary.decode_loops import OnDemand
from wasmstate.binary.sections.base import ListSection
from wasmstate.binary.sections.data import DataSection
from wasmstate.binary.sections.element import ElementSection
from wasmstate.binary.sections.export import ExportSection
from wasmstate.binary.sections.function import FunctionSection
from wasmstate.binary.sections.global_ import GlobalSection
from wasmstate.binary.sections.import_ import ImportSection
from wasmstate.binary.sections.memory import MemorySection
from wasmstate.binary.sections.table import TableSection
from wasmstate.binary.sections.type import TypeSection
from wasmstate.binary.values import decode
from wasmstate.errors import MalformedError

LOOPS: dict[type[ListSection[Any]], tuple[int, st.SearchStrategy[Any]]] = {
    TypeSection: (1, s.rectypes),
    ImportSection: (2, s.imports),
    FunctionSection: (3, s.u32s),
    TableSection: (4, s.tables),
    MemorySection: (5, s.memtypes),
    GlobalSection: (6, s.globals_),
    ExportSection: (7, s.exports),
    ElementSection: (9, s.elems),
    DataSection: (11, s.datas),
}


def declared(section: ListSection[Any]) -> list[Any] | str:
    """What the declaration alone says."""
    content = Content(section.content, section.content_offset, section.path)
    try:
        entries: list[Any] = decode(section.layout, content)["entries"]
    except MalformedError as error:
        return str(error)
    return entries


def looped(section: ListSection[Any]) -> list[Any] | str:
    """What the section says, loops and all."""
    try:
        return list(section.entries)
    except MalformedError as error:
        return str(error)


def declared_fields(section: ListSection[Any]) -> list[Field | str]:
    """The fields that the declaration reads, and its error."""
    trace: list[Field] = []
    content = Content(section.content, section.content_offset, section.path, trace)
    try:
        decode(section.layout, content)
    except MalformedError as error:
        return [*trace, str(error)]
    return [*trace]


def fields_in_turn(section: ListSection[Any]) -> list[Field | str]:
    """The fields that the section gives one after the other, and its error."""
    found: list[Field | str] = []
    try:
        for field in section.each_field():
            found.append(field)
    except MalformedError as error:
        found.append(str(error))
    return found


def section_of_bytes(id: int, content: bytes) -> ListSection[Any]:
    (section,) = Module.from_bytes(PREAMBLE + section_bytes(id, content)).sections
    assert isinstance(section, ListSection)
    return section


@pytest.mark.parametrize("section_class", LOOPS)
@given(data=st.data())
def test_entries_are_the_declared_ones_even_when_a_byte_is_damaged(
    section_class: type[ListSection[Any]], data: st.DataObject
) -> None:
    id, entries = LOOPS[section_class]
    empty = section_of_bytes(id, b"\0")
    content = bytearray(empty.with_entries(data.draw(st.lists(entries, max_size=6))).content)
    assert looped(section_of_bytes(id, bytes(content))) == declared(
        section_of_bytes(id, bytes(content))
    )
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    damaged = section_of_bytes(id, bytes(content))
    assert looped(damaged) == declared(damaged)
    assert fields_in_turn(damaged) == declared_fields(damaged)


@pytest.mark.parametrize("section_class", LOOPS)
@given(data=st.binary(max_size=30))
def test_whatever_the_bytes_are_both_say_the_same(
    section_class: type[ListSection[Any]], data: bytes
) -> None:
    section = section_of_bytes(LOOPS[section_class][0], data)
    assert looped(section) == declared(section)
    assert fields_in_turn(section) == declared_fields(section)


@pytest.mark.parametrize("name", REAL_BINARIES)
def test_the_long_lists_of_real_binaries_are_the_declared_ones(name: str) -> None:
    for section in Module.from_bytes(real_bytes(name)).sections:
        if isinstance(section, ListSection) and type(section) in LOOPS:
            assert looped(section) == declared(section)
            assert section.fields() == declared_fields(section)


@pytest.mark.parametrize(
    ("id", "text"),
    [
        (3, "01 80 80 80 80 10"),  # an index of more than 32 bits
        (3, "01 80 80 80 80 80 00"),  # of six bytes
        (3, "02 80 80 80 80 08 83 00"),  # the largest width, and a padded one
        (11, "01 00 41 80 80 80 80 08 0b 00"),  # an address of more than 32 bits
        (11, "01 00 41 80 80 80 80 78 0b 00"),  # the least address
        (11, "01 00 41 ff ff ff ff ff 7f 0b 00"),  # one of six bytes
        (11, "01 00 23 00 0b 00"),  # an address from a global
        (11, "01 00 41 00 41 00 6a 0b 00"),  # one that is computed
        (11, "01 02 00 41 00 0b 00"),  # a memory that is named
        (7, "01 01 ff 00 00"),  # a name that is not UTF-8
    ],
)
def test_what_the_loops_do_not_know_is_left_to_the_declaration(id: int, text: str) -> None:
    section = section_of_bytes(id, bytes.fromhex(text))
    assert looped(section) == declared(section)


def test_entries_on_demand_are_a_sequence() -> None:
    segments = section_of_bytes(11, bytes.fromhex("02 01 01 41 01 00")).entries
    assert isinstance(segments, OnDemand)
    assert [segment.init for segment in segments] == [b"A", b""]
    assert segments[-1].init == b""
    assert segments[:1] == [segments[0]]
    assert segments == [segments[0], segments[1]]
    assert segments != 7
    with pytest.raises(IndexError):
        _ = segments[2]
