"""What a table says at a glance: health, code, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from wasmstate.fleet.errors import FleetError

BAD = ("damaged", "unreadable")
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Summary:
    """A table at a glance.

    Attributes:
        files: rows.
        health: rows by health, the most frequent first.
        codes: rows by the digest of the code, likewise; an empty digest if it is not known.
        bad: the first rows that are damaged or unreadable, as a line each.
    """

    files: int
    health: Mapping[str, int]
    codes: Mapping[str, int]
    bad: tuple[str, ...]

    @property
    def bad_files(self) -> int:
        """Rows that are damaged or unreadable."""
        return sum(self.health.get(each, 0) for each in BAD)


def summary_of(table: Path) -> Summary:
    """Read a table.

    Raises:
        FleetError: it is not a table of a scan.
        OSError: it cannot be read.
    """
    columns = ["path", "health", "finding", "place", "offset", "module_digest"]
    try:
        rows = pq.read_table(table, columns=columns)
        bad = rows.filter(pc.is_in(rows["health"], pa.array(BAD)))
        codes = _counted(rows["module_digest"])
        health = _counted(rows["health"])
    except (pa.ArrowException, KeyError) as error:
        raise FleetError(f"{table}: this is no table of a scan: {error}") from error
    lines = tuple(map(_line, bad.slice(0, _SHOWN).to_pylist()))
    return Summary(rows.num_rows, health, codes, lines)


def _counted(column: pa.ChunkedArray) -> dict[str, int]:
    counts = {each["values"] or "": each["counts"] for each in column.value_counts().to_pylist()}
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def _line(row: Mapping[str, Any]) -> str:
    where = ""
    if row["place"] is not None:
        at = "" if row["offset"] is None else f" at {row['offset']:#x}"
        where = f"{row['place']}{at}: "
    return f"{row['path']}: {row['health']}: {where}{row['finding']}"
