"""``make bench-damage``: how much damage formats for tensors notice, and how much can be saved.

Six tensors, 64,808 bytes, in each format; 820 damages of each file: 400 single bits flipped
anywhere, 200 in bytes that are no values, 100 truncations, 100 blocks of 4 KiB zeroed, 20 times
bytes appended. A damage is noticed if reading raises, harmless if what is read is equal, and else
silent. Nothing here passes or fails: the figures are for docs/benchmarks.md, section "Damage".

The peers are installed in an environment of their own in build/peers.
"""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
import tempfile
import venv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "build" / "peers" / "damage"
REQUIREMENTS = ("safetensors==0.8.0", "h5py==3.16.0", "gguf==0.19.0", "numpy==2.4.6")
SHAPES = {
    "w1": ("<f4", (64, 128)),
    "w2": ("<f4", (64, 64)),
    "mean": ("<f4", (106,)),
    "acc": ("<f8", (1500,)),
    "counts": ("<i8", (400,)),
    "rng": ("<i8", (4,)),
}
BLOCK = 4096

Arrays = dict[str, Any]


def tensors() -> Arrays:
    """The six tensors, of values as a model has them."""
    dice = np.random.default_rng(7)
    return {
        name: dice.standard_normal(shape).astype(dtype)
        if dtype[1] == "f"
        else dice.integers(0, 1 << 40, shape).astype(dtype)
        for name, (dtype, shape) in SHAPES.items()
    }


def damages(data: bytes, values: list[bytes]) -> list[tuple[str, bytes]]:
    """820 damaged copies, by kind; the same ones in each run."""
    dice = random.Random(820)
    is_value = np.zeros(len(data), bool)
    for raw in values:
        at = data.find(raw)
        if at >= 0:
            is_value[at : at + len(raw)] = True
    header = [int(at) for at in np.flatnonzero(~is_value)]

    def flipped(at: int) -> bytes:
        return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]

    found = [("bit flips", flipped(dice.randrange(len(data)))) for _ in range(400)]
    found += [("in the header", flipped(dice.choice(header))) for _ in range(200)]
    found += [("truncations", data[: dice.randrange(len(data))]) for _ in range(100)]
    for _ in range(100):
        at = dice.randrange(len(data) - BLOCK)
        found.append(("zeroed blocks", data[:at] + bytes(BLOCK) + data[at + BLOCK :]))
    found += [("appended", data + dice.randbytes(dice.randrange(1, 64))) for _ in range(20)]
    return found


def outcomes(
    data: bytes, values: list[bytes], read: Callable[[bytes], Arrays], right: Arrays
) -> dict[str, Any]:
    """What reading says of each damage."""
    counts: dict[str, Counter[str]] = {}
    raised: Counter[str] = Counter()
    for kind, damaged in damages(data, values):
        try:
            found = read(damaged)
            same = set(found) == set(right) and all(
                found[name].dtype == right[name].dtype
                and found[name].shape == right[name].shape
                and found[name].tobytes() == right[name].tobytes()
                for name in right
            )
            outcome = "harmless" if same else "silent"
        except Exception as error:  # noqa: BLE001 (which ones come is a figure)
            outcome = "noticed"
            raised[type(error).__name__] += 1
        counts.setdefault(kind, Counter())[outcome] += 1
    return {"size": len(data), "counts": counts, "raised": sorted(raised)}


def peer(name: str) -> dict[str, Any]:
    """The outcomes of one peer; runs in its environment."""
    arrays = tensors()
    raw = [array.tobytes() for array in arrays.values()]
    write, read = PEER_FORMATS[name]()
    data = write(arrays)
    assert all(np.array_equal(read(data)[key], arrays[key]) for key in arrays)
    return outcomes(data, raw, read, arrays)


def safetensors() -> Any:
    """Its Rust library."""
    from safetensors.numpy import load, save  # type: ignore[import-not-found,unused-ignore]

    return save, load


def npz() -> Any:
    """NumPy's own, a zip."""

    def write(arrays: Arrays) -> bytes:
        file = io.BytesIO()
        np.savez(file, **arrays)
        return file.getvalue()

    def read(data: bytes) -> Arrays:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}

    return write, read


def hdf5(**options: Any) -> Any:
    """In memory."""
    import h5py  # type: ignore[import-not-found,import-untyped,unused-ignore]

    def write(arrays: Arrays) -> bytes:
        file = io.BytesIO()
        with h5py.File(file, "w") as target:
            for name, array in arrays.items():
                target.create_dataset(name, data=array, **options)
        return file.getvalue()

    def read(data: bytes) -> Arrays:
        with h5py.File(io.BytesIO(data), "r") as source:
            return {name: source[name][()] for name in source}

    return write, read


def gguf() -> Any:
    """As a file: its reader maps it."""
    import gguf as library  # type: ignore[import-not-found,import-untyped,unused-ignore]

    folder = Path(tempfile.mkdtemp())

    def write(arrays: Arrays) -> bytes:
        path = folder / "written.gguf"
        writer = library.GGUFWriter(str(path), "model")
        for name, array in arrays.items():
            writer.add_tensor(name, array)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path.read_bytes()

    def read(data: bytes) -> Arrays:
        path = folder / "read.gguf"
        path.write_bytes(data)
        return {
            tensor.name: np.array(tensor.data).reshape(tuple(reversed(tensor.shape.tolist())))
            for tensor in library.GGUFReader(str(path)).tensors
        }

    return write, read


PEER_FORMATS: dict[str, Callable[[], Any]] = {
    "safetensors": safetensors,
    "npz": npz,
    "HDF5": hdf5,
    "HDF5, fletcher32": lambda: hdf5(fletcher32=True),
    "GGUF": gguf,
}


def record(apart: bool, arrays: Arrays, generation: int, parent: Any = None) -> Any:
    """A state record of the tensors: each with a region of its own, or all in one."""
    from wasmstate.state.record import (
        Lineage,
        Record,
        RegionKind,
        fill,
        place_regions,
        successor,
    )
    from wasmstate.state.schema import Schema
    from wasmstate.state.tensor import Tensor

    names = {"<f4": "f32", "<f8": "f64", "<i8": "i64"}
    found: list[Tensor] = []
    places: list[tuple[RegionKind, int, int, int]] = []
    contents: list[bytes] = []
    address = 1024
    for name, array in arrays.items():
        at = 0 if apart else sum(len(each) for each in contents)
        dtype = names[SHAPES[name][0]]
        found.append(Tensor(name, dtype, array.shape, len(places) if apart else 0, at))
        contents.append(array.tobytes())
        places.append((RegionKind.MEMORY, 0, address, array.nbytes))
        address += array.nbytes + 64
    if not apart:
        contents = [b"".join(contents)]
        places = [(RegionKind.MEMORY, 0, 1024, len(contents[0]))]
    regions, payload = fill(place_regions(places), contents)
    lineage = Lineage(generation, generation, b"m" * 32)
    made = Record(lineage, regions, Schema(tuple(found)).encode(), payload)
    return made if parent is None else successor(made, parent)


def wasmstate() -> dict[str, Any]:
    """The outcomes of a state record, read by the library."""
    from wasmstate import State

    arrays = tensors()

    def read(content: bytes) -> Arrays:
        state = State.from_content(content)
        return {name: state[name] for name in state}

    raw = [array.tobytes() for array in arrays.values()]
    return outcomes(record(True, arrays, 5).encode(), raw, read, arrays)


def saved(apart: bool, history: bool) -> dict[str, float]:
    """How many of the six tensors are proven after a damage, on average, by kind of damage."""
    from wasmstate.state.damage.survey import survey
    from wasmstate.state.damage.survey_parts import Source, tensors_of

    arrays = tensors()
    before = {name: array.copy() for name, array in arrays.items()}
    for array in before.values():  # an update changes one cell of a hundred of each
        array.reshape(-1)[::100] += 1
    parent = record(apart, before, 4)
    content = record(apart, arrays, 5, parent).encode()
    sources = [Source("prev", "wasmstate.prev", parent)] if history else []
    counts: dict[str, list[int]] = {}
    for kind, damaged in damages(content, [array.tobytes() for array in arrays.values()]):
        found = survey(damaged, sources=sources)
        proven = [tensor for tensor in tensors_of(found) if found.regions[tensor.region].proof]
        counts.setdefault(kind, []).append(len(proven))
    return {kind: sum(each) / len(each) for kind, each in counts.items()}


def install() -> Path:
    """The Python of the peers' environment."""
    python = PEERS / "bin" / "python"
    wanted = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet", *REQUIREMENTS]
    if not python.exists():
        venv.create(PEERS, clear=True, with_pip=True)
    subprocess.run([str(python), *wanted], check=True)
    return python


def row(name: str, found: dict[str, Any]) -> list[str]:
    """A line of the table: noticed, and harmless in brackets."""
    cells = []
    for kind, counts in found["counts"].items():
        total = sum(counts.values())
        cell = f"{100 * counts.get('noticed', 0) / total:.0f} %"
        if counts.get("harmless"):
            cell += f" ({100 * counts['harmless'] / total:.0f} % harmless)"
        if kind == "appended":
            cell = "refused" if counts.get("noticed") == total else "accepted"
        cells.append(cell)
    total = sum(sum(counts.values()) for counts in found["counts"].values())
    noticed = sum(counts.get("noticed", 0) for counts in found["counts"].values())
    over = found["size"] - sum(array.nbytes for array in tensors().values())
    return [name, f"{over:,} B", *cells, f"{noticed} of {total}", str(len(found["raised"]))]


def main() -> None:
    """Measure, and print two tables in Markdown."""
    if sys.argv[1:2] == ["--peer"]:
        print(json.dumps(peer(sys.argv[2])))
        return
    python = install()
    kinds = ["bit flips", "in the header", "truncations", "zeroed blocks", "appended"]
    rows = [row("**wasmstate**", wasmstate())]
    for name in PEER_FORMATS:
        done = subprocess.run(
            [str(python), __file__, "--peer", name], capture_output=True, text=True, check=False
        )
        if done.returncode:
            rows.append([name, f"ended with {done.returncode}: {done.stderr[-100:]!r}"])
        else:
            rows.append(row(name, json.loads(done.stdout.splitlines()[-1])))
    _table(["", "overhead", *kinds, "noticed", "classes of exceptions"], rows)
    rows = []
    for apart in (True, False):
        for history in (False, True):
            found = saved(apart, history)
            name = "each tensor a region of its own" if apart else "all tensors in one region"
            name += ", the generation before in the file" if history else ""
            rows.append([name, *(f"{found[kind]:.2f}" for kind in kinds)])
    _table(["of 6 tensors saved, proven", *kinds], rows)


def _table(head: list[str], rows: list[list[str]]) -> None:
    print()
    for line in (head, ["---"] * len(head), *rows):
        print(f"| {' | '.join(line)} |")


if __name__ == "__main__":
    main()
