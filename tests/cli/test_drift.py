"""drift on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_runner import Wasmstate


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wasmstate: Wasmstate) -> None:
    monkeypatch.chdir(tmp_path)
    options = ("--features", "1", "--lr", "0.1", "-o", "model.wasm")
    assert wasmstate("models", "new", "logistic", *options).exit_code == 0
    days = [(i % 2, i % 2 if i < 400 else 1 - i % 2) for i in range(500)]
    Path("days.csv").write_text("\n".join(f"{x},{label}" for x, label in days))


@pytest.mark.usefixtures("files")
def test_the_lines_of_drifts_are_told_and_nothing_is_written(wasmstate: Wasmstate) -> None:
    before = Path("model.wasm").read_bytes()
    done = wasmstate("drift", "model.wasm", "--from", "days.csv")
    assert done.exit_code == 1
    head, first, *_ = done.stdout.splitlines()
    assert head.endswith("told by ddm")
    assert 400 < int(first.removeprefix("  days.csv, line ")) < 410
    assert Path("model.wasm").read_bytes() == before


@pytest.mark.usefixtures("files")
def test_json_gives_rows_and_a_file_can_be_the_detector(wasmstate: Wasmstate) -> None:
    options = ("--threshold", "5", "-o", "watch.wasm")
    assert wasmstate("models", "new", "page_hinkley", *options).exit_code == 0
    done = wasmstate(
        "drift", "model.wasm", "--from", "days.csv", "--detector", "watch.wasm", "--json"
    )
    document = json.loads(done.stdout)
    assert (done.exit_code, document["detector"]) == (1, "watch.wasm")
    assert 400 <= document["drifts"][0]["row"] < 420


@pytest.mark.usefixtures("files")
def test_a_stream_without_drift_ends_well_and_a_detector_has_to_be_one(
    wasmstate: Wasmstate,
) -> None:
    Path("days.csv").write_text("\n".join(["1,1", "0,0"] * 100))
    done = wasmstate("drift", "model.wasm", "--from", "days.csv")
    assert (done.exit_code, done.stdout) == (0, "0 drifts, told by ddm\n")
    done = wasmstate("drift", "model.wasm", "--from", "days.csv", "--detector", "adwin")
    assert done.exit_code == 2
    assert "no detector 'adwin': there are ddm, page_hinkley, ewma, or give a file" in done.stderr


@pytest.mark.usefixtures("files")
def test_a_row_that_cannot_be_taken_is_named(wasmstate: Wasmstate) -> None:
    Path("days.csv").write_text("1,1\nnan,0\n")
    done = wasmstate("drift", "model.wasm", "--from", "days.csv")
    assert done.exit_code == 1
    assert "days.csv, line 2: predict, argument x[0] = nan is not finite" in done.stderr


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("table", "place"),
    [
        ("x[0],label\n1,1\n,0\n", "days.csv, line 3: x[0] (f64): the value is empty"),
        ("1,1\nnan,0\n", "days.csv, line 2: predict, argument x[0] = nan is not finite"),
        ("a,b\n1,1\n", "days.csv, line 1: there is no column x[0], label; there are a, b"),
    ],
)
def test_an_error_has_one_place(wasmstate: Wasmstate, table: str, place: str) -> None:
    Path("days.csv").write_text(table)
    done = wasmstate("drift", "model.wasm", "--from", "days.csv")
    assert done.exit_code == 1
    assert done.stderr.startswith(f"Error: model.wasm: {place}")
