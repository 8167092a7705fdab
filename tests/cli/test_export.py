"""``wasmstate export``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cli_runner import Wasmstate
from models import model, state_of

WAT = '(module (memory (export "memory") 1 1))'


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model(WAT, "n:i64@64", "w:f32[2,3]@72", "b:u8@96", "h:f16[2]@98").save("a.wasm")


@pytest.mark.parametrize("name", ["s.npz", "s.safetensors"])
def test_what_is_written_is_read_back_bit_for_bit(wasmstate: Wasmstate, name: str) -> None:
    assert wasmstate("set", "a.wasm", "n=-7", "w=1,2,3,4,5,-0.1", "b=200").exit_code == 0
    done = wasmstate("export", "a.wasm", "-o", name)
    assert done.stdout == f"{name}: 4 tensors, {Path(name).stat().st_size} bytes\n"
    before = state_of("a.wasm")
    assert wasmstate("set", "a.wasm", "n=0", "w=0,0,0,0,0,0", "b=0").exit_code == 0
    assert wasmstate("set", "a.wasm", "--from", name).exit_code == 0
    assert state_of("a.wasm").contents() == before.contents()


def test_numpy_reads_an_npz(wasmstate: Wasmstate) -> None:
    assert wasmstate("export", "a.wasm", "-o", "s.zip", "--format", "npz").exit_code == 0
    with np.load("s.zip") as arrays:
        assert {name: (each.dtype.str, each.shape) for name, each in arrays.items()} == {
            "n": ("<i8", ()),
            "w": ("<f4", (2, 3)),
            "b": ("|u1", ()),
            "h": ("<f2", (2,)),
        }


def test_a_file_that_is_there_and_a_format_that_is_not_are_refused(wasmstate: Wasmstate) -> None:
    Path("s.npz").write_bytes(b"mine")
    assert wasmstate("export", "a.wasm", "-o", "s.npz").exit_code == 2
    assert Path("s.npz").read_bytes() == b"mine"
    done = wasmstate("export", "a.wasm", "-o", "s.bin")
    assert (done.exit_code, "s.bin: end its name with .npz or .safetensors" in done.stderr) == (
        2,
        True,
    )
