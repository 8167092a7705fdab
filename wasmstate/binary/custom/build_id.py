"""The build id: what tells a build, and the debug information that belongs to it.

Source: tool-conventions, "Build ID", heading "Build ID Section".
"""

from __future__ import annotations

from dataclasses import dataclass

from construct import Struct

from wasmstate.binary.values import octets, record


@dataclass(frozen=True, slots=True)
class BuildId:
    """Any bytes, often a UUID or a hash."""

    id: bytes


build_id = record(BuildId, Struct("id" / octets))
