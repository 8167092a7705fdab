"""The code around a damaged state: what proves it, and where it may come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wasmstate.binary.edits.bake import is_baked
from wasmstate.binary.module import Module
from wasmstate.errors import MalformedError
from wasmstate.state.attach.describe import with_state
from wasmstate.state.beside import is_state_file
from wasmstate.state.change.bake import bake_state
from wasmstate.state.digest import module_digest
from wasmstate.state.layout import MAGIC
from wasmstate.state.older import INIT_SECTION, PREV_SECTION, STATE_SECTION
from wasmstate.state.state import State

_OWN = (INIT_SECTION, PREV_SECTION, STATE_SECTION)


@dataclass(frozen=True, slots=True)
class Code:
    """A module whose code a salvaged state goes into.

    Attributes:
        module: ``None`` if there is none.
        proof: what proves it; empty if nothing does.
        mended: where it comes from, if not from the file itself.
    """

    module: Module | None
    proof: str
    mended: str = ""


def find_code(module: Module, donor: Module | None, wanted: bytes | None) -> Code:
    """The code that a state belongs to.

    Args:
        module: the damaged file, as far as it can be read.
        donor: another file that may have the same code.
        wanted: the module digest in the state's header; ``None`` if that is lost.
    """
    own = _readable(module)
    if wanted is not None and own is not None and _digest(own) == wanted:
        return Code(own, "the module digest")
    if wanted is not None and donor is not None and _digest(donor) == wanted:
        return Code(donor, "the module digest", "the code was taken from the donor")
    if own is not None and is_state_file(own):
        return Code(own, "the state file, which has none")
    if own is not None and own.sections:
        return Code(own, "")
    return Code(donor, "", "the code was taken from the donor") if donor else Code(None, "")


def rebuilt(module: Module, state: State, history: Mapping[str, bytes]) -> Module:
    """The module with this state in its place and its history before it.

    Args:
        module: the code, with whatever sections it has.
        state: to be carried.
        history: the contents of ``wasmstate.init`` and ``wasmstate.prev`` where there were any.
    """
    for section in reversed(module.custom_sections()):
        stray = section.name not in _OWN and section.content.startswith(MAGIC)
        if stray or (section.name in _OWN and section.name not in history):
            twice = len(module.custom_sections(section.name)) > 1
            if stray or twice or section.name != STATE_SECTION:
                module = module.without_section(section.index)
    if len(module.custom_sections(STATE_SECTION)) != 1:
        module = with_state(_without(module, STATE_SECTION), state)
    else:
        module = with_state(module, state)
    for name in (PREV_SECTION, INIT_SECTION):
        if name in history and [s.content for s in module.custom_sections(name)] != [history[name]]:
            module = _without(module, name)
            before = PREV_SECTION if module.custom_sections(PREV_SECTION) else STATE_SECTION
            index = module.custom_sections(before)[0].index
            module = module.with_custom(name, history[name], index=index)
    return bake_state(module, state) if is_baked(module) else module


def _without(module: Module, name: str) -> Module:
    return module.without_custom(name) if module.custom_sections(name) else module


def _readable(module: Module) -> Module | None:
    """The sections whose frames are sound, and nothing of what could not be read."""
    if module.damage is None:
        return module
    end = module.sections[-1].end if module.sections else 0
    whole = Module.from_bytes(module.to_bytes()[:end], strict=False)
    sound = whole.with_sections(each for each in whole.sections if each.fault is None)
    return sound if sound.damage is None else None


def _digest(module: Module) -> bytes | None:
    try:
        return module_digest(module)
    except MalformedError:
        return None
