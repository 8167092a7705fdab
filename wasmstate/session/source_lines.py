"""Lines of the source, from the debugging information of a module.

DWARF is read by pyelftools, the extra ``wasmstate[dwarf]``; without it no lines are known.
Addresses of code count from the content of the code section.

Source: WebAssembly tool conventions, "Debugging", "DWARF"; DWARF 5, "Line Number Information".
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from io import BytesIO
from typing import Any

from wasmstate.binary.module import Module
from wasmstate.binary.sections.code import CodeSection

_LARGEST = 1 << 20  # bytes of line tables: about five seconds
_MALFORMED = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
_SECTIONS = (
    "debug_info",
    "debug_aranges",
    "debug_abbrev",
    "debug_frame",
    "eh_frame",
    "debug_str",
    "debug_loc",
    "debug_ranges",
    "debug_line",
    "debug_pubtypes",
    "debug_pubnames",
    "debug_addr",
    "debug_str_offsets",
    "debug_line_str",
    "debug_loclists",
    "debug_rnglists",
    "debug_sup",
    "gnu_debugaltlink",
    "debug_types",
)


class SourceLines:
    """The source lines of a module's code; none if it has no line tables that can be read."""

    def __init__(self, module: Module) -> None:
        code = module.section(CodeSection)
        self._start = code.content_offset if code is not None else 0
        self._module = module

    def at(self, offset: int) -> str | None:
        """The line of the instruction at an offset of the file, ``linear.c:31``, if it is known."""
        addresses, lines = self._table
        index = bisect_right(addresses, offset - self._start) - 1
        return lines[index] if index >= 0 else None

    @cached_property
    def _table(self) -> tuple[list[int], list[str | None]]:
        tables = self._module.custom_sections(".debug_line")
        if not tables or sum(each.size for each in tables) > _LARGEST:
            return [], []
        try:
            known = import_module("elftools.common.exceptions")
            construct = import_module("elftools.construct")
        except ImportError:
            return [], []
        errors = (known.ELFError, known.DWARFError, construct.ConstructError, *_MALFORMED)
        try:
            rows = sorted(self._rows(), key=lambda row: (row[0], row[1] is not None))
        except errors:  # of an unreadable table nothing is known
            return [], []
        return [address for address, _ in rows], [line for _, line in rows]

    def _rows(self) -> Iterator[tuple[int, str | None]]:
        """Where each line begins; ``None`` where a stretch of code ends."""
        for unit in self._dwarf().iter_CUs():
            program = unit.dwarfinfo.line_program_for_CU(unit)
            if program is None:
                continue
            files = program["file_entry"]
            first = 0 if program["version"] >= 5 else 1
            for entry in program.get_entries():
                state = entry.state
                if state is None:
                    continue
                index = state.file - first
                is_known = not state.end_sequence and state.line and 0 <= index < len(files)
                name = files[index].name.decode(errors="replace") if is_known else ""
                yield state.address, f"{name}:{state.line}" if is_known else None

    def _dwarf(self) -> Any:
        dwarf = import_module("elftools.dwarf.dwarfinfo")
        found = {}
        for name in _SECTIONS:
            sections = self._module.custom_sections(f".{name}")
            content = sections[0].content if sections else None
            found[f"{name}_sec"] = content and dwarf.DebugSectionDescriptor(
                BytesIO(content), f".{name}", 0, len(content), 0
            )
        config = dwarf.DwarfConfig(little_endian=True, machine_arch="wasm", default_address_size=4)
        return dwarf.DWARFInfo(config=config, **found)
