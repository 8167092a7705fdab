"""File > New model: a family, a form of its options, a file that is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import wasmstate
from gui_support import WAIT, show_active, type_into
from wasmstate.errors import SchemaError
from wasmstate.models import names
from wasmstate_gui.core.document.destination import free_name, path_error
from wasmstate_gui.core.wizards.new_model_plan import Choice, NewModel, families, fields
from wasmstate_gui.window.main_window import MainWindow
from wasmstate_gui.wizards.new_model_dialog import NewModelDialog

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform, on a dialog


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    monkeypatch.chdir(tmp_path)
    window = MainWindow()
    window.make_panels()
    qtbot.addWidget(window)
    show_active(qtbot, window)
    yield window
    window.close_jobs()


def judged(qtbot: QtBot, window: MainWindow, action: Callable[[], object]) -> NewModelDialog:
    """The dialog after something was done that it judges."""
    with qtbot.waitSignal(window.wizards.judged, timeout=WAIT):
        action()
    return cast("NewModelDialog", window.wizards.dialog)


def open_dialog(qtbot: QtBot, window: MainWindow) -> NewModelDialog:
    key = Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier
    return judged(qtbot, window, lambda: QTest.keyClick(window, *key))


def test_a_model_is_made_with_the_keyboard_alone_and_opened(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    dialog = open_dialog(qtbot, window)
    assert not dialog.agree_button.isEnabled()
    assert QApplication.focusWidget() is dialog.list
    for _ in range(names().index("bootstrap_thompson")):
        judged(qtbot, window, lambda: QTest.keyClick(dialog.list, Qt.Key.Key_Down))
    QTest.keyClick(dialog.list, Qt.Key.Key_Tab)
    arms = dialog.lines()["arms"].edit
    assert QApplication.focusWidget() is arms
    judged(qtbot, window, lambda: QTest.keyClicks(arms, "4"))
    qtbot.waitUntil(dialog.agree_button.isEnabled)
    assert "successes u32[4,100]" in dialog.verdict.text()
    assert list(tmp_path.iterdir()) == []
    with qtbot.waitSignal(window.controller.opened, timeout=WAIT):
        QTest.keyClick(arms, Qt.Key.Key_Return)
    path = tmp_path / "bootstrap_thompson.wasm"
    assert wasmstate.State.of(wasmstate.Module.open(path))["arms"] == 4
    assert window.windowTitle().startswith("bootstrap_thompson.wasm")
    assert window.panels.tensors.list_model.rowCount() == 8
    assert window.wizards.dialog is None


def test_each_mistake_stands_under_its_field_and_nothing_is_written(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    dialog = judged(
        qtbot,
        window,
        lambda: QTest.mouseClick(window.panels.empty.new_button, Qt.MouseButton.LeftButton),
    )
    assert dialog.lines()["arms"].error.text() == "arms is needed"
    type_into(dialog.lines()["arms"].edit, "300")
    type_into(dialog.lines()["seed"].edit, "1.5")
    type_into(dialog.destination.path.edit, str(tmp_path / "no" / "such.wasm"))
    seed = dialog.lines()["seed"].error
    qtbot.waitUntil(lambda: seed.text() == "seed must be a whole number, not '1.5'", timeout=WAIT)
    assert dialog.lines()["arms"].error.text() == "arms must be <= 256, not 300"
    assert dialog.destination.path.error.text() == f"there is no folder {tmp_path / 'no'}"
    QTest.keyClick(dialog.destination.path.edit, Qt.Key.Key_Return)
    assert dialog.cancel_button.isEnabled()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert window.wizards.dialog is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_came_meanwhile_is_kept_and_the_dialog_says_so(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    dialog = open_dialog(qtbot, window)
    judged(qtbot, window, lambda: QTest.keyClicks(dialog.lines()["arms"].edit, "2"))
    (tmp_path / "thompson.wasm").write_bytes(b"mine")
    QTest.mouseClick(dialog.agree_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "such a file already" in dialog.verdict.text(), timeout=WAIT)
    assert dialog.cancel_button.isEnabled()
    assert (tmp_path / "thompson.wasm").read_bytes() == b"mine"
    dialog.reject()


def test_a_path_that_was_typed_stays_when_another_family_is_chosen(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    dialog = open_dialog(qtbot, window)
    path = dialog.destination.path.edit
    assert path.text() == str(tmp_path / "thompson.wasm")
    judged(qtbot, window, lambda: dialog.list.setCurrentRow(names().index("ucb1")))
    assert path.text() == str(tmp_path / "ucb1.wasm")
    type_into(path, str(tmp_path / "mine.wasm"))
    judged(qtbot, window, lambda: dialog.list.setCurrentRow(0))
    assert path.text() == str(tmp_path / "mine.wasm")
    dialog.reject()


def test_every_family_has_a_form_that_makes_a_model() -> None:
    for family in families():
        texts = {each.name: each.text or "2" for each in fields(family)}
        choice = Choice(family.name, texts)
        assert NewModel().judge(choice).is_good, family.name
        assert NewModel().make(choice).verify()


def test_what_does_not_go_together_is_a_mistake_of_the_whole() -> None:
    choice = Choice("bootstrap_thompson", {"arms": "6400", "replicates": "2"})
    with pytest.raises(SchemaError, match=r"arms \* replicates = 12800 does not fit one page"):
        NewModel().judge(choice)
    with pytest.raises(SchemaError, match="arms is needed"):
        NewModel().make(Choice("thompson"))


def test_a_path_is_checked_before_it_is_used(tmp_path: Path) -> None:
    taken = tmp_path / "a.wasm"
    assert path_error(str(taken)) == ""
    taken.touch()
    assert path_error(str(taken)).startswith("there is such a file already")
    assert path_error(" ") == "a path is needed"
    assert path_error(str(tmp_path)) == "this is a folder: add a name"
    assert free_name(taken) == tmp_path / "a-2.wasm"
