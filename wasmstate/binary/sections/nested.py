"""Sections of a component that hold a whole binary: core modules and other components.

Source: component-model, design/mvp/Binary.md, "Component Definitions".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, ClassVar, Self

from wasmstate.binary.sections.base import Section
from wasmstate.binary.source import SubSource
from wasmstate.errors import MalformedError, SectionError, UnsupportedError

MAX_DEPTH = 64
"""Binaries may be nested this deep, the outermost not counted."""

_COMPONENT_ID = 4


class NestedSection(Section):
    """A core module, or a component, inside a component.

    Offsets of the nested binary count from its own start, and paths begin there.

    Attributes:
        read_module: ``Module.from_source``. A module is made of sections, so the module's file
            sets it: an import here would close a circle.
    """

    read_module: ClassVar[Callable[..., Any]]

    def open(self, *, strict: bool = True) -> Any:
        """The nested binary, a :class:`~wasmstate.binary.Module`, read in place.

        Args:
            strict: as for :meth:`~wasmstate.binary.Module.from_bytes`.

        Raises:
            MalformedError: if ``strict`` and its frames are not well-formed, or if it is not of
                the kind that the section says; with the path and the offset in the outer one.
        """
        source = SubSource(self.frame.source, self.frame.content_start, self.size)
        try:
            return type(self).read_module(
                source,
                strict=strict,
                is_component=self.id == _COMPONENT_ID,
                parent_offset=self.content_offset,
            )
        except MalformedError as error:
            raise self.place(error) from error

    def with_module(self, module: Any) -> Self:
        """A copy that holds another binary.

        Raises:
            SectionError: a component for a core module, or the other way round.
        """
        if module.is_component != (self.id == _COMPONENT_ID):
            raise SectionError(f"{self.path} holds a {self.name}, and that is another kind")
        return self._replaced(module.to_bytes())

    def decode(self) -> Any:
        """The result of :meth:`open`, kept for the next time."""
        return self._opened

    @cached_property
    def _opened(self) -> Any:
        return self.open()

    def place(self, error: MalformedError) -> MalformedError:
        """An error about the nested binary as one about the outer one."""
        path, offset = f"{self.path}.{error.path}", self.content_offset + error.offset
        if isinstance(error, UnsupportedError):
            return UnsupportedError(path, offset, error.reason, error.proposal)
        return MalformedError(path, offset, error.reason)

    def too_deep(self) -> MalformedError:
        """What is wrong with a nested binary too many."""
        reason = f"nested too deep (no more than {MAX_DEPTH} are read)"
        return MalformedError(self.path, self.offset, reason)

    def modules(self, depth: int = 1) -> Iterator[tuple[str, Any]]:
        """The nested binary, then those inside it, each with its path.

        Raises:
            MalformedError: as :meth:`open`, and for what is nested deeper than ``MAX_DEPTH``.
        """
        if depth > MAX_DEPTH:
            raise self.too_deep()
        module = self.decode()
        yield self.path, module
        for section in module.sections:
            if isinstance(section, NestedSection):
                try:
                    for path, inner in section.modules(depth + 1):
                        yield f"{self.path}.{path}", inner
                except MalformedError as error:
                    raise self.place(error) from error
