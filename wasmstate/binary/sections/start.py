"""The start section.

Source: WebAssembly Core 3.0, Binary Format, "Start Section".
"""

from __future__ import annotations

from typing import ClassVar

from construct import Struct

from wasmstate.binary.sections.base import DecodedSection, Layout
from wasmstate.binary.values import u32


class StartSection(DecodedSection):
    """The function that runs at the end of instantiation."""

    layout: ClassVar[Layout] = Struct("funcidx" / u32)

    @property
    def funcidx(self) -> int:
        """Its index.

        Raises:
            MalformedError: naming the byte.
        """
        funcidx: int = self._decoded["funcidx"]
        return funcidx

    def decode(self) -> int:
        return self.funcidx
