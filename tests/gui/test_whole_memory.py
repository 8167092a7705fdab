"""A state that is all of memory, in the window: it grows, its bytes are edited where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

import wasmstate
from models import from_wat
from wasmstate_gui.core.document.document import Document
from wasmstate_gui.core.document.overwrite import Edit, edited, is_value
from wasmstate_gui.core.document.snapshot import read_snapshot
from wasmstate_gui.core.timeline.plot_series import cell_of

TEXT = """(module (memory (export "memory") 1)
  (global (export "g") (mut i32) (i32.const 7))
  (data (i32.const 300) "abc"))"""


@pytest.fixture
def document(tmp_path: Path) -> Document:
    path = tmp_path / "m.wasm"
    path.write_bytes(
        wasmstate.attach(from_wat(TEXT), ["t:u8[3]@300"], whole_memory=True).to_bytes()
    )
    return Document.of(read_snapshot(path))


def test_a_step_may_leave_a_larger_memory(document: Document) -> None:
    assert document.state is not None
    memory, value = document.state.contents()
    grown = document.at(1, [memory + bytes(65536), value], 1, document.state)
    assert grown.state is not None
    assert grown.state.regions[0].size == 2 * 65536
    smaller = document.at(2, [b"", value], 1, document.state)
    assert smaller.state is document.base.state


def test_a_stored_byte_is_edited_at_its_address(document: Document) -> None:
    assert document.state is not None
    (section,) = document.module.custom_sections("wasmstate.state")
    at = section.content_offset + document.state.content_offset("t")
    after = edited(document, [Edit(at + 1, b"X", is_raw=False)])
    assert after.state is not None
    assert bytes(after.state["t"]) == b"aXc"
    changed = [
        a != b for a, b in zip(after.state.contents()[0], document.state.contents()[0], strict=True)
    ]
    assert sum(changed) == 1
    table = section.content_offset + document.state.record.payload_offset
    assert is_value(document, at)
    assert not is_value(document, table)


def test_a_cell_behind_a_whole_memory_is_where_its_bytes_are(document: Document) -> None:
    assert document.state is not None
    assert cell_of(document.state, "g", 0).offset == 65536
