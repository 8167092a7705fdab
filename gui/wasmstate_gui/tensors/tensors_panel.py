"""The tensors: all of them in a list, the cells of one in a table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QFont, QFontDatabase, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from wasmstate_gui.core.tensors.tensor_table import TensorRow, TensorTable, cell_offset
from wasmstate_gui.kit.plain_text import HtmlLabel, tooltip
from wasmstate_gui.kit.theme import Theme
from wasmstate_gui.tensors.tensor_models import TensorListModel
from wasmstate_gui.tensors.tensor_tabs import TensorTabs

_ROW_HEIGHT = 24
_POINTS = 9.5
_LIST_LINES = 8
_LONGEST_NAME = 150  # pixels
_LONGEST_TEXT = 16  # letters
_MARGIN = 10  # pixels, what Qt leaves free around a text, and a little more
_STATISTICS = (3, 4)  # columns
_FRAME = 14  # pixels beside the list: margins and its frame


class TensorsPanel(QStackedWidget):
    """A page that shows tensors, and one that says why there are none."""

    cell_chosen = Signal(int)
    """The user went to an element: its offset in the file."""
    tensor_chosen = Signal(str)
    """The user went to a tensor: its name."""
    attach_wanted = Signal()
    """The user wants to give the file a state."""
    typed = Signal(str, int, str)
    """The user gave an element another value: the tensor's name, its index, what was typed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Tensors")
        self._font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        self._font.setPointSizeF(_POINTS)
        self.list = QTableView()
        self._set_up(self.list, "Tensors of the state")
        self.list_model = TensorListModel(self)
        self.list.setModel(self.list_model)
        self.list.setTabKeyNavigation(False)
        self.list.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.list.setShowGrid(False)
        self._widths: dict[int, int] = {}
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.verticalHeader().hide()
        self.summary = HtmlLabel()
        self.summary.setWordWrap(True)
        self.summary.setAccessibleName("Summary of the tensor")
        self.tabs = TensorTabs(self._set_up)
        self.table, self.table_model = self.tabs.table, self.tabs.table_model
        self.shown: TensorRow | None = None
        """The tensor of which cells are shown."""
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(6, 2, 6, 2)
        column.setSpacing(4)
        column.addWidget(self.list)
        column.addWidget(self.summary)
        column.addWidget(self.tabs, 1)
        self.addWidget(page)
        self.reason = HtmlLabel()
        self.reason.setWordWrap(True)
        self.reason.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.reason.setMargin(12)
        self.reason.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.reason.setAccessibleName("Why there are no tensors")
        self.attach_button = QPushButton("Add a state section\u2026")
        self.attach_button.setMinimumHeight(32)
        self.attach_button.clicked.connect(self.attach_wanted)
        absence = QWidget()
        column = QVBoxLayout(absence)
        column.addWidget(self.reason)
        column.addWidget(self.attach_button)
        column.addStretch(1)
        self.addWidget(absence)
        self.list.selectionModel().currentRowChanged.connect(self._tensor_chosen)
        self.table.selectionModel().currentChanged.connect(self._cell_chosen)
        self.table_model.typed.connect(self._typed)
        self.tabs.chosen.connect(self._index_chosen)
        self._is_marking = False

    def _set_up(self, table: QTableView, name: str) -> None:
        table.setAccessibleName(name)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setFont(self._font)
        table.setWordWrap(False)
        table.setMinimumHeight(2 * _ROW_HEIGHT)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.horizontalHeader().setHighlightSections(False)
        table.horizontalHeader().setTextElideMode(Qt.TextElideMode.ElideRight)
        table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._make_room_for_names()
        self._fit_height()
        super().resizeEvent(event)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        for model in (self.list_model, self.table_model):
            model.set_looks(theme, QFont(self._font))
        self.tabs.set_theme(theme)
        self.list.viewport().update()

    def set_zoom(self, points: int) -> None:
        """Use letters so many points larger."""
        self._font.setPointSizeF(_POINTS + points)
        line = round(_ROW_HEIGHT * (_POINTS + points) / _POINTS)
        for table in (self.list, self.tabs.table, self.tabs.diff):
            table.setFont(self._font)
            table.verticalHeader().setDefaultSectionSize(max(line, 18))
        for model in (self.list_model, self.table_model):
            model.set_font(QFont(self._font))
        self._widths.clear()
        self._fit_list()
        self._fit_height()
        if self.shown is not None:
            self._fit_columns(TensorTable(self.shown))

    def show_reason(self, text: str, *, can_attach: bool) -> None:
        """Say why there are no tensors, and offer to attach some."""
        self.attach_button.setVisible(can_attach)
        self.reason.setText(text)
        self.shown = None
        self.tabs.show_row(None)
        self.list_model.show(())
        self.table_model.show(None)
        self.setCurrentIndex(1)

    def show_tensors(self, rows: Sequence[TensorRow]) -> None:
        """Show other tensors, or other values of the same."""
        self.setCurrentIndex(0)
        self._is_marking = True
        is_new = [r.tensor for r in rows] != [r.tensor for r in self.list_model.rows]
        self.list_model.show(rows)
        if is_new:
            self._widths.clear()
            self._fit_height()
        self._fit_list()
        current = self.list.currentIndex().row()
        if rows:
            self.list.selectRow(max(0, current))
            self._show_table(rows[max(0, current)])
        self._is_marking = False

    def mark(self, name: str, index: int | None) -> None:
        """Select a tensor, and an element of it, without telling the window."""
        self._is_marking = True
        for i, row in enumerate(self.list_model.rows):
            if row.tensor.name == name:
                self.list.selectRow(i)
                self._show_table(row)
                if index is not None:
                    place = TensorTable(row).place(index)
                    self.table.setCurrentIndex(self.table_model.index(*place))
                else:
                    self.table.clearSelection()
        self._is_marking = False

    def _fit_list(self) -> None:
        """Give each column what its texts need, and the names all the rest.

        Columns of the same tensors never become narrower: in a run they would jump.
        """
        header = self.list.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, (title, text) in enumerate(TensorListModel.COLUMNS):
            if column:
                texts = [text(row)[:_LONGEST_TEXT] for row in self.list_model.rows]
                widths = map(self.list.fontMetrics().horizontalAdvance, texts)
                widest = max([header.fontMetrics().horizontalAdvance(title), *widths]) + _MARGIN
                self._widths[column] = max(widest, self._widths.get(column, 0))
                header.resizeSection(column, self._widths[column])
        self._make_room_for_names()

    def _make_room_for_names(self) -> None:
        """Without the least and greatest values, where names need it: the summary has them."""
        names = [row.tensor.name[:_LONGEST_TEXT] for row in self.list_model.rows]
        advance = self.list.fontMetrics().horizontalAdvance
        wanted = max(map(advance, names), default=0) + _MARGIN + sum(self._widths.values())
        room = self.width() - _FRAME
        if len(names) > self._most_lines:
            room -= self.list.verticalScrollBar().sizeHint().width()
        for column in _STATISTICS:
            self.list.setColumnHidden(column, wanted > room)

    def _fit_height(self) -> None:
        """Give the list a line a tensor, but no more than a quarter of the panel."""
        lines = min(max(len(self.list_model.rows), 1), self._most_lines)
        height = self.list.horizontalHeader().sizeHint().height() + 4
        self.list.setFixedHeight(height + self.list.verticalHeader().defaultSectionSize() * lines)

    @property
    def _most_lines(self) -> int:
        # Larger letters make no list higher: the panels around it would give it the room.
        lines = min(_LIST_LINES, max(2, self.height() // (4 * _ROW_HEIGHT)))
        room = lines * _ROW_HEIGHT
        return min(lines, max(1, room // self.list.verticalHeader().defaultSectionSize()))

    def _show_table(self, row: TensorRow) -> None:
        table = TensorTable(row)
        is_new = self.table_model.table is None or self.table_model.table.row.tensor != row.tensor
        if is_new:
            self.table_model.show(None)  # columns that were stretched would keep their widths
            self._fit_columns(table)
        self.table_model.show(table)
        self.shown = row
        self.tabs.show_row(row)
        unit = f"  [{row.tensor.unit}]" if row.tensor.unit else ""
        place = f"{row.type_text} at 0x{row.offset:X}{escape(unit)}"
        name = self.summary.fontMetrics().elidedText(
            row.tensor.name, Qt.TextElideMode.ElideMiddle, _LONGEST_NAME
        )
        self.summary.setText(f"<b>{escape(name)}</b> {place}<br>{row.summary}")
        self.summary.setToolTip(tooltip(f"{row.tensor.name}: {row.summary}"))

    def _fit_columns(self, table: TensorTable) -> None:
        letter = self.table.fontMetrics().horizontalAdvance("0")
        is_long = table.row.tensor.dtype in ("u64", "i64")
        header, modes = self.table.horizontalHeader(), QHeaderView.ResizeMode
        header.setSectionResizeMode(modes.Stretch if table.is_list else modes.Interactive)
        header.setDefaultSectionSize(letter * (21 if is_long else 12))

    def _typed(self, index: int, text: str) -> None:
        if self.shown is not None:
            self.typed.emit(self.shown.tensor.name, index, text)

    def _index_chosen(self, index: int) -> None:
        if self.shown is not None and not self._is_marking:
            self.cell_chosen.emit(cell_offset(self.shown, index))

    def _tensor_chosen(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if self._is_marking or not current.isValid():
            return
        row = self.list_model.rows[current.row()]
        self._is_marking = True
        self._show_table(row)
        self._is_marking = False
        self.tensor_chosen.emit(row.tensor.name)

    def _cell_chosen(self, current: QModelIndex, _previous: QModelIndex) -> None:
        table = self.table_model.table
        if self._is_marking or table is None or not current.isValid():
            return
        index = table.cell(current.row(), current.column())
        self.cell_chosen.emit(cell_offset(table.row, index))
