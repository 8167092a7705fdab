"""Find by calling: calls in a form, what they change and read in the table of the wizard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
import wasmtime
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

import wasmstate
from gui_support import WAIT, type_into
from wasmstate import Call, Discovery, Module, Signature
from wasmstate.explore.discovery_result import Discovered, LeftOut
from wasmstate.state.tensor import TensorSpec
from wasmstate_gui.core.calls.trial_calls import (
    Typed,
    callable_functions,
    read_calls,
    suggested,
)
from wasmstate_gui.core.wizards.found_tensors import found_text, with_found
from wasmstate_gui.core.wizards.tensor_candidates import Row
from wasmstate_gui.window.main_window import MainWindow
from wasmstate_gui.wizards.attach_dialog import AttachDialog
from wasmstate_gui.wizards.find_dialog import FindDialog

OpenWindow = Callable[[Path], MainWindow]

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform, on a dialog

ARRAYS = """
(module
  (memory (export "memory") 1)
  (global (export "x") i32 (i32.const 1024))
  (global (export "w") i32 (i32.const 1040))
  (func (export "update") (param $x i32) (param $y f64)
    (f64.store (i32.const 1040) (f64.add (f64.load (i32.const 1040))
      (f64.mul (local.get $y) (f64.load (local.get $x)))))
    (f64.store (i32.const 1048) (f64.add (f64.load (i32.const 1048))
      (f64.mul (local.get $y) (f64.load offset=8 (local.get $x))))))
  (func (export "of_a_reference") (param funcref)))
"""


def module_of(text: str) -> Module:
    return Module.from_bytes(bytes(wasmtime.wat2wasm(text)))


def written(path: Path, module: Module) -> Path:
    path.write_bytes(module.to_bytes())
    return path


def without_state(path: Path) -> Path:
    return written(path, Module.open(path).without_custom("wasmstate.state"))


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def begun(qtbot: QtBot, window: MainWindow) -> tuple[AttachDialog, FindDialog]:
    """The wizard, and the form of calls that it opens."""
    with qtbot.waitSignal(window.wizards.judged, timeout=WAIT):
        window.actions_.attach.trigger()
    dialog = cast("AttachDialog", window.wizards.dialog)
    click(dialog.find_button)
    assert dialog.finder is not None
    assert dialog.finder.isVisible()
    return dialog, dialog.finder


def test_what_a_bandit_learns_is_found_corrected_and_attached(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(without_state(bandit))
    dialog, finder = begun(qtbot, window)
    lines = finder.form.lines
    assert [line.function.currentText() for line in lines] == ["update"] * 3 + ["predict"]
    assert [line.arguments.edit.text() for line in lines] == ["0, 1.0", "1, 0.0", "2, 0.25", ""]
    assert finder.focusWidget() is lines[0].arguments.edit
    with qtbot.waitSignal(window.wizards.judged, timeout=WAIT):
        QTest.keyClick(finder, Qt.Key.Key_Return)
    rows = [line.row() for line in dialog.rows]
    assert [(row.name, row.dtype, row.shape, row.place) for row in rows if row.is_chosen] == [
        ("successes", "f64", "4", "sym:successes"),
        ("failures", "f64", "4", "sym:failures"),
        ("rng", "u64", "2", "sym:rng"),
        ("count", "i64", "", "sym:count"),
    ]
    assert dialog.text.text().startswith("4 tensors found: look at them below. Left out: ")
    assert dialog.rows[0].note.text() == (
        "certainty high: calls change and read it; the symbol successes"
    )
    assert [row.note for row in rows if not row.is_chosen] == ["global 0, not exported"]
    with qtbot.waitSignal(window.wizards.judged, timeout=WAIT):
        type_into(dialog.rows[0].name, "s")
    assert dialog.verdict.text().startswith("S: 4 tensors, 88 bytes.")
    with qtbot.waitSignal(window.controller.opened, timeout=WAIT):
        click(dialog.agree_button)
    state = wasmstate.State.of(Module.open(bandit.with_name("bandit-learning.wasm")))
    assert set(state) == {"s", "failures", "rng", "count"}


def test_calls_that_never_return_are_given_up(
    qtbot: QtBot, stubborn: Path, open_window: OpenWindow
) -> None:
    window = open_window(without_state(stubborn))
    dialog, finder = begun(qtbot, window)
    click(finder.find_button)
    qtbot.waitUntil(finder.progress.isVisible, timeout=WAIT)
    assert not finder.find_button.isEnabled()
    calling = "Calling update(): "
    qtbot.waitUntil(lambda: finder.progress.label.text().startswith(calling), timeout=WAIT)
    click(finder.progress.stop_button)
    qtbot.waitUntil(lambda: finder.verdict.text() == "\u26a0 Stopped.", timeout=WAIT)
    for line in finder.form.lines[1:3]:  # they would loop, and trap
        click(line.remove_button)
    click(finder.find_button)
    qtbot.waitUntil(lambda: dialog.text.text().startswith("1 tensor found"), timeout=WAIT)
    assert dialog.rows[0].place.text() == "64"
    dialog.reject()


def test_calls_that_fail_say_why_and_can_be_corrected(
    qtbot: QtBot, stubborn: Path, open_window: OpenWindow
) -> None:
    window = open_window(without_state(stubborn))
    dialog, finder = begun(qtbot, window)
    click(finder.form.lines[1].remove_button)
    click(finder.find_button)
    trapped = "\u26a0 update() trapped"
    qtbot.waitUntil(lambda: finder.verdict.text().startswith(trapped), timeout=WAIT)
    arguments = finder.form.lines[1].arguments
    type_into(arguments.edit, "3, 4")
    assert arguments.error.text() == "2 arguments given, it takes 1 argument: how: i32"
    assert not finder.find_button.isEnabled()
    type_into(arguments.edit, "3")
    assert not arguments.error.isVisible()
    assert finder.find_button.isEnabled()
    QTest.keyClick(finder, Qt.Key.Key_Escape)
    assert dialog.isVisible()
    dialog.reject()


def test_arrays_are_told_by_a_signature_which_the_file_keeps(
    qtbot: QtBot, tmp_path: Path, open_window: OpenWindow
) -> None:
    path = written(tmp_path / "arrays.wasm", module_of(ARRAYS))
    window = open_window(path)
    dialog, finder = begun(qtbot, window)
    form = finder.form
    signature = form.signatures["update"]
    assert signature.edit.text() == "(x: i32, y: f64) -> ()"
    type_into(signature.edit, "(x: f64[2]@sym:x) -> ()")
    assert signature.error.text() == (
        "the function takes 2 parameters, not 1: (x: i32, y: f64) -> ()"
    )
    type_into(signature.edit, "(x: f64[2]@sym:x, y: f64) -> ()")
    assert form.lines[0].arguments.error.text() == "x is an array in brackets"
    for line, text in zip(
        form.lines, ("[1.5, 2.5], 0.5", "[3, 4], 0.25", "[1, 2], 2"), strict=True
    ):
        type_into(line.arguments.edit, text)
    click(form.add_button)
    assert finder.focusWidget() is form.lines[3].arguments.edit
    click(form.lines[3].remove_button)
    with qtbot.waitSignal(window.wizards.judged, timeout=WAIT):
        click(finder.find_button)
    chosen = [line.row().name for line in dialog.rows if line.tick.isChecked()]
    assert chosen == ["w"]
    with qtbot.waitSignal(window.controller.opened, timeout=WAIT):
        click(dialog.agree_button)
    state = wasmstate.State.of(Module.open(path.with_name("arrays-learning.wasm")))
    assert str(state.entry_points["update"]) == "(x: f64[2]@sym:x, y: f64) -> ()"


def test_a_module_without_functions_has_nothing_that_can_be_called(
    qtbot: QtBot, tmp_path: Path, open_window: OpenWindow
) -> None:
    window = open_window(
        written(tmp_path / "m.wasm", module_of('(module (memory (export "m") 1))'))
    )
    with qtbot.waitSignal(window.wizards.judged, timeout=WAIT):
        window.actions_.attach.trigger()
    dialog = cast("AttachDialog", window.wizards.dialog)
    assert not dialog.find_button.isEnabled()
    dialog.reject()


def test_functions_that_take_numbers_are_offered_update_first() -> None:
    text = """(module (func (export "a")) (func (export "predict") (result f64) (f64.const 0))
      (func (export "update") (param i32)) (func (export "_x"))
      (func (export "r") (param funcref)))"""
    functions = callable_functions(module_of(text))
    assert list(functions) == ["update", "predict", "a", "_x"]
    importing = text.replace("(module", '(module (import "host" "g" (global i32))', 1)
    assert callable_functions(module_of(importing)) == {}
    assert suggested(functions) == [
        Typed("update", "0"),
        Typed("update", "1"),
        Typed("update", "2"),
        Typed("predict", ""),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,", "write numbers with commas, an array in brackets: 1, [0.5, 2]"),
        ("", "0 arguments given, it takes 2 arguments: k: i32, x: f64"),
        ("[1], 2", "k is a number"),
        ('"1", 2', "write numbers with commas, an array in brackets: 1, [0.5, 2]"),
        ("1, true", "write numbers with commas, an array in brackets: 1, [0.5, 2]"),
    ],
)
def test_arguments_that_cannot_be_are_told(text: str, expected: str) -> None:
    functions = {"update": Signature.parse("(k: i32, x: f64) -> ()")}
    calls = read_calls([Typed("update", text)], {}, functions)
    assert calls.errors == {0: expected}
    assert not calls.are_good


def test_a_signature_that_is_wrong_hides_what_is_wrong_with_its_calls() -> None:
    functions = {
        "update": Signature.parse("(k: i32) -> ()"),
        "predict": Signature.parse("() -> ()"),
    }
    typed = [Typed("update", "1, 2"), Typed("predict", "")]
    calls = read_calls(typed, {"update": "(k"}, functions)
    assert calls.errors == {}
    assert "cannot read the signature '(k'" in calls.signature_errors["update"]
    assert calls.calls == (Call("predict"),)
    assert not calls.are_good
    assert read_calls(typed[1:], {"predict": "() -> ()"}, functions).signatures == {}


def test_what_is_found_goes_before_guesses_and_takes_their_names() -> None:
    spec = TensorSpec("w", "f32", (2, 3), "1024")
    found = Discovery((Discovered(spec, True, "low", ("why", "so")),), (), True, {})
    rows = [
        Row("a", "f64", "4", "1024", is_chosen=True),
        Row("w", "f64", "", "sym:w", is_chosen=True),
        Row("b", "f64", "", "8", is_chosen=True),
    ]
    assert with_found(rows, found) == [
        Row("w", "f32", "2,3", "1024", is_chosen=True, note="certainty low: why; so"),
        Row("w", "f64", "", "sym:w"),
        Row("b", "f64", "", "8", is_chosen=True),
    ]
    assert found_text(found) == (
        "1 tensor found: look at them below. State lies on a heap: take all of memory."
    )
    nothing = Discovery((), tuple(LeftOut(8 * i, 8, "the stack") for i in range(5)), False, {})
    assert found_text(nothing) == (
        "These calls change nothing that they read and that has a fixed place. Left out: 8 bytes "
        "at 0: the stack; 8 bytes at 8: the stack; 8 bytes at 16: the stack; and 2 more."
    )
