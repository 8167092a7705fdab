"""``wasmstate run --watch-drift``: a detector beside a model that learns."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli_runner import Wasmstate
from models import state_of, write_model

PATIENCE = 60
RUN = ("run", "model.wasm", "update", "--from", "days.csv", "--persist", "on-close")

LABELLED = """
(module
  (memory (export "memory") 1 1)
  (func (export "predict") (param $x f64) (result f64) (f64.div (f64.const 1) (local.get $x)))
  (func (export "update") (param $x f64) (param $y f64)
    (f64.store (i32.const 64) (local.get $y))))
"""

LARGE = """
(module
  (memory (export "memory") 1 1)
  (func (export "update") (param $loss f64)
    (if (f64.gt (local.get $loss) (f64.const 9)) (then (unreachable)))
    (if (f64.gt (local.get $loss) (f64.const 1)) (then
      (i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))))))
"""
"""A detector of one's own: each loss of more than 1 is a drift to it; it traps above 9."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wasmstate: Wasmstate) -> Path:
    """A classifier, and 500 days; from day 400 on the other label is right."""
    monkeypatch.chdir(tmp_path)
    options = ("--features", "1", "--lr", "0.1", "-o", "model.wasm")
    assert wasmstate("models", "new", "logistic", *options).exit_code == 0
    days = [(i % 2, i % 2 if i < 400 else 1 - i % 2) for i in range(500)]
    Path("days.csv").write_text("\n".join(f"{x},{label}" for x, label in days))
    write_model(tmp_path / "labelled.wasm", LABELLED, "y:f64@64")
    write_model(tmp_path / "large.wasm", LARGE, "drifts:i32@64")
    return tmp_path


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_drift_is_told_when_it_comes_and_all_are_summed_up(
    folder: Path, wasmstate: Wasmstate
) -> None:
    done = wasmstate(*RUN, "--watch-drift")
    assert (done.exit_code, done.stdout) == (0, "")
    first, summary, kept = done.stderr.splitlines()
    place, told = first.split(": ", 1)
    assert 400 < int(place.removeprefix("days.csv, line ")) < 410
    assert told.startswith("drift told by ddm, which said 2: mean loss 0.")
    assert told.endswith(" before")
    assert summary.startswith("1 drift told by ddm in 500 rows, mean loss 0.")
    assert kept == "model.wasm: generation 0 -> 1, 500 updates in all"


@pytest.mark.parametrize("detector", ["ddm", "page_hinkley"])
def test_the_same_rows_are_told_as_drift_tells_beforehand(
    detector: str, folder: Path, wasmstate: Wasmstate
) -> None:
    Path("days.csv").write_text(Path("days.csv").read_text() + "\n1,1\n0,0" * 300)
    words = ("drift", "model.wasm", "--from", "days.csv", "--detector", detector, "--json")
    foretold = json.loads(wasmstate(*words).stdout)["drifts"]
    watched = lines(wasmstate(*RUN, "--json", "--watch-drift", detector).stdout)[-1]["watched"]
    assert foretold
    assert [{"row": each["row"], "place": each["place"]} for each in watched["drifts"]] == foretold


def test_the_model_learns_the_same_as_without_a_watch(folder: Path, wasmstate: Wasmstate) -> None:
    Path("alone.wasm").write_bytes(Path("model.wasm").read_bytes())
    wasmstate(*RUN, "--watch-drift")
    wasmstate("run", "alone.wasm", *RUN[2:])
    assert state_of("model.wasm").contents() == state_of("alone.wasm").contents()


def test_json_has_the_loss_of_each_row_and_a_summary_at_the_end(
    folder: Path, wasmstate: Wasmstate
) -> None:
    done = wasmstate(*RUN, "--json", "--watch-drift", "ddm")
    *rows, last = lines(done.stdout)
    assert done.stderr == ""
    assert rows[1] == {"value": None, "generation": 0, "loss": 1, "drift": None}
    assert [row["loss"] for row in rows[2:400]] == [0] * 398
    (at,) = (i for i, row in enumerate(rows) if row["drift"] is not None)
    told = rows[at]["drift"]
    assert told["said"] == 2
    assert told["after"] > told["before"]
    assert last == {
        "watched": {
            "detector": "ddm",
            "rows": 500,
            "mean_loss": sum(row["loss"] for row in rows) / 500,
            "drifts": [{"row": at, "place": f"days.csv, line {at + 1}", **told}],
        }
    }


def test_a_condition_ends_the_run_at_the_first_drift(folder: Path, wasmstate: Wasmstate) -> None:
    done = wasmstate(*RUN, "--until", "drift", "--watch-drift")
    first, _, ended, _ = done.stderr.splitlines()
    place = first.partition(": ")[0]
    assert ended.startswith(f"{place}: drift, after ")
    assert 400 < state_of("model.wasm").update_count < 410
    done = wasmstate(*RUN, "--until", "drift")
    assert done.exit_code == 1
    assert "drift is known only while a detector watches the rows" in done.stderr


def test_options_are_given_as_when_a_model_is_made(folder: Path, wasmstate: Wasmstate) -> None:
    def rows_until_drift(*options: str) -> int:
        Path("model.wasm").write_bytes(fresh)
        done = wasmstate(*RUN, "--watch-drift", "page_hinkley", *options, "--until", "drift")
        assert done.exit_code == 0, done.stderr
        return state_of("model.wasm").update_count

    fresh = Path("model.wasm").read_bytes()
    quick, slow = rows_until_drift("--threshold=8"), rows_until_drift("--threshold", "15")
    assert 400 < quick < slow < 500


def test_a_detector_of_a_file_learns_in_it_so_that_a_later_run_goes_on(
    folder: Path, wasmstate: Wasmstate
) -> None:
    assert wasmstate("models", "new", "ddm", "-o", "watch.wasm").exit_code == 0
    fresh, days = Path("model.wasm").read_bytes(), Path("days.csv").read_text().splitlines()
    whole = wasmstate(*RUN, "--watch-drift", "ddm").stderr.splitlines()[0]
    Path("model.wasm").write_bytes(fresh)
    Path("days.csv").write_text("\n".join(days[:350]))
    assert (
        "0 drifts told by watch.wasm in 350"
        in wasmstate(*RUN, "--watch-drift", "watch.wasm").stderr
    )
    assert state_of("watch.wasm").update_count == 350
    Path("days.csv").write_text("\n".join(days[350:]))
    told = wasmstate(*RUN, "--watch-drift", "watch.wasm").stderr.splitlines()[0]
    line = int(whole.split(":")[0].removeprefix("days.csv, line "))
    assert told.startswith(f"days.csv, line {line - 350}: drift told by watch.wasm, which said 2: ")
    assert state_of("watch.wasm")["drifts"] == 1


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
@pytest.mark.parametrize(
    ("number", "persist"), [(signal.SIGKILL, "every-change"), (signal.SIGTERM, "on-close")]
)
def test_a_run_that_is_killed_leaves_model_and_detector_at_the_same_row(
    number: signal.Signals, persist: str, folder: Path, wasmstate: Wasmstate
) -> None:
    assert wasmstate("models", "new", "page_hinkley", "-o", "watch.wasm").exit_code == 0
    words = ("run", "model.wasm", "update", "--from", "-", "--watch-drift", "watch.wasm", "--json")
    command = [sys.executable, "-m", "wasmstate", *words, "--persist", persist]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for row in Path("days.csv").read_text().splitlines()[:37]:
            process.stdin.write(f"{row}\n".encode())
            process.stdin.flush()
            assert "loss" in json.loads(process.stdout.readline())
        process.send_signal(number)
        process.wait(PATIENCE)
    assert state_of("model.wasm").update_count == state_of("watch.wasm").update_count == 37
    assert state_of("watch.wasm")["count"] == 37


def test_each_row_of_every_change_is_written_with_what_the_detector_made_of_it(
    folder: Path, wasmstate: Wasmstate
) -> None:
    words = ("run", "labelled.wasm", "update", "--watch-drift", "large.wasm")
    told = wasmstate(*words, "1", "3").stderr
    assert told.startswith("call 1: drift told by large.wasm: mean loss 2 in the last rows, ")
    assert "unknown before\n1 drift told by large.wasm in 1 row, mean loss 2\n" in told
    wasmstate(*words, "1", "1.5")
    assert state_of("labelled.wasm").generation == 2
    assert state_of("large.wasm").update_count == 2
    assert state_of("large.wasm")["drifts"] == 1


def test_nothing_is_written_with_the_policy_manual(folder: Path, wasmstate: Wasmstate) -> None:
    before = [Path(name).read_bytes() for name in ("labelled.wasm", "large.wasm")]
    words = ("run", "labelled.wasm", "update", "--persist", "manual", "1", "3")
    assert "1 drift" in wasmstate(*words, "--watch-drift", "large.wasm").stderr
    assert [Path(name).read_bytes() for name in ("labelled.wasm", "large.wasm")] == before


def test_without_rows_there_is_no_mean_loss(folder: Path, wasmstate: Wasmstate) -> None:
    Path("days.csv").write_text("\n")
    done = wasmstate(*RUN, "--watch-drift")
    assert (done.exit_code, done.stderr) == (0, "0 drifts told by ddm in 0 rows\n")
    (summary,) = lines(wasmstate(*RUN, "--watch-drift", "--json").stdout)
    assert summary["watched"]["mean_loss"] is None


@pytest.mark.parametrize(
    ("words", "status", "reason"),
    [
        (("adwin",), 2, "no detector 'adwin': there are ddm, page_hinkley, ewma, or give a file"),
        (("ddm", "--tresh", "5"), 2, "No such option '--tresh'."),
        (("ddm", "--alarm", "loud"), 2, "'loud' is not a valid float"),
        (("ddm", "--alarm", "-1"), 2, "alarm must be > 0, not -1.0"),
        (("watch.wasm", "--alarm", "5"), 2, "watch.wasm has its options in its state"),
        (("days.csv",), 1, "days.csv: magic at 0x0"),
        (("model.wasm",), 1, "model.wasm is no detector: a detector has the tensor drifts"),
        (("plain.wasm",), 1, "plain.wasm: the module has no wasmstate.state section"),
    ],
)
def test_what_is_no_detector_is_refused_and_the_model_untouched(
    words: tuple[str, ...], status: int, reason: str, folder: Path, wasmstate: Wasmstate
) -> None:
    assert wasmstate("models", "new", "ddm", "-o", "watch.wasm").exit_code == 0
    Path("plain.wasm").write_bytes(b"\0asm\1\0\0\0")
    before = Path("model.wasm").read_bytes()
    done = wasmstate(*RUN, "--watch-drift", *words)
    assert (done.exit_code, reason in done.stderr) == (status, True), done.stderr
    assert Path("model.wasm").read_bytes() == before


def test_a_model_without_a_loss_is_refused_saying_what_is_missing(
    folder: Path, wasmstate: Wasmstate
) -> None:
    assert wasmstate("models", "new", "ucb1", "--arms", "2", "-o", "arms.wasm").exit_code == 0
    before = Path("arms.wasm").read_bytes()
    done = wasmstate("run", "arms.wasm", *RUN[2:], "--watch-drift")
    assert done.exit_code == 1
    assert "no loss: update() has to take what predict() does, and what is right" in done.stderr
    assert "predict takes () and update (arm: i32, reward: f64)" in done.stderr
    assert Path("arms.wasm").read_bytes() == before


def test_a_detector_of_errors_is_refused_for_numbers(folder: Path, wasmstate: Wasmstate) -> None:
    done = wasmstate("run", "labelled.wasm", "update", "1", "2", "--watch-drift", "ddm")
    assert done.exit_code == 1
    assert "takes errors 0 and 1, and the model predicts numbers: take page_hinkley" in done.stderr


def test_a_loss_that_is_no_number_ends_the_run_before_the_row(
    folder: Path, wasmstate: Wasmstate
) -> None:
    Path("days.csv").write_text("1,2\n0,1\n1,1\n")
    done = wasmstate("run", "labelled.wasm", *RUN[2:], "--watch-drift")
    assert done.exit_code == 1
    assert "days.csv, line 2: the loss is inf: predict() gave inf, 1.0 is right" in done.stderr
    assert "1 call before it: generation 0 -> " in done.stderr
    assert state_of("labelled.wasm").update_count == 1


def test_a_detector_that_fails_ends_the_run_and_what_was_learned_is_kept(
    folder: Path, wasmstate: Wasmstate
) -> None:
    Path("days.csv").write_text("1,2.5\n1,50\n1,1\n")
    words = ("run", "labelled.wasm", "update", "--from", "days.csv")
    done = wasmstate(*words, "--watch-drift", "large.wasm")
    assert done.exit_code == 1
    assert "days.csv, line 2: the detector: " in done.stderr
    assert "2 calls before it: generation 0 -> 2" in done.stderr
    assert state_of("large.wasm")["drifts"] == 1


def test_only_rows_that_update_learns_are_watched(folder: Path, wasmstate: Wasmstate) -> None:
    for function in ("predict", "-"):
        done = wasmstate("run", "model.wasm", function, "--watch-drift")
        assert done.exit_code == 2
        assert f"is for rows that update() learns, not for {function}" in done.stderr
