"""bake and unbake on the command line."""

from __future__ import annotations

from pathlib import Path

from cli_runner import Wasmstate
from stock import Stock
from wasmstate import Module


def test_a_file_is_baked_kept_in_step_and_unbaked(model: Path, wasmstate: Wasmstate) -> None:
    original = model.read_bytes()
    assert wasmstate("run", "bandit.wasm", "update", "2", "1.0").exit_code == 0
    learned = model.read_bytes()
    done = wasmstate("bake", "bandit.wasm")
    assert done.stdout == "bandit.wasm: any runtime starts from generation 1, 66 bytes more\n"
    estimate = Stock(Module.open(model)).call("estimate", 2)
    assert estimate != Stock(Module.from_bytes(original)).call("estimate", 2)

    wasmstate("run", "bandit.wasm", "update", "2", "1.0")
    assert Stock(Module.open(model)).call("estimate", 2) > estimate
    assert wasmstate("unbake", "bandit.wasm", "-o", "plain.wasm").exit_code == 0
    plain = Path("plain.wasm").read_bytes()
    assert len(plain) == len(learned)
    code_end = learned.index(b"\x0ewasmstate.prev") - 6  # an id and a size
    assert plain[:code_end] == learned[:code_end] == original[:code_end]
    assert wasmstate("unbake", "bandit.wasm").exit_code == 0
    assert model.read_bytes() == plain


def test_a_copy_is_baked(model: Path, wasmstate: Wasmstate) -> None:
    original = model.read_bytes()
    done = wasmstate("bake", "bandit.wasm", "-o", "out.wasm")
    assert done.stdout == "out.wasm: any runtime starts from generation 0, 28 bytes more\n"
    assert model.read_bytes() == original
    done = wasmstate("bake", "bandit.wasm", "-o", "out.wasm")
    assert done.exit_code == 1
    assert "there is such a file already" in done.stderr
    assert wasmstate("bake", "bandit.wasm", "-o", "out.wasm", "--force").exit_code == 0


def test_what_cannot_be_is_said(model: Path, wasmstate: Wasmstate) -> None:
    done = wasmstate("unbake", "bandit.wasm")
    assert (done.exit_code, done.stderr) == (1, "Error: bandit.wasm: the module is not baked\n")
    wasmstate("section", "remove", "bandit.wasm", "wasmstate.state")
    done = wasmstate("bake", "bandit.wasm")
    assert done.exit_code == 1
    assert "What helps: wasmstate attach" in done.stderr
