"""A table as a page to look at: health, generations, how far devices have moved, and outliers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from wasmstate.escapes import visible
from wasmstate.fleet.choice import Choice
from wasmstate.fleet.columns import schema_of
from wasmstate.fleet.summary import BAD, summary_of
from wasmstate.fleet.svg import Numbers, bars, histogram, scatter
from wasmstate.storage.commit import write_apart

_SHOWN = 50  # rows of a list
_FAR = 6.0  # robust standard deviations: of normal values, one in 500 million
_MAD = 1.4826  # makes the median absolute deviation a standard deviation of normal values
_LONG = dict.fromkeys(("path", "finding"), ' class="long"')
_DISTANCE = "distance"
_CLASSES = {"ok": "good", "damaged": "bad", "unreadable": "bad", "warning": "odd"}

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:960px;margin:2em auto;padding:0 1em;
color:#1d2733;background:#fff}
h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}
figure{display:inline-block;margin:0 16px 16px 0;vertical-align:top}figcaption{font-size:.9em}
table{border-collapse:collapse;font-size:.9em}td,th{text-align:left;padding:2px 14px 2px 0;
vertical-align:top}td{white-space:nowrap}
td.long{white-space:normal;overflow-wrap:anywhere}svg text{font:11px system-ui,sans-serif;fill:#445}
.axis{fill:none;stroke:#99a}.bar{fill:#3a6ea5}.good{fill:#2e8b57}.bad{fill:#c0392b}.odd{fill:#d68910}
.point{fill:#3a6ea5;fill-opacity:.45}.outlier{fill:#c0392b}
@media(prefers-color-scheme:dark){body{color:#dde3ea;background:#14181d}svg text{fill:#b8c2cc}
.axis{stroke:#667}.bar,.point{fill:#6ea8e0}.outlier,.bad{fill:#ef6f61}}
"""


def report(
    table: str | os.PathLike[str], to: str | os.PathLike[str], *, overwrite: bool = False
) -> None:
    """Write a page about a table, in one file, without scripts.

    Args:
        table: as :func:`scan` writes it.
        to: the HTML file.
        overwrite: whether a file that is there may be replaced.

    Raises:
        FleetError: it is not a table of a scan.
        NotCommittedError: the file is there, or cannot be written.
        OSError: the table cannot be read.
    """
    table = Path(table)
    page = "\n".join(_page(table)).encode("utf-8", "backslashreplace")
    write_apart(page, to, table, overwrite=overwrite)


def _page(table: Path) -> Iterator[str]:
    summary = summary_of(table)
    title = escape(visible(table.name))
    yield f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
    yield f"<style>{_STYLE}</style><h1>{title}: {summary.files:,} files</h1>"
    yield _figure(bars(summary.health, _CLASSES), "Health of the files")
    codes = {digest[:12] or "unknown": number for digest, number in summary.codes.items()}
    yield _figure(bars(dict([*codes.items()][:8]), {}), "Files by digest of the code")
    rows = pq.read_table(table)
    usable = rows.filter(pc.is_valid(rows["generation"]))
    if usable.num_rows:
        yield "<h2>Learning</h2>"
        for name in ("generation", "updates"):
            values = usable[name].to_numpy().astype(np.float64)
            yield _figure(histogram(values, name), f"Files by {name}")
    for name in rows.schema.names:
        if name not in schema_of(Choice()).names:
            yield from _values(usable, name)
    if summary.bad_files:
        bad = rows.filter(pc.is_in(rows["health"], pa.array(BAD)))
        yield f"<h2>Damaged and unreadable: {summary.bad_files:,}</h2>"
        yield _table(bad, ["path", "health", "place", "offset", "finding"])


def _values(rows: pa.Table, name: str) -> Iterator[str]:
    """Pictures of a column of values, and the devices that are far from all others."""
    rows = rows.filter(pc.is_valid(rows[name]))
    numbers, what = _numbers(rows[name], name)
    finite = np.isfinite(numbers)
    yield f"<h2>{escape(visible(name))}</h2>"
    if what == _DISTANCE:
        yield "<p>The distance from the fleet's median, cell by cell, Euclidean.</p>"
    if not finite.any():
        yield "<p>No finite value.</p>"
        return
    center = np.median(numbers[finite])
    spread = _MAD * np.median(np.abs(numbers[finite] - center))
    far = np.abs(numbers - center) > _FAR * spread if spread else numbers != center
    far |= ~finite
    shown = rows.filter(pa.array(finite))
    updates = shown["updates"].to_numpy().astype(np.float64)
    if not far.all():
        yield _figure(histogram(numbers[~far], what), f"Files by {what}, outliers left out")
    caption = f"{what} by updates; {int(far.sum()):,} outliers in red, at the edge if beyond it"
    yield _figure(scatter(updates, numbers[finite], far[finite], "updates", what), caption)
    if far.any():
        order = np.argsort(np.where(finite, -np.abs(numbers - center), -np.inf))
        order = order[far[order]]
        found = rows.select(["path", "generation", "updates"]).take(pa.array(order))
        found = found.append_column(what, pa.array(numbers[order]))
        yield f"<p>More than {_FAR:g} robust standard deviations from the median:</p>"
        yield _table(found, found.schema.names)


def _numbers(column: pa.ChunkedArray, name: str) -> tuple[Numbers, str]:
    """A number a row: of a tensor, the distance from the fleet's median, cell by cell."""
    if not pa.types.is_list(column.type):
        return column.to_numpy().astype(np.float64), name
    lengths = pc.list_value_length(column).to_numpy()
    size = int(np.median(lengths)) if len(lengths) else 0
    found = np.full(len(lengths), np.nan)  # another model, with a tensor of another size
    same = lengths == size
    flat = column.filter(pa.array(same)).combine_chunks().flatten().to_numpy()
    cells = flat.reshape(int(same.sum()), size)
    with np.errstate(all="ignore"):
        found[same] = np.sqrt(np.sum((cells - np.nanmedian(cells, axis=0)) ** 2, axis=1))
    return found, _DISTANCE


def _figure(picture: str, caption: str) -> str:
    return f"<figure>{picture}<figcaption>{escape(visible(caption))}</figcaption></figure>"


def _table(rows: pa.Table, names: Sequence[str]) -> str:
    head = "".join(f"<th>{escape(visible(name))}</th>" for name in names)
    lines = [
        "".join(f"<td{_LONG.get(name, '')}>{escape(_cell(name, row[name]))}</td>" for name in names)
        for row in rows.slice(0, _SHOWN).select(list(names)).to_pylist()
    ]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    more = rows.num_rows - len(lines)
    rest = f"<p>and {more:,} more</p>" if more else ""
    return f"<table><tr>{head}</tr>{body}</table>{rest}"


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "offset":
        return f"{value:#x}"
    return f"{value:.6g}" if isinstance(value, float) else visible(str(value))
