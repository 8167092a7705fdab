"""What the window says and shows of a file, without Qt."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import wasmstate
from wasmstate_gui.core.document.absence import no_tensors
from wasmstate_gui.core.document.document import Document
from wasmstate_gui.core.document.layout_rows import flat, row_at
from wasmstate_gui.core.document.map_segments import (
    next_start,
    strip_pieces,
    to_offset,
    to_pixels,
    to_x,
)
from wasmstate_gui.core.document.snapshot import Snapshot, read_snapshot
from wasmstate_gui.core.tensors.tensor_table import TensorTable, cell_hint, number_text
from wasmstate_gui.core.window import status
from wasmstate_gui.core.window.picture import Picture
from wasmstate_gui.core.window.selection import at_byte


def snapshot_of(data: bytes, folder: Path) -> Snapshot:
    path = folder / "some.wasm"
    path.write_bytes(data)
    return read_snapshot(path)


def with_values(document: Document, **values: object) -> Document:
    assert document.state is not None
    contents = document.state.with_values(values).contents()
    return document.at(document.step + 1, contents, document.state.update_count + 1, document.state)


def test_the_layout_lists_sections_in_file_order_and_the_parts_of_the_state(bandit: Path) -> None:
    picture = Picture(Document.of(read_snapshot(bandit)))
    assert [row.name for row in picture.rows] == [
        "magic + version",
        "type",
        "function",
        "table",
        "memory",
        "global",
        "export",
        "code",
        "data",
        "name",
        "producers",
        "wasmstate.state",
    ]
    state = picture.rows[-1]
    assert [row.name for row in state.children] == [
        "header",
        "region table",
        "schema",
        "successes  f64[4]",
        "failures  f64[4]",
        "rng  u64[2]",
        "count  i64",
        "trailer",
    ]
    assert state.end == picture.document.source.size


def test_every_byte_of_the_file_belongs_to_a_row(bandit: Path) -> None:
    picture = Picture(Document.of(read_snapshot(bandit)))
    ends = [row.end for row in picture.rows]
    assert [row.start for row in picture.rows] == [0, *ends[:-1]]


def test_a_step_marks_the_cells_that_it_changed_and_their_bytes(bandit: Path) -> None:
    document = Document.of(read_snapshot(bandit))
    stepped = with_values(document, failures=[1.0, 2.0, 1.0, 1.0])
    picture = Picture(stepped)
    failures = picture.tensors[1]
    assert failures.changed.tolist() == [False, True, False, False]
    inside = picture.changed[
        (picture.changed >= failures.offset) & (picture.changed < failures.offset + 32)
    ]
    # 1.0 is 3FF0..., 2.0 is 4000...: the two highest bytes of the second element.
    assert (inside - failures.offset).tolist() == [14, 15]
    assert status.disk_state(stepped) == "1 step ahead of disk"
    assert stepped.is_dirty
    assert not document.is_dirty


def test_a_second_step_is_compared_with_the_first_or_with_the_file(bandit: Path) -> None:
    document = with_values(Document.of(read_snapshot(bandit)), failures=[1.0, 2.0, 1.0, 1.0])
    document = with_values(document, successes=[3.0, 1.0, 1.0, 1.0])
    assert [t.changed_count for t in Picture(document, "step").tensors] == [1, 0, 0, 0]
    assert [t.changed_count for t in Picture(document, "disk").tensors] == [1, 1, 0, 0]
    assert status.disk_state(document) == "2 steps ahead of disk"


def test_the_file_replaced_by_another_program_is_followed_if_nothing_was_done_here(
    bandit: Path,
) -> None:
    document = Document.of(read_snapshot(bandit))
    wasmstate.commit(bandit, wasmstate.State.of(document.module).with_values({"count": 5}))
    followed = document.replaced(read_snapshot(bandit), is_same=False)
    assert followed.theirs is None
    assert [t.changed_count for t in Picture(followed).tensors] == [0, 0, 0, 1]
    assert status.generation(followed) == "generation 1, 0 updates"


def test_a_conflict_keeps_both_until_the_user_chooses(bandit: Path) -> None:
    document = with_values(Document.of(read_snapshot(bandit)), count=np.int64(7))
    wasmstate.commit(bandit, wasmstate.State.of(document.disk.module).with_values({"count": 5}))
    conflict = document.replaced(read_snapshot(bandit), is_same=False)
    assert conflict.state is document.state
    notice = status.conflict_notice(conflict)
    assert notice is not None
    assert [text for _, text in notice.actions] == ["Diff", "Take theirs", "Keep mine"]
    theirs, mine = conflict.took_theirs(), conflict.kept_mine()
    assert theirs.state is not None
    assert mine.state is not None
    assert (theirs.state["count"].item(), theirs.is_dirty) == (5, False)
    assert (mine.state["count"].item(), mine.is_dirty) == (7, True)
    assert mine.state.generation == 1
    assert mine.disk is conflict.theirs


def test_mine_cannot_be_kept_if_the_file_has_become_another_model(bandit: Path) -> None:
    document = with_values(Document.of(read_snapshot(bandit)), count=np.int64(7))
    bandit.write_bytes((Path(__file__).parents[2] / "fixtures" / "linear.wasm").read_bytes())
    notice = status.conflict_notice(document.replaced(read_snapshot(bandit), is_same=False))
    assert notice is not None
    assert [text for _, text in notice.actions] == ["Take theirs"]


def test_numbers_line_up() -> None:
    assert [number_text(v) for v in (0.5, -12.25, 0.0, 1e-9, math.nan, 7)] == [
        "+0.50000",
        "-12.25000",
        "+0.00000",
        "+1.00000e-09",
        "+nan",
        "7",
    ]


def test_a_tensor_of_three_dimensions_is_headed_by_its_leading_indices(stubborn: Path) -> None:
    module = wasmstate.Module.open(stubborn).without_custom("wasmstate.state")
    module = wasmstate.attach(module, ["x:f32[2,3,4]@128"])
    row = Picture(Document.of(snapshot_of(module.to_bytes(), stubborn.parent))).tensors[0]
    table = TensorTable(row)
    assert (table.row_count, table.column_count) == (6, 4)
    assert table.row_header(5) == "1,2"
    assert table.place(23) == (5, 3)
    assert table.hint(5, 3).startswith("x[1,2,3] = 0.0, f32 at 0x")


def test_the_summary_counts_what_is_not_a_number(stubborn: Path) -> None:
    module = wasmstate.Module.open(stubborn).without_custom("wasmstate.state")
    values = {"x": np.array([1.0, np.nan, np.inf, 3.0], "f4")}
    module = wasmstate.attach(module, ["x:f32[4]@128"], values=values)
    row = Picture(Document.of(snapshot_of(module.to_bytes(), stubborn.parent))).tensors[0]
    assert row.summary == (
        "0/4 changed \u00b7 min 1 \u00b7 mean 2 \u00b7 max 3 \u00b7 NaN 1 \u00b7 Inf 1"
    )


def test_a_byte_of_a_tensor_selects_its_element(bandit: Path) -> None:
    picture = Picture(Document.of(read_snapshot(bandit)))
    offset = picture.tensors[0].offset + 11
    selection = at_byte(offset, picture.document.source, picture.rows, picture.tensors)
    assert (selection.start, selection.end) == (offset - 3, offset + 5)
    assert selection.cell == 1
    assert selection.text.startswith("successes[1] = 1.0, f64 at 0x")


def test_the_map_gives_every_section_three_pixels_and_all_of_the_width(bandit: Path) -> None:
    rows = Picture(Document.of(read_snapshot(bandit))).rows
    pieces = strip_pieces(rows, 700)
    assert min(piece.width for piece in pieces) >= 2.9
    assert sum(piece.width for piece in pieces) == pytest.approx(700)
    for row in rows:
        assert row_at(rows, to_offset(pieces, to_x(pieces, row.start) + 0.5)) is not None
        middle = (row.start + row.end) // 2
        found = row_at(rows, to_offset(pieces, to_x(pieces, middle) + 0.5))
        assert found in [row, *row.children]
    every = np.arange(rows[-1].end)
    expected = {round(to_x(pieces, offset + 0.5)) for offset in every.tolist()}
    assert set(to_pixels(pieces, every)) == expected
    assert to_pixels([], every) == []
    assert next_start(rows, rows[3].start + 1, 1) == rows[4].start
    assert next_start(rows, 0, -1) == 0


DAMAGED = {
    "empty": (b"", "This is not WebAssembly.", "not WebAssembly"),
    "text": (b"hello world\n", "This is not WebAssembly.", "not WebAssembly"),
    "cut": (b"\0asm\x01\0\0\0\x01\x05\x00", "Module damaged.", "1 error"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_named_and_every_byte_still_shown(name: str, tmp_path: Path) -> None:
    data, title, validity = DAMAGED[name]
    document = Document.of(snapshot_of(data, tmp_path))
    notice = status.damage_notice(document)
    assert notice is not None
    assert notice.title == title
    assert status.validity(document) == validity
    dump = Picture(document).dump
    shown = dump.lines(0, 99)
    assert shown.data[shown.inks > 0].tobytes() == data


def test_of_a_state_with_a_flipped_bit_the_rest_is_shown_and_told_to_be_proven(
    bandit: Path,
) -> None:
    data = bytearray(bandit.read_bytes())
    data[-50] ^= 1
    document = Document.of(snapshot_of(bytes(data), bandit.parent))
    notice = status.damage_notice(document)
    assert notice is not None
    assert notice.title == "State section damaged."
    assert "one flipped bit explains it: bit 0 of byte 0xf0b, in rng[1]" in notice.text
    assert "(wasmstate.state: regions[0] at 0xF0B)" in notice.text
    assert [text for _, text in notice.actions] == ["Repair…", "Show problems"]
    picture = Picture(document)
    assert picture.first_damage == len(data) - 50
    assert next(row.name for row in flat(picture.rows) if row.damaged) == "wasmstate.state"
    assert [(row.tensor.name, row.changed_text) for row in picture.tensors] == [
        ("successes", "proven"),
        ("failures", "proven"),
        ("rng", "damaged"),
        ("count", "proven"),
    ]
    names = [row.name for row in flat(picture.rows) if row.tensor is not None]
    assert names == ["successes  f64[4]", "failures  f64[4]", "rng  u64[2]", "count  i64"]
    parts = [row.name for row in picture.rows[-1].children]
    assert parts[:3] == ["header", "region table, schema", "successes  f64[4]"]
    rng = picture.tensors[2]
    assert rng.summary.startswith("damaged: one bit is flipped \u00b7 min ")
    assert rng.wrong.tolist() == [False, True]
    assert cell_hint(rng, 0).endswith(", u64 at 0xEFD, proven")
    assert cell_hint(rng, 1).endswith(", u64 at 0xF05, damaged: one bit is flipped")
    assert status.disk_state(document) == "state unreadable"


def test_a_state_of_which_no_tensor_can_be_found_is_told_why(bandit: Path) -> None:
    data = bytearray(bandit.read_bytes())
    schema = data.index(b'{"', 0xA67)
    data[schema : schema + 2] = b"??"
    document = Document.of(snapshot_of(bytes(data), bandit.parent))
    assert Picture(document).tensors == []
    assert "cannot be trusted" in no_tensors(document.disk)


def test_a_record_outside_every_section_is_told_where_there_is_no_state(bandit: Path) -> None:
    data = bytearray(bandit.read_bytes())
    data[0x55] ^= 0x40  # the size of the export section
    document = Document.of(snapshot_of(bytes(data), bandit.parent))
    assert "A record of the state stands at 0xA7D all the same" in no_tensors(document.disk)
    assert document.disk.obstacle is not None
    assert document.disk.obstacle.startswith("the state is damaged at 0xA7D: a record")


def test_damage_of_a_state_is_told_at_its_place_in_the_file(bandit: Path) -> None:
    data = bytearray(bandit.read_bytes())
    data[0xEA7] ^= 1
    document = Document.of(snapshot_of(bytes(data), bandit.parent))
    assert document.disk.obstacle is not None
    assert document.disk.obstacle.startswith("the state is damaged at 0xEA7: the CRC-32 is wrong")


def test_a_malformed_frame_hides_no_tensor_and_nothing_can_be_called(bandit: Path) -> None:
    data = bandit.read_bytes()
    document = Document.of(snapshot_of(data[:0xA67] + b"\x0e\0" + data[0xA67:], bandit.parent))
    picture = Picture(document)
    assert [row.tensor.name for row in picture.tensors] == ["successes", "failures", "rng", "count"]
    assert [(row.name, row.kind) for row in picture.rows if row.damaged] == [
        ("unknown (14)", "unknown")
    ]
    fault = "sections[10].id at 0xa67: malformed section id (14)"
    assert document.disk.obstacle == f"this is no module: {fault}"
    notice = status.damage_notice(document)
    assert notice is not None
    assert notice.title == "Module damaged."


def test_malformed_content_of_a_custom_section_is_a_warning_and_no_damage(bandit: Path) -> None:
    data = bandit.read_bytes()
    document = Document.of(snapshot_of(data + b"\0\x0a\x08build_id\x05", bandit.parent))
    (finding,) = document.disk.findings
    assert finding.severity == "warning"
    assert status.damage_notice(document) is None
    assert document.disk.obstacle is None


def test_a_module_without_a_state_is_not_damaged_and_told_how_to_get_one(tmp_path: Path) -> None:
    document = Document.of(snapshot_of(b"\0asm\x01\0\0\0", tmp_path))
    assert status.damage_notice(document) is None
    assert "can find them by calling the module" in no_tensors(document.disk)


def test_a_component_is_shown_and_cannot_be_run(tmp_path: Path) -> None:
    document = Document.of(snapshot_of(b"\0asm\x0d\0\x01\0", tmp_path))
    assert status.validity(document) == "component"
    assert "component" in no_tensors(document.disk)
    assert document.disk.obstacle == "only core modules can be run, and this is a component"
