"""The code section.

Source: WebAssembly Core 3.0, Binary Format, "Code Section".
"""

from __future__ import annotations

from typing import ClassVar

from construct import Struct

from wasmstate.binary.sections.base import Layout, ListSection
from wasmstate.binary.values import List, octets


class CodeSection(ListSection[bytes]):
    """The code of each defined function, locals and instructions, not decoded."""

    layout: ClassVar[Layout] = Struct("entries" / List(octets))
