"""Exports added to a module, so that a host can reach what belongs to its state.

Only the export section changes, and in it nothing that was there: no index becomes another one, and
code stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable

from wasmstate.binary.module import Module
from wasmstate.binary.section_list import append
from wasmstate.binary.sections.export import Export, ExportSection
from wasmstate.binary.sections.export import export as layout
from wasmstate.binary.spaces import Spaces

RESERVED = "wasmstate:"
"""What the names of added exports begin with: ``wasmstate:global:3``, ``wasmstate:memory:0``."""


def export_name(kind: str, index: int) -> str:
    """The name of an added export."""
    return f"{RESERVED}{kind}:{index}"


def with_reachable(module: Module, items: Iterable[tuple[str, int]]) -> Module:
    """A copy of the module that exports each of these, under a reserved name if it did not.

    Args:
        module: a core module.
        items: kind (``memory`` or ``global``) and index.

    Raises:
        MalformedError: if the export section cannot be decoded.
    """
    exports = Spaces(module).exports
    known = {(export.kind, export.index) for export in exports.values()}
    added = [
        Export(export_name(kind, index), kind, index)
        for kind, index in dict.fromkeys(items)
        if (kind, index) not in known
    ]
    if not added:
        return module
    encoded = [layout.build(export) for export in added]
    return module.with_sections(append(module.sections, ExportSection, encoded))
