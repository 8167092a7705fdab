"""A module that goes on from what another one has learned: the same history, other code.

Source: docs/format.md, "New code for a state".
"""

from __future__ import annotations

from dataclasses import replace

from wasmstate.binary.module import Module
from wasmstate.state.digest import module_digest
from wasmstate.state.older import PREV_SECTION, STATE_SECTION, with_next
from wasmstate.state.record import successor
from wasmstate.state.state import State


def carry_on(module: Module, state: State, old: Module) -> Module:
    """A copy of a module whose state is the generation after that of an older module.

    Args:
        module: the new code; what it carries of states is replaced.
        state: the values that it starts from, described for the new code.
        old: the module that learned them; its record becomes the newest of ``wasmstate.prev``, also
            if no older ones are kept.
    """
    parent = State.of(old).record
    lineage = replace(
        state.record.lineage,
        module_digest=module_digest(module),
        update_count=parent.lineage.update_count,
    )
    record = successor(replace(state.record, lineage=lineage), parent)
    for name in (PREV_SECTION, STATE_SECTION):
        if module.custom_sections(name):
            module = module.without_custom(name)
    for section in old.custom_sections(PREV_SECTION):
        module = module.with_custom(PREV_SECTION, section.content, index=len(module.sections))
    module = module.with_custom(STATE_SECTION, parent.encode(), force=True)
    return with_next(module, record.encode(), max(record.keep, 1))
