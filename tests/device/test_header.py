"""The headers of device/ against the library, on the same bytes; both follow docs/format.md."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from pathlib import Path

import pytest

from c_driver import DEVICE, Driver, compile_c, needs_compiler
from device_guests import custom, guests, make_room, peek_all, poke_all
from device_spec import (
    agrees_about,
    commits_the_same_bytes,
    follows_the_vectors,
    forgeries,
    mutants,
    other_contents,
    refuses_a_ring_without_room,
    refuses_each_flipped_bit,
    survives_power_cuts,
    tells_worn_flash,
)
from models import FIXTURES, copy_fixture, state_of, write_counter
from wasmstate import Module, check, commit, history
from wasmstate.binary.source import open_source
from wasmstate.storage.displaced import fingerprint
from wasmstate.storage.lock import locked

pytestmark = needs_compiler
GUESTS = guests()


@pytest.mark.parametrize("name", GUESTS)
def test_a_commit_gives_the_bytes_that_the_library_gives(
    name: str, driver: Driver, tmp_path: Path
) -> None:
    commits_the_same_bytes(driver, GUESTS[name], tmp_path)


@pytest.mark.parametrize("name", GUESTS)
def test_a_state_that_the_library_wrote_is_restored(
    name: str, driver: Driver, tmp_path: Path
) -> None:
    path = tmp_path / "model.wasm"
    path.write_bytes(GUESTS[name])
    state = state_of(path)
    state = commit(path, state.with_contents(other_contents(state, 1)), check_bounds=False)
    make_room(driver, state)
    assert driver.do("open", path) == "generation 1, 0 updates"
    assert driver.do("restore") == "generation 1, 0 updates"
    assert peek_all(driver, state) == state.contents()


def test_the_newest_records_are_kept_beside_bytes_that_are_none(
    driver: Driver, tmp_path: Path
) -> None:
    ours, theirs = tmp_path / "ours.wasm", tmp_path / "theirs.wasm"
    write_counter(theirs, keep=4)
    for _ in range(3):
        commit(theirs, state_of(theirs))
    module = Module.open(theirs)
    (prev,) = module.custom_sections("wasmstate.prev")
    size = len(prev.content) // 3
    cut = prev.content[:size] + prev.content[size : size + 300] + prev.content[2 * size :]
    # Two sections of the history, neither right before the state; a record lies in both.
    split = module.without_custom("wasmstate.prev").with_custom(
        "wasmstate.prev", cut[:100], index=3
    )
    data = split.to_bytes() + custom("wasmstate.prev", cut[100:] + bytes(5))
    theirs.write_bytes(data)
    ours.write_bytes(data)
    for i in range(5):
        state = state_of(theirs)
        commit(theirs, state)
        poke_all(driver, state, state.contents())
        driver.do("open", ours)
        assert driver.do("commit", 0) == f"generation {4 + i}, 0 updates"
        assert ours.read_bytes() == theirs.read_bytes()


@pytest.mark.parametrize("name", ["bandit", "range and global", "two memories"])
def test_each_flipped_bit_of_a_record_is_refused(name: str, driver: Driver, tmp_path: Path) -> None:
    refuses_each_flipped_bit(driver, GUESTS[name], tmp_path, most=160)


def test_a_damaged_byte_of_the_code_is_refused(driver: Driver) -> None:
    path = FIXTURES / "welford.wasm"
    driver.do("load", path)
    code = next(each for each in Module.open(path).sections if each.id == 10)
    start, end = code.frame.content_start, code.frame.end
    assert driver.do("damage", start, end, 255) == f"0 of {end - start} accepted"


def test_forged_records_and_mutants_are_read_as_the_library_reads_them(
    driver: Driver, tmp_path: Path
) -> None:
    taken = [agrees_about(driver, content, tmp_path) for content in forgeries(1, 600)]
    assert 60 < sum(taken) < 540, "all alike: nothing is tested"
    for content in mutants(1, 300):
        agrees_about(driver, content, tmp_path)


def test_an_error_has_its_place_and_what_to_do(driver: Driver, tmp_path: Path) -> None:
    path = copy_fixture("welford", tmp_path)
    plain = Module.open(path).without_custom("wasmstate.state").to_bytes()
    path.write_bytes(plain)
    no_state = f" at {len(plain)}: no section wasmstate.state: attach a state"
    assert driver.do("open", path).endswith(no_state)
    path.write_bytes(b"\x7fELF")
    assert driver.do("open", path).endswith(" at 0: no WebAssembly module, or a malformed section")
    assert driver.do("open", tmp_path / "nothing.wasm").endswith(": cannot be read")


def test_a_region_past_the_memory_is_refused_before_the_first_is_copied(
    driver: Driver, tmp_path: Path
) -> None:
    path = tmp_path / "model.wasm"
    path.write_bytes(GUESTS["two memories"])
    for memory in (0, 1):
        driver.do("pages", memory, 1)
    driver.do("open", path)
    driver.do("poke", 0, 7, "010203")
    assert driver.do("restore").endswith("a region ends past the memory, or there is none")
    assert driver.do("peek", 0, 7, 3) == "010203"


def test_a_file_that_somebody_else_committed_is_a_conflict(driver: Driver, tmp_path: Path) -> None:
    path = write_counter(tmp_path / "model.wasm")
    driver.do("open", path)
    commit(path, state_of(path))
    before = path.read_bytes()
    assert driver.do("commit", 1).endswith("somebody else has committed: open again")
    assert path.read_bytes() == before
    assert driver.do("open", path) == "generation 1, 0 updates"
    assert driver.do("commit", 1) == "generation 2, 1 updates"
    assert not check(path)


def test_sections_that_somebody_else_has_changed_are_kept(driver: Driver, tmp_path: Path) -> None:
    path = write_counter(tmp_path / "model.wasm")
    driver.do("open", path)
    other = Module.open(path).with_custom("notes", b"new", index=0)
    path.write_bytes(other.to_bytes())
    assert driver.do("commit", 1) == "generation 1, 1 updates"
    (notes,) = Module.open(path).custom_sections("notes")
    assert notes.content == b"new"


def test_the_library_finds_the_history_of_a_device(driver: Driver, tmp_path: Path) -> None:
    path = write_counter(tmp_path / "model.wasm", keep=3)
    driver.do("open", path)
    for i in range(4):
        driver.do("poke", 0, 64, f"{i + 1:02x}")
        driver.do("commit", 1)
    assert [each.generation for each in history(path)] == [1, 2, 3, 4]
    assert state_of(path)["total"] == 4
    assert state_of(path).update_count == 4


def test_a_writer_waits_for_the_lock_of_the_library(driver: Driver, tmp_path: Path) -> None:
    path = write_counter(tmp_path / "model.wasm")
    driver.do("open", path)
    with locked(path):
        driver.send("commit", 1)
        assert not driver.has_answer(0.1)
    assert driver.answer() == "generation 1, 1 updates"


def test_links_and_files_of_two_names_are_not_replaced(driver: Driver, tmp_path: Path) -> None:
    path = write_counter(tmp_path / "model.wasm")
    (tmp_path / "link.wasm").symlink_to(path)
    assert driver.do("open", tmp_path / "link.wasm").endswith("cannot be read")
    driver.do("open", path)
    os.link(path, tmp_path / "other.wasm")
    assert "not committed: a link, two names" in driver.do("commit", 1)
    assert state_of(path).generation == 0


def test_the_mode_is_kept_and_what_a_dead_writer_left_is_removed(
    driver: Driver, tmp_path: Path
) -> None:
    path = write_counter(tmp_path / "model.wasm")
    path.chmod(0o640)
    left = tmp_path / ".model.wasm.0000000000000000.wasmstate-tmp"
    left.write_bytes(b"half a module")
    (finding,) = check(path)
    assert left.name in str(finding)
    driver.do("open", path)
    driver.do("commit", 0)
    assert path.stat().st_mode & 0o777 == 0o640
    assert not check(path)
    left.write_bytes(b"half a module")
    commit(path, state_of(path))
    assert not left.exists()


def test_leftovers_that_may_be_of_somebody_else_stay(driver: Driver, tmp_path: Path) -> None:
    path = write_counter(tmp_path / "model.wasm")
    mine, other = fingerprint(open_source(path)), "0123456789abcdef"
    left = b"what a dead writer left"
    (tmp_path / "left").write_bytes(left)
    its = fingerprint(open_source(tmp_path / "left"))
    removed = ["", f"-{mine}", f"-{its}"]
    for number, ending in enumerate([*removed, f"-{other}", "-living", ".other"]):
        (tmp_path / f".model.wasm.{number:016x}{ending}.wasmstate-tmp").write_bytes(left)
    living = tmp_path / ".model.wasm.00000000000000ff.wasmstate-tmp"
    living.write_bytes(left)
    driver.do("open", path)
    with open(living, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert driver.do("commit", 1) == "generation 1, 1 updates"
    assert {each.name for each in tmp_path.iterdir()} == {
        "model.wasm",
        "left",
        f".model.wasm.{3:016x}-{other}.wasmstate-tmp",
        f".model.wasm.{4:016x}-living.wasmstate-tmp",
        f".model.wasm.{5:016x}.other.wasmstate-tmp",
        living.name,
    }


def test_a_baked_module_is_refused(driver: Driver, tmp_path: Path) -> None:
    path = write_counter(tmp_path / "model.wasm")
    state = state_of(path)
    commit(path, state, baked=True)
    assert driver.do("open", path).endswith("the module is baked: unbake it first")


def test_records_are_appended_to_a_ring_of_sectors(driver: Driver, tmp_path: Path) -> None:
    path = write_counter(tmp_path / "model.wasm")
    twin = shutil.copy(path, tmp_path / "twin.wasm")
    driver.do("load", path)
    driver.do("flash-ring", 4096, 2)
    assert driver.do("flash-open") == "at -1, left out 0 (0): generation 0, 0 updates"
    for i in range(3):
        driver.do("poke", 0, 64, f"{i + 1:02x}")
        assert driver.do("flash-commit", 1) == f"generation {i + 1}, {i + 1} updates"
        state = state_of(twin)
        contents = [bytes([i + 1]) + bytes(7), *state.contents()[1:]]
        commit(twin, state.with_contents(contents, updates=1))
    driver.do("poke", 0, 64, "ff")
    (section,) = Module.open(twin).custom_sections("wasmstate.state")
    size = -(-len(section.content) // 16) * 16
    told = driver.do("flash-open")
    assert told == f"at {2 * size}, left out 0 (0): generation 3, 3 updates"
    assert driver.do("peek", 0, 64, 1) == "03"
    driver.do("flash-record", tmp_path / "record")
    assert (tmp_path / "record").read_bytes() == section.content
    driver.do("flash-flip", 2 * size + 300)
    assert driver.do("flash-open").endswith(": generation 2, 2 updates")


@pytest.mark.parametrize(("sector", "sectors"), [(4096, 2), (4096, 16), (512, 8), (1 << 16, 4)])
def test_a_commit_costs_the_bytes_of_its_record_and_few_erases(
    sector: int, sectors: int, driver: Driver, tmp_path: Path
) -> None:
    path = write_counter(tmp_path / "model.wasm")
    driver.do("load", path)
    driver.do("flash-ring", sector, sectors)
    driver.do("flash-open")
    commits = 200
    for i in range(commits):
        assert driver.do("flash-commit", 1) == f"generation {i + 1}, {i + 1} updates"
    driver.do("flash-record", tmp_path / "record")
    record = (tmp_path / "record").stat().st_size
    written, _, erases, _, misused, _ = driver.do("flash-use").split()
    assert abs(int(written) / (commits * record) - 1) < 0.05
    fit = sector // (-(-record // 16) * 16)
    assert int(erases) == -(-commits // fit) if fit else commits * -(-record // sector)
    assert misused == "0"


def test_power_may_be_cut_behind_any_byte_of_flash(driver: Driver, tmp_path: Path) -> None:
    survives_power_cuts(driver, GUESTS["range and global"], tmp_path, step=41)


def test_a_sector_that_is_worn_out_is_told_and_passed_over(driver: Driver, tmp_path: Path) -> None:
    tells_worn_flash(driver, GUESTS["range and global"], tmp_path)


def test_files_of_the_vectors_are_read_and_refused(driver: Driver, tmp_path: Path) -> None:
    assert follows_the_vectors(driver, tmp_path) > 100


def test_records_of_another_module_or_history_are_left_out(driver: Driver, tmp_path: Path) -> None:
    driver.do("load", write_counter(tmp_path / "model.wasm"))
    driver.do("flash-ring", 4096, 2)
    driver.do("flash-open")
    driver.do("flash-commit", 1)
    driver.do("load", write_counter(tmp_path / "again.wasm", values={"total": 7}))
    assert driver.do("flash-open") == "at -1, left out 1 (23): generation 0, 0 updates"
    driver.do("pages", 0, 2)
    driver.do("load", FIXTURES / "welford.wasm")
    assert driver.do("flash-open") == "at -1, left out 1 (23): generation 0, 0 updates"


def test_a_ring_without_room_for_two_records_is_refused(driver: Driver, tmp_path: Path) -> None:
    refuses_a_ring_without_room(driver, GUESTS["range and global"], tmp_path)


@pytest.mark.parametrize("leaves_out", ["NO_WORDS", "NO_WHOLE_MEMORY"])
def test_each_header_compiles_with_parts_left_out(leaves_out: str, tmp_path: Path) -> None:
    for header in sorted(DEVICE.glob("*.h")):
        source = tmp_path / f"{header.stem}.c"
        source.write_text(f'#define WASMSTATE_IMPLEMENTATION\n#include "{header.name}"\n')
        compile_c(source, tmp_path / "compiled.o", "-fsyntax-only", f"-DWASMSTATE_{leaves_out}")


_PARTS = """
uint8_t *memory_of(void *, uint32_t, uint64_t *);
int read_flash(void *, uint32_t, void *, uint32_t);
int write_flash(void *, uint32_t, const void *, uint32_t);
int erase_sector(void *, uint32_t);
"""


@pytest.mark.parametrize("index", [0, 1])
def test_the_examples_of_the_page_compile(index: int, tmp_path: Path) -> None:
    page = (DEVICE.parent / "docs/device.md").read_text(encoding="utf-8")
    example = re.findall(r"^```c\n(.*?)^```", page, re.M | re.S)[index]
    head, _, body = example.partition("\n\n")
    if index == 0:
        text = f"{head}\n{_PARTS}\n{body}"
    else:
        text = (
            f"{head}\n#include <stdio.h>\nvoid run(wasmstate_instance instance, uint64_t updates)"
            f"\n{{\n{body}}}\n"
        )
    source = tmp_path / "example.c"
    source.write_text(text)
    compile_c(source, tmp_path / "example.o", "-fsyntax-only")
