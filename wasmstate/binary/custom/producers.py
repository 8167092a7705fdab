"""The producers section: what a module was made with.

Source: tool-conventions, "Producers Section", heading "Custom Section".
"""

from __future__ import annotations

from dataclasses import dataclass

from construct import Struct

from wasmstate.binary.values import List, name, record


@dataclass(frozen=True, slots=True)
class VersionedName:
    """A tool or a language, and its version; empty if it is not told."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class ProducersField:
    """What was used of a kind: ``language``, ``processed-by`` or ``sdk``."""

    field_name: str
    field_values: list[VersionedName]


@dataclass(frozen=True, slots=True)
class Producers:
    """The producers section."""

    fields: list[ProducersField]


versioned_name = record(VersionedName, Struct("name" / name, "version" / name))
producers_field = record(
    ProducersField, Struct("field_name" / name, "field_values" / List(versioned_name))
)
producers = record(Producers, Struct("fields" / List(producers_field)))
