"""Baking a module whose code runs before its first call: whether S survives it has to be tried."""

from __future__ import annotations

from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import SectionError
from wasmstate.runtime.instance import Instance
from wasmstate.runtime.limits import Limits
from wasmstate.runtime.program import Program
from wasmstate.state.change.bake import bake_state
from wasmstate.state.code_match import check_belongs
from wasmstate.state.state import State


def bake(module: ModuleLike, *, limits: Limits | None = None) -> Module:
    """A copy of the module whose data segments and globals hold the state that it carries.

    Any runtime then starts from it, also one that knows nothing of states. The state section, and
    all code, stay as they are; a commit to a baked file keeps both in step. :func:`unbake` gives
    the module back, byte for byte.

    Args:
        module: a path, bytes or a Module, with a state; one that is baked is baked again.
        limits: of running it, which only a start function or ``_initialize`` makes necessary: they
            run after the segments, and must leave S alone.

    Raises:
        StateError: if the module carries no state, a damaged one, or another module's.
        SectionError: naming what cannot be baked.
        MalformedError: if a section that is concerned cannot be decoded.
        CallError: if the module has to be run, and cannot.
    """
    module = as_module(module)
    state = State.of(module)
    check_belongs(state, module)
    baked = bake_state(module, state)
    if Spaces(baked).runs_code_at_start:
        contents = Instance(Program(baked, limits)).read(state.regions)
        if contents != state.contents():
            overwritten = [
                name for name in state if not _same(state, state.with_contents(contents), name)
            ]
            raise SectionError(
                "the code that runs at the start (a start function or _initialize) overwrites "
                f"{', '.join(overwritten) or 'S'}, and would do so with what is baked"
            )
    return baked


def _same(state: State, other: State, name: str) -> bool:
    return bool(state[name].tobytes() == other[name].tobytes())
