"""The whole file is verified beside the window: progress, giving up, and what is found."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import wasmtime
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

import wasmstate
from gui_support import WAIT, OpenWindow
from wasmstate_gui.core.calls.module_transfer import load_of
from wasmstate_gui.core.document.document import Document
from wasmstate_gui.core.document.snapshot import look_at, read_snapshot, verified
from wasmstate_gui.core.problems.verify_process import Verification
from wasmstate_gui.core.window.status import validity, verdict
from wasmstate_gui.window.main_window import MainWindow

# Some ten instructions in each of many functions: it takes a second or two to look at them all.
FUNCTION = "(func (result i32) {} i32.const 1)".format("i32.const 7 drop " * 20)


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("slow") / "slow.wasm"
    path.write_bytes(bytes(wasmtime.wat2wasm(f"(module {FUNCTION * 100_000})")))
    return path


@pytest.fixture
def bad_code(tmp_path: Path) -> Path:
    """A module too large for its code to be looked at when it is opened, with an error in it."""
    data = bytes(wasmtime.wat2wasm('(module (func (export "f") nop nop nop))'))
    data = data.replace(b"\x01\x01\x01\x0b", b"\x01\xff\x01\x0b")
    module = wasmstate.Module.from_bytes(data).with_custom("ballast", bytes(3 << 20))
    path = tmp_path / "bad.wasm"
    path.write_bytes(module.to_bytes())
    return path


def verify(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.verifier.finished, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_F7)


def said(window: MainWindow) -> str:
    return window.statusBar().currentMessage()


def test_f7_raises_the_problems_that_are_in_the_code(
    qtbot: QtBot, bad_code: Path, open_window: OpenWindow
) -> None:
    window = open_window(bad_code)
    assert window.panels.status_labels["validity"].text() == "code not checked"
    assert not window.panels.docks["Problems"].isVisible()
    verify(qtbot, window)
    assert window.panels.status_labels["validity"].text() == "1 error"
    assert said(window) == "Verified: 1 problem found, see Problems"
    assert not window.panels.docks["Problems"].visibleRegion().isEmpty()
    model = window.panels.problems.problems_model
    assert [finding.reason for finding in model.findings] == ["illegal opcode ff"]
    assert window.panels.page.damage.isVisible()


def test_the_button_verifies_a_sound_file(
    qtbot: QtBot, large: Path, open_window: OpenWindow
) -> None:
    window = open_window(large)
    button = window.actions_.toolbar.widgetForAction(window.actions_.verify)
    with qtbot.waitSignal(window.verifier.finished, timeout=WAIT):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        assert not window.actions_.verify.isEnabled()
    assert window.panels.status_labels["validity"].text() == "valid"
    size = f"{large.stat().st_size:,}"
    assert said(window) == f"Verified: all {size} bytes are valid, instructions included"
    assert not window.panels.docks["Problems"].isVisible()
    assert window.actions_.verify.isEnabled()


@pytest.mark.parametrize("how", ["key", "mouse"])
def test_a_verification_shows_how_far_it_is_and_is_given_up(
    qtbot: QtBot, slow: Path, open_window: OpenWindow, how: str
) -> None:
    window = open_window(slow)
    bar = window.panels.page.task_bar
    QTest.keyClick(window, Qt.Key.Key_F7)
    qtbot.waitUntil(lambda: bar.isVisible() and bar.progress.value() > 0, timeout=WAIT)
    assert bar.what.text() == "Verifying slow.wasm\u2026"
    assert window.actions_.stop.isEnabled()
    if how == "key":
        QTest.keyClick(window, Qt.Key.Key_Escape)
    else:
        QTest.mouseClick(bar.cancel_button, Qt.MouseButton.LeftButton)
    assert not bar.isVisible()
    assert said(window) == "Not verified: given up"
    assert window.panels.status_labels["validity"].text() == "code not checked"
    assert not window.actions_.stop.isEnabled()
    assert window.actions_.verify.isEnabled()


def test_what_is_given_up_at_once_is_not_even_begun(
    qtbot: QtBot, slow: Path, open_window: OpenWindow
) -> None:
    window = open_window(slow)
    QTest.keyClick(window, Qt.Key.Key_F7)
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert said(window) == "Not verified: given up"
    verify(qtbot, window)
    assert window.panels.status_labels["validity"].text() == "valid"


def test_another_file_ends_the_verification_of_the_first(
    qtbot: QtBot, slow: Path, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(slow)
    QTest.keyClick(window, Qt.Key.Key_F7)
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        window.open(bandit)
    assert not window.verifier.is_busy
    assert window.panels.status_labels["validity"].text() == "well-formed"


def test_what_was_found_in_other_bytes_is_not_shown(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    with qtbot.waitSignal(window.verifier.finished, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_F7)
        window.controller.overwrite(0xA3, b"\x63", is_raw=True)
    assert said(window) == "The file changed while it was verified: F7 does it again"
    assert window.panels.status_labels["validity"].text() != "valid"
    verify(qtbot, window)
    assert said(window).endswith("found, see Problems")


def test_overwritten_bytes_are_verified_as_they_are(
    qtbot: QtBot, large: Path, open_window: OpenWindow
) -> None:
    window = open_window(large)
    code = next(s for s in wasmstate.Module.open(large).sections if s.name == "code")
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        window.controller.overwrite(code.content_offset + code.size - 1, b"\x0a", is_raw=True)
    # The state is of other code then; in the code itself nobody has looked yet.
    assert window.panels.status_labels["validity"].text() == "1 error"
    verify(qtbot, window)
    assert window.panels.status_labels["validity"].text() == "2 errors"


def test_a_check_that_comes_late_takes_nothing_back(large: Path) -> None:
    document = Document.of(look_at(large))
    found = verified(document.disk, [])
    after = document.checked(found)
    assert validity(after) == "valid"
    checked = replace(read_snapshot(large), source=document.disk.source)
    assert after.checked(checked) is after
    assert after.checked(read_snapshot(large)) is after
    assert verdict(found).startswith("Verified: all 9,")


def test_a_process_that_ends_by_itself_is_a_failure_that_is_told(
    qtbot: QtBot, slow: Path, open_window: OpenWindow
) -> None:
    window = open_window(slow)
    bar = window.panels.page.task_bar
    QTest.keyClick(window, Qt.Key.Key_F7)
    qtbot.waitUntil(bar.isVisible, timeout=WAIT)
    with qtbot.waitSignal(window.verifier.finished, timeout=WAIT):
        os.kill(window.verifier.process_id, signal.SIGKILL)
    assert window.panels.page.notice.label.text().startswith(
        "<b>Not verified.</b> the process that "
    )
    assert not bar.isVisible()
    assert window.panels.status_labels["validity"].text() == "code not checked"


def test_verifying_tells_how_far_it_is(slow: Path) -> None:
    shares: list[float] = []

    def say(text: str, share: float | None = None) -> None:
        assert text == "verifying"
        assert share is not None
        shares.append(share)

    snapshot = look_at(slow)
    verification = Verification(load_of(snapshot.source, slow))
    assert [each.path for each in verification.findings(say=say)] == ["wasmstate.state"]
    assert shares == sorted(shares)
    assert len(shares) > 100
    assert shares[-1] <= 1


def test_a_module_that_no_engine_loads_is_well_formed_until_it_is_verified(
    qtbot: QtBot, tmp_path: Path, open_window: OpenWindow
) -> None:
    """(module (func (result i32))): the function leaves nothing on the stack."""
    path = tmp_path / "invalid.wasm"
    path.write_bytes(bytes.fromhex("0061736D 01000000 01050160 00017F 03020100 0A040102 000B"))
    window = open_window(path)
    assert window.panels.status_labels["validity"].text() == "well-formed"
    verify(qtbot, window)
    assert window.panels.status_labels["validity"].text() == "1 error"
    reasons = [finding.reason for finding in window.panels.problems.problems_model.findings]
    assert reasons == ["not valid: type mismatch: expected i32 but nothing on stack"]
