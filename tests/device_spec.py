"""What a driver of the header must do, held against the library.

Each raises AssertionError if it does not.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from c_driver import Driver
from conformance.test_vectors import CASES, case
from device_guests import make_room, poke_all
from hostile.forge import forged
from hostile.seeds import SEEDS
from models import state_of
from state.records import record_bytes
from wasmstate import Module, State, StateError, commit
from wasmstate.state.reading import decode_record
from wasmstate.state.record import Region, RegionKind

PAGE = 1 << 16


def other_contents(state: State, seed: int) -> list[bytes]:
    """Contents of the same regions; a whole memory grows twice, and has zeros in it."""
    dice = np.random.default_rng(seed)
    made = []
    for region, content in zip(state.regions, state.contents(), strict=True):
        if region.kind is RegionKind.WHOLE_MEMORY:
            memory = bytearray(content + bytes(PAGE if seed < 2 else 0))
            memory[seed * 256 : seed * 256 + 700] = dice.bytes(700)
            made.append(bytes(memory))
        else:
            made.append(dice.bytes(len(content)))
    return made


def commits_the_same_bytes(driver: Driver, data: bytes, folder: Path) -> None:
    """Five commits of a driver give the files that five of the library give."""
    ours, theirs = folder / "ours.wasm", folder / "theirs.wasm"
    ours.write_bytes(data)
    theirs.write_bytes(data)
    state = state_of(theirs)
    make_room(driver, state)
    assert driver.do("open", ours) == "generation 0, 0 updates"
    assert driver.do("restore") == "generation 0, 0 updates"
    assert driver.do("changed") == "equal"
    for i in range(5):
        contents = other_contents(state, i)
        state = commit(theirs, state.with_contents(contents, updates=i), check_bounds=False)
        poke_all(driver, state, contents)
        assert driver.do("changed") == "changed"
        assert driver.do("commit", i) == f"generation {i + 1}, {state.update_count} updates"
        assert driver.do("changed") == "equal"
        assert ours.read_bytes() == theirs.read_bytes()
    assert {each.name for each in folder.iterdir()} == {"ours.wasm", "theirs.wasm"}


def refuses_each_flipped_bit(driver: Driver, data: bytes, folder: Path, most: int) -> None:
    """No bit of the record can be flipped; of a long one its first and last bytes are tried."""
    path = folder / "model.wasm"
    path.write_bytes(data)
    (section,) = Module.open(path).custom_sections("wasmstate.state")
    end = section.frame.end
    start = end - len(section.content)
    driver.do("load", path)
    spans = (
        [(start, end)] if end - start <= 2 * most else [(start, start + most), (end - most, end)]
    )
    for first, last in spans:
        assert driver.do("damage", first, last) == f"0 of {8 * (last - first)} accepted"


def forgeries(seed: int, count: int) -> Iterator[bytes]:
    """Records with right checksums, and a field or two that mean something else."""
    dice = random.Random(seed)
    pool = [*SEEDS, record_bytes()]
    for _ in range(count):
        yield forged(dice.choice(pool), dice)


def mutants(seed: int, count: int) -> Iterator[bytes]:
    """Records with a few bytes changed, cut, or joined."""
    dice = random.Random(seed)
    pool = [*SEEDS, record_bytes()]
    for _ in range(count):
        data = bytearray(dice.choice(pool))
        for _ in range(dice.randint(1, 4)):
            data[dice.randrange(len(data))] = dice.choice(
                (0, 1, 127, 128, 255, dice.randrange(256))
            )
        if dice.random() < 0.2:
            data = data[: dice.randrange(len(data))]
        if dice.random() < 0.1:
            data += dice.choice(pool)[: dice.randrange(600)]
        yield bytes(data)


def _is_too_large(region: Region) -> bool:
    """True for a whole memory beyond the limit of the header."""
    return region.kind is RegionKind.WHOLE_MEMORY and region.size >= 1 << 31


def agrees_about(driver: Driver, content: bytes, folder: Path) -> bool:
    """The driver accepts what the library does, the JSON of schemas left out; gives whether."""
    path = folder / "record"
    path.write_bytes(content)
    said = driver.do("record", path)
    record = None
    with suppress(StateError):
        record = decode_record(content)
    if record is None or any(map(_is_too_large, record.regions)):
        assert said.startswith("error ")
        return False
    lineage = record.lineage
    assert said == f"generation {lineage.generation}, {lineage.update_count} updates"
    return True


def survives_power_cuts(driver: Driver, data: bytes, folder: Path, *, step: int = 1) -> None:
    """Cut behind bytes of commits all around the ring: the state from before, or the new one."""
    path = folder / "model.wasm"
    path.write_bytes(data)
    make_room(driver, state_of(path))
    driver.do("load", path)
    driver.do("flash-ring", 2048, 2)
    assert driver.do("flash-open").endswith(": generation 0, 0 updates")
    for i in range(8):
        driver.do("poke", 0, 64, f"{i + 1:02x}")
        said = driver.do("flash-cuts", 1, step)
        assert said.endswith(" cuts, 0 wrong"), said
        assert int(said.split()[0]) > 600 // step
        assert driver.do("flash-open").endswith(f": generation {i + 1}, {i + 1} updates")
        assert driver.do("peek", 0, 64, 1) == f"{i + 1:02x}"
    assert driver.do("flash-use").endswith(" 0 misused")


def tells_worn_flash(driver: Driver, data: bytes, folder: Path) -> None:
    """A sector that does not hold what was written is told, passed over, and the state stays."""
    path = folder / "worn.wasm"
    path.write_bytes(data)
    make_room(driver, state_of(path))
    driver.do("load", path)
    driver.do("flash-ring", 1024, 3)
    driver.do("flash-open")
    driver.do("flash-commit", 1)
    driver.do("flash-wear", 1024 + 1)  # a byte of the magic
    assert driver.do("flash-commit", 1).endswith("the flash does not hold the record")
    assert driver.do("flash-open").endswith(": generation 1, 1 updates")
    assert driver.do("flash-commit", 1).endswith("the flash does not hold the record")
    assert driver.do("flash-commit", 1) == "generation 2, 2 updates"
    driver.do("flash-wear", -1)
    assert driver.do("flash-open").startswith("at 2048, ")


def refuses_a_ring_without_room(driver: Driver, data: bytes, folder: Path) -> None:
    """The state from before is never erased, not even where no other sector is left."""
    path = folder / "narrow.wasm"
    path.write_bytes(data)
    make_room(driver, state_of(path))
    driver.do("load", path)
    driver.do("flash-ring", 512, 3)
    driver.do("flash-open")
    assert driver.do("flash-commit", 1) == "generation 1, 1 updates"
    assert driver.do("flash-commit", 1).endswith("too large")
    assert driver.do("flash-open").endswith("generation 1, 1 updates")


_REFUSED = {"malformed", "corrupt", "state"}


def follows_the_vectors(driver: Driver, folder: Path) -> int:
    """Files of the vectors are read and refused as these say, schemas left out; gives how many."""
    path, seen = folder / "vector.wasm", 0
    for name in CASES:
        steps = case(name)["steps"]
        first = steps[0]["expect"].get("error") if steps[0]["do"] == "open" else None
        if first == "schema":
            continue
        path.write_bytes(base64.b64decode(case(name)["file"]))
        driver.do("load", path)
        for step in steps:
            if step["do"] == "damage":
                for xor in step["xor"]:
                    said = driver.do("damage", step["start"], step["end"], xor)
                    assert said.startswith("0 of "), name
            elif step["do"] == "cut":
                assert driver.do("cut", step["start"], step["end"]).startswith("0 of "), name
        said = driver.do("verify")
        if first in _REFUSED:
            assert said.startswith("error "), name
        elif steps[0]["do"] == "open" and first is None:
            expected = steps[0]["expect"]
            generation, updates = expected["generation"], expected["updates"]
            assert said == f"generation {generation}, {updates} updates", name
        seen += 1
    return seen
