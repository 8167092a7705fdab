"""What things are called: the name section, with exports and imports to fall back on.

Source: WebAssembly Core 3.0, Appendix, "Custom Sections", "Name Section".
"""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import Any

from wasmstate.binary.content import Content
from wasmstate.binary.custom import name as layout
from wasmstate.binary.module import Module
from wasmstate.binary.sections.custom import CustomSection
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import MalformedError

NameMap = dict[int, str]
IndirectNameMap = dict[int, dict[int, str]]


class Names:
    """Names by index; each subsection of the name section is decoded when it is first asked for.

    One that cannot be decoded gives no names and does not keep the others from being read.

    Args:
        section: the name section, if there is one.
    """

    def __init__(self, section: CustomSection | None = None) -> None:
        self._section = section

    @cached_property
    def module(self) -> str | None:
        """Name of the module itself."""
        own: str | None = self._decoded(layout.MODULE)
        return own

    @cached_property
    def functions(self) -> NameMap:
        """Names of functions."""
        return self._map(layout.FUNCTIONS)

    @cached_property
    def locals(self) -> IndirectNameMap:
        """Names of each function's locals, its parameters first."""
        return self._indirect_map(layout.LOCALS)

    @cached_property
    def labels(self) -> IndirectNameMap:
        """Names of each function's labels, in the order in which their blocks begin."""
        return self._indirect_map(layout.LABELS)

    @cached_property
    def types(self) -> NameMap:
        """Names of types."""
        return self._map(layout.TYPES)

    @cached_property
    def tables(self) -> NameMap:
        """Names of tables."""
        return self._map(layout.TABLES)

    @cached_property
    def memories(self) -> NameMap:
        """Names of memories."""
        return self._map(layout.MEMORIES)

    @cached_property
    def globals(self) -> NameMap:
        """Names of globals."""
        return self._map(layout.GLOBALS)

    @cached_property
    def elements(self) -> NameMap:
        """Names of element segments."""
        return self._map(layout.ELEMENTS)

    @cached_property
    def data(self) -> NameMap:
        """Names of data segments."""
        return self._map(layout.DATA)

    @cached_property
    def fields(self) -> IndirectNameMap:
        """Names of each structure type's fields."""
        return self._indirect_map(layout.FIELDS)

    @cached_property
    def tags(self) -> NameMap:
        """Names of tags."""
        return self._map(layout.TAGS)

    @cached_property
    def damage(self) -> MalformedError | None:
        """The first fault of the section; errors in it do not concern the module."""
        if self._section is not None:
            try:
                self._section.decode()
            except MalformedError as error:
                return error
        return None

    @cached_property
    def _subsections(self) -> dict[int, Content]:
        section = self._section
        if section is None:
            return {}
        content = Content(section.content, section.content_offset, section.path)
        return layout.readable_subsections(content)

    def _decoded(self, id: int) -> Any:
        with suppress(KeyError, MalformedError):
            inner = self._subsections[id]
            _, construct = layout.subsections.layouts[id]
            return construct.parse_stream(inner)
        return None

    def _map(self, id: int) -> NameMap:
        return self._decoded(id) or {}

    def _indirect_map(self, id: int) -> IndirectNameMap:
        return {each.idx: each.namemap for each in self._decoded(id) or ()}


def read_names(module: Module) -> Names:
    """The names of a module; whatever is readable of a damaged name section."""
    sections = module.custom_sections("name")
    return Names(sections[0] if sections else None)


def function_names(module: Module) -> dict[int, str]:
    """A name for each function that has one: its own, else that of an export, else of an import.

    A section that cannot be decoded gives none.
    """
    names: dict[int, str] = {}
    spaces = Spaces(module)
    with suppress(MalformedError):
        imported = [each for each in spaces.imports if isinstance(each.type, int)]
        names |= {i: f"{each.module}.{each.name}" for i, each in enumerate(imported)}
    with suppress(MalformedError):
        names |= {e.index: e.name for e in spaces.exports.values() if e.kind == "func"}
    return names | read_names(module).functions
