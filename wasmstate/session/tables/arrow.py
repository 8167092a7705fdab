"""Parquet and Arrow files, read by pyarrow: the extra ``wasmstate[tables]``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from importlib import import_module
from typing import Any, BinaryIO

import numpy as np

from wasmstate.errors import ArgumentError
from wasmstate.session.tables.columnar import PART, Batch, Column, ColumnTable

_ROWS = 8192
"""Rows of a part."""


def parquet_table(file: BinaryIO, name: str, _: ExitStack) -> ColumnTable:
    """The table in a Parquet file.

    Raises:
        ArgumentError: it is damaged, or pyarrow is not installed.
    """
    parquet = pyarrow(name, "pyarrow.parquet")
    with _Reading(name):
        source = parquet.ParquetFile(file, buffer_size=PART, pre_buffer=False)
        fields = list(source.schema_arrow)

    def batches(wanted: Sequence[int]) -> Iterator[Any]:
        found: Iterator[Any] = source.iter_batches(
            _ROWS, columns=[fields[at].name for at in wanted]
        )
        return found

    return _table(name, fields, batches)


def arrow_table(file: BinaryIO, name: str, _: ExitStack) -> ColumnTable:
    """The table in a file of Arrow's, which Feather is since its version 2.

    Raises:
        ArgumentError: it is damaged, or pyarrow is not installed.
    """
    ipc = pyarrow(name, "pyarrow.ipc")
    with _Reading(name):
        source = ipc.open_file(file)
        fields = list(source.schema)

    def batches(wanted: Sequence[int]) -> Iterator[Any]:
        for i in range(source.num_record_batches):
            batch = source.get_batch(i).select(list(wanted))
            for start in range(0, batch.num_rows, _ROWS):
                yield batch.slice(start, _ROWS)

    return _table(name, fields, batches)


def pyarrow(name: str, module: str = "pyarrow") -> Any:
    """pyarrow, or a module of it. Raises ArgumentError if it is not installed."""
    try:
        return import_module(module)
    except ImportError as error:
        raise ArgumentError(
            f"{name}: it is read by pyarrow, which is not installed: "
            "pip install 'wasmstate[tables]', or convert it to CSV first"
        ) from error


class _Reading:
    """Errors of pyarrow's say which file they are about."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        # pyarrow's own errors are kinds of ValueError, of OSError, or of these.
        damaged = (ValueError, OSError, KeyError, NotImplementedError)
        if isinstance(error, damaged) and not isinstance(error, ArgumentError):
            raise ArgumentError(f"{self._name} cannot be read: {error}") from error


def _table(
    name: str, fields: Sequence[Any], batches: Callable[[Sequence[int]], Iterator[Any]]
) -> ColumnTable:
    """A table whose lists of a fixed size are as many columns."""
    header: list[str] = []
    origins: list[int] = []
    for i, field in enumerate(fields):
        size = _list_size(field.type)
        header += [field.name] if size is None else [f"{field.name}[{j}]" for j in range(size)]
        origins += [i] * (1 if size is None else size)

    def read(places: Sequence[int]) -> Iterator[Batch]:
        wanted = sorted({origins[at] for at in places})
        with _Reading(name):
            for batch in batches(wanted):
                found: dict[int, Column] = {}
                for i, values in zip(wanted, batch.columns, strict=True):
                    first = origins.index(i)
                    found |= dict(enumerate(_columns(values), first))
                yield batch.num_rows, found

    return ColumnTable(header, len(header), f"{name}, row", read)


def _list_size(type_: Any) -> int | None:
    size = getattr(type_, "list_size", None)
    return size if isinstance(size, int) else None


def _columns(values: Any) -> list[Column]:
    """The columns that an array of Arrow's stands for."""
    size = _list_size(values.type)
    if size is None:
        return [_column(values)]
    if values.null_count:
        rows = [each if each is not None else [None] * size for each in values.to_pylist()]
        return list(np.array(rows, object).reshape(len(rows), size).T)
    flat = _column(values.flatten())
    return list(flat.reshape(-1, size).T)


def _column(values: Any) -> Column:
    if not values.null_count:
        found: Column = values.to_numpy(zero_copy_only=False)
        if found.dtype.kind in "biuf":
            return found
    column = np.empty(len(values), object)
    column[:] = values.to_pylist()
    return column
