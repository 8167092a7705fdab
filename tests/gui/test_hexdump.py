"""Which byte stands where in the hex view, and what it looks like."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gui_support import bytes_of
from wasmstate.binary.source import BytesSource
from wasmstate_gui.core.bytes.hexdump import (
    BOLD_INK,
    CHANGED,
    CURSOR,
    CURSOR_INK,
    DIM_INK,
    INK,
    NO_INK,
    HexDump,
    ascii_of,
    section_line,
)
from wasmstate_gui.core.document.byte_kinds import KINDS
from wasmstate_gui.core.document.document import Document
from wasmstate_gui.core.document.layout_rows import LayoutRow
from wasmstate_gui.core.document.snapshot import read_snapshot
from wasmstate_gui.core.window.picture import Picture

ROWS = (
    LayoutRow("magic + version", "header", 0, 8, 8),
    LayoutRow("type", "declarations", 8, 40, 30),
    LayoutRow("code", "code", 40, 70, 28),
)
DUMP = HexDump(BytesSource(bytes(range(70))), ROWS, np.array([5, 41], np.int64))


def test_a_line_above_a_row_names_the_sections_that_start_in_it() -> None:
    # Rows 0 and 2 hold the starts at 0, 8 and 40.
    assert [DUMP.row_of(line) for line in range(-1, 8)] == [None, None, 0, 1, None, 2, 3, 4, None]
    assert [row.name for row in DUMP.names_at(0)] == ["magic + version", "type"]
    assert [row.name for row in DUMP.names_at(3)] == ["code"]
    assert DUMP.names_at(1) == []
    assert section_line(DUMP.names_at(3)) == "section code \u2014 28 bytes at 0x28"


def test_the_line_of_each_byte_shows_the_row_of_that_byte() -> None:
    assert all(DUMP.row_of(DUMP.line_of(offset)) == offset // 16 for offset in range(70))


def test_the_visible_lines_hold_the_bytes_and_nothing_after_the_end() -> None:
    lines = DUMP.lines(0, 99)
    assert lines.rows.tolist() == [-1, 0, 1, -1, 2, 3, 4]
    assert lines.data[lines.inks != NO_INK].tobytes() == bytes_of(DUMP.source)
    assert (lines.inks[-1] != NO_INK).sum() == 6


def test_changed_bytes_are_bold_and_zeros_dim_on_the_ground_of_their_section() -> None:
    lines = DUMP.lines(1, 1, cursor=7)
    expected = [DIM_INK] + [INK] * 15
    expected[5], expected[7] = BOLD_INK, CURSOR_INK
    assert lines.inks[0].tolist() == expected
    header, declarations = KINDS.index("header"), KINDS.index("declarations")
    grounds = [header] * 8 + [declarations] * 8
    grounds[5], grounds[7] = CHANGED, CURSOR
    assert lines.grounds[0].tolist() == grounds


def test_lines_are_the_same_from_wherever_they_are_asked(bandit: Path) -> None:
    dump = Picture(Document.of(read_snapshot(bandit))).dump
    whole = dump.lines(0, dump.line_count)
    for first in (0, 1, 57, dump.line_count - 3):
        part = dump.lines(first, 20)
        stop = first + len(part.rows)
        for name in ("rows", "data", "inks", "grounds", "rails"):
            assert (getattr(part, name) == getattr(whole, name)[first:stop]).all()


def test_an_empty_file_has_no_lines() -> None:
    lines = HexDump().lines(0, 40)
    assert len(lines.rows) == 0


def test_only_printable_bytes_are_shown_as_characters() -> None:
    assert ascii_of(np.array([0x1F, 0x20, 0x41, 0x7E, 0x7F, 0xFF], np.uint8)).tobytes() == b". A~.."
