"""The fields of state records with their places in the file, as far as they can be read.

For whoever shows the sections ``wasmstate.state``, ``wasmstate.prev`` and ``wasmstate.init``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wasmstate.binary.content import Field
from wasmstate.errors import StateError
from wasmstate.state import layout
from wasmstate.state.compare.byte_diff import record_parts
from wasmstate.state.layout import HEADER_SIZE, MAGIC, REGION_SIZE
from wasmstate.state.older import INIT_SECTION, PREV_SECTION, STATE_SECTION, split
from wasmstate.state.state import State

RECORD_SECTIONS = (INIT_SECTION, PREV_SECTION, STATE_SECTION)


def section_fields(name: str, content: bytes, offset: int) -> tuple[list[Field], list[str]]:
    """The fields of such a section, and what is wrong with its records. Takes any bytes.

    Args:
        name: of the section; of a history, the fields' paths start with ``records[0]``.
        content: all of it.
        offset: of its first byte, from the start of the file.
    """
    if name != PREV_SECTION:
        return _record(content, offset, "")
    fields: list[Field] = []
    wrong: list[str] = []
    for i, part in enumerate(split(content)):
        raw, path = content[part.offset : part.end], f"records[{i}]"
        if part.is_record:
            more, problems = _record(raw, offset + part.offset, f"{path}.")
            fields += more
            wrong += [f"{path}: {problem}" for problem in problems]
        else:
            fields.append(Field(path, offset + part.offset, len(raw), raw))
            wrong.append(f"{path}: no record")
    return fields, wrong


def _record(content: bytes, offset: int, path: str) -> tuple[list[Field], list[str]]:
    try:
        state = State.from_content(content)
    except StateError as error:
        return list(_damaged(content, offset, path)), [str(error)]
    return list(_whole(state, content, offset, path)), []


def _damaged(content: bytes, offset: int, path: str) -> Iterator[Field]:
    at = 0
    if content.startswith(MAGIC) and len(content) >= HEADER_SIZE:
        at = HEADER_SIZE
        yield from _struct(layout.header, content[:at], offset, f"{path}header.")
    if content[at:]:
        yield Field(f"{path}content", offset + at, len(content) - at, content[at:])


def _whole(state: State, content: bytes, offset: int, path: str) -> Iterator[Field]:
    for part, start, end, tensor in record_parts(state):
        raw, at = content[start:end], offset + start
        if part == "header":
            yield from _header(raw, at, f"{path}header.")
        elif part == "regions":
            for i in range(len(state.regions)):
                entry = raw[i * REGION_SIZE : (i + 1) * REGION_SIZE]
                where = at + i * REGION_SIZE
                yield from _struct(layout.region, entry, where, f"{path}regions[{i}].")
        elif part == "schema":
            schema = state.record.schema
            yield Field(f"{path}schema", at, len(schema), schema.decode())
            if len(raw) > len(schema):
                left = raw[len(schema) :]
                yield Field(f"{path}padding", at + len(schema), len(left), left)
        elif part == "trailer":
            yield from _struct(layout.trailer, raw, at, f"{path}trailer.")
        elif tensor is not None:
            yield Field(f"{path}payload.{tensor}", at, len(raw), _values(state, tensor))
        else:
            yield Field(f"{path}padding", at, len(raw), raw)


def _header(raw: bytes, offset: int, path: str) -> Iterator[Field]:
    """The fields of a header, which in a newer version may be longer."""
    extra = len(raw) - HEADER_SIZE
    for field in _struct(layout.header, raw[: HEADER_SIZE - 4] + raw[-4:], offset, path):
        if field.path.endswith(".crc32"):
            yield field._replace(offset=field.offset + extra)
        elif field.path.endswith(".reserved"):
            size = field.size + extra
            at = field.offset - offset
            yield field._replace(size=size, value=raw[at : at + size])
        else:
            yield field


def _struct(struct: Any, raw: bytes, offset: int, path: str) -> Iterator[Field]:
    values = struct.parse(raw)
    for part in struct.subcons:
        yield Field(f"{path}{part.name}", offset, part.sizeof(), values[part.name])
        offset += part.sizeof()


def _values(state: State, name: str) -> str:
    """The first elements: nobody reads more on one line."""
    values = state[name].reshape(-1)
    shown = ", ".join(map(str, values[:8].tolist()))
    return f"[{shown}{', ..' if values.size > 8 else ''}]" if state[name].shape else shown
