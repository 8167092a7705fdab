"""The Module menu: a state section added, baking and the way back, functions grafted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import wasmtime
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QTableWidget, QWidget
from pytestqt.qtbot import QtBot

import wasmstate
from gui_support import WAIT, type_into
from support import linking
from wasmstate.binary.edits.bake import is_baked
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import SchemaError
from wasmstate.state.damage.finding import Finding
from wasmstate_gui.core.remedies import advice, shortened, told
from wasmstate_gui.core.wizards.attach_plan import AttachPlan, Choice, Offer
from wasmstate_gui.core.wizards.bake_plan import BakingPlan
from wasmstate_gui.core.wizards.graft_plan import Choice as Graft
from wasmstate_gui.core.wizards.graft_plan import GraftPlan
from wasmstate_gui.core.wizards.plan import Verdict
from wasmstate_gui.core.wizards.tensor_candidates import Row, candidates
from wasmstate_gui.kit.theme import LIGHT
from wasmstate_gui.window.main_window import MainWindow
from wasmstate_gui.wizards.attach_dialog import AttachDialog
from wasmstate_gui.wizards.bake_dialog import BakingDialog
from wasmstate_gui.wizards.graft_dialog import GraftDialog

OpenWindow = Callable[[Path], MainWindow]

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform, on a dialog

PLAIN = """
(module
  (memory (export "memory") 1)
  (global (export "weights") i32 (i32.const 64))
  (global (export "counts") i32 (i32.const 96))
  (global (export "flags") i32 (i32.const 102))
  (global (export "end") i32 (i32.const 105))
  (global (export "__heap_base") i32 (i32.const 2000000))
  (global $total (export "total") (mut f64) (f64.const 2.5))
  (global $seen (mut i32) (i32.const -7))
  (global (mut i64) (i64.const 9))
  (global (mut funcref) (ref.null func))
  (data (i32.const 64) "\\00\\00\\00\\00\\00\\00\\f8\\3f")
  (func (export "predict") (result f64) (f64.load (i32.const 64)))
  %s)
"""
WITHOUT_UPDATE = """
(module
  (memory (export "memory") 1)
  (global (export "mean") i32 (i32.const 64))
  (global (export "n") i32 (i32.const 72))
  (func (export "predict") (result f64) (f64.load (i32.const 64))))
"""


def module_of(text: str) -> wasmstate.Module:
    return wasmstate.Module.from_bytes(bytes(wasmtime.wat2wasm(text)))


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A module without a state."""
    path = tmp_path / "plain.wasm"
    path.write_bytes(module_of(PLAIN % "").to_bytes())
    return path


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A module that only predicts."""
    path = tmp_path / "host.wasm"
    path.write_bytes(module_of(WITHOUT_UPDATE).to_bytes())
    return path


def judged(qtbot: QtBot, window: MainWindow, action: Callable[[], object]) -> object:
    """The dialog after something was done that it judges."""
    with qtbot.waitSignal(window.wizards.judged, timeout=WAIT):
        action()
    return window.wizards.dialog


def chosen(qtbot: QtBot, window: MainWindow, menu: str, text: str) -> object:
    """The dialog of a menu's entry."""
    for each in window.menuBar().actions():
        if each.text() == f"&{menu}":
            entries = each.menu().actions()  # type: ignore[attr-defined]
            [entry] = [entry for entry in entries if entry.text() == text]
    assert entry.isEnabled()
    return judged(qtbot, window, entry.trigger)


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def texts(table: QTableWidget) -> list[list[str]]:
    found = []
    for row in range(table.rowCount()):
        items = [table.item(row, column) for column in range(table.columnCount())]
        found.append([item.text() for item in items if item is not None])
    return found


def test_a_module_is_given_a_state_from_the_tensors_panel(
    qtbot: QtBot, plain: Path, open_window: OpenWindow
) -> None:
    before = plain.read_bytes()
    window = open_window(plain)
    button = window.panels.tensors.attach_button
    dialog = cast("AttachDialog", judged(qtbot, window, lambda: click(button)))
    names = [line.name.text() for line in dialog.rows]
    assert names == ["weights", "counts", "flags", "end", "total", "seen", "global7", "__heap_base"]
    weights = dialog.rows[0]
    assert (weights.dtype.currentText(), weights.shape.text()) == ("f64", "4")
    assert weights.note.text() == "at 0x40, 32 bytes until counts"
    assert weights.values.text() == "+1.50000  +0.00000  +0.00000  \u2026"
    assert not dialog.agree_button.isEnabled()
    assert QApplication.focusWidget() is weights.tick
    judged(qtbot, window, lambda: QTest.keyClick(weights.tick, Qt.Key.Key_Space))
    judged(qtbot, window, lambda: QTest.keyClick(dialog.rows[5].tick, Qt.Key.Key_Space))
    assert dialog.verdict.text().startswith("S: 2 tensors, 36 bytes.")
    assert plain.read_bytes() == before
    assert list(plain.parent.iterdir()) == [plain]
    with qtbot.waitSignal(window.controller.opened, timeout=WAIT):
        QTest.keyClick(dialog, Qt.Key.Key_Return)
    state = wasmstate.State.of(wasmstate.Module.open(plain.with_name("plain-learning.wasm")))
    assert state["weights"].tolist() == [1.5, 0, 0, 0]
    assert state["seen"] == -7
    assert plain.read_bytes() == before
    assert window.windowTitle().startswith("plain-learning.wasm")
    assert window.panels.tensors.list_model.rowCount() == 2
    assert not window.actions_.attach.isEnabled()


def test_what_is_wrong_with_a_row_stands_under_it_while_it_is_typed(
    qtbot: QtBot, plain: Path, open_window: OpenWindow
) -> None:
    window = open_window(plain)
    dialog = cast("AttachDialog", chosen(qtbot, window, "Module", "Add a state section\u2026"))
    first, total = dialog.rows[0], dialog.rows[4]
    judged(qtbot, window, lambda: type_into(first.shape, "9999"))
    assert first.tick.isChecked()
    qtbot.waitUntil(lambda: "do not lie in the memory" in first.error.text(), timeout=WAIT)
    judged(qtbot, window, lambda: type_into(first.shape, "2 2"))
    expected = "cannot read the shape '2 2': write 4, or 4,8, or nothing for a scalar"
    qtbot.waitUntil(lambda: first.error.text() == expected, timeout=WAIT)
    judged(qtbot, window, lambda: QTest.keyClicks(total.shape, "2"))
    assert "holds a scalar of f64, not f64[2]" in total.error.text()
    assert not dialog.agree_button.isEnabled()
    judged(qtbot, window, lambda: QTest.keyClick(total.shape, Qt.Key.Key_Backspace))
    judged(qtbot, window, lambda: type_into(first.shape, "2,2"))
    qtbot.waitUntil(dialog.agree_button.isEnabled, timeout=WAIT)
    assert not first.error.isVisible()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert window.wizards.dialog is None
    assert list(plain.parent.iterdir()) == [plain]


def test_a_tensor_at_an_address_is_added_and_the_file_itself_changed_and_put_back(
    qtbot: QtBot, plain: Path, open_window: OpenWindow
) -> None:
    before = plain.read_bytes()
    window = open_window(plain)
    dialog = cast("AttachDialog", chosen(qtbot, window, "Module", "Add a state section\u2026"))
    judged(qtbot, window, lambda: click(dialog.add_button))
    line = dialog.rows[-1]
    assert QApplication.focusWidget() is line.name
    assert line.error.text().startswith("a name must be a text that is not empty")
    judged(qtbot, window, lambda: QTest.keyClicks(line.name, "w"))
    judged(qtbot, window, lambda: QTest.keyClicks(line.place, "0x40"))
    QTest.keyClick(dialog.destination.in_place, Qt.Key.Key_Space)
    assert dialog.destination.in_place.isChecked()
    qtbot.waitUntil(dialog.agree_button.isEnabled, timeout=WAIT)
    click(dialog.agree_button)
    qtbot.waitUntil(lambda: window.panels.tensors.list_model.rowCount() == 1, timeout=WAIT)
    assert wasmstate.State.of(wasmstate.Module.open(plain))["w"] == 1.5
    assert list(plain.parent.iterdir()) == [plain]
    click(window.panels.page.notice.buttons[0])
    qtbot.waitUntil(window.panels.tensors.attach_button.isVisible, timeout=WAIT)
    assert plain.read_bytes() == before


def test_the_whole_memory_can_be_the_state(plain: Path) -> None:
    plan = AttachPlan(plain, plain.read_bytes())
    verdict = plan.judge(Choice((), is_whole_memory=True))
    assert "global 8 can change and holds funcref" in verdict.problem
    text = (PLAIN % "").replace("(global (mut funcref) (ref.null func))", "")
    sound = AttachPlan(plain, module_of(text).to_bytes())
    choice = Choice((replace(sound.offer().rows[0], is_chosen=True),), is_whole_memory=True)
    assert sound.judge(choice).summary.startswith("S: 4 tensors, 65,556 bytes.")
    assert wasmstate.State.of(sound.make(choice)).is_whole_memory


def test_a_module_that_runs_at_the_start_is_not_run_while_somebody_types(plain: Path) -> None:
    endless = PLAIN % "(func $s (loop $again (br $again))) (start $s)"
    plan = AttachPlan(plain, module_of(endless).to_bytes())
    choice = Choice((replace(plan.offer().rows[0], is_chosen=True),))
    verdict = plan.judge(choice)
    assert verdict.lines[0] == ("known when it has run",)
    assert verdict.summary.startswith("S: 1 tensor, 32 bytes.")
    assert "it is run once for the initial values" in verdict.summary
    text = endless.replace("(global (mut funcref) (ref.null func))", "")
    whole = AttachPlan(plain, module_of(text).to_bytes())
    assert whole.judge(Choice((), is_whole_memory=True)).summary.startswith("S: 4 memories")


def test_a_large_module_is_judged_without_making_it(plain: Path) -> None:
    ballast = bytes(3 << 20)
    plan = AttachPlan(plain, module_of(PLAIN % "").with_custom("ballast", ballast).to_bytes())
    choice = Choice((), is_whole_memory=True)
    assert "holds funcref" in plan.judge(choice).problem
    text = (PLAIN % "").replace("(global (mut funcref) (ref.null func))", "")
    sound = AttachPlan(plain, module_of(text).with_custom("ballast", ballast).to_bytes())
    assert sound.judge(choice).summary == "S: 4 memories and globals that can change."


def test_a_long_list_is_made_between_the_turns_of_the_window(
    qtbot: QtBot, plain: Path, open_window: OpenWindow
) -> None:
    rows = tuple(Row(f"s{i}", "f32", "", str(8 * i), is_chosen=i == 39) for i in range(40))
    dialog = AttachDialog(plain, Offer(rows, {}), LIGHT, open_window(plain))
    dialog.open()
    assert len(dialog.rows) < 10
    assert dialog.choice().rows == rows
    dialog.show_verdict(Verdict(errors={"39": "odd"}, lines=tuple((f"{i}.0",) for i in range(40))))
    numbers = []
    ticking = QTimer(interval=0)
    ticking.timeout.connect(lambda: numbers.append(len(dialog.rows)))
    ticking.start()
    qtbot.waitUntil(lambda: len(dialog.rows) == 40, timeout=WAIT)
    assert len(set(numbers)) > 3
    assert dialog.choice().rows == rows
    last = dialog.rows[-1]
    assert last.tick.isChecked()
    assert (last.values.toolTip() or last.values.text(), last.error.text()) == ("39.0", "odd")
    for line in dialog.rows:
        assert line.tick.nextInFocusChain() is line.name
    dialog.reject()


def test_whoever_adds_a_tensor_at_once_adds_it_behind_the_whole_list(
    qtbot: QtBot, plain: Path, open_window: OpenWindow
) -> None:
    rows = tuple(Row(f"s{i}", "f32", "", str(8 * i)) for i in range(40))
    dialog = AttachDialog(plain, Offer(rows, {}), LIGHT, open_window(plain))
    dialog.open()
    click(dialog.add_button)
    assert dialog.choice().rows[:40] == rows
    added = dialog.rows[40].name
    assert dialog.focusWidget() is added
    qtbot.waitUntil(lambda: not added.visibleRegion().isEmpty(), timeout=WAIT)
    dialog.reject()


@pytest.mark.qt_log_ignore("This plugin does not support")  # the same, of a list that pops up
def test_a_symbol_of_a_long_list_is_found_by_a_part_of_its_name(
    qtbot: QtBot, plain: Path, open_window: OpenWindow
) -> None:
    many = "".join(f'(global (export "s{i}") i32 (i32.const {i * 8}))' for i in range(60))
    plain.write_bytes(module_of(f'(module (memory (export "m") 1) {many})').to_bytes())
    window = open_window(plain)
    dialog = cast("AttachDialog", chosen(qtbot, window, "Module", "Add a state section\u2026"))
    qtbot.waitUntil(lambda: len(dialog.rows) == 40, timeout=WAIT)
    judged(qtbot, window, lambda: click(dialog.add_button))
    line = dialog.rows[-1]
    judged(qtbot, window, lambda: QTest.keyClicks(line.name, "last"))
    line.place.setFocus()
    QTest.keyClicks(line.place, "s59")
    popup = line.place.completer().popup()
    assert popup is not None
    assert popup.isVisible()
    QTest.keyClick(popup, Qt.Key.Key_Down)
    QTest.keyClick(popup, Qt.Key.Key_Return)
    assert line.place.text() == "sym:s59"
    qtbot.waitUntil(dialog.agree_button.isEnabled, timeout=WAIT)
    dialog.reject()


def test_two_tensors_that_are_one_global_are_a_mistake_of_the_whole(plain: Path) -> None:
    plan = AttachPlan(plain, plain.read_bytes())
    total = Row("total", "f64", "", "global:total", is_chosen=True)
    choice = Choice((total, replace(total, name="again")))
    assert plan.judge(choice).problem == "again: another tensor is the same global"
    assert not plan.judge(Choice(())).is_good


def test_a_file_with_other_names_is_not_changed_itself_and_what_helps_is_a_control(
    qtbot: QtBot, plain: Path, open_window: OpenWindow
) -> None:
    plain.with_name("other.wasm").hardlink_to(plain)
    before = plain.read_bytes()
    window = open_window(plain)
    dialog = cast("AttachDialog", chosen(qtbot, window, "Module", "Add a state section\u2026"))
    judged(qtbot, window, lambda: click(dialog.rows[0].tick))
    dialog.destination.in_place.setFocus()
    QTest.keyClick(dialog.destination.in_place, Qt.Key.Key_Space)
    click(dialog.agree_button)
    refused = "make a copy, or allow it (choose \u201cWrite a copy\u201d)"
    qtbot.waitUntil(lambda: dialog.verdict.text().endswith(refused), timeout=WAIT)
    assert plain.read_bytes() == before
    dialog.reject()


def test_what_helps_is_told_where_the_window_has_it() -> None:
    missing = wasmstate.StateError("there is no state").helped_by("salvage()", "attach()")
    assert told(missing) == "there is no state (Module > Add a state section\u2026)"
    assert told(wasmstate.StateError("no").helped_by("salvage()")) == "no"
    assert told(FileNotFoundError(2, "No such file", "m.wasm")) == "m.wasm: No such file"
    assert told(OSError(28, "No space left")) == "No space left"
    assert told(OSError("odd")) == "odd"
    assert shortened("\n".join("abcdef")) == "a\nb\nc\nd\ne\nf"
    assert shortened("\n".join("abcdefgh")) == "a\nb\nc\nd\ne\n  and 3 more"
    found = Finding(
        "warning", "wasmstate.state", None, "none", "attach one", remedies=("attach()",)
    )
    assert advice(found) == "Attach one (Module > Add a state section\u2026)"


def test_only_a_module_without_a_state_gets_one(bandit: Path) -> None:
    plan = AttachPlan(bandit, bandit.read_bytes())
    with pytest.raises(SchemaError, match=r"has a wasmstate.state section already"):
        plan.offer()


def test_guesses_fill_the_room_between_symbols(plain: Path) -> None:
    rows = {row.name: row for row in candidates(wasmstate.Module.open(plain))}
    assert (rows["counts"].dtype, rows["counts"].shape) == ("u16", "3")
    assert (rows["flags"].dtype, rows["flags"].shape) == ("u8", "3")
    assert (rows["end"].shape, rows["end"].note) == ("", "at 0x69")
    assert (rows["seen"].place, rows["seen"].note) == ("global:seen", "global 6, not exported")
    assert (rows["global7"].dtype, rows["global7"].place) == ("i64", "global:7")


def test_symbols_come_from_wherever_a_module_tells_them() -> None:
    text = """(module (memory (export "memory") 1)
      (global $hidden i32 (i32.const 64))
      (global $GOT.func.internal.f i32 (i32.const 3))
      (global (export "shown") i32 (i32.const 72))
      (data $.data.weights (i32.const 128) "12345678")
      (data $.rodata (i32.const 256) "text"))"""
    symbols = linking(("counts", 0, 4), ("table", 1, 0), (".L.str", 0, 0), ("twice", 0, 0))
    bytes_ = bytes(wasmtime.wat2wasm(text)) + symbols
    rows = candidates(wasmstate.Module.from_bytes(bytes_))
    assert [(row.place, row.dtype, row.shape, row.note) for row in rows] == [
        ("sym:hidden", "f64", "", "at 0x40, 8 bytes until shown, in the name section"),
        ("sym:shown", "f64", "7", "at 0x48, 56 bytes until .L.str"),
        ("sym:twice", "f32", "", "at 0x80, 4 bytes, in the linking section"),
        ("sym:weights", "f64", "", "at 0x80, 8 bytes, the name of a data segment"),
        ("sym:counts", "f32", "", "at 0x84, 4 bytes, in the linking section"),
        ("sym:.L.str", "f32", "", "at 0x80, 4 bytes, in the linking section"),
        ("sym:table", "f32", "", "at 0x100, 4 bytes, in the linking section"),
    ]


def test_symbols_of_one_name_are_told_apart_by_their_addresses() -> None:
    text = '(module (memory 1) (data $.data.a (i32.const 128) "12345678"))'
    symbols = linking(("n", 0, 0), ("n", 0, 4))
    rows = candidates(wasmstate.Module.from_bytes(bytes(wasmtime.wat2wasm(text)) + symbols))
    assert [(row.name, row.place) for row in rows] == [
        ("a", "sym:a"),
        ("n_128", "128"),
        ("n_132", "132"),
    ]


def test_baking_is_shown_written_to_a_copy_and_undone_in_place(
    qtbot: QtBot, stubborn: Path, open_window: OpenWindow
) -> None:
    before = stubborn.read_bytes()
    state = wasmstate.State.of(wasmstate.Module.open(stubborn))
    wasmstate.commit(stubborn, state.with_values({"n": 258}))
    before = stubborn.read_bytes()
    window = open_window(stubborn)
    assert not window.actions_.unbake.isEnabled()
    dialog = cast("BakingDialog", chosen(qtbot, window, "Module", "Bake\u2026"))
    shown = texts(dialog.table)
    assert shown[0] == ["data segment 0", "\u2013", "2 bytes at 0x40: 02 01"]
    assert [line[0] for line in shown[1:]] == ["data section", "wasmstate.baked section"]
    with qtbot.waitSignal(window.controller.opened, timeout=WAIT):
        QTest.keyClick(dialog, Qt.Key.Key_Return)
    baked = stubborn.with_name("stubborn-baked.wasm")
    assert is_baked(wasmstate.Module.open(baked))
    assert stubborn.read_bytes() == before
    undo = cast("BakingDialog", chosen(qtbot, window, "Module", "Undo baking\u2026"))
    assert texts(undo.table)[0] == ["data segment 0", "2 bytes at 0x40: 02 01", "\u2013"]
    undo.destination.in_place.setFocus()
    QTest.keyClick(undo.destination.in_place, Qt.Key.Key_Space)
    click(undo.agree_button)
    qtbot.waitUntil(lambda: not window.actions_.unbake.isEnabled(), timeout=WAIT)
    assert baked.read_bytes() == before
    assert "Undo baking: done." in window.panels.page.notice.label.text()


def test_what_cannot_be_baked_is_said_in_words(stubborn: Path) -> None:
    overwrites = module_of("""
        (module (memory (export "memory") 1)
          (func $s (i32.store (i32.const 64) (i32.const 5))) (start $s)
          (func (export "update")))
    """)
    attached = wasmstate.attach(overwrites, ["n:i32@64"])
    changed = wasmstate.State.of(attached).with_values({"n": 6})
    module = attached.with_custom("wasmstate.state", changed.to_content())
    plan = BakingPlan(stubborn, module.to_bytes())
    with pytest.raises(wasmstate.WasmstateError, match="overwrites n"):
        plan.judge(None)


def test_globals_and_memories_that_are_baked_are_told(tmp_path: Path) -> None:
    module = module_of("""
        (module (memory (export "memory") 1)
          (global (export "n") (mut i32) (i32.const 1))
          (func (export "grow") (drop (memory.grow (i32.const 1)))))
    """)
    module = wasmstate.attach(module, whole_memory=True)
    path = tmp_path / "m.wasm"
    path.write_bytes(module.to_bytes())
    with wasmstate.Session.open(path) as session:
        session.call("grow")
        session.flush()
    state = wasmstate.State.of(wasmstate.Module.open(path)).with_values({"n": 70_000})
    wasmstate.commit(path, state)
    lines = BakingPlan(path, path.read_bytes()).judge(None).lines
    assert lines[:2] == (("n", "1", "70,000"), ("memory 0", "1 page", "2 pages"))


def test_a_donor_is_fitted_grafted_and_opened(
    qtbot: QtBot, host: Path, open_window: OpenWindow
) -> None:
    window = open_window(host)
    dialog = cast("GraftDialog", chosen(qtbot, window, "Module", "Graft functions\u2026"))
    assert QApplication.focusWidget() is dialog.donors
    judged(qtbot, window, lambda: QTest.keyClick(dialog.donors, Qt.Key.Key_Down))
    assert dialog.donors.currentData() == "running-mean"
    assert dialog.verdict.text() == "\u26a0 The host lacks what the donor imports: count"
    assert not dialog.agree_button.isEnabled()
    box = dialog.names["count"]
    judged(qtbot, window, lambda: QTest.keyClick(box, Qt.Key.Key_End))
    assert box.currentText() == "n"
    assert dialog.agree_button.isEnabled()
    assert dialog.verdict.text().startswith("Exported afterwards, too: update(f64) -> ()")
    with qtbot.waitSignal(window.controller.opened, timeout=WAIT):
        click(dialog.agree_button)
    grafted = wasmstate.Module.open(host.with_name("host-grafted.wasm")).verify()
    assert window.windowTitle().startswith("host-grafted.wasm")
    assert "update" in Spaces(grafted).exports


def test_a_donor_from_a_file_and_what_is_wrong_with_it(
    qtbot: QtBot, host: Path, open_window: OpenWindow
) -> None:
    window = open_window(host)
    dialog = cast("GraftDialog", chosen(qtbot, window, "Module", "Graft functions\u2026"))
    judged(qtbot, window, lambda: QTest.keyClick(dialog.donors, Qt.Key.Key_End))
    assert dialog.verdict.text() == "Choose the file of the donor."
    donor = host.with_name("donor.wasm")
    donor.write_bytes(module_of('(module (func (export "predict")))').to_bytes())
    judged(qtbot, window, lambda: type_into(dialog.path, f"{donor}x"))
    qtbot.waitUntil(lambda: "No such file" in dialog.verdict.text(), timeout=WAIT)
    judged(qtbot, window, lambda: QTest.keyClick(dialog.path, Qt.Key.Key_Backspace))
    refused = "only if that is asked for (tick \u201cReplace exports\u201d)"
    qtbot.waitUntil(lambda: dialog.verdict.text().endswith(refused), timeout=WAIT)
    judged(qtbot, window, lambda: QTest.keyClick(dialog.replace, Qt.Key.Key_Space))
    assert "predict() -> () instead of the host\u2019s" in dialog.verdict.text()
    assert not dialog.verdict.text().startswith("\u26a0")
    donor.write_bytes(b"text")
    plan = GraftPlan(host, host.read_bytes())
    with pytest.raises(wasmstate.WasmstateError, match=r"donor\.wasm is no module"):
        plan.judge(Graft("", str(donor)))
    dialog.reject()


def test_a_donor_that_fits_is_offered_first(host: Path) -> None:
    assert GraftPlan(host, host.read_bytes()).offer().fitting == "bandit-counts"
    named = WITHOUT_UPDATE.replace('"n"', '"count"')
    assert GraftPlan(host, module_of(named).to_bytes()).offer().fitting == "running-mean"


def test_wizards_begin_with_what_is_on_disk(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    field = window.panels.step.fields[0].edit
    assert isinstance(field, QLineEdit)
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        window.panels.step.step()
    window.actions_.bake.trigger()
    assert window.wizards.dialog is None
    assert window.statusBar().currentMessage().startswith("Write your changes or revert them")


def test_a_file_that_changed_meanwhile_is_not_written_over(
    qtbot: QtBot, plain: Path, open_window: OpenWindow
) -> None:
    window = open_window(plain)
    dialog = cast("AttachDialog", chosen(qtbot, window, "Module", "Add a state section\u2026"))
    judged(qtbot, window, lambda: click(dialog.rows[0].tick))
    dialog.destination.in_place.setFocus()
    QTest.keyClick(dialog.destination.in_place, Qt.Key.Key_Space)
    theirs = plain.read_bytes() + b"\0\1x"
    plain.write_bytes(theirs)
    click(dialog.agree_button)
    qtbot.waitUntil(lambda: "it is another file by now" in dialog.verdict.text(), timeout=WAIT)
    assert plain.read_bytes() == theirs
    dialog.reject()
