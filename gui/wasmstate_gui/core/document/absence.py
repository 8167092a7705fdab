"""Why there are no tensors, in words that help; and what can be done with a module."""

from __future__ import annotations

from html import escape

from wasmstate.binary.edits.bake import is_baked
from wasmstate.state.damage.explain_states import LOST_RECORD
from wasmstate_gui.core.document.snapshot import Snapshot
from wasmstate_gui.core.texts import sentence


def is_model(snapshot: Snapshot) -> bool:
    """Whether the file has a state, or had one."""
    return snapshot.has_state_section or any(f.path == LOST_RECORD for f in snapshot.findings)


def can_attach(snapshot: Snapshot) -> bool:
    """Whether a state section can be added to the file."""
    module = snapshot.module
    is_sound = snapshot.is_wasm and module.damage is None
    return is_sound and not module.is_component and not snapshot.has_state_section


def can_bake(snapshot: Snapshot) -> bool:
    """Whether there is a state that any runtime could start from."""
    return snapshot.state is not None and snapshot.module.damage is None


def can_unbake(snapshot: Snapshot) -> bool:
    """Whether the file is baked."""
    return snapshot.module.damage is None and is_baked(snapshot.module)


def can_graft(snapshot: Snapshot) -> bool:
    """Whether functions can be added to the file."""
    return snapshot.is_wasm and snapshot.module.damage is None and not snapshot.module.is_component


def no_tensors(snapshot: Snapshot) -> str:
    """What the tensors panel says of a file without a readable state, as rich text."""
    if not snapshot.is_wasm:
        if not snapshot.source.size:
            return "<b>The file is empty.</b>"
        return "<b>Not a WebAssembly file.</b><p>Its bytes are shown as they are.</p>"
    if snapshot.module.is_component:
        return (
            "<b>This is a component.</b><p>A state belongs to a core module. "
            "The sections of the component are shown; nothing in it can be run here.</p>"
        )
    if snapshot.has_state_section:
        reason = escape(sentence(snapshot.obstacle or "it cannot be read"))
        return (
            f"<b>The state cannot be trusted.</b><p>{reason}.</p>"
            "<p>Nothing is decoded from bytes that contradict each other. The bytes themselves "
            "are shown, and the other sections are not concerned.</p>"
        )
    if snapshot.module.damage is not None:
        record = next((f for f in snapshot.findings if f.path == LOST_RECORD), None)
        if record is not None and record.offset is not None:
            return (
                "<b>No state section can be read.</b><p>A record of the state stands at "
                f"0x{record.offset:X} all the same: Problems says what can be taken from it.</p>"
            )
        return (
            "<b>No state was found.</b><p>The file is damaged before a state section could "
            "begin: see Problems.</p>"
        )
    return (
        "<b>This module carries no state yet.</b>"
        "<p>Tell which bytes of its memory are S, and it will remember. The button below lists "
        "what they could be, and can find them by calling the module.</p>"
    )
