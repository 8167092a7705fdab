"""Other records that a module carries, and that may tell what one that is damaged has lost."""

from __future__ import annotations

from collections.abc import Sequence

from wasmstate.binary.module import Module
from wasmstate.errors import StateCorruptError
from wasmstate.state.damage.find_records import sites
from wasmstate.state.damage.survey_parts import Source
from wasmstate.state.older import INIT_SECTION, PREV_SECTION
from wasmstate.state.reading import decode_record
from wasmstate.state.record import Record

_KINDS = {PREV_SECTION: "prev", INIT_SECTION: "init"}


def records_in(data: bytes) -> list[Record]:
    """The records in bytes that are whole, in order, whatever stands between them."""
    found = []
    for site in sites(data):
        if site.is_whole:
            try:
                found.append(decode_record(data[site.start : site.end]))
            except StateCorruptError:
                continue
    return found


def sources_of(module: Module) -> list[Source]:
    """The records before the state that a module carries, the newest first, the first one last."""
    return [
        source
        for name in (PREV_SECTION, INIT_SECTION)
        for section in module.custom_sections(name)
        for source in labelled(_KINDS[name], name, records_in(section.content))
    ]


def labelled(kind: str, name: str, records: Sequence[Record]) -> list[Source]:
    """Records as sources, the newest first."""
    order = sorted(records, key=lambda record: -record.lineage.generation)
    return [
        Source(kind, f"{name} (generation {record.lineage.generation})", record) for record in order
    ]
