"""Which commands can be used now."""

from __future__ import annotations

from wasmstate_gui.core.document import absence
from wasmstate_gui.core.document.document import Document
from wasmstate_gui.core.timeline.timeline import Timeline


def usable(
    document: Document | None,
    timeline: Timeline | None,
    *,
    is_running: bool,
    is_verifying: bool,
) -> dict[str, bool]:
    """Whether each of the commands that depend on what is shown can be used, by its name.

    Args:
        document: what is shown.
        timeline: its steps.
        is_running: whether a call is under way.
        is_verifying: whether a verification is.
    """
    at_rest = not is_running
    base = document.base if document is not None and at_rest else None
    is_dirty = document is not None and document.is_dirty and at_rest
    has_newer = document is not None and document.newest is not None and at_rest
    position, last = (0, 0) if timeline is None else (timeline.position, len(timeline.path) - 1)
    can_go_back = at_rest and position > 0
    can_go_forward = at_rest and position < last
    return {
        "write": is_dirty,
        "revert": is_dirty or has_newer,
        "stop": is_running or is_verifying,
        "verify": document is not None and not is_verifying,
        "diff": document is not None and document.state is not None,
        "attach": base is not None and absence.can_attach(base),
        "graft": base is not None and absence.can_graft(base),
        "bake": base is not None and absence.can_bake(base),
        "unbake": base is not None and absence.can_unbake(base),
        "back": can_go_back,
        "first": can_go_back,
        "forward": can_go_forward,
        "last": can_go_forward,
        "play": at_rest and last > 0,
        "branch": at_rest and timeline is not None and timeline.other_branch(1) is not None,
    }
