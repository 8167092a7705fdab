"""State beside read-only code: a module without a state, and a state file that is tied to it.

A state file is a module of custom sections alone: ``wasmstate.init``, ``wasmstate.prev`` and
``wasmstate.state``, as they stand in a module that remembers. So whatever reads, writes, checks or
salvages a state does so here, too, and no second format is needed. The module digest in the record
ties it to the code.

An upgrade has two files to replace, and a crash may come between. It writes the state file first,
with the new state in ``wasmstate.state`` and the old one as the newest of ``wasmstate.prev``: that
file is right for both codes, and the rename of the code decides which of them holds.

Source: docs/format.md, "State beside the code".
"""

from __future__ import annotations

from wasmstate.binary.edits.bake import is_baked
from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.binary.sections import CUSTOM_ID
from wasmstate.errors import SectionError, StateError
from wasmstate.state.digest import module_digest
from wasmstate.state.layout import MAX_KEEP
from wasmstate.state.older import INIT_SECTION, PREV_SECTION, STATE_SECTION, split_off_newest
from wasmstate.state.older import split as split_records
from wasmstate.state.reading import decode_record
from wasmstate.state.record import Record
from wasmstate.state.state import record_of

_PREAMBLE = b"\0asm\x01\0\0\0"
_KEPT = (PREV_SECTION, STATE_SECTION)
_SECTIONS = (INIT_SECTION, *_KEPT)


def is_state_file(module: Module) -> bool:
    """True for a module that holds a state and no code at all; never for a component."""
    return (
        not module.is_component
        and bool(module.custom_sections(STATE_SECTION))
        and all(section.id == CUSTOM_ID for section in module.sections)
    )


def split(module: ModuleLike) -> tuple[Module, Module]:
    """The code of a module that remembers, and a state file for it.

    Args:
        module: a path, bytes or a Module, with a state.

    Raises:
        StateError: if it carries no state, a damaged one, or another module's.
        SectionError: if it is baked: its code would go on saying what S was.
    """
    module = as_module(module)
    _check_not_baked(module)
    if record_of(module).lineage.module_digest != module_digest(module):
        raise StateError("the state belongs to another module: it cannot be tied to this code")
    return _without_state(module), _with_state(Module.from_bytes(_PREAMBLE), module)


def join(code: ModuleLike, state: ModuleLike) -> Module:
    """One module of the code and the state beside it; what the code carries of states is replaced.

    Args:
        code: a path, bytes or a Module.
        state: likewise; a state file.

    Raises:
        StateError: if the state is tied to other code, or ``state`` is no state file.
        StateCorruptError: if the state is damaged.
        SectionError: if the code is baked.
    """
    code, state = as_module(code, "code"), as_module(state, "state")
    _check_not_baked(code)
    return _with_state(_without_state(code), held_for(state, module_digest(code)))


def held_for(state: Module, digest: bytes) -> Module:
    """The state file as it holds for the code of this digest.

    Args:
        state: a state file. One that an interrupted upgrade left holds the state of the old code
            behind the one of the new.
        digest: module digest of the code.

    Raises:
        StateError: if it holds nothing for this code, or is no state file.
        StateCorruptError: if the state is damaged.
    """
    if not state.custom_sections(STATE_SECTION):
        record_of(state)  # which says so
    if not is_state_file(state):
        raise StateError("this is no state file: it has code of its own")
    newest = record_of(state)
    if newest.lineage.module_digest == digest:
        return state
    older, content = _history(state)
    parent = _parent(content, newest)
    if parent is not None and parent.lineage.module_digest == digest:
        held = state.without_custom(PREV_SECTION)
        if older:
            index = held.custom_sections(STATE_SECTION)[0].index
            held = held.with_custom(PREV_SECTION, older, index=index)
        return held.with_custom(STATE_SECTION, content, force=True)
    raise StateError(
        f"the state belongs to other code, of module digest "
        f"{newest.lineage.module_digest.hex()[:12]}; this code has {digest.hex()[:12]}"
    )


def for_two(new: Module, old: Module) -> Module:
    """The state file that is right for two codes: the new state, and all that the old file holds.

    Args:
        new: a state file whose state follows that of the old one.
        old: the old state file. Its oldest record leaves if it keeps as many as can be.
    """
    older, newest = (b"".join(each.content for each in old.custom_sections(name)) for name in _KEPT)
    parts = split_records(older)[1 - MAX_KEEP :]
    content = (older[parts[0].offset :] if parts else b"") + newest
    if new.custom_sections(PREV_SECTION):
        new = new.without_custom(PREV_SECTION)
    index = new.custom_sections(STATE_SECTION)[0].index
    return new.with_custom(PREV_SECTION, content, index=index)


def holds_for_two(state: Module) -> bool:
    """True for a state file that an upgrade wrote, until commits have replaced the old record.

    Raises:
        StateError: if the state is damaged.
    """
    newest = record_of(state)
    parent = _parent(_history(state)[1], newest)
    return parent is not None and parent.lineage.module_digest != newest.lineage.module_digest


def _history(state: Module) -> tuple[bytes, bytes]:
    """The older records, and the newest of them."""
    return split_off_newest(
        b"".join(section.content for section in state.custom_sections(PREV_SECTION))
    )


def _parent(content: bytes, record: Record) -> Record | None:
    """The newest older record, if it is the one that another follows."""
    try:
        parent = decode_record(content) if content else None
    except StateError:  # of the history: what is damaged there stands in nobody's way
        return None
    is_before = parent is not None and parent.digest() == record.lineage.parent_digest
    return parent if is_before else None


def _without_state(module: Module) -> Module:
    for name in _SECTIONS:
        if module.custom_sections(name):
            module = module.without_custom(name)
    return module


def _with_state(module: Module, source: Module) -> Module:
    """A copy with the states of another module behind all sections, in the order of the format."""
    for name in _SECTIONS:
        for section in source.custom_sections(name):
            module = module.with_custom(
                name, section.content, index=len(module.sections), force=True
            )
    return module


def _check_not_baked(module: Module) -> None:
    if is_baked(module):
        raise SectionError("the code is baked, so it holds a state itself: unbake it first")
