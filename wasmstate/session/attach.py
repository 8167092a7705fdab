"""Attaching a state to a module that has to run before its memory holds the initial values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from wasmstate.binary.module import Module
from wasmstate.binary.spaces import Spaces
from wasmstate.runtime.program import Limits, Program
from wasmstate.state.describe import describe, with_state
from wasmstate.state.initial import initial_contents
from wasmstate.state.schema import Signature
from wasmstate.state.tensor import TensorSpec


def attach(
    module: Module,
    tensors: Iterable[str | TensorSpec],
    *,
    values: Mapping[str, Any] | None = None,
    entry_points: Mapping[str, Signature] | None = None,
    metadata: Mapping[str, Any] | None = None,
    limits: Limits | None = None,
) -> Module:
    """A copy of the module with a state section of generation 0 at its end.

    Initial values that are not given are those that the memory holds after instantiation. They
    are read from the module's bytes; only a module with a start function or ``_initialize`` is
    run for it.

    Args:
        module: a core module without a state section.
        tensors: what S consists of, as :class:`~wasmstate.TensorSpec` or as text
            ``name:dtype[shape]@place``, where the place is an address, ``sym:NAME`` (an exported
            constant ``i32`` global, as C and Rust give for an exported static) or
            ``global:NAME`` (an exported mutable global).
        values: initial values by tensor name.
        entry_points: signatures to keep, if those of the module do not name their parameters.
        metadata: JSON to keep.
        limits: of running the module.

    Raises:
        SchemaError: if a tensor cannot be what it says, or the module cannot carry a state.
        StateBoundsError: if a tensor ends past the memory, or a value does not fit.
        MalformedError: if a section that is needed cannot be decoded.
        CallError: if the module has to run, and cannot.
    """
    state = describe(module, tensors, entry_points=entry_points, metadata=metadata)
    given = dict(values or {})
    if set(state) - set(given):
        if Spaces(module).runs_code_at_start:
            contents = Program(module, limits).instantiate().read(state.regions)
        else:
            contents = initial_contents(module, state.regions)
        state = state.with_contents(contents)
    return with_state(module, state.with_values(given))
