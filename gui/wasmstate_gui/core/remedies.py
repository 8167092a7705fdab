"""What helps, in the words of the window.

The library says what is wrong, and names what of it helps; where the window has a control for that,
its name is added here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from wasmstate.errors import Remedy, WasmstateError
from wasmstate.state.damage.finding import Finding
from wasmstate_gui.core.texts import sentence

_LINES = 6

WORDS: dict[Remedy, str] = {
    "State.with_values()": "edit the cells in Tensors",
    "allow_break_links": "choose \u201cWrite a copy\u201d",
    "attach()": "Module > Add a state section\u2026",
    "bake()": "Module > Bake\u2026",
    "replace_exports": "tick \u201cReplace exports\u201d",
}
WRITING = WORDS | {"allow_break_links": "Edit > Save tensor\u2026 keeps the values"}
"""What helps where changes are written, and no copy is offered."""


def told(error: Exception, words: Mapping[Remedy, str] = WORDS) -> str:
    """What is wrong, and which control of the window helps."""
    if isinstance(error, WasmstateError):
        return f"{error}{_added(error.remedies, words)}"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def advice(finding: Finding) -> str:
    """What to do about a finding."""
    return f"{sentence(finding.advice)}{_added(finding.remedies)}"


def shortened(text: str) -> str:
    """The first lines of a text, as many as a dialog has room for."""
    lines = text.splitlines()
    if len(lines) > _LINES:
        lines[_LINES - 1 :] = [f"  and {len(lines) - _LINES + 1} more"]
    return "\n".join(lines)


def _added(remedies: Iterable[Remedy], words: Mapping[Remedy, str] = WORDS) -> str:
    text = ", ".join(words[each] for each in remedies if each in words)
    return f" ({text})" if text else ""
