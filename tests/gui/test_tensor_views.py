"""A tensor as a picture, as a histogram, edited, and in files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import wasmtime
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

import wasmstate
from wasmstate import SchemaError, State, StateBoundsError
from wasmstate_gui.core.tensors.cell_edit import with_cell
from wasmstate_gui.core.tensors.changes import Changes
from wasmstate_gui.core.tensors.heatmap import NOT_FINITE, Heatmap
from wasmstate_gui.core.tensors.histogram import BINS, Histogram
from wasmstate_gui.core.tensors.tensor_files import csv_text, load_tensor, save_tensor
from wasmstate_gui.core.tensors.tensor_table import TensorRow, number_text, tensor_rows
from wasmstate_gui.window.main_window import MainWindow

OpenWindow = Callable[[Path], MainWindow]
CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def path(tmp_path: Path) -> Path:
    module = wasmstate.Module.from_bytes(
        bytes(wasmtime.wat2wasm('(module (memory (export "memory") 1))'))
    )
    tensors = ["w:f64[2,3]@64", "cube:f32[2,3,4]@256", "counts:u8[40]@512", "n:i64@1024"]
    values = {
        "w": [[-1.0, 0.0, 0.5], [1.0, np.nan, np.inf]],
        "cube": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
        "counts": np.arange(40, dtype=np.uint8),
    }
    path = tmp_path / "model.wasm"
    path.write_bytes(wasmstate.attach(module, tensors, values=values).to_bytes())
    return path


@pytest.fixture
def state(path: Path) -> State:
    return State.of(wasmstate.Module.open(path))


def row_of(state: State, name: str, before: State | None = None) -> TensorRow:
    return next(row for row in tensor_rows(state, before, 0) if row.tensor.name == name)


def test_a_signed_tensor_has_zero_in_the_middle_of_its_scale(state: State) -> None:
    heatmap = Heatmap(row_of(state, "w"))
    assert heatmap.range == (-1.0, 1.0)
    assert heatmap.levels.tolist() == [[0, 127, 190], [254, NOT_FINITE, NOT_FINITE]]


def test_where_all_elements_changed_no_outline_hides_them(state: State) -> None:
    other = state.with_values({"counts": np.arange(1, 41, dtype=np.uint8), "n": 1})
    assert Heatmap(row_of(other, "counts", state)).is_all_changed
    assert not Heatmap(row_of(other, "n", state)).is_all_changed  # the only one: it is outlined
    assert not Heatmap(row_of(state, "counts", state)).is_all_changed


def test_a_vector_is_wrapped_and_a_plane_of_a_cube_picked(state: State) -> None:
    counts = Heatmap(row_of(state, "counts"))
    assert (counts.rows, counts.columns) == (2, 32)
    assert counts.index_at(1, 7) == 39
    assert counts.index_at(1, 8) is None
    assert counts.levels[1, 8] == NOT_FINITE
    cube = Heatmap(row_of(state, "cube"), (1,))
    assert (cube.leading, cube.rows, cube.columns) == ((2,), 3, 4)
    assert cube.range == (12.0, 23.0)
    assert cube.index_at(2, 3) == 23


def test_changed_elements_have_their_places(state: State) -> None:
    after = state.with_values({"counts": [*range(39), 99], "cube": np.zeros((2, 3, 4), np.float32)})
    assert Heatmap(row_of(after, "counts", state)).changed.tolist() == [[1, 7]]
    assert len(Heatmap(row_of(after, "cube", state), (0,)).changed) == 11
    assert Heatmap(row_of(after, "n", state)).changed.tolist() == []


@pytest.mark.parametrize(
    "values", [[1.0] * 6, [np.nan] * 6, [1e308, -1e308, 0, 0, 0, 0], [1, 1 + 1e-15, 1, 1, 1, 1]]
)
def test_no_values_whatever_make_a_picture_fail(values: list[float], state: State) -> None:
    row = row_of(state.with_values({"w": np.reshape(values, (2, 3))}), "w", state)
    assert Heatmap(row).levels.shape == (2, 3)
    histogram = Histogram(row)
    assert histogram.now.sum() == np.isfinite(values).sum()


def test_a_histogram_counts_both_states_in_the_same_bins(state: State) -> None:
    after = state.with_values({"counts": np.full(40, 200, np.uint8)})
    histogram = Histogram(row_of(after, "counts", state))
    assert histogram.range == (0.0, 200.0)
    assert histogram.now.tolist() == [0] * (BINS - 1) + [40]
    assert histogram.before is not None
    assert histogram.before.sum() == 40
    assert histogram.bin_text(BINS - 1) == "196.9 to 200: 40, before 0"
    assert Histogram(row_of(state, "w")).left_out == "2 values not finite"


@pytest.mark.parametrize(
    ("name", "index", "text", "value"),
    [
        ("w", 4, "\u22122.5", -2.5),
        ("w", 0, "nan", np.nan),
        ("counts", 3, "0xFF", 255),
        ("n", 0, "-7", -7),
    ],
)
def test_a_cell_takes_what_is_typed(
    name: str, index: int, text: str, value: float, state: State
) -> None:
    after = with_cell(state, name, index, text)
    np.testing.assert_array_equal(after[name].reshape(-1)[index], value)
    assert int(row_of(after, name, state).changed_count) == 1


def test_what_is_no_number_or_does_not_fit_is_refused(state: State) -> None:
    with pytest.raises(SchemaError, match="'much' is not a number such as"):
        with_cell(state, "w", 0, "much")
    with pytest.raises(SchemaError, match=r"'1\.5' is not an integer such as"):
        with_cell(state, "counts", 0, "1.5")
    with pytest.raises(StateBoundsError, match="256 does not fit u8"):
        with_cell(state, "counts", 0, "256")
    with pytest.raises(StateBoundsError, match="too large for f32"):
        with_cell(state, "cube", 0, "1e39")


@pytest.mark.parametrize("suffix", [".npy", ".csv"])
@pytest.mark.parametrize("name", ["w", "cube", "counts", "n"])
def test_a_tensor_comes_back_from_a_file_bit_for_bit(
    name: str, suffix: str, state: State, tmp_path: Path
) -> None:
    file = tmp_path / f"tensor{suffix}"
    save_tensor(file, state[name])
    empty = state.with_values({name: np.zeros_like(state[name])})
    after = load_tensor(file, empty, name)
    assert after[name].tobytes() == state[name].tobytes()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("w.csv", b"1,2\n3,x\n", "w.csv, line 2: could not convert string to float: 'x'"),
        ("w.csv", b"1,2\n3\n", "w.csv: the lines have different numbers of cells"),
        ("w.csv", b"", "w.csv holds no numbers"),
        ("w.csv", b"1,2\n3,4\n5,6\n", "w.csv: w has the shape [2, 3], the value given has [3, 2]"),
        ("w.npy", b"nonsense", "w.npy is no npy file"),
        ("w.npy", b"\x93NUMPY\x01\x00", "w.npy is no npy file"),
        ("w.txt", b"", "w.txt: the name must end in .npy or .csv"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_the_reason(
    name: str, content: bytes, reason: str, state: State, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(SchemaError) as caught:
        load_tensor(file, state, "w")
    assert str(caught.value).startswith(reason)


def test_a_claimed_shape_costs_nothing(state: State, tmp_path: Path) -> None:
    file = tmp_path / "huge.npy"
    save_tensor(file, state["w"])
    content = file.read_bytes().replace(b"(2, 3)", b"(9999999999,9999999)")
    file.write_bytes(content[: len(content)])
    with pytest.raises(SchemaError, match=r"huge\.npy"):
        load_tensor(file, state, "w")
    objects = tmp_path / "objects.npy"
    np.save(objects, np.array([None]), allow_pickle=True)
    with pytest.raises(SchemaError, match="holds object, not numbers"):
        load_tensor(objects, state, "w")


def test_csv_has_a_line_for_each_row(state: State) -> None:
    assert csv_text(state["w"]) == "-1.0,0.0,0.5\n1.0,nan,inf\n"
    assert csv_text(state["counts"]).splitlines()[:2] == ["0", "1"]


def test_changes_have_their_differences_and_can_be_sorted(state: State) -> None:
    w = state["w"].copy()
    w[0] = [-1.5, 1e-3, np.nextafter(0.5, 1)]
    w[1, 1] = 3.0  # it was NaN
    changes = Changes(row_of(state.with_values({"w": w}), "w", state))
    lines = [[changes.text(i, j) for j in range(6)] for i in range(len(changes))]
    assert lines[0] == [
        "[0,0]",
        "-1.00000",
        "-1.50000",
        "-0.50000",
        "50 %",
        "2,251,799,813,685,248",
    ]
    assert lines[1][4] == "inf %"
    assert lines[2][5] == "1"
    assert lines[3][1:] == ["+nan", "+3.00000", "+nan", "", ""]
    falling = replace(changes, column=2, is_falling=True)
    assert [falling.index(i) for i in range(4)] == [4, 2, 1, 0]
    assert falling.line(2) == 1
    assert falling.line(3) is None
    counts = state.with_values({"counts": np.zeros(40, np.uint8), "n": -5})
    assert Changes(row_of(counts, "counts", state)).text(0, 3) == "-1"
    assert [Changes(row_of(counts, "n", state)).text(0, j) for j in (0, 3, 5)] == ["n", "-5", ""]


def test_the_diff_tab_sorts_by_a_click_on_a_header_and_selects_the_cell(
    qtbot: QtBot, path: Path, open_window: OpenWindow, qtmodeltester: ModelTester
) -> None:
    window = open_window(path)
    choose(window, "w")
    for index, text in ((0, "9"), (5, "2")):
        window.panels.tensors.typed.emit("w", index, text)
    window.panels.tensors.tabs.setCurrentIndex(3)
    window.actions_.since_disk.trigger()
    model = window.panels.tensors.tabs.diff_model
    qtmodeltester.check(model)  # type: ignore[no-untyped-call]
    assert [model.index(i, 0).data() for i in range(model.rowCount())] == ["[0,0]", "[1,2]"]
    header = window.panels.tensors.tabs.diff.horizontalHeader()
    where = QPoint(header.sectionPosition(2) + 5, 5)
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert [model.index(i, 0).data() for i in range(model.rowCount())] == ["[1,2]", "[0,0]"]
    window.panels.tensors.tabs.diff.selectRow(1)
    assert window.selection_model.selection is not None
    assert window.selection_model.selection.text.startswith("w[0,0] = 9.0 (was -1.0)")
    window.grab()


@pytest.mark.parametrize("zoom", [0, 2])
def test_no_column_of_the_diff_is_cut(path: Path, open_window: OpenWindow, zoom: int) -> None:
    window = open_window(path)
    window.resize(1280, 800)
    window.panels.reset_layout()
    window.actions_.since_disk.trigger()
    window.panels.tensors.tabs.setCurrentIndex(3)
    diff = window.panels.tensors.tabs.diff
    for name, text in (("w", "1.2345678e-5"), ("counts", "200"), ("n", str(-(2**62)))):
        choose(window, name)
        window.panels.tensors.typed.emit(name, 0, text)
        for _ in range(zoom):
            window.actions_.zoom_in.trigger()
        window.grab()
        letters = diff.fontMetrics().horizontalAdvance
        columns = [c for c in range(6) if not diff.isColumnHidden(c)]
        for column in columns:
            shown = diff.model().index(0, column).data()
            assert letters(shown) < diff.columnWidth(column)
        assert sum(diff.columnWidth(c) for c in columns) <= diff.viewport().width() or zoom
        exact = diff.model().index(0, 2).data(Qt.ItemDataRole.ToolTipRole)
        assert exact in {None, number_text(float(text) if name == "w" else int(text))}
    assert diff.isColumnHidden(5)


def choose(window: MainWindow, name: str) -> None:
    rows = window.panels.tensors.list_model.rows
    names = [row.tensor.name for row in rows]
    window.panels.tensors.list.selectRow(names.index(name))


def test_f2_edits_a_cell_and_ctrl_z_undoes_it(
    qtbot: QtBot, path: Path, open_window: OpenWindow
) -> None:
    window = open_window(path)
    choose(window, "w")
    table = window.panels.tensors.table
    table.setFocus()
    table.setCurrentIndex(window.panels.tensors.table_model.index(0, 2))
    QTest.keyClick(table, Qt.Key.Key_F2)
    editor = table.viewport().findChild(QLineEdit)
    assert editor is not None
    assert editor.text() == "0.5"
    QTest.keyClicks(editor, "7.25")
    with qtbot.waitSignal(window.controller.changed):
        QTest.keyClick(editor, Qt.Key.Key_Return)
    assert window.panels.tensors.table_model.index(0, 2).data() == "+7.25000"
    assert window.isWindowModified()
    assert window.panels.timeline.place.text() == "step 1 / 1"
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.panels.tensors.table_model.index(0, 2).data() == "+0.50000"
    assert not window.isWindowModified()


def test_a_typing_error_is_told_and_changes_nothing(
    qtbot: QtBot, path: Path, open_window: OpenWindow
) -> None:
    window = open_window(path)
    choose(window, "counts")
    model = window.panels.tensors.table_model
    model.setData(model.index(0, 0), "300")
    assert "300 does not fit u8" in window.panels.page.notice.label.text()
    assert not window.isWindowModified()


def test_a_click_into_the_heatmap_selects_the_cell_and_its_bytes(
    qtbot: QtBot, path: Path, open_window: OpenWindow
) -> None:
    window = open_window(path)
    choose(window, "cube")
    window.panels.tensors.tabs.setCurrentIndex(1)
    window.panels.tensors.tabs.heatmap.pickers[0].setValue(1)
    canvas = window.panels.tensors.tabs.heatmap.canvas
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(3, 3))
    selection = window.selection_model.selection
    assert selection is not None
    assert selection.text.startswith("cube[1,0,0] = 12.0")
    assert "3 by 4 elements from 12 to 23" in canvas.accessibleDescription()
    window.grab()


def test_the_histogram_is_drawn_of_the_chosen_tensor(
    qtbot: QtBot, path: Path, open_window: OpenWindow
) -> None:
    window = open_window(path)
    window.panels.tensors.tabs.setCurrentIndex(2)
    choose(window, "counts")
    description = window.panels.tensors.tabs.histogram.accessibleDescription()
    assert description.startswith("64 bins from 0 to 39")
    window.grab()


@pytest.mark.qt_log_ignore("propagateSizeHints")  # what the offscreen platform says of a dialog
def test_a_tensor_is_copied_saved_and_loaded(
    qtbot: QtBot, path: Path, tmp_path: Path, open_window: OpenWindow
) -> None:
    window = open_window(path)
    choose(window, "w")
    QTest.keyClick(window, Qt.Key.Key_C, CTRL_SHIFT)
    assert QGuiApplication.clipboard().text() == "-1.0,0.0,0.5\n1.0,nan,inf\n"
    QTest.keyClick(window, Qt.Key.Key_S, CTRL_SHIFT)
    dialog = window.tensor_commands.dialog
    assert dialog is not None
    assert dialog.selectedFiles()[0].endswith("w.npy")
    dialog.reject()
    window.tensor_commands.save_to(str(tmp_path / "w.csv"))
    (tmp_path / "w.csv").write_text("1,2,3\n4,5,6\n")
    QTest.keyClick(window, Qt.Key.Key_L, CTRL_SHIFT)
    dialog = window.tensor_commands.dialog
    assert dialog is not None
    dialog.fileSelected.emit(str(tmp_path / "w.csv"))
    dialog.reject()
    assert window.panels.tensors.shown is not None
    assert window.panels.tensors.shown.values.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert window.panels.timeline.caption.text().startswith("w loaded from w.csv")
    window.tensor_commands.save_to(str(tmp_path / "nowhere" / "w.npy"))
    assert "No such file" in window.panels.page.notice.label.text()


def test_a_matrix_has_room_for_its_numbers_after_a_list(
    path: Path, open_window: OpenWindow
) -> None:
    panel = open_window(path).panels.tensors
    names = [row.tensor.name for row in panel.list_model.rows]

    def widths(name: str) -> list[int]:
        panel.list.selectRow(names.index(name))
        return [panel.table.columnWidth(i) for i in range(panel.table_model.columnCount())]

    room = widths("w")
    widths("counts")
    assert widths("w") == room
