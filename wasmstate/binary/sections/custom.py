"""Custom sections: a name, then bytes that only their owner understands.

Source: WebAssembly Core 3.0, Binary Format, "Custom Section".
"""

from __future__ import annotations

from wasmstate.binary.sections.base import Frame, Section
from wasmstate.binary.values import name as name_construct

SIZE_WIDTH = 5
"""Sizes of new custom sections take this many bytes, so that they can grow in place."""


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
