"""What must hold for any content of any custom section."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import custom_bytes, field_rows, module_of
from wasmstate.binary.content import Content
from wasmstate.binary.custom import CUSTOM_LAYOUTS, custom_layout
from wasmstate.binary.custom.name import name_map, read_name_map
from wasmstate.binary.names import read_names
from wasmstate.errors import MalformedError

_small = st.integers(0, 12)
_u32 = st.builds(
    lambda value, width: bytes(
        [value >> 7 * i & 0x7F | (0x80 if i < width - 1 else 0) for i in range(width)]
    ),
    st.integers(0, 300),
    st.integers(2, 5),
)
_text = st.text(max_size=3).map(lambda text: bytes([len(text.encode())]) + text.encode())
_piece = _small.map(lambda value: bytes([value])) | _u32 | _text | st.binary(max_size=3)
contents = st.lists(_piece, max_size=12).map(b"".join)
"""Bytes that look like counts, indices and names more often than random bytes do."""


@st.composite
def name_maps(draw: st.DrawFn) -> bytes:
    """A name map, or what is one but for a few bytes."""
    entries = draw(st.lists(st.tuples(_small.map(lambda i: bytes([i])) | _u32, _text), max_size=5))
    count = draw(st.sampled_from([len(entries), len(entries) + 1]) | _small)
    data = bytearray(bytes([count]) + b"".join(index + name for index, name in entries))
    if draw(st.booleans()):
        at = draw(st.integers(0, len(data)))
        data[at : at + 1] = draw(st.binary(max_size=2))
    return bytes(data)


@pytest.mark.parametrize("name", [*CUSTOM_LAYOUTS, "unknown"])
@given(content=contents)
def test_no_content_raises_anything_else_and_fields_leave_no_hole(
    name: str, content: bytes
) -> None:
    module = module_of(custom_bytes(name, content))
    (section,) = module.custom_sections()
    assert module.findings() == []
    try:
        section.decode()
    except MalformedError as error:
        assert section.content_offset <= error.offset <= section.end  # noqa: PT017
        with pytest.raises(MalformedError, match=r".*") as caught:
            section.fields()
        assert str(caught.value) == str(error)  # noqa: PT017
    else:
        field_rows(section)


@pytest.mark.parametrize("name", CUSTOM_LAYOUTS)
@given(content=contents)
def test_what_is_decoded_is_built_to_bytes_that_mean_the_same(name: str, content: bytes) -> None:
    layout = custom_layout(name)
    assert layout is not None
    try:
        value = layout.parse_stream(Content(content))
    except MalformedError:
        return
    built = layout.build(value)
    assert layout.parse_stream(Content(built)) == value
    assert layout.build(layout.parse_stream(Content(built))) == built


@given(name_maps() | contents, st.binary(max_size=2))
def test_the_loop_over_a_name_map_agrees_with_its_declaration(data: bytes, before: bytes) -> None:
    fast = read_name_map(before + data, len(before))
    declared = Content(before + data, trace=[])  # with a trace the declaration is used
    declared.seek(len(before))
    looped = Content(before + data)
    looped.seek(len(before))
    try:
        names = name_map.parse_stream(declared)
    except MalformedError as error:
        assert fast is None
        with pytest.raises(MalformedError, match=r".*") as caught:
            name_map.parse_stream(looped)
        assert str(caught.value) == str(error)  # noqa: PT017
        return
    assert fast in (None, (names, declared.tell()))
    assert name_map.parse_stream(looped) == names
    assert looped.tell() == declared.tell()


@given(contents)
def test_names_are_read_of_whatever_bytes(content: bytes) -> None:
    names = read_names(module_of(custom_bytes("name", content)))
    for found in (names.functions, names.types, names.tables, names.memories, names.globals):
        assert all(isinstance(name, str) for name in found.values())
    for found in (names.elements, names.data, names.tags):
        assert all(isinstance(name, str) for name in found.values())
    for indirect in (names.locals, names.labels, names.fields):
        assert all(isinstance(inner, dict) for inner in indirect.values())
    assert names.module is None or isinstance(names.module, str)
    assert names.damage is None or names.damage.offset >= 0
