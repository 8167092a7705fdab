"""Whether what is baked into a module is the state that it carries."""

from __future__ import annotations

from wasmstate.binary.module import Module
from wasmstate.errors import MalformedError, SectionError
from wasmstate.state.change.bake import bake_state
from wasmstate.state.state import State


def is_in_step(module: Module, state: State) -> bool:
    """Whether other runtimes start from the state that the section holds."""
    try:
        baked = bake_state(module, state)
    except (SectionError, MalformedError):  # it could be baked once: something was changed since
        return False
    return _standard(baked) == _standard(module)


def _standard(module: Module) -> list[tuple[int, bytes]]:
    return [(section.id, section.content) for section in module.sections if section.id]
