"""Where debug information is kept: ``sourceMappingURL`` and ``external_debug_info``.

Source: tool-conventions, "Debugging", headings "Source maps" and "External DWARF".
"""

from __future__ import annotations

from dataclasses import dataclass

from construct import Struct

from wasmstate.binary.values import name, record


@dataclass(frozen=True, slots=True)
class Url:
    """The place of a source map, or of a module that holds the DWARF sections."""

    url: str


url = record(Url, Struct("url" / name))
