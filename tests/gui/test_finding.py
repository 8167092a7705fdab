"""Find, go to, and the lists of the module."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

import wasmstate
from gui_support import WAIT, OpenWindow, type_into
from support import REAL_BINARIES, real_path
from wasmstate.binary.source import BytesSource
from wasmstate_gui.core.bytes.search import Match, Needle, Pattern, parse_needle, search
from wasmstate_gui.core.bytes.values_at_cursor import values_at
from wasmstate_gui.core.document import edited_source
from wasmstate_gui.core.document.document import Document
from wasmstate_gui.core.document.snapshot import read_snapshot
from wasmstate_gui.core.module.disassembly import listing
from wasmstate_gui.core.module.entry_tables import KINDS, module_table
from wasmstate_gui.core.window.go_to import Place, find_place
from wasmstate_gui.core.window.picture import Picture
from wasmstate_gui.module.module_models import ListingModel, ModuleTableModel
from wasmstate_gui.window.main_window import MainWindow

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


class Patient:
    """Waits for a search to its end."""

    is_cancelled = False
    shares: list[float]

    def __init__(self) -> None:
        self.shares = []

    def report(self, share: float) -> None:
        self.shares.append(share)


def found(needle: Needle | str, data: bytes, start: int, direction: int) -> int | None:
    assert not isinstance(needle, str)
    match = search(BytesSource(data), needle, start, direction, Patient())
    return None if match is None else match.start


@given(st.binary(max_size=40), st.binary(min_size=1, max_size=3), st.integers(-2, 42))
def test_the_next_and_the_last_place_are_those_of_a_plain_search(
    data: bytes, pattern: bytes, start: int
) -> None:
    places = [i for i in range(len(data)) if data[i:].startswith(pattern)]
    after = [i for i in places if i >= start] or places
    before = [i for i in places if i <= start] or places
    assert found(Pattern(pattern), data, start, 1) == next(iter(after), None)
    assert found(Pattern(pattern), data, start, -1) == next(reversed(before), None)


def test_what_stands_across_the_edge_of_a_piece_is_found(tmp_path: Path) -> None:
    data = bytearray(3 * edited_source.CHUNK)
    data[edited_source.CHUNK - 2 : edited_source.CHUNK + 2] = b"edge"
    watcher = Patient()
    source = BytesSource(bytes(data))
    place = edited_source.CHUNK - 2
    assert search(source, Pattern(b"edge"), 0, 1, watcher) == Match(place, place + 4, False)
    end = len(data) - 1
    assert search(source, Pattern(b"edge"), end, -1, watcher) == Match(place, place + 4, False)
    assert search(source, Pattern(b"edge"), place + 1, 1, watcher) == Match(place, place + 4, True)
    assert search(source, Pattern(b"none"), 0, 1, watcher) is None
    assert max(watcher.shares) == 1.0


def test_a_search_that_nobody_waits_for_ends() -> None:
    watcher = Patient()
    watcher.is_cancelled = True
    assert search(BytesSource(b"abc"), Pattern(b"c"), 0, 1, watcher) is None


def test_numbers_are_found_at_any_offset_within_a_tolerance() -> None:
    data = b"\1" + struct.pack("<fdi", 0.5, -2.0, -7) + struct.pack("<f", math.nan) + b"\1\1"
    assert found(parse_needle("f32", "0.5"), data, 0, 1) == 1
    assert found(parse_needle("f64", "-2"), data, 0, 1) == 5
    assert found(parse_needle("i32", "-7"), data, 0, 1) == 13
    assert found(parse_needle("f32", "nan"), data[17:], 0, 1) == 0
    assert found(parse_needle("f32", "0.51"), data, 0, 1) is None
    assert found(parse_needle("f32", "0.51", "0.02"), data, 0, 1) == 1
    assert found(parse_needle("i32", "-6", "1"), data, 0, -1) == 13


@pytest.mark.parametrize(
    ("kind", "text", "tolerance", "reason"),
    [
        ("bytes", "de a", "", "write bytes as pairs of hex digits: de ad be ef"),
        ("i32", "1.5", "", "'1.5' is not an integer: write 12, -3 or 0x1F"),
        ("i32", "4294967296", "", "4294967296 does not fit i32"),
        ("f32", "1e39", "", "1e39 is too large for f32 (at most 3.4e38)"),
        ("f64", "x", "", "'x' is not a number: write 1.5 or 1e-3"),
        ("f64", "1", "-1", "the tolerance must not be negative"),
        ("f64", "1", "y", "the tolerance 'y' is not a number"),
        ("text", "", "", ""),
        ("bytes", " ", "", ""),
    ],
)
def test_text_that_cannot_be_looked_for_says_why(
    kind: str, text: str, tolerance: str, reason: str
) -> None:
    assert parse_needle(kind, text, tolerance) == reason


def find(qtbot: QtBot, window: MainWindow, key: Qt.Key, modifier: Qt.KeyboardModifier) -> None:
    with qtbot.waitSignal(window.finder.found, timeout=WAIT):
        QTest.keyClick(window.focusWidget(), key, modifier)


def test_ctrl_f_finds_and_f3_goes_on(qtbot: QtBot, bandit: Path, open_window: OpenWindow) -> None:
    window = open_window(bandit)
    data = bandit.read_bytes()
    places = [i for i in range(len(data)) if data[i:].startswith(b"predict")]
    QTest.keyClick(window.panels.page.hex, Qt.Key.Key_Home)
    QTest.keyClick(window.panels.page.hex, Qt.Key.Key_F, CTRL)
    bar = window.panels.page.find_bar
    bar.kinds.setCurrentText("text")
    type_into(bar.edit, "predict")
    seen = []
    for modifier in (Qt.KeyboardModifier.NoModifier,) * 2:
        find(qtbot, window, Qt.Key.Key_Return, modifier)
        seen.append(window.panels.page.hex.selection)
    find(qtbot, window, Qt.Key.Key_F3, SHIFT)
    seen.append(window.panels.page.hex.selection)
    find(qtbot, window, Qt.Key.Key_Return, SHIFT)
    seen.append(window.panels.page.hex.selection)
    wanted = [places[0], places[1], places[0], places[-1]]
    assert seen == [(place, place + 7) for place in wanted]
    assert bar.note.text() == f"at 0x{places[-1]:X}, from the other end again"
    type_into(bar.edit, "nowhere")
    find(qtbot, window, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier)
    assert bar.note.text() == "not found"
    bar.kinds.setCurrentText("f64")
    assert bar.note.text() == "'nowhere' is not a number: write 1.5 or 1e-3"
    assert bar.tolerance.isVisible()
    QTest.keyClick(bar.edit, Qt.Key.Key_Escape)
    assert not bar.isVisible()
    assert window.panels.page.hex.hasFocus()


PLACES = {
    "0x10": (0x10, 0x11, "offset 0x10"),
    "export": (0x54, 0xA3, "section export"),
    "section 0": (0x8, 0x1F, "section 0, type"),
    "#0": (0x8, 0x1F, "section 0, type"),
    "failures[1]": (0xEE5, 0xEED, "failures[1], f64"),
    "failures": (0xEDD, 0xEFD, "failures, f64[4]"),
    "count": (0xF0D, 0xF15, "count, i64"),
}


@pytest.mark.parametrize("text", PLACES)
def test_a_place_is_found_by_its_name(text: str, bandit: Path) -> None:
    picture = Picture(Document.of(read_snapshot(bandit)))
    assert find_place(text, picture, None) == Place(*PLACES[text])


NO_PLACES = {
    "0xZZ": "'0xZZ' is no offset: write hex digits after 0x",
    "0x10000": "0x10000 is past the end: the file has 3,901 bytes (0xF3D)",
    "failures[4]": "failures has the shape [4]: [4] is not in it",
    "failures[0,1]": "failures has the shape [4]: [0,1] is not in it",
    "99": "there are 11 sections; a function is 'func 99'",
    "func 99": "there is no function 99: there are 4",
    "nothing": "there is no section, tensor or function 'nothing'",
}


@pytest.mark.parametrize("text", NO_PLACES)
def test_a_place_that_is_none_says_why(text: str, bandit: Path) -> None:
    snapshot = read_snapshot(bandit)
    functions = module_table("Functions", snapshot.module)
    assert find_place(text, Picture(Document.of(snapshot)), functions) == NO_PLACES[text]


def test_ctrl_g_goes_to_a_function_by_its_name(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    QTest.keyClick(window.panels.page.hex, Qt.Key.Key_G, CTRL)
    bar = window.panels.page.goto_bar
    qtbot.waitUntil(lambda: window.module_lists.functions is not None, timeout=WAIT)
    type_into(bar.edit, "gamma")
    functions = window.module_lists.functions
    assert functions is not None
    row = functions.row_named("gamma")
    assert row is not None
    start, end = functions.span(row)
    assert bar.note.text() == f"function {row}, gamma, at 0x{start:X}"
    QTest.keyClick(bar.edit, Qt.Key.Key_Return)
    assert window.panels.page.hex.selection == (start, end)
    assert not bar.isVisible()
    module = window.panels.docks["Module"]
    qtbot.waitUntil(lambda: not module.visibleRegion().isEmpty(), timeout=WAIT)
    listing = window.panels.module.title
    qtbot.waitUntil(lambda: listing.text().startswith(f"function {row}"), timeout=WAIT)


def test_a_row_and_an_instruction_select_their_bytes_and_the_other_way_round(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    panel = window.panels.module
    QTest.keyClick(window, Qt.Key.Key_6, CTRL)
    window.panels.docks["Module"].raise_()
    qtbot.waitUntil(lambda: panel.table_model.rowCount() == 4, timeout=WAIT)
    panel.table.setFocus()
    panel.table.selectRow(0)
    QTest.keyClick(panel.table, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: panel.listing_model.rowCount() > 0, timeout=WAIT)
    assert window.panels.page.hex.selection == panel.table_model.table.span(1)
    panel.listing.setFocus()
    panel.listing.selectRow(2)
    span = panel.listing_model.listing.span(2)
    assert window.panels.page.hex.selection == span
    # The cursor in the code of another function chooses that function and its instruction.
    start, _ = panel.table_model.table.span(2)
    window.selection_model.go_to_byte(start + 12)
    qtbot.waitUntil(lambda: panel.listing.currentIndex().row() > 0, timeout=WAIT)
    assert panel.table.currentIndex().row() == 2
    low, high = panel.listing_model.listing.span(panel.listing.currentIndex().row())
    assert low <= start + 12 < high


def test_a_filter_leaves_the_rows_with_all_words(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    panel = window.panels.module
    window.panels.docks["Module"].raise_()
    qtbot.waitUntil(lambda: panel.table_model.rowCount() == 4, timeout=WAIT)
    panel.kinds.setCurrentText("Exports")
    qtbot.waitUntil(lambda: panel.table_model.rowCount() == 8, timeout=WAIT)
    count = panel.table_model.rowCount()
    type_into(panel.filter, "func p")
    qtbot.waitUntil(lambda: panel.table_model.rowCount() < count, timeout=WAIT)
    names = [panel.table_model.index(i, 0).data() for i in range(panel.table_model.rowCount())]
    assert names == ["predict", "update"]
    assert panel.count.text() == f"2 of {count}"
    panel.filter.clear()
    qtbot.waitUntil(lambda: panel.table_model.rowCount() == count, timeout=WAIT)


def test_a_section_opens_its_list(qtbot: QtBot, bandit: Path, open_window: OpenWindow) -> None:
    window = open_window(bandit)
    model = window.panels.layout.layout_model
    names = [model.index(i, 0).data() for i in range(model.rowCount())]
    index = model.index(names.index("data"), 0)
    tree = window.panels.layout
    place = tree.visualRect(index).center()
    QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=place)
    panel = window.panels.module
    qtbot.waitUntil(lambda: panel.table_model.table.kind == "Data", timeout=WAIT)
    assert window.panels.docks["Module"].isVisible()


@pytest.mark.parametrize("package", REAL_BINARIES)
def test_every_list_of_a_real_module_is_where_it_says(
    package: str, qtmodeltester: ModelTester
) -> None:
    module = wasmstate.Module.open(real_path(package))
    sections = {s.name: s for s in module.sections}
    for kind in KINDS:
        table = module_table(kind, module)
        assert table.damage == "" or not table.count
        for row in range(0, table.count, 97):
            start, end = table.span(row)
            assert table.row_at(start) == row
            assert len(table.cells(row)) == len(table.columns)
            assert any(s.offset <= start < end <= s.end for s in sections.values())
        model = ModuleTableModel()
        some = table.matching("a", Patient())
        assert some is not None
        model.show(table, some[:40])
        qtmodeltester.check(model)  # type: ignore[no-untyped-call]


def test_a_listing_ends_where_its_code_is_malformed(qtmodeltester: ModelTester) -> None:
    module = wasmstate.Module.from_bytes(
        bytes.fromhex(
            "0061736d01000000 010401600000 03020100 0a070105 00 01 0b ff ff".replace(" ", "")
        )
    )
    code = module_table("Functions", module).code(0)
    found = listing("f", code)
    assert found.texts[0] == "nop"
    assert found.texts[-1].startswith("malformed: ")
    assert found.line_at(found.starts[0]) == 0
    model = ListingModel()
    model.show(found)
    qtmodeltester.check(model)  # type: ignore[no-untyped-call]


def test_the_bytes_at_a_place_are_read_as_signed_unsigned_and_floating() -> None:
    values = values_at(bytes.fromhex("e5 8e 26 00 00 00 f0 bf"))
    rows = dict(values.rows)
    assert rows["signed"][0] == "-27"
    assert rows["unsigned"][:3] == ("229", "36581", "2526949")
    assert values.leb128 == "624485 (3 bytes)"
    assert values_at(b"\x7f").leb128 == "127 unsigned, -1 signed (1 byte)"
    assert values_at(b"").leb128 == ""
    assert dict(values_at(b"\0").rows)["float"] == ("", "", "", "")
    assert values_at("h\u00e9!".encode()).text == "h\u00e9!"
