"""Why a cell changed, and a step once more with other arguments."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from gui_support import WAIT, OpenWindow
from wasmstate import models
from wasmstate_gui.core.calls.call_form import forms
from wasmstate_gui.core.document.snapshot import read_snapshot
from wasmstate_gui.window.main_window import MainWindow


@pytest.fixture
def window(qtbot: QtBot, bandit: Path, open_window: OpenWindow) -> MainWindow:
    """The bandit after one step: update(arm=2, reward=1.0)."""
    window = open_window(bandit)
    for field, text in zip(window.panels.step.fields, ("2", "1.0"), strict=True):
        field.edit.setText(text)
    press(qtbot, window, Qt.Key.Key_F10)
    return window


def press(qtbot: QtBot, window: MainWindow, key: Qt.Key) -> None:
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, key)


def ask(qtbot: QtBot, window: MainWindow, tensor: int, cell: int) -> tuple[str, list[str]]:
    """What F4 says of a cell."""
    tensors = window.panels.tensors
    tensors.list.selectRow(tensor)
    tensors.table.setCurrentIndex(tensors.table_model.index(cell, 0))
    press(qtbot, window, Qt.Key.Key_F4)
    why = window.panels.why
    rows = range(why.table.rowCount())
    return why.title.text(), [str(why.table.model().index(row, 1).data()) for row in rows]


def test_f4_names_the_write_to_a_cell_and_the_functions_on_the_stack(
    qtbot: QtBot, window: MainWindow
) -> None:
    before = window.controller.timeline
    assert before is not None
    steps = len(before)
    title, lines = ask(qtbot, window, 0, 2)
    assert title == "successes[2] in step 1, update(arm=2, reward=1.0): 1 write"
    assert lines[0].startswith("successes[2]: 1.0 \u2192 2.0 by f64.store")
    assert lines[1:] == ["    in update(2, 1.0)"]
    assert window.panels.docks["Why"].isVisible()
    assert len(before) == steps, "a question is no step"


def test_a_cell_that_the_step_did_not_write_says_so(qtbot: QtBot, window: MainWindow) -> None:
    title, lines = ask(qtbot, window, 0, 0)
    assert (title.endswith(": no write"), lines) == (True, [])


def test_a_click_on_a_write_goes_to_its_instruction(qtbot: QtBot, window: MainWindow) -> None:
    ask(qtbot, window, 0, 2)
    why, module = window.panels.why, window.panels.module
    place = why.table.visualRect(why.table.model().index(0, 0)).center()
    QTest.mouseClick(why.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    offset = int(str(why.table.model().index(0, 0).data()), 16)
    selection = window.selection_model.selection
    assert selection is not None
    assert selection.cursor == offset

    def instruction() -> str:
        current = module.listing.currentIndex()
        return str(current.siblingAtColumn(2).data()) if current.isValid() else ""

    qtbot.waitUntil(lambda: "f64.store" in instruction(), timeout=WAIT)


def test_the_next_step_goes_on_from_the_state_after_a_question(
    qtbot: QtBot, window: MainWindow
) -> None:
    ask(qtbot, window, 0, 2)
    press(qtbot, window, Qt.Key.Key_F10)
    document = window.controller.document
    assert document is not None
    assert document.state is not None
    assert document.state["successes"].tolist() == [1.0, 1.0, 3.0, 1.0]


def test_again_begins_a_branch_with_the_arguments_of_the_step(
    qtbot: QtBot, window: MainWindow
) -> None:
    step = window.panels.step
    step.fields[0].edit.setText("0")
    QTest.keyClick(window, Qt.Key.Key_F10, Qt.KeyboardModifier.AltModifier)
    assert [field.edit.text() for field in step.fields] == ["2", "1.0"]
    step.fields[1].edit.setText("0.0")
    press(qtbot, window, Qt.Key.Key_F10)
    timeline = window.controller.timeline
    assert timeline is not None
    texts = [timeline.event(id).text for id in timeline.branches(timeline.here)]
    assert texts == ["update(arm=2, reward=1.0)", "update(arm=2, reward=0.0)"]


@pytest.mark.parametrize("names", [None, ["a", "b"]])
def test_the_form_takes_the_arguments_that_it_gave(tmp_path: Path, names: list[str] | None) -> None:
    path = tmp_path / "model.wasm"
    features = {"feature_names": names} if names else {"features": 2}
    path.write_bytes(models.new("logistic", **features).to_bytes())
    found = read_snapshot(path)
    assert found.state is not None
    form = forms(found.functions, found.state.metadata)[0]
    texts = ["0.5", "-1.5", "1"] if names else ["0.5, -1.5", "1"]
    assert form.texts(form.values(form.arguments(texts))) == texts
