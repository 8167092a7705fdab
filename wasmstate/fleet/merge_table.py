"""Merges the devices of a table: partials of batches, on any engine, added without rounding."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from wasmstate.binary.module import Module
from wasmstate.errors import StateError
from wasmstate.fleet.engine import Engine
from wasmstate.fleet.errors import FleetError
from wasmstate.fleet.forms import Forms
from wasmstate.fleet.place import file_system, place_of
from wasmstate.fleet.query import query
from wasmstate.state.lists import check_list
from wasmstate.state.merge.ancestry import Device, device_of
from wasmstate.state.merge.merger import Merger
from wasmstate.state.merge.partial import Partial
from wasmstate.state.merge.result import Merge
from wasmstate.state.state import State

_BATCH = 500  # devices
_READ = ["path", "health", "finding", "state_digest", "generation", "lineage", "merge", "device"]
_UNSOUND = ("damaged", "unreadable", "no state")


@dataclass(frozen=True, slots=True)
class _Options:
    """How devices are merged."""

    keep_base: tuple[str, ...]
    assume_base: bool
    allow_equal: bool
    robust: str | None


@dataclass(frozen=True, slots=True)
class TableMerge:
    """A merge of the devices of a table.

    Attributes:
        merge: of those that took part.
        refused: the reason by path, for all others.
    """

    merge: Merge
    refused: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Batch:
    base: bytes
    options: _Options
    devices: tuple[tuple[str, str], ...]  # path and state digest


def merge_table(
    table: str | os.PathLike[str],
    base: str | os.PathLike[str],
    *,
    keep_base: Collection[str] = (),
    allow_equal: bool = False,
    assume_base: bool = False,
    robust: str | None = None,
    where: str | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    progress: Callable[[int], object] | None = None,
) -> TableMerge:
    """Merge the sound devices of a table with the base that they started from.

    A file that is damaged, has other code, or whose learning is in another file too is passed over.
    Of two files of one device, or with a state in common, one that started from the base goes
    before one that did not, then that of the later generation. The bits are those of one
    :func:`wasmstate.merge` of the devices that take part.

    Args:
        table: as :func:`scan` writes it.
        base: the file that the devices started from.
        keep_base: as for :func:`wasmstate.merge`.
        allow_equal: as for :func:`wasmstate.merge`.
        assume_base: as for :func:`wasmstate.merge`.
        robust: as for :func:`wasmstate.merge`.
        where: a condition in SQL on the columns; other rows do not take part.
        jobs: as for :func:`scan`.
        scheduler: as for :func:`scan`.
        progress: is called with the number of files that were read.

    Raises:
        FleetError: the table cannot be read, or no device is left.
        EngineError: a process ended, or the cluster cannot be reached.
        StateError, MalformedError: as for :func:`wasmstate.merge`, of the base or the sum.
        OSError: the base or the table cannot be read.
    """
    check_list("keep_base", keep_base)
    options = _Options(tuple(sorted(keep_base)), assume_base, allow_equal, robust)
    table = Path(table)
    module = Module.open(base)
    merger = _merger(module.to_bytes(), options)
    refused: dict[str, str] = {}
    chosen = None
    if where is not None:
        sql = f"SELECT path FROM read_parquet(?) WHERE {where}"  # noqa: S608 (the user's own)
        chosen = {row[0] for row in query(sql, [str(table)]).rows}
    devices = _apart(_rows(table), State.of(module), options, chosen, refused)
    total: Partial | None = None
    read = 0
    for part, passed_over, number in Engine(jobs, scheduler).run(
        merge_batch, _batches(devices, module.to_bytes(), options)
    ):
        refused |= passed_over
        read += number
        total = part if total is None else _added(total, part)
        if progress is not None:
            progress(read)
    if total is None or not total.devices:
        reasons = Counter(refused.values()).most_common(1) or [("the table is empty", 0)]
        raise FleetError(f"no device can be merged: {reasons[0][0]} ({reasons[0][1]:,} files)")
    merged = merger.finish(total, allow_equal=options.allow_equal)
    return TableMerge(merged, dict(sorted(refused.items())))


def merge_batch(batch: _Batch) -> tuple[Partial, dict[str, str], int]:
    """The partial of a batch, the reasons of those that are not in it, and how many were read."""
    merger = _merger(batch.base, batch.options)
    found, refused = merger.partial_of_sound(
        (path, partial(_device, path, digest)) for path, digest in batch.devices
    )
    reasons = {
        path: str(error).removeprefix(f"{path}: ").removeprefix(f"{path} ")
        for path, error in refused.items()
    }
    return found, reasons, len(batch.devices)


@lru_cache(maxsize=2)
def _merger(base: bytes, options: _Options) -> Merger:
    return Merger(
        base,
        keep_base=options.keep_base,
        assume_base=options.assume_base,
        robust=options.robust,
    )


@lru_cache(maxsize=1)
def _forms() -> Forms:
    """The forms of files that this process knows."""
    return Forms()


def _device(path: str, digest: str) -> Device:
    place = place_of(path)
    if place.container:
        data = file_system(place.container).cat_file(place.member)
    else:
        data = Path(path).read_bytes()
    match = _forms().match(data)
    if match is not None:
        device = match.device(path)
    else:
        module = Module.from_bytes(data)
        device = device_of(path, module)
        device.state.check_bounds()
        _forms().learn(data, module, device)
    if device.ancestry.digest.hex() != digest:
        raise StateError("has changed since the scan")
    return device


def _rows(table: Path) -> Iterator[Mapping[str, Any]]:
    try:
        with pq.ParquetFile(table) as file:
            for batch in file.iter_batches(columns=_READ):
                yield from batch.to_pylist()
    except pa.ArrowException as error:
        raise FleetError(f"{table}: this is no table of a scan: {error}") from error


def _apart(
    rows: Iterator[Mapping[str, Any]],
    base: State,
    options: _Options,
    chosen: Collection[str] | None,
    refused: dict[str, str],
) -> list[tuple[str, str]]:
    """The sound devices that have no learning in common, as path and state digest."""
    sound = []
    ours = (base.metadata.get("merge") or {}).get("id")
    for row in rows:
        path = row["path"]
        if chosen is not None and path not in chosen:
            refused[path] = "left out by the condition"
        elif row["health"] in _UNSOUND or row["state_digest"] is None:
            refused[path] = f"{row['health']}: {row['finding'] or 'no state'}"
        else:
            past = [
                (each["generation"], each["digest"])
                for each in row["lineage"] or []
                if each["generation"] > base.generation and each["digest"] != base.digest.hex()
            ]
            device = row["device"]
            keys: list[Any] = [] if options.allow_equal else [*past]
            # Devices that started from one later merge have that in common.
            keys += [("merge", row["merge"])] if row["merge"] not in (None, ours) else []
            keys += (
                [("device", device)] if device not in (None, base.metadata.get("device")) else []
            )
            # A device that took the base began to count generations from it: a file from before
            # has more of them, and is the older one.
            rank = (row["merge"] != ours, -row["generation"], path)
            sound.append((rank, path, row["state_digest"], keys))
    seen: dict[Any, str] = {}
    devices = []
    for _, path, digest, keys in sorted(sound, key=lambda each: each[0]):
        other = next((seen[key] for key in keys if key in seen), None)
        if other is not None:
            refused[path] = f"what it has learned is in {other}, too: it would count twice"
            continue
        seen.update(dict.fromkeys(keys, path))
        devices.append((path, digest))
    return devices


def _batches(
    devices: Sequence[tuple[str, str]], base: bytes, options: _Options
) -> Iterator[_Batch]:
    for at in range(0, len(devices), _BATCH):
        yield _Batch(base, options, tuple(devices[at : at + _BATCH]))


def _added(total: Partial, part: Partial) -> Partial:
    total += part
    return total
