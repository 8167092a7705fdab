"""The lists of the module and their instructions, read beside the GUI thread when looked at."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal

from wasmstate.binary.module import Module
from wasmstate_gui.core.module.disassembly import Listing, listing
from wasmstate_gui.core.module.entry_tables import FUNCTIONS, USES, ModuleTable, module_table
from wasmstate_gui.core.module.uses_table import subject_of, uses_table
from wasmstate_gui.core.window.go_to import Place
from wasmstate_gui.kit.jobs import Jobs, Task
from wasmstate_gui.module.module_panel import ModulePanel


class ModuleLists(QObject):
    """Fills the panel with the module that is shown, as far as somebody looks at it."""

    functions_read = Signal()
    """The functions of the module are known."""
    settled = Signal()
    """What was to be shown is shown."""

    def __init__(self, panel: ModulePanel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._panel = panel
        self._jobs = Jobs(self)
        self._module: Module | None = None
        self._tables: dict[str, ModuleTable] = {}
        self._reading: set[str] = set()
        self._filtering: Task | None = None
        self._listing_row: int | None = None
        self._cursor: int | None = None
        self._is_open = False
        self._chooses_first = False
        self._finds_uses = False  # as soon as the functions are there
        panel.kind_chosen.connect(self.open)
        panel.filter_changed.connect(self._filter)
        panel.row_chosen.connect(self._row_chosen)

    @property
    def is_busy(self) -> bool:
        """Whether something is being read or filtered."""
        return self._jobs.is_busy

    @property
    def functions(self) -> ModuleTable | None:
        """The functions; ``None`` as long as they have not been read."""
        return self._tables.get(FUNCTIONS)

    def show_module(self, module: Module) -> None:
        """Another module is shown; its lists are read when they are looked at."""
        if module is self._module:
            return
        self._module = module
        self._tables, self._listing_row = {}, None
        self._reading = set()
        if self._is_open:
            self.open(self._panel.kind)

    def set_open(self, is_open: bool) -> None:
        """Whether the panel can be seen."""
        self._is_open = is_open
        if is_open:
            self.open(self._panel.kind)

    def show_first(self) -> None:
        """Choose the first function that has code, when the functions are there."""
        self._chooses_first = True
        self._choose_first()

    def _choose_first(self) -> None:
        table = self.functions
        if self._chooses_first and table is not None and table.count:
            self._chooses_first = False
            row = next((i for i in range(table.count) if table.code(i) is not None), 0)
            self._panel.table.selectRow(row)
        elif table is not None:
            self.settled.emit()

    def open(self, kind: str) -> None:
        """Show one of the lists."""
        if kind in self._tables:
            self._show(self._tables[kind])
        else:
            self._panel.show_waiting(kind)
            self.read(kind)

    def read(self, kind: str = FUNCTIONS) -> None:
        """Read one of the lists, if that has not been done."""
        module = self._module
        if module is None or kind in self._tables or kind in self._reading:
            return
        self._reading.add(kind)
        self._jobs.start(partial(module_table, kind, module), partial(self._read, module, kind))

    def find_uses(self) -> None:
        """List what uses the chosen row."""
        table, row, module = self._panel.table_model.table, self._panel.chosen_row, self._module
        subject = subject_of(table, row) if row is not None and row < table.count else None
        if module is None or subject is None:
            self.open(USES)
            return
        functions = self.functions
        if functions is None:
            self._finds_uses = True
            self.read()
            return
        self._tables.pop(USES, None)
        self._reading.add(USES)
        self._panel.show_waiting(USES)
        self._jobs.start(
            partial(uses_table, module, subject, functions), partial(self._read, module, USES)
        )

    def go_to(self, offset: int) -> None:
        """The cursor is at another byte: select what it belongs to."""
        self._cursor = offset
        table = self._panel.table_model.table
        if not self._is_open:
            return
        row = table.row_at(offset)
        self._panel.mark_row(row)
        function = None if row is None else table.function_of(row)
        if function is not None:
            self._list(function)
            self._panel.mark_line(self._panel.listing_model.listing.line_at(offset))

    def places_at(self, offset: int) -> list[Place]:
        """What is known of a byte: its instruction, its entry."""
        found = []
        instructions = self._panel.listing_model.listing
        line = instructions.line_at(offset) if self._listing_row is not None else None
        if line is not None:
            found.append(Place(*instructions.span(line), instructions.texts[line].strip()))
        for kind, table in self._tables.items():
            row = table.row_at(offset)
            if row is not None:
                found.append(Place(*table.span(row), f"{kind.lower()} {row}"))
        return found

    def close(self) -> None:
        """Give up what is under way."""
        self._jobs.close()

    def _read(self, module: Module, kind: str, result: ModuleTable | Exception) -> None:
        if module is not self._module:
            return
        table = result if isinstance(result, ModuleTable) else ModuleTable(kind, damage=str(result))
        self._reading.discard(kind)
        self._tables[kind] = table
        if self._is_open and kind == self._panel.kind:
            self._show(table)
        if kind == FUNCTIONS:
            self.functions_read.emit()
            if self._chooses_first:
                self._choose_first()
            if self._finds_uses:
                self._finds_uses = False
                self.find_uses()

    def _show(self, table: ModuleTable) -> None:
        self._panel.show_table(table)
        self._listing_row = None
        self._panel.show_listing(Listing("Choose a function to see its instructions"))
        if self._panel.filter.text():
            self._filter(self._panel.filter.text())
        elif self._cursor is not None:
            self.go_to(self._cursor)

    def _filter(self, text: str) -> None:
        if self._filtering is not None:
            self._filtering.is_cancelled = True
            self._filtering = None
        table = self._panel.table_model.table
        if not text.strip():
            self._panel.show_rows(None)
            if self._cursor is not None:
                self.go_to(self._cursor)
            return
        self._filtering = self._jobs.start_task(
            partial(table.matching, text), partial(self._filtered, table)
        )

    def _filtered(self, table: ModuleTable, result: object) -> None:
        self._filtering = None
        if table is self._panel.table_model.table and not isinstance(result, Exception):
            self._panel.show_rows(result)

    def _row_chosen(self, row: int) -> None:
        function = self._panel.table_model.table.function_of(row)
        if function is not None:
            self._list(function)

    def _list(self, row: int) -> None:
        table = self._tables.get(FUNCTIONS)
        if table is None or row == self._listing_row:
            return
        self._listing_row = row
        index, name, signature, *_ = table.cells(row)
        title = f"function {index}  {name}  {signature}"

        def read() -> Listing:
            func = table.code(row)
            return listing(title if func is not None else f"{title}: imported", func, table.names)

        self._jobs.start(read, partial(self._listed, row))

    def _listed(self, row: int, result: Listing | Exception) -> None:
        if row != self._listing_row:
            return
        found = result if isinstance(result, Listing) else Listing(str(result))
        self._panel.show_listing(found)
        if self._cursor is not None:
            self._panel.mark_line(found.line_at(self._cursor))
        self.settled.emit()
