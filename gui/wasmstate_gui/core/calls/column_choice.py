"""Which columns of a table a call takes, while somebody types it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wasmstate.errors import ArgumentError, ColumnError
from wasmstate.session.columns import number_names, order_of, parse_columns
from wasmstate.session.feature_names import FeatureNames
from wasmstate.state.signature import Param


@dataclass(frozen=True)
class Mapping:
    """What the typed columns come to.

    Attributes:
        columns: as they are to be read; ``None`` if they cannot be.
        error: why they cannot be.
        lines: each number of a call, and the column that it is taken from.
    """

    columns: list[str] | None
    error: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ColumnChoice:
    """A table whose columns are not called as the arguments are.

    Attributes:
        path: of the table.
        params: of the function.
        refused: why it could not be read without asking.
        features: the names of the model's, if it keeps them.
    """

    path: Path
    params: Sequence[Param]
    refused: ColumnError
    features: FeatureNames | None = None

    @property
    def there(self) -> list[tuple[str, str]]:
        """The number and the name of each column."""
        names = self.refused.header or ("",) * self.refused.count
        return [(str(i), name) for i, name in enumerate(names)]

    @property
    def guess(self) -> str:
        """What is offered at first: the first columns, by name if they have any."""
        needed = len(number_names(self.params))
        if not self.refused.header:
            return f"0:{needed}"
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(self.refused.header[:needed])
        return line.getvalue()

    def judge(self, text: str) -> Mapping:
        """What a typed line means."""
        names = number_names(self.params, self.features)
        header = self.refused.header or None
        try:
            columns = parse_columns(text)
            order = order_of(header, self.refused.count, self.params, columns, self.path.name)
        except ArgumentError as error:
            return Mapping(None, str(error), tuple((name, "?") for name in names))
        shown = [f"{i}  {header[i]}" if header else str(i) for i in order]
        return Mapping(columns, "", tuple(zip(names, shown, strict=True)))
