"""``make device``: many mutants, writers that are killed, and bugs that must be seen."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from c_driver import DEVICE, DRIVER, SANITIZERS, WARNINGS, Driver, compile_c
from device_guests import guests
from device_spec import (
    agrees_about,
    commits_the_same_bytes,
    follows_the_vectors,
    forgeries,
    mutants,
    refuses_a_ring_without_room,
    refuses_each_flipped_bit,
    survives_power_cuts,
    tells_worn_flash,
)
from models import state_of, write_counter
from wasmstate import Finding, check, commit

KILLS = 300
GUESTS = guests()


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The driver with sanitizers."""
    return compile_c(DRIVER, tmp_path_factory.mktemp("device") / "driver", *SANITIZERS)


@pytest.mark.parametrize("make", [forgeries, mutants])
def test_ten_thousand_records_are_read_as_the_library_reads_them(
    make: Callable[[int, int], list[bytes]], program: Path, tmp_path: Path
) -> None:
    with Driver(program) as driver:
        for content in make(20_261_127, 10_000):
            agrees_about(driver, content, tmp_path)


@pytest.mark.parametrize(
    ("target", "emulator"),
    [("arm-linux-musleabihf", "qemu-arm"), ("riscv64-linux-musl", "qemu-riscv64")],
)
def test_the_headers_do_the_same_on_another_processor(
    target: str, emulator: str, tmp_path: Path
) -> None:
    if shutil.which(emulator) is None:
        pytest.skip(f"{emulator} is not installed: apt-get install qemu-user")
    program = tmp_path / "driver"
    compiler = [sys.executable, "-m", "ziglang", "cc", "-target", target]
    command = [*compiler, *WARNINGS, "-Os", f"-I{DEVICE}", str(DRIVER), "-o", str(program)]
    subprocess.run(command, check=True)
    folder = tmp_path / "files"
    folder.mkdir()
    _hold(program, folder, emulator)


@pytest.mark.parametrize("name", GUESTS)
def test_each_flipped_bit_of_each_record_is_refused(
    name: str, program: Path, tmp_path: Path
) -> None:
    with Driver(program) as driver:
        refuses_each_flipped_bit(driver, GUESTS[name], tmp_path, most=1 << 20)


def test_a_file_that_python_and_c_commit_in_turn_outlives_killed_writers(tmp_path: Path) -> None:
    """Each round one of the two commits; that in C is killed at a random moment of a commit."""
    program = compile_c(DRIVER, tmp_path / "driver", "-O2")
    path = write_counter(tmp_path / "model.wasm", keep=2)
    dice = random.Random(7)
    total = generation = killed = 0
    for _ in range(KILLS):
        state = commit(path, state_of(path).with_values({"total": total + 1}))
        total, generation = total + 1, state.generation
        with Driver(program) as driver:
            assert driver.do("open", path) == f"generation {generation}, 0 updates"
            driver.do("restore")
            driver.do("poke", 0, 64, (total + 1).to_bytes(8, "little").hex())
            driver.send("commit", 0)
            end = time.perf_counter() + dice.random() ** 2 * 0.03
            while time.perf_counter() < end:
                pass
            acknowledged = driver.kill()
        found = state_of(path)
        wholes = {generation: total, generation + 1: total + 1}
        assert wholes[found.generation] == found["total"]
        assert found.generation == generation + 1 or not acknowledged
        total = int(found["total"])
        killed += not acknowledged
        assert all(_is_leftover(each) for each in check(path))
    commit(path, state_of(path))
    assert not check(path)
    assert {each.name for each in tmp_path.iterdir()} == {"driver", "model.wasm"}
    assert 20 < killed < KILLS - 20, "not killed in the middle: nothing is tested"


def _is_leftover(finding: Finding) -> bool:
    return ".wasmstate-tmp" in str(finding)


PLANTED = {
    "the CRC-32 of a region is not compared": (
        "wasmstate.h",
        "return ws_check(state, out.crc == stored, error);",
        "return ws_check(state, out.crc == stored || error == WASMSTATE_REGION_CRC, error);",
    ),
    "the CRC-32 of the header is not compared": (
        "wasmstate.h",
        "return ws_check(state, out.crc == stored, error);",
        "return ws_check(state, out.crc == stored || error == WASMSTATE_HEADER_CRC, error);",
    ),
    "bytes between regions may be anything": (
        "wasmstate.h",
        "if (!state->error) ws_check_zeros(state, payload + end, payload + place);",
        "",
    ),
    "overlapping regions are read": ("wasmstate.h", "if (in_order) return;", "return;"),
    "a region may end behind the last address": (
        "wasmstate.h",
        "region->address <= 0 - length",
        "true",
    ),
    "the state digest is not compared": (
        "wasmstate.h",
        "!memcmp(digest, state->state_digest, 32), WASMSTATE_STATE_DIGEST",
        "true, WASMSTATE_STATE_DIGEST",
    ),
    "the code is not compared": (
        "wasmstate.h",
        "!memcmp(digest, state->module_digest, 32)",
        "true",
    ),
    "a run may have a block of zeros": (
        "wasmstate.h",
        "ws_skip_zeros(state, bytes, bytes + block) < bytes + block",
        "true",
    ),
    "the base is lost at generation 1": (
        "wasmstate.h",
        "if (state->generation) ws_copy(state, at + 176, 32, out);",
        "if (true) ws_copy(state, at + 176, 32, out);",
    ),
    "a memory that has grown is written in its old size": (
        "wasmstate.h",
        "    region->address = size;\n",
        "    size = region->address;\n",
    ),
    "the history keeps one record too many": (
        "wasmstate_posix.h",
        "ws_kept_start(&records, state->keep - 1)",
        "ws_kept_start(&records, state->keep)",
    ),
    "the history is kept though keep is 0": (
        "wasmstate_posix.h",
        "            if (state->keep) {",
        "            if (true) {",
    ),
    "the sector of the state itself is erased": (
        "wasmstate_flash.h",
        "            && flash->address < flash->next)\n",
        "            && false)\n",
    ),
    "what a cut has left in a sector is written over": (
        "wasmstate_flash.h",
        " && ws_is_blank(state, flash, at, at + length)) return;",
        ") return;",
    ),
    "what was written to flash is not read back": (
        "wasmstate_flash.h",
        "    if (!state->error) ws_read_back(state, flash, &next);\n",
        "    (void)ws_read_back; state->generation++; state->update_count += updates;\n",
    ),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_seen(bug: str, tmp_path: Path) -> None:
    name, before, after = PLANTED[bug]
    for header in DEVICE.glob("*.h"):
        text = header.read_text(encoding="utf-8")
        if header.name == name:
            assert text.count(before) == 1
            text = text.replace(before, after)
        (tmp_path / header.name).write_text(text, encoding="utf-8")
    program = compile_c(DRIVER, tmp_path / "driver", "-Wno-error", header=tmp_path)
    with pytest.raises(AssertionError):
        _hold(program, tmp_path)


def test_without_a_bug_nothing_is_seen(tmp_path: Path) -> None:
    _hold(compile_c(DRIVER, tmp_path / "driver"), tmp_path)


def _hold(program: Path, folder: Path, *emulator: str) -> None:
    """All that the tests of the header hold it against, in short."""
    for i, name in enumerate(("range and global", "keep 0", "keep 3", "whole memory")):
        here = folder / str(i)
        here.mkdir()
        with Driver(program, emulator) as driver:
            commits_the_same_bytes(driver, GUESTS[name], here)
    with Driver(program, emulator) as driver:
        survives_power_cuts(driver, GUESTS["range and global"], folder)
        tells_worn_flash(driver, GUESTS["range and global"], folder)
        refuses_a_ring_without_room(driver, GUESTS["range and global"], folder)
        damaged_code(driver, folder)
        follows_the_vectors(driver, folder)
        for content in forgeries(1, 600):
            agrees_about(driver, content, folder)


def damaged_code(driver: Driver, folder: Path) -> None:
    """A module whose state belongs to other code is refused."""
    path = folder / "other.wasm"
    data = bytearray(GUESTS["range and global"])
    at = data.index(bytes.fromhex("2000 7c".replace(" ", "")))
    data[at + 2] = 0x7D  # i64.add becomes i64.sub
    path.write_bytes(data)
    driver.do("load", path)
    assert driver.do("verify").startswith("error ")
