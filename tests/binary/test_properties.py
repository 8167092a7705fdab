"""What must hold for any value and for any bytes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binary import strategies as s
from support import PREAMBLE, fewer_examples
from wasmstate.binary import Module
from wasmstate.binary.code.instructions import expr
from wasmstate.binary.content import Content
from wasmstate.binary.names import read_names
from wasmstate.binary.sections.base import DecodedSection, ListSection
from wasmstate.binary.sections.data import DataSection
from wasmstate.binary.sections.element import ElementSection
from wasmstate.binary.sections.export import ExportSection
from wasmstate.binary.sections.function import FunctionSection
from wasmstate.binary.sections.global_ import GlobalSection
from wasmstate.binary.sections.import_ import ImportSection
from wasmstate.binary.sections.memory import MemorySection
from wasmstate.binary.sections.table import TableSection
from wasmstate.binary.sections.tag import TagSection
from wasmstate.binary.sections.type import TypeSection
from wasmstate.binary.spaces import Spaces
from wasmstate.binary.types import (
    globaltype,
    heaptype,
    limits,
    memtype,
    reftype,
    storagetype,
    tabletype,
    tagtype,
    valtype,
)
from wasmstate.binary.values import Leb128, decode, name, octets, s32, s33, s64, u32, u64
from wasmstate.errors import MalformedError

VALUES: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "u32": (u32, s.u32s),
    "u64": (u64, s.u64s),
    "s32": (s32, st.integers(-(2**31), 2**31 - 1)),
    "s33": (s33, st.integers(-(2**32), 2**32 - 1)),
    "s64": (s64, st.integers(-(2**63), 2**63 - 1)),
    "name": (name, s.names),
    "octets": (octets, st.binary(max_size=300)),
    "heaptype": (heaptype, s.heaptypes),
    "reftype": (reftype, s.reftypes),
    "valtype": (valtype, s.valtypes),
    "storagetype": (storagetype, s.storagetypes),
    "limits": (limits, s.limits),
    "memtype": (memtype, s.memtypes),
    "tabletype": (tabletype, s.tabletypes),
    "globaltype": (globaltype, s.globaltypes),
    "tagtype": (tagtype, s.tagtypes),
    "expr": (expr, s.exprs),
}
ENTRIES: dict[type[ListSection[Any]], tuple[int, st.SearchStrategy[Any]]] = {
    TypeSection: (1, s.rectypes),
    ImportSection: (2, s.imports),
    FunctionSection: (3, s.u32s),
    TableSection: (4, s.tables),
    MemorySection: (5, s.memtypes),
    GlobalSection: (6, s.globals_),
    ExportSection: (7, s.exports),
    ElementSection: (9, s.elems),
    DataSection: (11, s.datas),
    TagSection: (13, s.tagtypes),
}


def use_everything(data: bytes) -> None:
    """Ask all that can be asked; nothing but MalformedError may come out, inside the file."""
    module = Module.from_bytes(data, strict=False)
    assert module.to_bytes() == data
    assert module.size == len(data)
    asked: list[Any] = [Spaces(module).exported_functions, lambda: Spaces(module).globals]
    for section in module.sections:
        asked += [section.decode, section.fields]
    for ask in asked:
        try:
            ask()
        except MalformedError as error:
            assert 0 <= error.offset <= len(data)  # noqa: PT017 (most examples raise nothing)
    for found in module.findings():
        assert 0 <= found.offset <= len(data)
    read_names(module)
    try:
        assert Module.from_bytes(data).damage is None
    except MalformedError as error:
        # of a section that is malformed the size is often wrong, too: then it is named first
        assert str(error) in [str(module.damage), *map(str, module.findings())]  # noqa: PT017


@pytest.mark.parametrize("kind", VALUES)
@fewer_examples
@given(data=st.data())
def test_a_value_is_read_back_from_its_bytes(kind: str, data: st.DataObject) -> None:
    construct, values = VALUES[kind]
    value = data.draw(values)
    assert decode(construct, Content(construct.build(value))) == value


@given(st.integers(0, 2**64 - 1), st.integers(1, 10), st.sampled_from([32, 64]))
def test_an_integer_padded_to_any_width_up_to_the_limit_is_the_same(
    value: int, width: int, bits: int
) -> None:
    integer = Leb128(bits)
    value %= 1 << bits
    width = min(width, -(-bits // 7))
    encoded = integer.encode_padded(value, width)
    assert len(encoded) >= width
    assert decode(integer, Content(encoded)) == value


@pytest.mark.parametrize("section_class", ENTRIES)
@fewer_examples
@given(data=st.data())
def test_entries_are_read_back_from_the_section_they_build(
    section_class: type[ListSection[Any]], data: st.DataObject
) -> None:
    id, entries = ENTRIES[section_class]
    (empty,) = Module.from_bytes(PREAMBLE + bytes([id, 1, 0])).sections
    assert isinstance(empty, section_class)
    given_entries = data.draw(st.lists(entries, max_size=4))
    built = empty.with_entries(given_entries)
    assert built.entries == given_entries
    assert built.with_entries(built.entries).content == built.content
    at = built.content_offset
    for field in built.fields():
        assert field.offset == at
        at += field.size
    assert at == built.end


@pytest.mark.parametrize("id", range(14))
@fewer_examples
@given(content=st.binary(max_size=60))
def test_no_content_of_any_section_raises_anything_else(id: int, content: bytes) -> None:
    use_everything(PREAMBLE + bytes([id, len(content)]) + content)


@given(st.binary(max_size=200))
def test_no_bytes_whatever_raise_anything_else(data: bytes) -> None:
    use_everything(data)


@given(s.module_like)
def test_no_sections_whatever_raise_anything_else(data: bytes) -> None:
    use_everything(data)


@given(s.damaged_fixtures)
def test_no_damage_to_a_small_module_raises_anything_else(data: bytes) -> None:
    use_everything(data)


@fewer_examples
@given(s.damaged_binaries)
def test_no_damage_to_a_real_binary_raises_anything_else(data: bytes) -> None:
    use_everything(data)


@given(s.damaged_fixtures)
def test_the_fields_of_a_section_that_can_be_decoded_leave_no_hole(data: bytes) -> None:
    for section in Module.from_bytes(data, strict=False).sections:
        if isinstance(section, DecodedSection):
            try:
                section.decode()
            except MalformedError:
                continue
            at = section.content_offset
            for field in section.fields():
                assert field.offset == at
                at += field.size
            assert at == section.end
