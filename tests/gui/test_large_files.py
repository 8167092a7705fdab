"""Files of which only a part is ever read, and states that take their time."""

from __future__ import annotations

import os
from pathlib import Path

import wasmtime
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

import wasmstate
from gui_support import WAIT, OpenWindow, bytes_of, shown_bytes, type_into
from wasmstate.binary.source import FileSource
from wasmstate_gui.core.document.document import Document
from wasmstate_gui.core.document.snapshot import look_at, read_snapshot
from wasmstate_gui.core.window.picture import Picture
from wasmstate_gui.core.window.status import validity
from wasmstate_gui.window.main_window import MainWindow

# update(n) adds a half to the first n of a million numbers.
MANY = """
(module (memory (export "memory") 80)
  (func (export "update") (param $n i32) (local $at i32)
    (loop $next
      (f32.store offset=65536 (local.get $at)
        (f32.add (f32.load offset=65536 (local.get $at)) (f32.const 0.5)))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $next (i32.lt_u (local.get $at) (i32.mul (local.get $n) (i32.const 4)))))))
"""


def with_many_numbers(path: Path) -> Path:
    module = wasmstate.Module.from_bytes(bytes(wasmtime.wat2wasm(MANY)))
    path.write_bytes(wasmstate.attach(module, ["w:f32[1024,1024]@65536"]).to_bytes())
    return path


def test_a_large_file_is_shown_before_it_is_checked_and_never_read_whole(large: Path) -> None:
    found = look_at(large)
    assert isinstance(found.source, FileSource)
    assert not found.is_checked
    document = Document.of(found)
    assert validity(document) == "checking\u2026"
    assert [row.name for row in Picture(document).rows][-2:] == ["ballast", "wasmstate.state"]
    checked = read_snapshot(large)
    assert list(checked.functions) == ["update", "predict", "estimate"]
    assert validity(document.checked(checked)) == validity(document)
    assert look_at(large.with_name("bandit.wasm")).is_checked


def test_the_checks_of_a_large_file_come_after_it_is_shown(
    qtbot: QtBot, large: Path, open_window: OpenWindow
) -> None:
    seen: list[str] = []
    window = MainWindow()
    window.make_panels()
    qtbot.addWidget(window)
    window.controller.opened.connect(
        lambda: seen.append(window.panels.status_labels["validity"].text())
    )
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        window.open(large)
    assert seen == ["checking\u2026"]
    assert window.panels.status_labels["validity"].text() == "code not checked"
    assert window.panels.step.step_button.isEnabled()
    window.controller.close()


def test_a_large_module_steps_and_is_written(
    qtbot: QtBot, large: Path, open_window: OpenWindow
) -> None:
    before = large.read_bytes()
    window = open_window(large)
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_F10)
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    state = wasmstate.State.of(wasmstate.Module.open(large))
    assert (state.generation, state["count"].item()) == (1, 1)
    after = large.read_bytes()
    assert after[: 9 << 20] == before[: 9 << 20]


def test_another_file_in_its_place_leaves_the_bytes_what_they_were(
    qtbot: QtBot, large: Path, open_window: OpenWindow
) -> None:
    window = open_window(large)
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_F10)
    shown = shown_bytes(window)
    other = large.with_name("other")
    other.write_bytes(b"hello")
    os.replace(other, large)
    qtbot.waitUntil(window.panels.page.conflict.isVisible, timeout=WAIT)
    assert shown_bytes(window) == shown
    # The process that runs calls is started anew, from the file that was opened.
    window.controller._calls._caller._end()
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_F10)
    assert window.panels.step.result.text().startswith("update returned ()")


def test_a_file_that_is_cut_off_under_the_window_is_shown_as_it_is_then(
    qtbot: QtBot, large: Path, open_window: OpenWindow
) -> None:
    window = open_window(large)
    with large.open("r+b") as file:
        file.truncate(5000)
    window.panels.page.hex.reveal(4 << 20)
    window.panels.page.hex.viewport().grab()
    qtbot.waitUntil(lambda: window.panels.page.hex.dump.size == 5000, timeout=WAIT)
    assert window.panels.page.damage.isVisible()
    assert shown_bytes(window) == large.read_bytes()


def test_what_a_step_changes_in_a_large_state_is_computed_before_it_is_shown(
    qtbot: QtBot, tmp_path: Path, open_window: OpenWindow
) -> None:
    window = open_window(with_many_numbers(tmp_path / "many.wasm"))
    type_into(window.panels.step.fields[0].edit, "100000")
    known: list[bool] = []

    def note() -> None:
        picture = window.picture
        assert picture is not None
        parts = {"rows", "changed", "dump", "tensors"} <= vars(picture).keys()
        tensors = all({"summary", "changed_starts"} <= vars(t).keys() for t in picture.tensors)
        known.append(parts and tensors and "source" in vars(picture.document))

    window.controller.changed.connect(note)
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_F10)
    assert known == [True]
    assert window.picture is not None
    assert window.picture.tensors[0].changed_count == 100_000
    assert bytes_of(window.picture.document.source) == shown_bytes(window)


def test_the_checksums_that_change_with_s_are_not_counted_as_its_bytes(bandit: Path) -> None:
    document = Document.of(read_snapshot(bandit))
    assert document.state is not None
    contents = document.state.with_values({"count": 1}).contents()
    picture = Picture(document.at(1, contents, 1, document.state))
    count = picture.tensors[3]
    assert picture.changed.tolist() == [count.offset]
    at = picture.rows[-1].children[0].start
    derived = set((picture.dump.derived - at).tolist())
    assert set(range(64)) & derived <= set(range(40, 64))  # CRCs and the count of updates
    assert derived - set(range(256 + 40)) <= set(range(1216 - 32, 1216))  # and the trailer's
    lines = picture.dump.lines(0, picture.dump.line_count)
    assert (lines.inks == 5).sum() == len(derived)
