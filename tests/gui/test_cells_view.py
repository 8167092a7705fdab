"""The table of a tensor's cells looks as Qt would paint it, but asks the model for little."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import wasmtime
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QColor, QFontDatabase, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QTableView
from pytestqt.qtbot import QtBot

import wasmstate
from wasmstate import State
from wasmstate.state.damage.tensor_trust import Remnant
from wasmstate_gui.core.tensors.cell_texts import CHANGED, DIM, PLAIN, WRONG, cells
from wasmstate_gui.core.tensors.tensor_table import TensorTable, tensor_rows
from wasmstate_gui.kit.theme import DARK, LIGHT, Theme
from wasmstate_gui.tensors.cells_view import CellsView
from wasmstate_gui.tensors.tensor_models import DISPLAY, Index, TensorTableModel

MATRIX = "w:f32[60,5]"
LIST = "counts:i64[40]"
CUBE = "cube:f64[3,20,4]"


def table_of(tensor: str, changed: Sequence[int] = (0, 6, 13)) -> TensorTable:
    """A tensor with numbers of every kind, of which some elements have changed."""
    module = wasmstate.Module.from_bytes(
        bytes(wasmtime.wat2wasm('(module (memory (export "memory") 1))'))
    )
    before = State.of(wasmstate.attach(module, [f"{tensor}@64"]))
    (name,) = (each.name for each in before.tensors)
    values = (np.arange(before[name].size) * 1.5 - 7).astype(before[name].dtype)
    if values.dtype.kind == "f":
        values[[1, 2, 3, 4, 10]] = np.nan, np.inf, -np.inf, 1e12, 1e-9
    before = before.with_values({name: values.reshape(before[name].shape)})
    after = values.copy()
    after[list(changed)] += 1
    state = before.with_values({name: after.reshape(before[name].shape)})
    (row,) = tensor_rows(state, before, 0)
    return TensorTable(row)


def shown(view: QTableView, model: TensorTableModel, theme: Theme, points: float) -> QTableView:
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPointSizeF(points)
    model.set_looks(theme, font)
    QApplication.setPalette(theme.palette())
    view.setFont(font)
    view.setWordWrap(False)
    view.verticalHeader().setDefaultSectionSize(round(2.5 * points))
    letter = view.fontMetrics().horizontalAdvance("0")
    view.horizontalHeader().setDefaultSectionSize(12 * letter)
    view.setColumnWidth(1, 6 * letter)  # too narrow for its numbers
    view.horizontalHeader().setFixedHeight(24)
    view.verticalHeader().setFixedWidth(40)
    view.resize(420, 300)
    view.setCurrentIndex(model.index(2, 0))
    view.show()
    QTest.qWaitForWindowExposed(view)
    return view


def pixels(view: QTableView) -> np.ndarray[Any, Any]:
    image = view.viewport().grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    data = np.frombuffer(bytes(image.constBits()), np.uint32)
    return data.reshape(image.height(), image.width())


@pytest.fixture(autouse=True)
def palette() -> Any:
    before = QApplication.palette()
    yield
    QApplication.setPalette(before)


@pytest.mark.parametrize("tensor", [MATRIX, LIST, CUBE])
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("points", [9.5, 13.5])
def test_it_is_painted_as_qt_paints_it(
    qtbot: QtBot, tensor: str, theme: Theme, points: float
) -> None:
    table = table_of(tensor)
    model = TensorTableModel()
    model.show(table)
    ours, theirs = CellsView(model), QTableView()
    theirs.setModel(model)
    ours.set_theme(theme)
    for view in (ours, theirs):
        qtbot.addWidget(view)
        shown(view, model, theme, points)
        view.verticalScrollBar().setValue(1)
        view.horizontalScrollBar().setValue(9)
    differ = np.count_nonzero(pixels(ours) != pixels(theirs))
    # The line under a changed number may end a pixel earlier.
    assert differ <= table.row.changed_count
    assert len(np.unique(pixels(ours))) > 10  # and there is something to be seen


def test_a_frame_asks_the_model_for_the_selected_cell_alone(qtbot: QtBot) -> None:
    asked: set[tuple[int, int]] = set()

    class Watched(TensorTableModel):
        def data(self, index: Index, role: int = DISPLAY) -> Any:
            asked.add((index.row(), index.column()))
            return super().data(index, role)

    model = Watched()
    model.show(table_of(MATRIX))
    view = CellsView(model)
    qtbot.addWidget(view)
    shown(view, model, LIGHT, 9.5)
    view.horizontalHeader().setDefaultSectionSize(200)
    view.setColumnWidth(1, 200)
    view.viewport().grab()
    asked.clear()
    view.viewport().grab()
    assert asked == {(2, 0)}


def test_a_table_without_cells_is_empty(qtbot: QtBot) -> None:
    model = TensorTableModel()
    view = CellsView(model)
    qtbot.addWidget(view)
    shown(view, model, LIGHT, 9.5)
    assert len(np.unique(pixels(view))) == 1


def test_f2_opens_an_editor_on_the_cell(qtbot: QtBot) -> None:
    model = TensorTableModel()
    model.show(table_of(MATRIX))
    view = CellsView(model)
    qtbot.addWidget(view)
    shown(view, model, LIGHT, 9.5)
    QTest.keyClick(view, Qt.Key.Key_F2)
    editor = view.viewport().findChild(QLineEdit)
    assert editor is not None
    assert editor.geometry().contains(view.visualRect(model.index(2, 0)).center())
    assert editor.text() == model.data(model.index(2, 0), Qt.ItemDataRole.EditRole)


def test_a_tooltip_still_comes_from_the_model() -> None:
    model = TensorTableModel()
    model.show(table_of(MATRIX))
    index: QModelIndex = model.index(0, 0)
    assert "was" in str(index.data(Qt.ItemDataRole.ToolTipRole))


def test_a_block_of_a_matrix_shows_each_number_and_whether_it_changed() -> None:
    block = cells(table_of(MATRIX), range(2), range(1, 3))
    assert block.texts == ["+nan", "+inf", "+3.00000", "+3.50000"]
    assert block.looks.tolist() == [PLAIN, PLAIN, CHANGED, PLAIN]


def test_a_block_of_a_list_has_what_was_beside_what_is() -> None:
    block = cells(table_of(LIST), range(5, 7), range(3))
    assert block.texts == ["0", "", "", "3", "2", "+1"]
    assert block.looks.tolist() == [PLAIN, DIM, DIM, CHANGED, DIM, DIM]


def test_the_columns_of_a_list_can_be_asked_for_without_the_first() -> None:
    block = cells(table_of(LIST), range(6, 7), range(1, 2))
    assert block.texts == ["2"]
    assert block.looks.tolist() == [DIM]


def damaged(tensor: str) -> TensorTable:
    """Cells of a damaged state: the second one is known to be wrong."""
    row = table_of(tensor, (0,)).row
    wrong = Remnant(row.tensor, 0, row.values.tobytes(), "damaged", "one bit is flipped", (5, 6))
    return TensorTable(replace(row, before=None, remnant=wrong))


@pytest.mark.parametrize(("tensor", "place"), [("w:f32[4,3]", (0, 1)), ("w:f32[12]", (1, 0))])
def test_cells_that_are_known_to_be_wrong_have_a_look_of_their_own(
    tensor: str, place: tuple[int, int]
) -> None:
    table = damaged(tensor)
    block = cells(table, range(table.row_count), range(table.column_count))
    assert np.argwhere(block.looks.reshape(table.row_count, -1) == WRONG).tolist() == [list(place)]
    model = TensorTableModel()
    model.show(table)
    ground = model.data(model.index(*place), Qt.ItemDataRole.BackgroundRole)
    assert ground.style() == Qt.BrushStyle.BDiagPattern
    assert model.data(model.index(0, 0), Qt.ItemDataRole.BackgroundRole) is None
    assert not model.flags(model.index(*place)) & Qt.ItemFlag.ItemIsEditable


def test_damage_is_hatched_and_keeps_its_edge_when_it_is_selected(qtbot: QtBot) -> None:
    model = TensorTableModel()
    model.show(damaged("w:f32[4,3]"))
    view = CellsView(model)
    qtbot.addWidget(view)
    shown(view, model, LIGHT, 9.5)
    damage = QColor(LIGHT.damage).rgb()
    hatched = np.count_nonzero(pixels(view) == damage)
    view.setCurrentIndex(model.index(0, 1))
    assert 0 < np.count_nonzero(pixels(view) == damage) < hatched
    model.show(table_of("w:f32[4,3]", (0,)))
    assert not (pixels(view) == damage).any()


def test_a_scalar_is_a_list_of_one() -> None:
    assert cells(table_of("n:i64", ()), range(1), range(1)).texts == ["-7"]
