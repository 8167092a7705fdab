"""A detector beside a run: what the process tells, and what the timeline makes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

import wasmstate
from gui_support import WAIT, OpenWindow
from models import model
from wasmstate import models
from wasmstate_gui.core.calls.protocol import Call, Outcome
from wasmstate_gui.core.calls.worker import Runner
from wasmstate_gui.core.timeline.plot_series import (
    HistoryView,
    Mark,
    Plots,
    history_view,
    mark_from,
)
from wasmstate_gui.core.timeline.stepping import drift_text
from wasmstate_gui.core.timeline.timeline import Event, Timeline
from wasmstate_gui.window.main_window import MainWindow

ALT = Qt.KeyboardModifier.AltModifier

# The label can be told by the number; from row 300 on it cannot.
ROWS: list[Any] = [[[float(i % 2)], i % 2 if i < 300 else i // 2 % 2] for i in range(600)]


@pytest.fixture
def rain(tmp_path: Path) -> Path:
    path = tmp_path / "rain.wasm"
    path.write_bytes(models.new("logistic", features=1, lr=0.1).to_bytes())
    return path


def foretold(path: Path, detector: str) -> list[int]:
    with wasmstate.Session.open(path, persist="manual") as session:
        return list(wasmstate.find_drifts(session, models.new(detector), ROWS))


def told(outcome: Outcome) -> list[int]:
    return [i for i, step in enumerate(outcome.steps) if step.drift is not None]


def watched(path: Path, detector: str = "ddm", until: str = "") -> Outcome:
    module = wasmstate.Module.open(path)
    call = Call(1, "update", [], len(ROWS), rows=ROWS, watch=detector, until=until)
    return Runner(module).run(call, print)


@pytest.fixture(autouse=True)
def all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step comes with the outcome, however slow the machine is."""
    monkeypatch.setattr("wasmstate_gui.core.calls.worker.PROGRESS_SECONDS", 1e9)
    monkeypatch.setattr("wasmstate_gui.core.calls.worker.PROGRESS_WEIGHT", 1e9)


@pytest.mark.parametrize("detector", ["ddm", "page_hinkley"])
def test_a_run_tells_the_drifts_that_are_found_in_the_same_rows(rain: Path, detector: str) -> None:
    module = models.new("logistic", features=1, lr=0.1)
    outcome = watched(rain, detector)
    assert (outcome.error, outcome.done) == ("", len(ROWS))
    assert told(outcome) == foretold(rain, detector) != []
    assert outcome.drifts == len(told(outcome))
    plain = Runner(module).run(Call(1, "update", [], len(ROWS), rows=ROWS), print)
    assert plain.drifts is None
    assert [step.delta for step in outcome.steps] == [step.delta for step in plain.steps]


def test_each_run_is_a_stream_of_its_own(rain: Path) -> None:
    module = wasmstate.Module.open(rain)
    call = Call(1, "update", [], len(ROWS), rows=ROWS, watch="ddm")
    again = replace(call, contents=wasmstate.State.of(module).contents())
    runner = Runner(module)
    assert told(runner.run(again, print)) == told(runner.run(again, print)) != []


def test_a_condition_may_ask_for_a_drift(rain: Path) -> None:
    outcome = watched(rain, until="drift")
    assert outcome.stopped
    assert outcome.done == told(outcome)[0] + 1 == foretold(rain, "ddm")[0] + 1
    unwatched = watched(rain, "", until="drift")
    assert (unwatched.done, unwatched.error) == (0, "SchemaError")


def test_what_cannot_be_watched_is_refused_and_nothing_is_called(bandit: Path) -> None:
    bandits = Runner(wasmstate.Module.open(bandit))
    refused = bandits.run(Call(1, "update", [0, 1.0], watch="page_hinkley"), print)
    assert (refused.done, refused.error) == (0, "SchemaError")
    assert "no loss: update() has to take what predict() does" in refused.text
    other = bandits.run(Call(1, "predict", [], watch="ddm"), print)
    assert (other.done, other.error) == (0, "CallError")
    assert other.text == "drift is watched for while update() learns, not predict()"
    line = Runner(models.new("linear", features=1))
    numbers = line.run(Call(1, "update", [[1.0], 1.0], watch="ddm"), print)
    assert "the model predicts numbers: take page_hinkley" in numbers.text


IMPURE = """
(module
  (memory (export "memory") 1 1)
  (func (export "predict") (param $x f64) (result f64)
    (f64.store (i32.const 64) (local.get $x)) (local.get $x))
  (func (export "update") (param $x f64) (param $y f64)
    (f64.store (i32.const 64) (local.get $y))))
"""


def test_a_prediction_that_changes_s_is_taken_back_and_ends_the_watch() -> None:
    runner = Runner(model(IMPURE, "y:f64@64"))
    row = [1.0, 2.0]
    outcome = runner.run(Call(1, "update", row, watch="page_hinkley"), print)
    assert (outcome.done, outcome.error, outcome.steps) == (0, "CallError", [])
    assert "predict() changes S" in outcome.text
    (step,) = runner.run(Call(2, "update", row), print).steps
    assert step.size == 2.0  # from 0, not from what predict() had made of S


def test_a_detector_that_fails_leaves_the_row_learned_and_told() -> None:
    pure = IMPURE.replace("(f64.store (i32.const 64) (local.get $x))", "", 1)
    runner = Runner(model(pure, "y:f64@64"))
    # It takes losses up to 1e50.
    rows: list[Any] = [[0.0, 1.0], *([0.0, 1.5e60 + i * 1e50] for i in range(9))]
    call = Call(1, "update", [], len(rows), rows=rows, watch="page_hinkley")
    outcome = runner.run(call, print)
    assert outcome.error == "ArgumentError"
    assert outcome.text.startswith("the detector: ")
    assert 1 < outcome.done == len(outcome.steps) < 10
    (step,) = runner.run(Call(2, "update", rows[outcome.done - 1]), print).steps
    assert step.delta == b""  # S is as the row left it that was the last to be told as a step


def test_the_mark_says_what_the_detector_told() -> None:
    text = drift_text("ddm", 0.04878, 1 / 6)
    assert text == "drift told by ddm: mean loss 0.0488 \u2192 0.167"
    assert drift_text("ddm", None, 1.0) == "drift told by ddm: mean loss ? \u2192 1"
    timeline = Timeline([b"\0"], Event("opened", "opened", 0))
    timeline.add(Event("call", "update(1)", 1, drift=text), [b"\1"])
    timeline.add(Event("call", "update(2)", 2), [b"\2"])
    view = history_view(timeline, Plots())
    assert [mark for mark in view.marks if mark.kind == "drift"] == [Mark(1, "drift", text)]
    timeline.go(1)
    caption = f"{text} \u00b7 update(1) \u00b7 1 byte changed \u00b7 not on disk"
    assert history_view(timeline, Plots()).caption == caption


def test_the_next_mark_is_the_nearest_on_that_side() -> None:
    marks = tuple(Mark(place, "drift", "") for place in (9, 2, 5))
    view = HistoryView(12, 0, 5, "", (), marks)
    assert (mark_from(view, 1), mark_from(view, -1)) == (9, 2)
    assert mark_from(replace(view, position=9), 1) is None
    assert mark_from(replace(view, position=11), -1) == 9


def run_table(qtbot: QtBot, window: MainWindow, tmp_path: Path, detector: str) -> None:
    """Choose the rows and a detector, and run."""
    table = tmp_path / "days.csv"
    table.write_text("\n".join(f"{x[0]},{label}" for x, label in ROWS))
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        window.table_rows.read(str(table))
    combo = window.panels.step.options.watch
    combo.setFocus()
    QTest.keyClicks(combo, detector)
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_F5)


def place(window: MainWindow) -> int:
    return int(window.panels.timeline.place.text().split()[1])


def test_a_drift_is_a_ring_that_keys_and_clicks_go_to(
    qtbot: QtBot, rain: Path, tmp_path: Path, open_window: OpenWindow
) -> None:
    first, *_ = foretold(rain, "page_hinkley")
    window = open_window(rain)
    assert not window.panels.step.options.watch.isEnabled()  # without rows
    run_table(qtbot, window, tmp_path, "Page")
    assert "1 drift told" in window.panels.step.result.text()
    QTest.keyClick(window, Qt.Key.Key_PageUp, ALT)
    assert place(window) == first + 1
    caption = window.panels.timeline.caption
    assert caption.toolTip().startswith("drift told by page_hinkley: mean loss 0.")
    QTest.keyClick(window, Qt.Key.Key_PageUp, ALT)
    assert place(window) == 0  # the step that is on disk
    QTest.keyClick(window, Qt.Key.Key_PageUp, ALT)
    assert window.statusBar().currentMessage() == "There is no mark before the shown step"
    QTest.keyClick(window, Qt.Key.Key_PageDown, ALT)
    QTest.keyClick(window, Qt.Key.Key_PageDown, ALT)
    assert place(window) == first + 1
    assert window.statusBar().currentMessage() == "There is no mark behind the shown step"
    QTest.keyClick(window, Qt.Key.Key_Home, ALT)
    plot = window.panels.timeline.plot.canvas
    beside = QPoint(round(plot.to_x(first + 1)) + 4, plot.height() - 12)
    QTest.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=beside)
    assert place(window) == first + 1
    assert "drift told by page_hinkley: mean loss 0." in plot.hint(beside.x())


def test_a_run_without_a_detector_has_no_rings(
    qtbot: QtBot, rain: Path, tmp_path: Path, open_window: OpenWindow
) -> None:
    window = open_window(rain)
    run_table(qtbot, window, tmp_path, "none")
    assert "told" not in window.panels.step.result.text()
    assert window.controller.timeline is not None
    assert window.controller.timeline.notable == []


def test_a_run_in_the_window_stops_at_the_first_drift(
    qtbot: QtBot, rain: Path, tmp_path: Path, open_window: OpenWindow
) -> None:
    window = open_window(rain)
    QTest.keyClicks(window.panels.step.options.until, "drift")
    run_table(qtbot, window, tmp_path, "DDM")
    assert window.panels.step.result.text().startswith("Stopped after call ")
    assert place(window) == foretold(rain, "ddm")[0] + 1


def test_what_the_detector_cannot_take_is_said_and_s_stays(
    qtbot: QtBot, bandit: Path, tmp_path: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    table = tmp_path / "clicks.csv"
    table.write_text("0,1\n1,0\n")
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        window.table_rows.read(str(table))
    QTest.keyClicks(window.panels.step.options.watch, "DDM")
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_F5)
    text = window.panels.step.result.text()
    assert text.startswith("no loss: update() has to take what predict() does")
    assert text.endswith("S is what it was.")
    assert not window.isWindowModified()
