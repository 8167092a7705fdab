"""The data count section.

Source: WebAssembly Core 3.0, Binary Format, "Data Count Section".
"""

from __future__ import annotations

from typing import ClassVar

from construct import Struct

from wasmstate.binary.sections.base import DecodedSection, Layout
from wasmstate.binary.values import u32


class DataCountSection(DecodedSection):
    """The number of data segments, told before the code that names them."""

    layout: ClassVar[Layout] = Struct("count" / u32)

    @property
    def count(self) -> int:
        """The number.

        Raises:
            MalformedError: naming the byte.
        """
        count: int = self._decoded["count"]
        return count

    def decode(self) -> int:
        return self.count
