"""graft on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_runner import Wasmstate
from models import from_wat
from wasmstate import Module
from wasmstate.binary.spaces import Spaces

HOST = """
(module
  (memory (export "memory") 1)
  (global (export "average") i32 (i32.const 64))
  (global (export "count") i32 (i32.const 72))
  (func (export "predict") (result f64) (f64.load (i32.const 64))))
"""


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("host.wasm")
    path.write_bytes(from_wat(HOST).to_bytes())
    return path


def test_a_model_that_predicts_learns(host: Path, wasmstate: Wasmstate) -> None:
    arguments = ("--map", "mean=average", "-o", "out.wasm")
    done = wasmstate("graft", "host.wasm", "running-mean", *arguments)
    assert done.stdout.startswith("out.wasm: ")
    assert done.stdout.endswith("bytes more than host.wasm\n")
    wasmstate("attach", "out.wasm", "--tensor", "m:f64@sym:average", "--tensor", "n:i64@sym:count")
    assert wasmstate("run", "out.wasm", "update", "5").exit_code == 0
    assert wasmstate("run", "out.wasm", "predict").stdout.strip() == "5.0"
    again = wasmstate("graft", "host.wasm", "running-mean", *arguments)
    assert (again.exit_code, "there is such a file already" in again.stderr) == (1, True)


def test_a_donor_in_a_file(host: Path, wasmstate: Wasmstate) -> None:
    Path("mine.wasm").write_bytes(from_wat('(module (func (export "update")))').to_bytes())
    assert wasmstate("graft", "host.wasm", "mine.wasm", "-o", "out.wasm").exit_code == 0
    assert "update" in Spaces(Module.open("out.wasm")).exports


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (("running-mean",), 1, "host.mean (global): not exported; exported are average, count"),
        (("nothing.wasm",), 1, "nothing.wasm: there is no such file, and no donor of that name"),
        (("running-mean", "--map", "mean"), 2, "--map mean: write NAME=NAME, each once"),
        (("running-mean", "--map", "a=b", "--map", "a=c"), 2, "--map a=c: write NAME=NAME"),
    ],
)
def test_what_cannot_be_is_said(
    host: Path, wasmstate: Wasmstate, arguments: tuple[str, ...], status: int, text: str
) -> None:
    done = wasmstate("graft", "host.wasm", *arguments, "-o", "out.wasm")
    assert done.exit_code == status
    assert text in done.stderr
    assert not Path("out.wasm").exists()
