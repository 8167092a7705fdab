"""``make fuzz``: damaged modules raise nothing but MalformedError, soon, and in little memory.

    python tests/slow/fuzz.py [MUTANTS] [SEED]

Seeds are the fixtures, and the official test suite where ``../shared/spec`` is present. What is
found is kept in ``build/fuzz``.
"""

from __future__ import annotations

import multiprocessing
import random
import sys
import tarfile
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from wasmstate import MalformedError, Module, WasmstateError
from wasmstate.binary.names import read_names
from wasmstate.binary.spaces import Spaces
from wasmstate.state.damage.check import check_module

ROOT = Path(__file__).resolve().parents[2]
SUITE = ROOT.parent / "shared" / "spec" / "spec-open.tar.gz"
FOUND = ROOT / "build" / "fuzz"
SECONDS = 1.0
TIMES_THE_INPUT = 50
SPARE = 256 << 10  # bytes that do not count: what Python takes for the smallest module


def seeds() -> list[bytes]:
    """Modules to begin with."""
    found = [path.read_bytes() for path in sorted((ROOT / "fixtures").glob("*.wasm"))]
    if SUITE.exists():
        with tarfile.open(SUITE) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.name.endswith(".wasm") else None
                if file is not None:
                    found.append(file.read())
    return found


def mutated(data: bytes, dice: random.Random) -> bytes:
    """The data with some bytes flipped, set, inserted, removed, repeated, or cut off."""
    mutant = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 4, 8))):
        at = dice.randrange(len(mutant) + 1)
        match dice.randrange(7):
            case 0 if at < len(mutant):
                mutant[at] ^= 1 << dice.randrange(8)
            case 1 if at < len(mutant):
                mutant[at] = dice.choice((0x00, 0x7F, 0x80, 0xFF, dice.randrange(256)))
            case 2:
                mutant[at:at] = dice.randbytes(dice.choice((1, 2, 5)))
            case 3:
                del mutant[at : at + dice.choice((1, 2, 16))]
            case 4:
                mutant[at:at] = mutant[at : at + dice.randrange(64)]
            case 5:
                mutant[at:at] = b"\xff\xff\xff\xff\x0f"  # the largest u32
            case 6 if dice.random() < 0.2:
                del mutant[at:]
    return bytes(mutant)


def use(data: bytes) -> None:
    """Ask all that can be asked; anything but an error of the library goes on to the caller."""
    module = Module.from_bytes(data, strict=False)
    assert module.to_bytes() == data
    check_module(module)
    for section in module.sections:
        try:
            section.fields()
        except MalformedError as error:
            assert 0 <= error.offset <= len(data)  # noqa: PT017 (most raise nothing)
    with suppress(WasmstateError):
        Spaces(module).exported_functions()
    _ = read_names(module).functions


def run(seed: int, count: int) -> Iterator[str]:
    """Try mutants; gives what was wrong with each that was not handled as it should."""
    dice = random.Random(seed)
    found = seeds()
    use(found[0])  # what is made once, such as patterns, is made before anything is measured
    tracemalloc.start()
    for i in range(count):
        data = mutated(dice.choice(found), dice)
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        started = time.perf_counter()
        problem = ""
        try:
            use(data)
        except Exception as error:  # noqa: BLE001 (any exception at all is what is looked for)
            problem = f"{type(error).__name__}: {error}"
        if time.perf_counter() - started > SECONDS:
            problem = f"took {time.perf_counter() - started:.1f} s"
        more = tracemalloc.get_traced_memory()[1] - before
        if more > TIMES_THE_INPUT * len(data) + SPARE:
            problem = f"took {more:,} bytes for {len(data):,}"
        if problem:
            FOUND.mkdir(parents=True, exist_ok=True)
            path = FOUND / f"{seed}-{i}.wasm"
            path.write_bytes(data)
            yield f"{path}: {problem}"


def run_all(seed: int, count: int) -> list[str]:
    """As :func:`run`, for a process of its own."""
    return list(run(seed, count))


def main() -> None:
    """Fuzz on every core."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    rounds = max(1, count // 2_000)
    started = time.perf_counter()
    problems: list[str] = []
    with multiprocessing.get_context("spawn").Pool() as pool:
        jobs = [(first + i, count // rounds) for i in range(rounds)]
        for found in pool.starmap(run_all, jobs, chunksize=1):
            problems += found
    print("\n".join(problems))
    print(
        f"{rounds * (count // rounds):,} mutants of {len(seeds()):,} modules in "
        f"{time.perf_counter() - started:.0f} s: {len(problems)} problems"
    )
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
