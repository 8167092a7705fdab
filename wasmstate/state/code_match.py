"""Whether a state is the one of the code beside it."""

from __future__ import annotations

from wasmstate.binary.module import Module
from wasmstate.errors import SectionError, StateError
from wasmstate.state.digest import module_digest
from wasmstate.state.state import SECTION_NAME, State


def belongs(state: State, module: Module) -> bool:
    """Whether a state was made with this code. Raises as :func:`check_belongs` of a baked one."""
    return state.record.lineage.module_digest == module_digest(module)


def check_belongs(state: State, module: Module) -> None:
    """Check that a state belongs to the code beside it.

    Raises:
        StateError: if the code is not the one that the state was attached to.
        MalformedError: if the module is baked and what was kept of before is damaged.
    """
    if not belongs(state, module):
        raise StateError(
            "the state belongs to another module: the code was changed, or the state of another "
            "file put here; attach a new state, or put the right state back"
        )


def check_content(module: Module, name: str, content: bytes) -> None:
    """Check what is to become a custom section: a state section holds a state of its module.

    Raises:
        SectionError: if it would not.
        MalformedError: as :func:`check_belongs`.
    """
    if name != SECTION_NAME:
        return
    try:
        check_belongs(State.from_content(content), module)
    except StateError as error:
        raise SectionError(f"this is no state for {name}: {error}").helped_by(
            "State.with_values()", "rollback()", "force"
        ) from error
