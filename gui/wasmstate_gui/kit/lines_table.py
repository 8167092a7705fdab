"""A table of texts to read before something is done."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem


def lines_table(
    name: str, headers: tuple[str, ...], lines: Sequence[tuple[str, ...]]
) -> QTableWidget:
    """A table of these lines; the first column is as wide as its texts."""
    table = QTableWidget(0, len(headers))
    table.setAccessibleName(name)
    table.setHorizontalHeaderLabels(list(headers))
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    table.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
    show_lines(table, lines)
    return table


def show_lines(table: QTableWidget, lines: Sequence[tuple[str, ...]]) -> None:
    """Show other lines."""
    table.setRowCount(len(lines))
    for i, line in enumerate(lines):
        for j, text in enumerate(line):
            table.setItem(i, j, QTableWidgetItem(text))
