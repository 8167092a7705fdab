"""Reads the files of a fleet into a table, so that a kill loses nothing.

Beside the table stands a folder while the scan runs: the list of files, written once, and a part
for each batch of them, put in its place whole. Who resumes reads the list, and the batches that
have no part. In the end the parts are joined in their order and the folder is removed.
"""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import chain, count, groupby, islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from wasmstate.binary.module import Module
from wasmstate.binary.sections.base import Frame
from wasmstate.binary.source import READ_WHOLE, BytesSource, check_regular, open_source
from wasmstate.errors import WasmstateError
from wasmstate.fleet.choice import Choice
from wasmstate.fleet.columns import schema_of, table_of
from wasmstate.fleet.engine import Engine
from wasmstate.fleet.errors import FleetError
from wasmstate.fleet.place import Place, file_system, find
from wasmstate.fleet.row import Row, RowReader
from wasmstate.fleet.summary import BAD, Summary, summary_of
from wasmstate.state.lists import check_list
from wasmstate.storage.replace import replace_file, sync_folder

_BATCH = 1000  # files: a part takes some milliseconds to sync
_LISTING = "listing.jsonl"


class Progress(NamedTuple):
    """How far a scan is.

    Attributes:
        done: files.
        total: files.
        bad: files that are damaged or unreadable.
    """

    done: int
    total: int
    bad: int


@dataclass(frozen=True, slots=True)
class _Batch:
    index: int
    places: tuple[Place, ...]
    choice: Choice


def scan(
    paths: Sequence[str],
    to: str | os.PathLike[str],
    *,
    tensors: Sequence[str] = (),
    stats: Sequence[str] = (),
    jobs: int = 1,
    scheduler: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Callable[[Progress], object] | None = None,
) -> Summary:
    """Write a table with a row for each file; nothing that is wrong with a file stops it.

    Args:
        paths: each a file; a folder, whose files that end with ``.wasm`` are taken, at any depth;
            a pattern; a zip or tar archive, likewise; or a URL of one of these.
        to: the Parquet file.
        tensors: each becomes a column of all its cells, as doubles.
        stats: each, such as ``weights:norm``, becomes a column of one number: ``norm``, ``min``,
            ``max`` or ``mean``.
        jobs: processes of this machine.
        scheduler: address of a Dask scheduler, whose workers read the files in their place.
        resume: whether a scan that was ended goes on.
        overwrite: whether a table that is there may be replaced.
        progress: is called after each batch of files.

    Raises:
        FleetError: the table is there; or a scan was begun and is not to be resumed, or not with
            these paths and columns.
        EngineError: a process ended, or the cluster cannot be reached; the scan can be resumed.
        SchemaError: an unknown statistic.
        OSError: a path leads to no file, or the table cannot be written.
    """
    check_list("paths", paths)
    to, choice = Path(to), Choice.parse(tensors, stats)
    folder = to.with_name(f"{to.name}.parts")
    begun = folder.is_dir()
    if begun and not resume:
        reason = f"{to}: a scan was begun and not ended; its parts are in {folder}"
        raise FleetError(reason).helped_by("resume")
    if to.exists() and not (overwrite or begun):
        raise FleetError(f"{to}: the table is there already").helped_by("force")
    request = {"paths": list(paths), **asdict(choice)}
    listing = folder / _LISTING
    if not listing.exists():
        _write_listing(listing, request, paths)
    total = _check_listing(listing, request)
    done = {int(part.stem) for part in folder.glob("*.parquet")}
    seen, bad = 0, 0
    for index in done:
        table = pq.read_table(_part(folder, index), columns=["health"])
        seen, bad = seen + table.num_rows, bad + _bad(table)
    batches = (each for each in _batches(listing, choice) if each.index not in done)
    for index, table in Engine(jobs, scheduler).run(read_batch, batches):
        _write_part(_part(folder, index), table)
        seen, bad = seen + table.num_rows, bad + _bad(table)
        if progress is not None:
            progress(Progress(seen, total, bad))
    _join(folder, to, choice)
    return summary_of(to)


def read_batch(batch: _Batch) -> tuple[int, pa.Table]:
    """The rows of a batch; what cannot be read is a row, too."""
    reader = _reader(batch.choice)
    rows = [_row(reader, place, batch.choice) for place in batch.places]
    return batch.index, table_of(rows, batch.choice)


@lru_cache(maxsize=2)
def _reader(choice: Choice) -> RowReader:
    """The reader of this process, which knows the forms of earlier batches."""
    return RowReader(choice)


def _row(reader: RowReader, place: Place, choice: Choice) -> Row:
    try:
        if place.container:
            return reader.row(place.name, file_system(place.container).cat_file(place.member), None)
        data, modified = _read(place.member)
        if data is not None:
            return reader.row(place.member, data, modified)
        module = Module.from_source(open_source(place.member), strict=False)
        return reader.large_row(place.member, module, modified)
    except (OSError, WasmstateError, KeyError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        nothing = (None,) * len(choice.names)
        return Row(place.name, None, None, "unreadable", finding=reason, values=nothing)


def _read(path: str) -> tuple[bytes | None, float]:
    """The bytes of a file, ``None`` of a large one, and when it was last changed."""
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    try:
        status = os.fstat(fd)
        check_regular(status.st_mode, path)
        is_large = status.st_size > READ_WHOLE
        return None if is_large else os.read(fd, status.st_size), status.st_mtime
    finally:
        os.close(fd)


def _write_listing(listing: Path, request: dict[str, Any], paths: Sequence[str]) -> None:
    draft = listing.with_suffix(".draft")
    number = 0
    places = find(paths)
    first = next(places)  # a path that leads nowhere leaves no folder
    listing.parent.mkdir(exist_ok=True)
    with open(draft, "w", encoding="ascii") as file:
        print(json.dumps(request), file=file)
        for number, place in enumerate(chain([first], places), 1):  # noqa: B007 (counts)
            print(json.dumps(place), file=file)
        print(number, file=file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, listing)
    sync_folder(listing.parent)


def _check_listing(listing: Path, request: dict[str, Any]) -> int:
    """The number of files in a list; it has to be that of this request."""
    number = "0"
    with open(listing, encoding="ascii") as file:
        if json.loads(next(file)) != json.loads(json.dumps(request)):
            raise FleetError(
                f"{listing.parent} is of a scan of other paths or columns: repeat that command, or "
                "remove the folder"
            )
        for number in file:  # noqa: B007 (the last line)
            pass
    return int(number)


def _batches(listing: Path, choice: Choice) -> Iterator[_Batch]:
    with open(listing, encoding="ascii") as file:
        next(file)
        places = (Place(*json.loads(line)) for line in file if line.startswith("["))
        indices = count()
        for _, group in groupby(places, key=lambda place: place.container):
            while batch := tuple(islice(group, _BATCH)):
                yield _Batch(next(indices), batch, choice)


def _part(folder: Path, index: int) -> Path:
    return folder / f"{index:08}.parquet"


def _write_part(path: Path, table: pa.Table) -> None:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    content = buffer.getvalue()
    replace_file(path, [Frame(BytesSource(content), 0, 0, len(content))], old=None)


def _join(folder: Path, to: Path, choice: Choice) -> None:
    draft = folder / "joined.draft"
    with pq.ParquetWriter(draft, schema_of(choice)) as writer:
        for part in sorted(folder.glob("*.parquet")):
            writer.write_table(pq.read_table(part))
    with open(draft, "rb") as file:
        os.fsync(file.fileno())
    os.replace(draft, to)
    sync_folder(to.parent)
    shutil.rmtree(folder)


def _bad(table: pa.Table) -> int:
    return sum(each in BAD for each in table["health"].to_pylist())
