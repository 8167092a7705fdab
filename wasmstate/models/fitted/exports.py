"""Functions of a kernel that a model does not have."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from wasmstate.binary.module import Module
from wasmstate.binary.sections.export import ExportSection
from wasmstate.state.attach.describe import with_state
from wasmstate.state.digest import module_digest
from wasmstate.state.schema import Schema
from wasmstate.state.state import SECTION_NAME, State

UPDATES = ("update", "update_many")


def with_functions(
    kernel: Module, names: Collection[str], renamed: Mapping[str, str] | None = None
) -> Module:
    """A module that exports these functions and no others.

    Args:
        kernel: the module.
        names: of the functions.
        renamed: new names of exports.
    """
    section = kernel.section(ExportSection)
    assert section is not None
    exports = [
        replace(each, name=(renamed or {}).get(each.name, each.name))
        for each in section.entries
        if each.name not in (renamed or {}).values()
    ]
    kept = [each for each in exports if each.kind != "func" or each.name in names]
    return kernel.with_entries({ExportSection: kept})


def without_updates(module: Module) -> Module:
    """A model that predicts, and does not learn."""
    state = State.of(module)
    entries = {name: each for name, each in state.entry_points.items() if name not in UPDATES}
    code = with_functions(module.without_custom(SECTION_NAME), entries)
    schema = Schema(state.tensors, entries, state.metadata)
    lineage = replace(state.record.lineage, module_digest=module_digest(code))
    return with_state(
        code, State(replace(state.record, schema=schema.encode(), lineage=lineage), schema)
    )
