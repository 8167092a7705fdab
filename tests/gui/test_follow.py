"""The file changes on disk while the window shows it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

import wasmstate
from gui_support import shown_bytes
from wasmstate_gui.core.document.newer_versions import Newer
from wasmstate_gui.core.document.snapshot import Stamp, read_snapshot
from wasmstate_gui.document.file_watcher import DEBOUNCE_MS, Follower
from wasmstate_gui.window.main_window import MainWindow

OpenWindow = Callable[[Path], MainWindow]
WAIT = 15_000
FIXTURES = Path(__file__).parents[2] / "fixtures"


def commit_count(path: Path, count: int) -> None:
    state = wasmstate.State.of(wasmstate.Module.open(path))
    wasmstate.commit(path, state.with_values({"count": count}))


def shown_count(window: MainWindow) -> int:
    document = window.controller.document
    assert document is not None
    assert document.state is not None
    return int(document.state["count"])


def is_shown(window: MainWindow, count: int) -> bool:
    return shown_count(window) == count


def step(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_F10)


def test_each_replacement_by_another_program_is_shown(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    for count in (5, 6, 7):
        commit_count(bandit, count)
        qtbot.waitUntil(partial(is_shown, window, count), timeout=WAIT)
    assert window.panels.status_labels["generation"].text() == "generation 3, 0 updates"
    assert window.picture is not None
    assert [row.changed_count for row in window.picture.tensors] == [0, 0, 0, 1]


def test_a_file_written_in_place_is_followed_too(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    data = bytearray(bandit.read_bytes())
    data[-50] ^= 1
    with bandit.open("r+b") as file:
        file.write(data)
    qtbot.waitUntil(window.panels.page.damage.isVisible, timeout=WAIT)
    assert shown_bytes(window) == data


def test_another_module_in_the_place_of_the_file_is_shown_whole(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    step(qtbot, window)
    window.actions_.revert.trigger()
    bandit.write_bytes((FIXTURES / "linear.wasm").read_bytes())
    qtbot.waitUntil(lambda: len(window.panels.step.fields) == 5, timeout=WAIT)
    assert window.panels.layout.currentIndex().data() == "weights  f64[4]"
    step(qtbot, window)
    assert window.panels.step.result.text().startswith("update returned ()")
    bandit.write_bytes(b"hello")
    QTest.mouseClick(window.panels.step.step_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(window.panels.page.conflict.isVisible, timeout=WAIT)
    QTest.mouseClick(window.panels.page.conflict.buttons[0], Qt.MouseButton.LeftButton)
    assert window.panels.page.damage.isVisible()
    assert window.panels.docks["Problems"].isVisible()
    assert not window.panels.step.step_button.isEnabled()
    assert not window.actions_.step.isEnabled()


def test_a_conflict_is_never_settled_without_being_asked(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    step(qtbot, window)
    commit_count(bandit, 5)
    qtbot.waitUntil(window.panels.page.conflict.isVisible, timeout=WAIT)
    theirs = bandit.read_bytes()
    QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert bandit.read_bytes() == theirs
    assert shown_count(window) == 1
    assert window.panels.status_labels["disk"].text() == "disk and memory differ"


@pytest.mark.parametrize(("button", "count"), [(1, 5), (2, 1)], ids=["theirs", "mine"])
def test_a_conflict_ends_with_the_state_that_was_chosen(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow, button: int, count: int
) -> None:
    window = open_window(bandit)
    step(qtbot, window)
    commit_count(bandit, 5)
    qtbot.waitUntil(window.panels.page.conflict.isVisible, timeout=WAIT)
    QTest.mouseClick(window.panels.page.conflict.buttons[button], Qt.MouseButton.LeftButton)
    assert not window.panels.page.conflict.isVisible()
    assert shown_count(window) == count
    step(qtbot, window)
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    state = wasmstate.State.of(wasmstate.Module.open(bandit))
    assert (state.generation, int(state["count"])) == (2, count + 1)


def test_a_write_that_comes_too_late_ends_in_the_conflict_bar(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    step(qtbot, window)
    # Before the watch of the folder has had its say.
    commit_count(bandit, 5)
    theirs = bandit.read_bytes()
    QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(window.panels.page.conflict.isVisible, timeout=WAIT)
    assert bandit.read_bytes() == theirs


def follow_status(window: MainWindow) -> str:
    return window.panels.status_labels["follow"].text()


def says(window: MainWindow, text: str) -> bool:
    return follow_status(window) == text


def toggle_follow(window: MainWindow, how: str) -> None:
    if how == "key":
        QTest.keyClick(window, Qt.Key.Key_F6)
    else:
        button = window.actions_.toolbar.widgetForAction(window.actions_.follow)
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.mark.parametrize("how", ["key", "mouse"])
def test_without_follow_a_replacement_is_said_and_not_shown_until_follow_is_on_again(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow, how: str
) -> None:
    window = open_window(bandit)
    assert follow_status(window) == "following"
    toggle_follow(window, how)
    assert follow_status(window) == "not following"
    commit_count(bandit, 5)
    qtbot.waitUntil(partial(says, window, "newer on disk"), timeout=WAIT)
    assert shown_count(window) == 0
    toggle_follow(window, how)
    assert (follow_status(window), shown_count(window)) == ("following", 5)


def test_without_follow_revert_shows_what_is_on_disk(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    toggle_follow(window, "key")
    step(qtbot, window)
    commit_count(bandit, 5)
    qtbot.waitUntil(partial(says, window, "newer on disk"), timeout=WAIT)
    assert not window.panels.page.conflict.isVisible()
    window.actions_.revert.trigger()
    assert (follow_status(window), shown_count(window)) == ("not following", 5)
    assert not window.isWindowModified()
    # It reads the file once more, and shows what is there by then.
    qtbot.waitUntil(lambda: not window.controller.is_busy, timeout=WAIT)
    commit_count(bandit, 6)
    qtbot.waitUntil(partial(says, window, "newer on disk"), timeout=WAIT)
    assert window.actions_.revert.isEnabled()
    window.actions_.revert.trigger()
    assert shown_count(window) == 6


def test_without_follow_a_write_over_a_newer_file_asks_whose_state_is_kept(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    toggle_follow(window, "key")
    step(qtbot, window)
    commit_count(bandit, 5)
    theirs = bandit.read_bytes()
    # Before the watch of the folder has had its say, and afterwards.
    QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(window.panels.page.conflict.isVisible, timeout=WAIT)
    QTest.mouseClick(window.panels.page.conflict.buttons[2], Qt.MouseButton.LeftButton)
    commit_count(bandit, 6)
    qtbot.waitUntil(partial(says, window, "newer on disk"), timeout=WAIT)
    QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert window.panels.page.conflict.isVisible()
    assert shown_count(window) == 1
    assert bandit.read_bytes() != theirs
    assert wasmstate.State.of(wasmstate.Module.open(bandit))["count"].item() == 6


def test_nothing_jumps_under_a_user_who_looks_at_an_older_step(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    for _ in range(2):
        step(qtbot, window)
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(window, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert follow_status(window) == "following, paused"
    before = shown_bytes(window)
    for count in (5, 6, 7):
        commit_count(bandit, count)
        qtbot.waitUntil(partial(says, window, f"{count - 4} newer"), timeout=WAIT)
    assert (shown_bytes(window), shown_count(window)) == (before, 1)
    QTest.keyClick(window, Qt.Key.Key_End, Qt.KeyboardModifier.AltModifier)
    assert (follow_status(window), shown_count(window)) == ("following", 7)
    assert window.panels.timeline.place.text() == "step 5 / 5"
    QTest.keyClick(window, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert shown_count(window) == 6


def test_a_step_from_an_older_one_ends_the_pause_in_the_conflict_bar(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    for _ in range(2):
        step(qtbot, window)
    QTest.keyClick(window, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    commit_count(bandit, 5)
    qtbot.waitUntil(partial(says, window, "1 newer"), timeout=WAIT)
    step(qtbot, window)
    assert window.panels.page.conflict.isVisible()
    assert shown_count(window) == 2


@pytest.mark.parametrize("kept", [0, 5, 700, 0xA67, 3_900])
def test_a_half_written_file_leaves_the_last_good_one(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow, kept: int
) -> None:
    whole = bandit.read_bytes()
    assert wasmstate.Module.from_bytes(whole).sections[-1].offset == 0xA67
    window = open_window(bandit)
    bandit.write_bytes(whole[:kept])
    qtbot.waitUntil(partial(says, window, "waiting for a whole file"), timeout=WAIT)
    label = window.panels.status_labels["follow"]
    assert label.palette().windowText().color().name().upper() == window.theme.error_text
    assert shown_bytes(window) == whole
    assert not window.panels.page.damage.isVisible()
    bandit.write_bytes(whole)
    commit_count(bandit, 5)
    qtbot.waitUntil(partial(is_shown, window, 5), timeout=WAIT)
    assert follow_status(window) == "following"
    assert label.palette().windowText().color().name().upper() == window.theme.text


def test_a_file_without_its_state_that_replaces_the_one_with_it_is_whole(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    other = bandit.with_name("other")
    other.write_bytes(bandit.read_bytes()[:0xA67])
    os.replace(other, bandit)
    qtbot.waitUntil(window.panels.tensors.attach_button.isVisible, timeout=WAIT)
    assert follow_status(window) == "following"


def test_a_file_that_stays_half_written_is_shown_on_revert(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    half = bandit.read_bytes()[:700]
    window = open_window(bandit)
    bandit.write_bytes(half)
    qtbot.waitUntil(partial(says, window, "waiting for a whole file"), timeout=WAIT)
    window.actions_.revert.trigger()
    assert shown_bytes(window) == half
    assert window.panels.page.damage.isVisible()
    assert follow_status(window) == "following"


def test_of_many_versions_that_wait_as_many_are_kept_as_there_is_room_for(bandit: Path) -> None:
    snapshot = read_snapshot(bandit)
    newer = None
    for _ in range(1_005):
        newer = Newer.after(newer, snapshot)
    assert newer is not None
    assert (newer.count, len(newer.states)) == (1_005, 1_000)


def settled_follower(qtbot: QtBot, path: Path) -> Follower:
    path.write_bytes(b"0")
    follower = Follower()
    follower.follow(path, Stamp.of(path))
    qtbot.waitUntil(lambda: not follower.is_settling, timeout=WAIT)
    return follower


def test_bytes_written_in_place_are_noticed(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "model.wasm"
    follower = settled_follower(qtbot, path)
    with qtbot.waitSignal(follower.changed, timeout=WAIT), path.open("r+b") as file:
        file.write(b"01")


def test_a_file_that_was_gone_and_comes_back_is_noticed(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "model.wasm"
    follower = settled_follower(qtbot, path)
    with qtbot.waitSignal(follower.changed, timeout=WAIT):
        path.unlink()
    with qtbot.waitSignal(follower.changed, timeout=WAIT):
        path.write_bytes(b"1")


def test_the_folder_of_a_sample_goes_with_its_program(tmp_path: Path) -> None:
    left = tmp_path / "wasmstate-sample-4194305-x"  # a process id beyond the largest
    foreign = tmp_path / "wasmstate-sample-notes"
    for folder in (left, foreign):
        folder.mkdir()
    script = "from wasmstate_gui.document.samples import sample_copy; print(sample_copy())"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()).name == "bandit.wasm"
    assert [path.name for path in tmp_path.iterdir()] == [foreign.name]


def test_twenty_replacements_are_noticed_each(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "model.wasm"
    follower = settled_follower(qtbot, path)
    for i in range(1, 21):
        with qtbot.waitSignal(follower.changed, timeout=WAIT):
            other = tmp_path / "other"
            other.write_bytes(b"x" * (i + 1))
            os.replace(other, path)


def test_a_file_that_is_written_all_the_time_is_looked_at_meanwhile(
    qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "model.wasm"
    follower = settled_follower(qtbot, path)
    written: list[int] = []

    def write() -> None:
        written.append(len(written))
        path.write_bytes(bytes(len(written)))

    writer = QTimer(follower, interval=DEBOUNCE_MS // 4)
    writer.timeout.connect(write)
    writer.start()
    for _ in range(3):
        with qtbot.waitSignal(follower.changed, timeout=WAIT):
            pass
    assert len(written) > 3
    writer.stop()


@pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform's own, on a dialog
def test_closing_asks_before_steps_are_lost(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    step(qtbot, window)
    window.close()
    assert window.isVisible()
    assert window.unwritten.question is not None
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window.unwritten.question, Qt.Key.Key_Return)
    assert not window.isVisible()
    assert wasmstate.State.of(wasmstate.Module.open(bandit)).generation == 1
    assert window.controller.worker_id == 0


def test_a_folder_that_is_replaced_is_followed_where_the_path_leads(
    qtbot: QtBot, tmp_path: Path, bandit: Path, open_window: OpenWindow
) -> None:
    folder = tmp_path / "deployed"
    folder.mkdir()
    path = folder / "bandit.wasm"
    shutil.copy(bandit, path)
    window = open_window(path)
    folder.rename(tmp_path / "before")
    qtbot.waitUntil(partial(says, window, "waiting for the file"), timeout=WAIT)
    assert window.panels.status_labels["disk"].text() == "not on disk any more"
    shutil.copytree(tmp_path / "before", folder)
    qtbot.waitUntil(partial(says, window, "following"), timeout=WAIT)
    commit_count(path, 5)
    qtbot.waitUntil(partial(is_shown, window, 5), timeout=WAIT)
    assert not window.panels.page.conflict.isVisible()


def test_a_link_to_a_folder_that_is_set_anew_is_followed(qtbot: QtBot, tmp_path: Path) -> None:
    for release in ("1", "2"):
        (tmp_path / release).mkdir()
    link = tmp_path / "current"
    link.symlink_to("1")
    follower = settled_follower(qtbot, link / "model.wasm")
    (tmp_path / "2" / "model.wasm").write_bytes(b"22")
    with qtbot.waitSignal(follower.changed, timeout=WAIT):
        (tmp_path / "new").symlink_to("2")
        os.replace(tmp_path / "new", link)
    with qtbot.waitSignal(follower.changed, timeout=WAIT):
        (tmp_path / "2" / "model.wasm").write_bytes(b"333")


def test_a_link_to_a_file_is_followed_to_its_folder(qtbot: QtBot, tmp_path: Path) -> None:
    real = tmp_path / "real" / "model.wasm"
    real.parent.mkdir()
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "model.wasm"
    link.symlink_to(real)
    follower = settled_follower(qtbot, link)
    for i in range(1, 4):
        with qtbot.waitSignal(follower.changed, timeout=WAIT):
            other = real.with_name("other")
            other.write_bytes(b"x" * (i + 1))
            os.replace(other, real)


def test_revert_reads_the_file(qtbot: QtBot, bandit: Path, open_window: OpenWindow) -> None:
    window = open_window(bandit)
    toggle_follow(window, "key")
    window.controller._disk._follower.blockSignals(True)  # as on a network that tells nothing
    commit_count(bandit, 5)
    window.actions_.revert.trigger()
    qtbot.waitUntil(partial(is_shown, window, 5), timeout=WAIT)


@pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen platform, on a dialog
def test_steps_of_a_file_that_is_deleted_are_saved_as_a_copy(
    qtbot: QtBot, tmp_path: Path, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    step(qtbot, window)
    bandit.unlink()
    qtbot.waitUntil(window.panels.page.conflict.isVisible, timeout=WAIT)
    assert "The file cannot be read any more." in window.panels.page.conflict.label.text()
    QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert "save a copy" in window.statusBar().currentMessage()
    QTest.mouseClick(window.panels.page.conflict.buttons[0], Qt.MouseButton.LeftButton)
    (dialog,) = window.findChildren(QFileDialog)
    copy = tmp_path / "copy.wasm"
    dialog.selectFile(str(copy))
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        dialog.accept()
    state = wasmstate.State.open(copy)
    assert (state.generation, int(state["count"])) == (1, 1)
    assert wasmstate.check(copy) == []
    assert not bandit.exists()


@pytest.mark.qt_log_ignore("propagateSizeHints")
def test_a_copy_is_never_written_over_a_file(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    before = bandit.read_bytes()
    QTest.keyClick(
        window,
        Qt.Key.Key_S,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier,
    )
    (dialog,) = window.findChildren(QFileDialog)
    dialog.fileSelected.emit(str(bandit))
    dialog.reject()
    assert "there is such a file already" in window.panels.page.notice.label.text()
    assert bandit.read_bytes() == before
