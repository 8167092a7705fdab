"""The table of a fleet in Arrow's terms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pyarrow as pa

from wasmstate.fleet.choice import Choice
from wasmstate.fleet.row import Row

_LINEAGE = pa.list_(pa.struct([("generation", pa.uint64()), ("digest", pa.string())]))
_FIXED = {
    "path": pa.string(),
    "size": pa.int64(),
    "modified": pa.timestamp("us", "UTC"),
    "health": pa.string(),
    "finding": pa.string(),
    "place": pa.string(),
    "offset": pa.int64(),
    "module_digest": pa.string(),
    "base_digest": pa.string(),
    "generation": pa.uint64(),
    "updates": pa.uint64(),
    "state_digest": pa.string(),
    "lineage": _LINEAGE,
    "merge": pa.string(),
    "device": pa.string(),
}


def schema_of(choice: Choice) -> pa.Schema:
    """The schema of a table with these columns of values."""
    fields = [*_FIXED.items()]
    fields += [(name, pa.list_(pa.float64())) for name in choice.tensors]
    fields += [(f"{name}_{stat}", pa.float64()) for name, stat in choice.stats]
    return pa.schema(fields)


def table_of(rows: Sequence[Row], choice: Choice) -> pa.Table:
    """Rows as a table."""
    schema = schema_of(choice)
    columns = [list(column) for column in zip(*(row[:-1] for row in rows), strict=True)]
    columns += [list(column) for column in zip(*(row.values for row in rows), strict=True)]
    named = dict(zip(schema.names, columns, strict=True))
    named["path"] = [_text(path) for path in named["path"]]
    named["modified"] = [
        None if each is None else datetime.fromtimestamp(each, UTC) for each in named["modified"]
    ]
    arrays = [pa.array(named[field.name], field.type) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _text(path: str) -> str:
    """A path as UTF-8: what of it is not is shown as an escape."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
