"""Signatures for a state that was attached without them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from wasmstate.binary.edits.bake import is_baked
from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.binary.spaces import Spaces
from wasmstate.state.buffers import check_types, find_buffers
from wasmstate.state.change.bake import bake_state, unbake
from wasmstate.state.change.successor import carry_on
from wasmstate.state.code_match import check_belongs
from wasmstate.state.element_counts import with_counts
from wasmstate.state.signature import Signature
from wasmstate.state.state import State


def declare(module: ModuleLike, entry_points: Mapping[str, Signature]) -> Module:
    """A copy of the module whose state keeps these signatures, as its next generation.

    Args:
        module: a path, bytes or a Module, with a state.
        entry_points: by the name of the exported function; they take the place of those that the
            state has for these functions. A count of elements beside an array may be left out.

    Raises:
        SchemaError: if a signature does not fit its function, or a buffer has no place.
        StateError: if the module carries no state, a damaged one, or another module's.
        MalformedError: if a section that is needed cannot be decoded.
    """
    module = as_module(module)
    state = State.of(module)
    check_belongs(state, module)
    code = unbake(module)
    after = carry_on(code, with_entry_points(code, state, entry_points), code)
    return bake_state(after, State.of(after)) if is_baked(module) else after


def with_entry_points(module: Module, state: State, entry_points: Mapping[str, Signature]) -> State:
    """The state with other signatures of functions that the module exports. Raises SchemaError."""
    spaces = Spaces(module)
    given = {name: with_counts(spaces, name, each) for name, each in entry_points.items()}
    for name, signature in given.items():
        check_types(spaces, name, signature)
        find_buffers(spaces, name, signature, state.regions)
    schema = replace(state.schema, entry_points=dict(state.schema.entry_points) | given)
    return State(replace(state.record, schema=schema.encode()), schema)
