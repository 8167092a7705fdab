"""Decisions in a table: columns arm, propensity and reward; all others are the context."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet

from wasmstate.errors import SchemaError

READERS: dict[str, Any] = {
    ".csv": pyarrow.csv.read_csv,
    ".jsonl": pyarrow.json.read_json,
    ".parquet": pyarrow.parquet.read_table,
}
"""By the end of a file's name."""

_COLUMNS = ("arm", "propensity", "reward")


def lines_of(name: str, data: bytes) -> Iterator[tuple[int, float, float, tuple[float, ...]]]:
    """Arm, propensity, reward and context of each row that has a reward.

    Args:
        name: of the file, whose end says what it is.
        data: its bytes.

    Raises:
        SchemaError: it is no such table, or a number in it cannot be right.
    """
    read = next(READERS[end] for end in READERS if name.lower().endswith(end))
    try:
        table = read(io.BytesIO(data))
        missing = [each for each in _COLUMNS if each not in table.schema.names]
        if missing:
            raise SchemaError(f"the table has no column {missing[0]}")
        rows = table.filter(pa.compute.is_valid(table["reward"]))
        context = [each for each in table.schema.names if each not in _COLUMNS]
        columns = {each: rows[each].cast(pa.float64()).to_numpy() for each in (*_COLUMNS, *context)}
    except pa.ArrowException as error:
        raise SchemaError(f"the table cannot be read: {error}") from error
    for each, values in columns.items():
        if not np.isfinite(values).all():
            row = int(np.argmin(np.isfinite(values)))
            raise SchemaError(f"{each} of row {row + 1} with a reward is missing or not finite")
    arm, propensity, reward = (columns[each] for each in _COLUMNS)
    wrong = (arm < 0) | (arm % 1 != 0) | (propensity <= 0) | (propensity > 1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise SchemaError(
            f"row {row + 1} with a reward has arm {arm[row]:g} and propensity {propensity[row]:g}: "
            "an arm is 0, 1 and so on, a propensity above 0 and at most 1"
        )
    features = np.column_stack([columns[each] for each in context]) if context else None
    for i, chosen in enumerate(arm.astype(np.int64).tolist()):
        x = () if features is None else tuple(features[i].tolist())
        yield chosen, float(propensity[i]), float(reward[i]), x
