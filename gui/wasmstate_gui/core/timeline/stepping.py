"""The document and its timeline, moved together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from wasmstate.errors import SchemaError
from wasmstate.state.compare.condition import step_size
from wasmstate.state.older import PREV_SECTION, STATE_SECTION
from wasmstate.state.signature import Signature
from wasmstate.state.state import State
from wasmstate_gui.core.calls.protocol import Call, Step
from wasmstate_gui.core.document.document import Document, Since
from wasmstate_gui.core.document.edited_source import Patches, rebased
from wasmstate_gui.core.document.overwrite import patched
from wasmstate_gui.core.document.snapshot import Snapshot
from wasmstate_gui.core.timeline.timeline import Event, Timeline


def timeline_of(snapshot: Snapshot) -> Timeline:
    """The timeline of a file just opened; of one without a state, that of its bytes alone."""
    state = snapshot.state
    if state is None:
        return Timeline([], Event("opened", "opened", 0))
    return Timeline(state.contents(), Event("opened", "opened", state.update_count))


def at_step(document: Document, timeline: Timeline, start: State | None = None) -> Document:
    """The document at the step that the timeline shows, compared with the one before it.

    Args:
        document: at another step.
        timeline: at the new one.
        start: what it is compared with instead, if given.

    Raises:
        MalformedError, OSError: if bytes are overwritten at that step in a large file that cannot
            be read any more.
    """
    here, event = timeline.here, timeline.event(timeline.here)
    edited = document.edited
    if event.patches != document.patches:
        found = patched(document.disk, event.patches)
        edited = None if found is document.disk else found
    document = replace(document, edited=edited)
    before, whole = start, document.base.state
    if before is None and whole is not None:
        parent = timeline.parent(here)
        contents = timeline.contents(here if parent is None else parent)
        before = whole.with_contents(contents) if timeline.fits(whole.contents()) else whole
    return document.at(here, timeline.contents(), event.updates, before)


def compared(document: Document, timeline: Timeline | None, since: Since) -> Since:
    """What changes are shown against: S of the step that was chosen for that, if one was.

    Args:
        document: what is shown.
        timeline: its steps.
        since: what they are shown against if none was.
    """
    whole = document.base.state
    if since == "disk" or timeline is None or timeline.s1 is None or whole is None:
        return since
    updates = timeline.event(timeline.s1).updates - whole.update_count
    try:
        return whole.with_contents(timeline.s1_contents, updates=updates)
    except SchemaError:  # the state was mended by hand, to another one
        return since


def add_call(
    timeline: Timeline, call: Call, done: int, step: Step, functions: Mapping[str, Signature]
) -> None:
    """Add what a call did; one that is no ``update()`` and changed nothing is no step.

    Args:
        timeline: to which it is added.
        call: that was asked for.
        done: how many of its calls came before.
        step: what this one did.
        functions: signatures by name, for the parameters' names.
    """
    is_update = call.name == "update"
    if not is_update and not step.delta:
        return
    args = call.rows[done % len(call.rows)] if call.rows else call.args
    now = timeline.event(timeline.here)
    text = call_text(functions.get(call.name), call.name, args)
    drift = "" if step.drift is None else drift_text(call.watch, *step.drift)
    updates, called = now.updates + is_update, (call.name, args)
    event = Event("call", text, updates, step.value, step.size, now.patches, drift, called)
    timeline.add_delta(event, step.delta, step.lengths)


def add_edit(timeline: Timeline, before: State, after: State, text: str) -> None:
    """Add what was changed by hand."""
    patches = timeline.event(timeline.here).patches
    size = step_size(before, after)
    event = Event("edit", text, before.update_count, None, size, patches)
    timeline.add(event, after.contents())


def add_bytes(timeline: Timeline, document: Document, text: str) -> None:
    """Add the bytes that were overwritten in a document.

    Args:
        timeline: at the step before.
        document: after it.
        text: what was done.
    """
    now, state = timeline.event(timeline.here), document.state
    contents = timeline.contents()
    updates = now.updates
    if state is not None and timeline.fits(state.contents()):
        contents, updates = state.contents(), state.update_count
    timeline.add(Event("edit", text, updates, None, 0.0, document.patches), contents)


def add_disk(timeline: Timeline, before: State, state: State, text: str) -> None:
    """Add the state that is in the file."""
    event = Event("external", text, state.update_count, None, step_size(before, state))
    timeline.on_disk = timeline.add(event, state.contents())


def keep_written(timeline: Timeline, wrote: Document, now: Snapshot) -> bool:
    """Note that a step was written, if the steps can be shown over the file as it is now.

    They cannot if bytes of the state section were overwritten and then new values became another
    generation: what belonged to the one before says nothing of it.

    Args:
        timeline: of the file.
        wrote: the document that was written.
        now: the file since then.
    """
    patches = timeline.patches
    if patches != {()}:
        if wrote.has_new_values and not _are_before_states(patches, (wrote.base, now)):
            return False
        was, written = wrote.disk.source, wrote.patches
        timeline.replace_patches({p: rebased(p, written, was, now.source) for p in patches})
    timeline.on_disk = wrote.step
    return True


def _are_before_states(patches: Iterable[Patches], files: Iterable[Snapshot]) -> bool:
    """Whether patches are of bytes that a commit leaves what and where they are."""
    names = (STATE_SECTION, PREV_SECTION)
    starts = [s.offset for each in files for s in each.module.sections if s.name in names]
    end = min(starts, default=0)
    return all(at + len(run) <= end for each in patches for at, run in each)


def are_alike(one: State | None, other: State | None) -> bool:
    """Whether both are of the same regions and tensors, so that one timeline can hold them."""
    if one is None or other is None:
        return False
    places = [[(r.kind, r.index, r.start) for r in s.regions] for s in (one, other)]
    return places[0] == places[1] and one.schema == other.schema


def drift_text(detector: str, before: float | None, after: float) -> str:
    """``drift told by ddm: mean loss 0.0488 \u2192 0.167``."""
    was = "?" if before is None else f"{before:.3g}"
    return f"drift told by {detector}: mean loss {was} \u2192 {after:.3g}"


def call_text(signature: Signature | None, name: str, args: Sequence[float]) -> str:
    """``update(arm=3, reward=1.0)``."""
    params = signature.params if signature else ()
    if signature and len(args) == len(signature.required):
        params = signature.required
    names = [f"{param.name}=" for param in params] if signature else [""] * len(args)
    return f"{name}({', '.join(f'{a}{b}' for a, b in zip(names, args, strict=False))})"
