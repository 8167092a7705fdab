"""Custom sections: a name, then bytes that only their owner understands.

Source: WebAssembly Core 3.0, Binary Format, "Custom Section".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

from construct import Struct

from wasmstate.binary.content import Content, Field
from wasmstate.binary.custom import custom_layout
from wasmstate.binary.custom.subsections import rest
from wasmstate.binary.sections.base import Frame, Layout, Section, traced
from wasmstate.binary.values import decode, u32
from wasmstate.binary.values import name as name_construct

SIZE_WIDTH = 5
"""Sizes of new custom sections take this many bytes, so that they can grow in place."""

_unknown: Layout = Struct("content" / rest)


class CustomSection(Section):
    """A custom section. Nothing in its content makes the module malformed."""

    @classmethod
    def build(cls, name: str, content: bytes) -> CustomSection:
        """A new one, not yet in any module.

        Raises:
            SectionError: if the name cannot be written as UTF-8.
        """
        prefix = name_construct.encode(name)
        return cls(0, name, 0, 0, Frame.build(0, content, prefix=prefix, width=SIZE_WIDTH))

    def with_content(self, content: bytes) -> CustomSection:
        """A copy with other content behind the same name, byte for byte, well-formed or not."""
        start, content_start = self.frame.start, self.frame.content_start
        head = Content(self.frame.source.read(start, content_start - start))
        head.read(1)
        u32.read(head, "")
        width = head.tell() - 1
        frame = Frame.build(self.id, content, prefix=head.read(), width=width)
        fault = self.frame_fault
        if fault is not None:
            grown = frame.content_start - (content_start - start)
            fault = fault._replace(position=fault.position + grown)
        return replace(self, frame=frame, frame_fault=fault)

    @property
    def is_known(self) -> bool:
        """Whether sections of this name have a convention that says what is in them."""
        return custom_layout(self.name) is not None

    def decode(self) -> Any:
        """What the content means, by the convention for the name; without one, the bytes.

        Raises:
            MalformedError: naming the field and the byte; the module is none the worse for it.
        """
        return self._decoded if self.is_known else self.content

    def each_field(self) -> Iterator[Field]:
        layout = custom_layout(self.name) or _unknown
        return traced(layout, self.content, self.content_offset, self.path)

    @cached_property
    def _decoded(self) -> Any:
        layout = custom_layout(self.name)
        assert layout is not None
        return decode(layout, Content(self.content, self.content_offset, self.path))
