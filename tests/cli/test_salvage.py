"""``wasmstate salvage``: what is saved, what proves it, and what is refused."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from cli_runner import Wasmstate


@pytest.fixture
def damaged(model: Path) -> Path:
    """A copy of the bandit with one bit of its values flipped, in the current folder."""
    data = bytearray(model.read_bytes())
    data[-100] ^= 1
    Path("damaged.wasm").write_bytes(data)
    return Path("damaged.wasm")


def test_what_is_saved_is_shown_with_its_proof(
    model: Path, damaged: Path, wasmstate: Wasmstate
) -> None:
    result = wasmstate("salvage", str(damaged), "-o", "saved.wasm")
    assert result.exit_code == 0
    assert "4 of 4 tensors proven" in result.stdout
    assert "mended  the state digest, bit 0 of byte 0xed9 flipped back" in result.stdout
    assert result.stdout.endswith("saved.wasm: 3,901 bytes\n")
    assert Path("saved.wasm").read_bytes() == model.read_bytes()


def test_json_says_the_same(damaged: Path, wasmstate: Wasmstate) -> None:
    found = json.loads(wasmstate("salvage", str(damaged), "--json").stdout)
    assert (found["proven"], found["code"], found["size"]) == (4, "the module digest", 3901)
    assert [each["status"] for each in found["tensors"]] == ["mended"] * 4


def test_what_is_lost_is_named_and_nothing_is_written(model: Path, wasmstate: Wasmstate) -> None:
    Path("cut.wasm").write_bytes(model.read_bytes()[:-100])
    result = wasmstate("salvage", "cut.wasm", "-o", "saved.wasm")
    assert result.exit_code == 1
    assert "0 of 4 tensors proven" in result.stdout
    assert "not written: successes, failures, rng, count: lost" in result.stderr
    assert result.stderr.endswith("What helps: --fill, --accept\n")
    assert not Path("saved.wasm").exists()
    found = json.loads(wasmstate("salvage", "cut.wasm", "--json").stdout)
    assert found["size"] is None
    filled = wasmstate("salvage", "cut.wasm", "--fill", "zeros", "-o", "saved.wasm")
    assert filled.exit_code == 1
    assert Path("saved.wasm").exists()


def test_records_that_are_not_whole_and_steps_are_shown(model: Path, wasmstate: Wasmstate) -> None:
    data = bytearray(model.read_bytes())
    data[0:4] = b"MZ\0\0"
    Path("damaged.wasm").write_bytes(data[:-100])
    shutil.copy(model, "donor.wasm")
    arguments = ("salvage", "damaged.wasm", "--donor", "donor.wasm", "-o", "saved.wasm")
    result = wasmstate(*arguments)
    assert result.exit_code == 0
    assert "record at 0xa7d: generation 0, state abc615ce46b6" in result.stdout
    assert "mended: the code was taken from the donor" in result.stdout
    Path("zeros.wasm").write_bytes(bytes(2600) + data[2700:-100])
    result = wasmstate("salvage", "zeros.wasm")
    assert result.exit_code == 1
    assert "code: not proven" in result.stdout


def test_the_damaged_file_is_never_the_output(damaged: Path, wasmstate: Wasmstate) -> None:
    before = damaged.read_bytes()
    result = wasmstate("salvage", str(damaged), "-o", str(damaged), "--force")
    assert result.exit_code == 1
    assert "that is never written over" in result.stderr
    assert damaged.read_bytes() == before


def test_a_record_is_taken_by_its_offset(model: Path, wasmstate: Wasmstate) -> None:
    assert wasmstate("salvage", str(model), "--record", "0xa7d").exit_code == 0
    assert "there is no record at 0x1" in wasmstate("salvage", str(model), "--record", "1").stderr
    assert wasmstate("salvage", str(model), "--record", "first").exit_code == 2


def test_one_repair_shows_every_byte_and_cell(
    model: Path, damaged: Path, wasmstate: Wasmstate
) -> None:
    result = wasmstate("salvage", str(damaged), "--repair", "mend-record", "-o", "saved.wasm")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[:3] == [
        "mend-record: Put the record back to what its digest says it was",
        "proven by the state digest and the module digest",
        "  0xed9: 01 -> 00",
    ]
    assert result.stdout.splitlines()[3].startswith("  successes[3]: ")
    assert result.stdout.splitlines()[3].endswith(" -> 1.0")
    assert Path("saved.wasm").read_bytes() == model.read_bytes()
    shown = json.loads(
        wasmstate("salvage", str(damaged), "--repair", "mend-record", "--json").stdout
    )
    assert shown["changes"] == [{"offset": 0xED9, "before": "01", "after": "00"}]
    shown = wasmstate("salvage", str(damaged), "--repair", "mend-record")
    assert shown.stderr == "nothing was written: give -o OUT to write it\n"
    guessed = wasmstate("salvage", str(damaged), "--repair", "recompute-checksums")
    assert "NOT proven by anything" in guessed.stdout
    assert "... (" in guessed.stdout


def test_a_repair_that_does_not_fit_is_refused(model: Path, wasmstate: Wasmstate) -> None:
    result = wasmstate("salvage", str(model), "--repair", "wish")
    assert result.exit_code == 1
    assert "no repair is named 'wish'; there are mend-record, " in result.stderr
    Path("long.wasm").write_bytes(model.read_bytes() + b"x")
    scalar = wasmstate("salvage", "long.wasm", "--repair", "drop-tail")
    assert "  0xf3d: 78 -> nothing" in scalar.stdout


def test_a_donor_that_is_damaged_is_blamed_itself(model: Path, wasmstate: Wasmstate) -> None:
    Path("donor.wasm").write_bytes(model.read_bytes()[:9])
    result = wasmstate("salvage", str(model), "--donor", "donor.wasm")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: donor.wasm: sections[0].size at 0x9: unexpected end")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("more", [[], ["--repair", "mend-record"]])
def test_a_pipe_is_not_waited_for(model: Path, more: list[str], wasmstate: Wasmstate) -> None:
    os.mkfifo("pipe.wasm")
    result = wasmstate("salvage", "pipe.wasm", *more)
    assert result.exit_code == 2
    assert (
        "pipe.wasm: it is read here and there, a pipe will not do: save it first" in result.stderr
    )
