"""The document and its timeline, moved together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wasmstate.state.condition import step_size
from wasmstate.state.signature import Signature
from wasmstate.state.state import State
from wasmstate_gui.presenters.document import Document
from wasmstate_gui.presenters.snapshot import Snapshot
from wasmstate_gui.presenters.timeline import Event, Timeline
from wasmstate_gui.protocol import Call, Step


def timeline_of(snapshot: Snapshot) -> Timeline | None:
    """The timeline of a file just opened; ``None`` if it carries no state."""
    state = snapshot.state
    if state is None:
        return None
    return Timeline(state.contents(), Event("opened", "opened", state.update_count))


def at_step(document: Document, timeline: Timeline, before: State | None = None) -> Document:
    """The document at the step that the timeline shows, compared with the one before it."""
    assert document.state is not None
    here = timeline.here
    if before is None:
        parent = timeline.parent(here)
        before = document.state.with_contents(timeline.contents(here if parent is None else parent))
    return document.at(here, timeline.contents(), timeline.event(here).updates, before)


def add_calls(
    timeline: Timeline,
    call: Call,
    done: int,
    steps: Sequence[Step],
    functions: Mapping[str, Signature],
) -> None:
    """Add what calls did; one that is no ``update()`` and changed nothing is no step.

    Args:
        timeline: to which they are added.
        call: that was asked for.
        done: how many of its calls were added before.
        steps: the next ones.
        functions: signatures by name, for the parameters' names.
    """
    is_update = call.name == "update"
    for i, step in enumerate(steps, done):
        if is_update or step.delta:
            args = call.rows[i % len(call.rows)] if call.rows else call.args
            updates = timeline.event(timeline.here).updates + is_update
            text = call_text(functions.get(call.name), call.name, args)
            timeline.add_delta(Event("call", text, updates, step.value, step.size), step.delta)


def add_edit(timeline: Timeline, before: State, after: State, text: str) -> None:
    """Add what was changed by hand."""
    event = Event("edit", text, before.update_count, None, step_size(before, after))
    timeline.add(event, after.contents())


def add_disk(timeline: Timeline, before: State, state: State, text: str) -> None:
    """Add the state that is in the file."""
    event = Event("external", text, state.update_count, None, step_size(before, state))
    timeline.on_disk = timeline.add(event, state.contents())


def are_alike(one: State | None, other: State | None) -> bool:
    """Whether both are of the same regions and tensors, so that one timeline can hold them."""
    if one is None or other is None:
        return False
    return one.regions == other.regions and one.schema == other.schema


def call_text(signature: Signature | None, name: str, args: Sequence[float]) -> str:
    """``update(arm=3, reward=1.0)``."""
    names = [f"{param.name}=" for param in signature.params] if signature else [""] * len(args)
    return f"{name}({', '.join(f'{a}{b}' for a, b in zip(names, args, strict=False))})"
