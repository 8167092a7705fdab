"""The lists of the module, and the instructions of the function that is chosen."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QFontDatabase, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QSplitter,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from wasmstate_gui.core.module.disassembly import Listing
from wasmstate_gui.core.module.entry_tables import FUNCTIONS, KINDS, USES, ModuleTable
from wasmstate_gui.core.texts import counted
from wasmstate_gui.kit.elided_label import ElidedLabel
from wasmstate_gui.kit.plain_text import PlainLabel
from wasmstate_gui.kit.theme import Theme
from wasmstate_gui.module.module_models import ListingModel, ModuleTableModel

DEBOUNCE_MS = 150
_ROW_HEIGHT = 20
_CHARS = {
    "Index": 8,
    "Type": 20,
    "Offset": 10,
    "Size": 10,
    "Kind": 8,
    "Address": 11,
    "Bytes": 20,
}
"""How wide columns are; the others share what is left."""
_LEAST_CHARS = 12
_NARROW = 520
"""In a panel less wide than this the instructions stand below the list."""
_FIRST_TO_GO = ("Type", "Offset", "Size")


class ModulePanel(QWidget):
    """A table with a filter at the left, instructions at the right."""

    kind_chosen = Signal(str)
    """The user wants another table."""
    filter_changed = Signal(str)
    """The user wants those rows only in which this occurs."""
    range_chosen = Signal(int, int)
    """The user went to a row or an instruction: where its bytes stand."""
    row_chosen = Signal(int)
    """The user went to this row of the table."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Module")
        self._is_marking = False
        self.kinds = QComboBox()
        self.kinds.addItems(KINDS)
        self.kinds.setAccessibleName("Which list")
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter")
        self.filter.setClearButtonEnabled(True)
        self.filter.setAccessibleName("Filter of the list")
        self.count = PlainLabel()
        self.count.setAccessibleName("How many there are")
        self.table_model = ModuleTableModel(self)
        self.table = _table("Entries of the list", self.table_model)
        self.message = PlainLabel()
        self.message.setAccessibleName("Why the list is empty")
        self.message.setWordWrap(True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.message.setContentsMargins(6, 4, 6, 4)
        self._list = QStackedWidget()
        self.title = ElidedLabel()
        self.title.setAccessibleName("Which function")
        self.listing_model = ListingModel(self)
        self.listing = _table("Instructions", self.listing_model)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._code = QWidget()
        self._lay_out()
        self._timer = QTimer(self, singleShot=True, interval=DEBOUNCE_MS)
        self._timer.timeout.connect(self._filter)
        self.kinds.currentTextChanged.connect(self._kind_chosen)
        self.filter.textChanged.connect(self._timer.start)
        self.table.selectionModel().currentRowChanged.connect(self._row_chosen)
        self.listing.selectionModel().currentRowChanged.connect(self._line_chosen)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(6, 4, 6, 4)
        for widget, stretch in ((self.kinds, 0), (self.filter, 1), (self.count, 0)):
            top.addWidget(widget, stretch)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        self._list.addWidget(self.table)
        self._list.addWidget(self.message)
        column.addWidget(self._list, 1)
        code = QVBoxLayout(self._code)
        code.setContentsMargins(0, 0, 0, 0)
        code.setSpacing(0)
        self.title.setContentsMargins(6, 0, 6, 0)
        self.title.setMinimumHeight(self.kinds.sizeHint().height() + 8)
        code.addWidget(self.title)
        code.addWidget(self.listing, 1)
        self._splitter = QSplitter()
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(left)
        self._splitter.addWidget(self._code)
        self._splitter.setSizes([520, 480])
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._splitter)

    @property
    def kind(self) -> str:
        """The table that is wanted."""
        return self.kinds.currentText()

    @property
    def chosen_row(self) -> int | None:
        """The row of the table that is chosen."""
        index = self.table.currentIndex()
        return self.table_model.row(index.row()) if index.isValid() else None

    def show_waiting(self, kind: str) -> None:
        """Say that the table is being read."""
        self._choose_kind(kind)
        self._show(ModuleTable(kind), "reading\u2026")

    def show_table(self, table: ModuleTable) -> None:
        """Show all of a table; a filter is applied by whoever listens."""
        self._show(table, _count_text(table))
        self._choose_kind(table.kind)
        self._code.setVisible(table.kind in (FUNCTIONS, USES))
        self._fit_columns()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_narrow = self.width() < _NARROW
        orientations = Qt.Orientation
        self._splitter.setOrientation(
            orientations.Vertical if is_narrow else orientations.Horizontal
        )
        self._fit_columns()

    def _fit_columns(self) -> None:
        """Columns of numbers as wide as they need, names what is left; hide what has no room."""
        columns = self.table_model.table.columns
        header, char = self.table.horizontalHeader(), self.table.fontMetrics().averageCharWidth()
        widths = {name: _CHARS.get(name, _LEAST_CHARS) * char for name in columns}
        room = self.table.viewport().width()
        hidden: set[str] = set()
        for name in _FIRST_TO_GO:
            if sum(widths[each] for each in widths if each not in hidden) > room:
                hidden.add(name)
        is_short = self.listing.width() < (_CHARS["Offset"] + 2 * _CHARS["Bytes"]) * char
        self.listing.setColumnHidden(1, is_short)  # the bytes are beside it, anyway
        modes = QHeaderView.ResizeMode
        for column, name in enumerate(columns):
            self.table.setColumnHidden(column, name in hidden)
            is_fixed = name in _CHARS
            header.setSectionResizeMode(column, modes.Interactive if is_fixed else modes.Stretch)
            if is_fixed:
                header.resizeSection(column, widths[name])

    def show_rows(self, rows: object) -> None:
        """Show those rows of the table that a filter left; all of them for ``None``."""
        table = self.table_model.table
        self._is_marking = True
        self.table_model.show(table, rows)  # type: ignore[arg-type]
        self._is_marking = False
        shown = self.table_model.rowCount()
        self.count.setText(_count_text(table) if rows is None else f"{shown:,} of {table.count:,}")

    def show_listing(self, listing: Listing) -> None:
        """Show the instructions of a function."""
        self._is_marking = True
        self.title.show_text(listing.title)
        self.listing_model.show(listing)
        header, char = self.listing.horizontalHeader(), self.fontMetrics().horizontalAdvance("0")
        for column, name in enumerate(ListingModel.COLUMNS[:2]):
            header.resizeSection(column, _CHARS[name] * char)
        header.setStretchLastSection(True)
        self._is_marking = False

    def mark_row(self, row: int | None) -> None:
        """Select a row of the table without telling the window."""
        line = None if row is None else self.table_model.line(row)
        self._mark(self.table, line)

    def mark_line(self, line: int | None) -> None:
        """Select an instruction without telling the window."""
        self._mark(self.listing, line)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        for label in (self.count, self.message):
            label.setStyleSheet(f"color: {theme.dim};")

    def _mark(self, view: QTableView, line: int | None) -> None:
        self._is_marking = True
        if line is None:
            view.clearSelection()
            view.setCurrentIndex(QModelIndex())
        elif view.currentIndex().row() != line:
            flags = QItemSelectionModel.SelectionFlag
            index = view.model().index(line, 0)
            view.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
            view.scrollTo(index)
        self._is_marking = False

    def _show(self, table: ModuleTable, text: str) -> None:
        self._is_marking = True
        self.table_model.show(table)
        self._is_marking = False
        self.count.setText(text)
        self.message.setText(table.damage)
        self._list.setCurrentWidget(self.message if table.damage else self.table)

    def _choose_kind(self, kind: str) -> None:
        self._is_marking = True
        self.kinds.setCurrentText(kind)
        self._is_marking = False

    def _kind_chosen(self, kind: str) -> None:
        if not self._is_marking:
            self.kind_chosen.emit(kind)

    def _filter(self) -> None:
        self.filter_changed.emit(self.filter.text())

    def _row_chosen(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if not self._is_marking and current.isValid():
            row = self.table_model.row(current.row())
            self.row_chosen.emit(row)
            self.range_chosen.emit(*self.table_model.table.span(row))

    def _line_chosen(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if not self._is_marking and current.isValid():
            self.range_chosen.emit(*self.listing_model.listing.span(current.row()))


def _count_text(table: ModuleTable) -> str:
    of = f" of {table.subject}" if table.subject else ""
    return "" if table.damage else f"{counted(table.count, 'row')}{of}"


def _table(name: str, model: ModuleTableModel | ListingModel) -> QTableView:
    table = QTableView()
    table.setAccessibleName(name)
    table.setModel(model)
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPointSizeF(9)
    table.setFont(font)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setFrameShape(QTableView.Shape.NoFrame)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setTabKeyNavigation(False)
    table.setTextElideMode(Qt.TextElideMode.ElideRight)
    table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    table.horizontalHeader().setHighlightSections(False)
    return table
