"""SQL over tables of fleets, by DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from wasmstate.fleet.errors import FleetError


class Answer(NamedTuple):
    """What a query gave.

    Attributes:
        columns: their names.
        rows: values as Python has them.
    """

    columns: list[str]
    rows: list[tuple[Any, ...]]


def query(sql: str, parameters: Sequence[object] = ()) -> Answer:
    """Run a query; a table is named by its file: ``SELECT count(*) FROM 'fleet.parquet'``.

    Args:
        sql: one statement, in DuckDB's dialect.
        parameters: for each ``?`` in it.

    Raises:
        FleetError: with DuckDB's message.
    """
    import duckdb  # noqa: PLC0415 (who scans does not need it)

    try:
        with duckdb.connect() as connection:
            found = connection.execute(sql, parameters)
            return Answer([each[0] for each in found.description or []], found.fetchall())
    except duckdb.Error as error:
        raise FleetError(f"the query failed: {error}") from error
