"""wasmstate example: the files of the documentation, for people who have installed a wheel."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import wasmtime

from cli_runner import run_command
from support import FIXTURES
from wasmstate import Module
from wasmstate.samples import SAMPLES


def test_without_a_name_the_examples_are_listed() -> None:
    lines = run_command("example").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(SAMPLES)
    assert [each["name"] for each in json.loads(run_command("example", "--json").stdout)] == [
        *SAMPLES
    ]


def test_the_files_are_written_into_the_folder(tmp_path: Path) -> None:
    done = run_command("example", "bandit", "scailable", "--into", str(tmp_path))
    assert done.exit_code == 0, done.stderr
    written = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert written == [
        "bandit.wasm",
        "clicks.csv",
        "scailable/churn.wasm",
        "scailable/houses.wasm",
        "scailable/intsum.wasm",
        "scailable/logistic.wasm",
        "scailable/rent.wasm",
    ]
    assert done.stdout.split() == [
        str(tmp_path / name) for name in (written[0], written[1], *written[2:])
    ]
    assert (tmp_path / "bandit.wasm").read_bytes() == (FIXTURES / "bandit.wasm").read_bytes()


def test_no_file_is_replaced_unless_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "clicks.csv").write_text("mine")
    done = run_command("example", "bandit", "--into", str(tmp_path))
    assert done.exit_code == 2
    text = f"{tmp_path / 'clicks.csv'}: there already, --force replaces; nothing was written"
    assert text in done.stderr
    assert not (tmp_path / "bandit.wasm").exists()
    assert run_command("example", "bandit", "--into", str(tmp_path), "--force").exit_code == 0
    assert (tmp_path / "clicks.csv").read_text().startswith("arm,reward\n")


def test_an_example_that_there_is_not_is_refused_with_those_there_are() -> None:
    done = run_command("example", "no-such")
    assert done.exit_code == 2
    assert "'bandit', 'rain', 'counts', 'scailable'" in done.stderr


@pytest.mark.parametrize("name", SAMPLES)
def test_each_module_is_well_formed_and_there_in_a_wheel(name: str) -> None:
    project = (Path(__file__).resolve().parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    for path, content in SAMPLES[name].files().items():
        if path.endswith(".wasm"):
            Module.from_bytes(content).verify()
    for path in SAMPLES[name].binaries:
        assert f'"fixtures/{path}" = "wasmstate/samples/{path}"' in project


def test_the_module_to_graft_is_that_of_its_text() -> None:
    text = """(module (import "host" "successes" (global $at i32))
        (func (export "where") (result i32) (global.get $at)))"""
    assert SAMPLES["counts"].files()["counts.wasm"] == bytes(wasmtime.wat2wasm(text))
