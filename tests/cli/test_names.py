"""Features and classes by their names on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_runner import Wasmstate
from models import state_of


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wasmstate: Wasmstate) -> None:
    monkeypatch.chdir(tmp_path)
    words = ("--names", 'wind, sun,"rain, mm"', "--labels", "dry,wet")
    assert wasmstate("models", "new", "gaussian_nb", *words, "-o", "m.wasm").exit_code == 0


def test_a_call_takes_features_and_labels_by_name(wasmstate: Wasmstate) -> None:
    run = ("run", "m.wasm", "update")
    assert wasmstate(*run, "wind=3.5", "rain, mm=2", "sun=0.2", "label=wet").exit_code == 0
    assert wasmstate(*run, '{"sun": 9, "rain, mm": 0, "wind": 1}', "dry").exit_code == 0
    assert wasmstate(*run, "1,9,0", "label=dry").exit_code == 0
    state = state_of("m.wasm")
    assert state["count"].tolist() == [2, 1]
    assert state["mean"].tolist() == [[1.0, 9.0, 0.0], [3.5, 0.2, 2.0]]
    assert wasmstate("run", "m.wasm", "predict", "sun=0", "wind=3", "rain, mm=2").stdout == "wet\n"
    assert wasmstate("run", "m.wasm", "predict", "x=1,9,0").stdout == "dry\n"


def test_arguments_of_any_model_can_be_named(wasmstate: Wasmstate) -> None:
    wasmstate("models", "new", "ucb1", "--arms", "3", "-o", "ads.wasm")
    assert wasmstate("run", "ads.wasm", "update", "reward=1", "arm=2").exit_code == 0
    assert state_of("ads.wasm")["pulls"].tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("words", "status", "reason"),
    [
        (("wind=1", "label=wet"), 1, "the names are not those of the model's features: missing:"),
        (
            ("fog=1", "label=wet"),
            2,
            "has no argument 'fog'; it takes x, label, wind, sun, rain, mm",
        ),
        (("wind=1", "wet"), 2, "'wet' has no name, and stands behind one that has"),
        (("wind=1", "wind=2"), 2, "wind is given twice"),
        (("wind=a",), 2, "wind: 'a' is not a number"),
        (("1,2,3", "label=snow"), 2, "label: 'snow' is not a class; the classes are 'dry', 'wet'"),
        (('{"wind": 1',), 2, "argument 0: Expecting ',' delimiter"),
        (('{"wind": "1"}',), 2, "argument 0['wind'] must be a number or an array, not \"1\""),
    ],
)
def test_a_name_that_does_not_fit_is_refused(
    words: tuple[str, ...], status: int, reason: str, wasmstate: Wasmstate
) -> None:
    done = wasmstate("run", "m.wasm", "update", *words)
    assert done.exit_code == status
    assert reason in done.stderr
    assert state_of("m.wasm").generation == 0


def test_features_leave_and_come_by_name(wasmstate: Wasmstate) -> None:
    words = ("--drop-feature", "sun", "--add-feature", "fog", "--add-class", "snow")
    done = wasmstate("models", "resize", "m.wasm", *words)
    assert done.stdout == "m.wasm: generation 1, 3 features, 3 classes\n"
    assert state_of("m.wasm").metadata["feature_names_in"] == ["wind", "rain, mm", "fog"]
    assert state_of("m.wasm").metadata["classes"] == ["dry", "wet", "snow"]
    assert wasmstate("models", "resize", "m.wasm", "--drop-class", "dry").exit_code == 0
    assert state_of("m.wasm").metadata["classes"] == ["wet", "snow"]
    wrong = wasmstate("models", "resize", "m.wasm", "--features", "5")
    assert "name each one that is added" in wrong.stderr


def test_labels_that_are_numbers_are_numbers(wasmstate: Wasmstate) -> None:
    options = ("--features", "1", "--labels", "1,2,3")
    assert wasmstate("models", "new", "gaussian_nb", *options, "-o", "n.wasm").exit_code == 0
    assert wasmstate("models", "resize", "n.wasm", "--add-class", "4").exit_code == 0
    assert wasmstate("models", "resize", "n.wasm", "--drop-class", "1").exit_code == 0
    assert state_of("n.wasm").metadata["classes"] == [2, 3, 4]


def test_a_model_without_names_still_needs_a_number_of_features(wasmstate: Wasmstate) -> None:
    done = wasmstate("models", "new", "linear", "-o", "x.wasm")
    assert done.exit_code == 2
    assert "linear needs features" in done.stderr
