"""Dynamic libraries: ``dylink.0``, and ``dylink`` as it was before it had subsections.

Source: tool-conventions, "WebAssembly Dynamic Linking", heading 'The "dylink.0" Section', in
earlier versions 'The "dylink" Section'.
"""

from __future__ import annotations

from dataclasses import dataclass

from construct import Struct

from wasmstate.binary.custom.subsections import Subsection, Subsections
from wasmstate.binary.values import List, name, record, u32


@dataclass(frozen=True, slots=True)
class MemInfo:
    """What the loader has to reserve.

    Attributes:
        memorysize: in bytes.
        memoryalignment: in bytes, as a power of 2.
        tablesize: in elements.
        tablealignment: in elements, as a power of 2.
    """

    memorysize: int
    memoryalignment: int
    tablesize: int
    tablealignment: int


@dataclass(frozen=True, slots=True)
class ExportInfo:
    """Flags of an export, as of a symbol of the linking section."""

    name: str
    flags: int


@dataclass(frozen=True, slots=True)
class ImportInfo:
    """Flags of an import, as of a symbol of the linking section."""

    module: str
    field: str
    flags: int


@dataclass(frozen=True, slots=True)
class Dylink0:
    """The ``dylink.0`` section."""

    subsections: list[Subsection]


@dataclass(frozen=True, slots=True)
class Dylink:
    """The ``dylink`` section; its sizes are those of :class:`MemInfo`."""

    memorysize: int
    memoryalignment: int
    tablesize: int
    tablealignment: int
    needed_dynlibs: list[str]


_mem_info = (
    "memorysize" / u32,
    "memoryalignment" / u32,
    "tablesize" / u32,
    "tablealignment" / u32,
)
export_info = record(ExportInfo, Struct("name" / name, "flags" / u32))
import_info = record(ImportInfo, Struct("module" / name, "field" / name, "flags" / u32))

dylink = record(Dylink, Struct(*_mem_info, "needed_dynlibs" / List(name)))
subsections = Subsections(
    {
        1: ("mem_info", record(MemInfo, Struct(*_mem_info))),
        2: ("needed", List(name)),
        3: ("export_info", List(export_info)),
        4: ("import_info", List(import_info)),
        5: ("runtime_path", List(name)),
    }
)
dylink0 = record(Dylink0, Struct("subsections" / subsections))
