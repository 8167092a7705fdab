"""unfold, fold and discover --constants on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli_runner import Wasmstate
from models import FIXTURES, copy_fixture, from_wat, state_of
from wasmstate import find_constants

TEXT = """(module (memory 1)
  (func (export "predict") (param f64) (result f64)
    (f64.add (f64.mul (local.get 0) (f64.const 0.25)) (f64.load (i32.const 8))))
  (func (export "heap") (result i32) (memory.size)))"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    copy_fixture("liveness", tmp_path)
    return tmp_path


def test_constants_are_ranked_named_unfolded_and_folded(folder: Path, wasmstate: Wasmstate) -> None:
    first, second, third = find_constants("liveness.wasm", types=["f64"])
    done = wasmstate(
        *("discover", "liveness.wasm", "--constants", "--call", "predict:1,2,3"),
        *("-o", "names.toml"),
    )
    assert done.stdout == (
        f"{first}   0.0514\n{second}   0.00281\n{third}  0.00142\n"
        "left out: constants that are an address (4)\n"
        "names.toml: wasmstate unfold liveness.wasm --names names.toml\n"
    )
    done = wasmstate("unfold", "liveness.wasm", "--names", "names.toml", "-o", "out.wasm")
    assert done.stdout.endswith(
        "w:f64[3]@sym:w  [ 0.36481 0.03991 -0.00674]\nout.wasm: carries 6 tensors\n"
    )
    done = wasmstate("fold", "out.wasm", "-o", "back.wasm")
    assert done.stdout == "back.wasm: 1,955 bytes\n"
    assert Path("back.wasm").read_bytes() == Path("liveness.wasm").read_bytes()
    assert wasmstate("set", "out.wasm", "w=1,2,3").exit_code == 0
    assert wasmstate("fold", "out.wasm").exit_code == 0
    values = [each.values[0] for each in find_constants("out.wasm", types=["f64"])]
    assert values == [1, 2, 3]


def test_the_ranking_as_json_has_the_constants_that_are_left_out(
    folder: Path, wasmstate: Wasmstate
) -> None:
    done = wasmstate(
        "discover", "liveness.wasm", "--constants", "--call", "predict:1,2,3", "--json"
    )
    rows = json.loads(done.stdout)
    first = find_constants("liveness.wasm")[0]
    assert rows[0] == {
        "offset": first.offset,
        "function": "predict",
        "type": "f64",
        "values": [0.36481],
        "role": "",
        "effect": pytest.approx(0.0514, rel=0.01),
    }
    assert [(row["role"], row["effect"]) for row in rows[3:]] == [("an address", None)] * 4


def test_code_without_floats_is_said(folder: Path, wasmstate: Wasmstate) -> None:
    module = from_wat('(module (func (export "predict") (result i32) (i32.const 1)))')
    module.save("plain.wasm")
    done = wasmstate("discover", "plain.wasm", "--constants", "--call", "predict:")
    assert done.stdout == "The code that these calls reach has no floats as constants.\n"


def test_a_dead_tensor_becomes_live_in_place(folder: Path, wasmstate: Wasmstate) -> None:
    assert wasmstate("probe", "liveness.wasm").exit_code == 1
    assert wasmstate("unfold", "liveness.wasm", "--probed").exit_code == 0
    assert wasmstate("probe", "liveness.wasm").exit_code == 0
    assert state_of("liveness.wasm").generation == 1


def test_the_choice_by_options(folder: Path, wasmstate: Wasmstate) -> None:
    from_wat(TEXT).save("model.wasm")
    for options in ([], ["--globals"]):  # memory does not serve here
        done = wasmstate("unfold", "model.wasm", *options, "-o", "out.wasm", "--force")
        assert "left out: constants that are an address (1)\n" in done.stdout
        assert "w:f64@global:w  0.25\n" in done.stdout
    choice = ("--from", "predict", "--between", "5", "6", "-o", "none.wasm")
    none = wasmstate("unfold", "model.wasm", *choice)
    assert "no constant is left to be unfolded: choose others" in none.stderr
    again = wasmstate("unfold", "out.wasm")
    assert again.stderr.endswith("fold it first\nWhat helps: wasmstate fold\n")


@pytest.mark.parametrize(
    ("options", "status", "text"),
    [
        (("--names", "n.toml", "--probed"), 2, "choose by --names, by --probed, or by the other"),
        (("--names", "n.toml", "--type", "f64"), 2, "choose by --names, by --probed, or by the"),
        (("--probed", "--join-equal"), 2, "--join-equal is for names that are proposed"),
        (("--names", "n.toml"), 1, "n.toml: cannot be read: "),
        (("--in", "nothing"), 1, "liveness.wasm: the module defines no function 'nothing'"),
    ],
)
def test_what_cannot_be_is_said(
    folder: Path, wasmstate: Wasmstate, options: tuple[str, ...], status: int, text: str
) -> None:
    Path("n.toml").write_text("w = [1,", encoding="utf-8")
    done = wasmstate("unfold", "liveness.wasm", *options)
    assert (done.exit_code, text in done.stderr) == (status, True), done.stderr


def test_a_file_that_is_not_unfolded_does_not_fold(wasmstate: Wasmstate) -> None:
    done = wasmstate("fold", str(FIXTURES / "bandit.wasm"), "-o", "x.wasm")
    assert done.stderr.endswith("the module is not unfolded: it has no constants to fold\n")
