"""One file a section, and the table that knows them all."""

from __future__ import annotations

from wasmstate.binary.sections.base import Section
from wasmstate.binary.sections.code import CodeSection
from wasmstate.binary.sections.custom import CustomSection
from wasmstate.binary.sections.data import DataSection
from wasmstate.binary.sections.data_count import DataCountSection
from wasmstate.binary.sections.element import ElementSection
from wasmstate.binary.sections.export import ExportSection
from wasmstate.binary.sections.function import FunctionSection
from wasmstate.binary.sections.global_ import GlobalSection
from wasmstate.binary.sections.import_ import ImportSection
from wasmstate.binary.sections.memory import MemorySection
from wasmstate.binary.sections.nested import NestedSection
from wasmstate.binary.sections.start import StartSection
from wasmstate.binary.sections.table import TableSection
from wasmstate.binary.sections.tag import TagSection
from wasmstate.binary.sections.type import TypeSection

CUSTOM_ID = 0

MODULE_SECTIONS: dict[int, tuple[str, type[Section]]] = {
    CUSTOM_ID: ("custom", CustomSection),
    1: ("type", TypeSection),
    2: ("import", ImportSection),
    3: ("function", FunctionSection),
    4: ("table", TableSection),
    5: ("memory", MemorySection),
    13: ("tag", TagSection),
    6: ("global", GlobalSection),
    7: ("export", ExportSection),
    8: ("start", StartSection),
    9: ("element", ElementSection),
    12: ("data count", DataCountSection),
    10: ("code", CodeSection),
    11: ("data", DataSection),
}
"""Sections of a core module, in the order that the standard ones must have.

Source: WebAssembly Core 3.0, Binary Format, "Sections" and "Modules".
"""

MODULE_ORDER = tuple(id for id in MODULE_SECTIONS if id != CUSTOM_ID)
"""The ids of standard sections in the order they must have."""

COMPONENT_SECTIONS: dict[int, tuple[str, type[Section]]] = {
    CUSTOM_ID: ("custom", CustomSection),
    1: ("core module", NestedSection),
    2: ("core instance", Section),
    3: ("core type", Section),
    4: ("component", NestedSection),
    5: ("instance", Section),
    6: ("alias", Section),
    7: ("type", Section),
    8: ("canon", Section),
    9: ("start", Section),
    10: ("import", Section),
    11: ("export", Section),
    12: ("value", Section),
}
"""Sections of a component. Source: component-model, design/mvp/Binary.md."""
