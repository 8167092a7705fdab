"""Why there are no tensors, in words that help."""

from __future__ import annotations

from html import escape

from wasmstate_gui.presenters.snapshot import Snapshot


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
        reason = escape(snapshot.obstacle or "it cannot be read")
        return (
            f"<b>The state cannot be trusted.</b><p>{reason}.</p>"
            "<p>Nothing is decoded from bytes that contradict each other. The bytes themselves "
            "are shown, and the other sections are not concerned.</p>"
        )
    if snapshot.module.damage is not None:
        return (
            "<b>No state was found.</b><p>The file is damaged before a state section could "
            "begin: see Problems.</p>"
        )
    name = escape(snapshot.path.name)
    return (
        "<b>This module carries no state yet.</b>"
        "<p>Tell which bytes of its memory are S, and it will remember:</p>"
        f"<pre>wasmstate attach {name} \\\n  --tensor 'w:f32[4]@sym:weights'</pre>"
        "<p>A tensor is <code>name:dtype[shape]@place</code>; the place is an address, "
        "<code>sym:NAME</code> for an exported static, or <code>global:NAME</code> for an "
        "exported mutable global.</p>"
    )
