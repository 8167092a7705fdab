"""Attaching a state to a module that has to run before its memory holds the initial values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Unpack

from wasmstate.binary.edits.export import with_reachable
from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import LinkError, SchemaError
from wasmstate.runtime.grants import GrantOptions, Grants
from wasmstate.runtime.instance import Instance
from wasmstate.runtime.limits import Limits
from wasmstate.runtime.program import Program
from wasmstate.state.attach.describe import check_attachable, describe, with_state
from wasmstate.state.attach.export_state import reachable
from wasmstate.state.attach.initial import initial_contents
from wasmstate.state.attach.whole_memory import check_capturable, global_specs, reachable_items
from wasmstate.state.lists import check_list
from wasmstate.state.older import INIT_SECTION, check_keep
from wasmstate.state.signature import Signature
from wasmstate.state.state import State
from wasmstate.state.tensor import TensorSpec


def attach(
    module: ModuleLike,
    tensors: Iterable[str | TensorSpec] = (),
    *,
    whole_memory: bool = False,
    values: Mapping[str, Any] | None = None,
    entry_points: Mapping[str, Signature] | None = None,
    metadata: Mapping[str, Any] | None = None,
    limits: Limits | None = None,
    keep: int = 1,
    keep_init: bool = False,
    **grants: Unpack[GrantOptions],
) -> Module:
    """A copy of the module with a state section of generation 0 at its end.

    Initial values that are not given are those that the memory holds after instantiation. They
    are read from the module's bytes; only a module with a start function or ``_initialize`` is
    run for it.

    Args:
        module: a core module without a state section: a path, bytes or a Module.
        tensors: what S consists of, as :class:`~wasmstate.TensorSpec` or as text
            ``name:dtype[shape]@place``, where the place is an address, ``sym:NAME`` (an exported
            constant ``i32`` global, as C and Rust give for an exported static) or
            ``global:NAME`` (a mutable global: its export, its name in the name section, or its
            index). Of several memories the place names one, by its export or index:
            ``mem:heap:1024``, ``mem:1:sym:NAME``. What of it is not exported becomes so, by a name
            ``wasmstate:global:3``.
        whole_memory: whether S is all of memory and every global that can change, as programs with
            a heap need it; the tensors then name parts of it.
        values: initial values by tensor name.
        entry_points: signatures to keep, if those of the module do not name their parameters.
        metadata: JSON to keep.
        limits: of running the module.
        keep: how many older generations the file keeps, 0 to 64.
        keep_init: whether it keeps generation 0 for ever, too, as the state to reset it to.
        grants: ``wasi``, ``imports``, ``allow`` and ``single_thread``, as :meth:`Session.open`
            takes them, for a module that has to run.

    Raises:
        ValueError: for an invalid ``keep`` or ``wasi``.
        SchemaError: if a tensor cannot be what it says, or the module cannot carry a state.
        StateBoundsError: if a tensor ends past the memory, or a value does not fit.
        MalformedError: if a section that is needed cannot be decoded.
        CallError: if the module has to run, and cannot.
    """
    module = as_module(module)
    check_list("tensors", tensors)
    check_keep(keep)
    granted = Grants.of(**grants)
    if keep_init and module.custom_sections(INIT_SECTION):
        raise SchemaError(
            f"the module has a {INIT_SECTION} section already: remove it first"
        ).helped_by("Module.without_custom()")
    specs = [TensorSpec.parse(each) if isinstance(each, str) else each for each in tensors]
    check_attachable(module)
    if whole_memory:
        check_capturable(module)
        module = with_reachable(module, reachable_items(module))
        specs += global_specs(module, specs)
    else:
        module, specs = reachable(module, specs)
    state = describe(
        module, specs, entry_points=entry_points, metadata=metadata, whole_memory=whole_memory
    )
    given = dict(values or {})
    if whole_memory or set(state) - set(given):
        if Spaces(module).runs_code_at_start:
            contents = _contents_after_start(module, state, limits, granted)
        else:
            contents = initial_contents(module, state.regions)
        state = state.with_contents(contents)
    state = state.with_values(given)
    state = State(replace(state.record, keep=keep), state.schema)
    if keep_init:
        module = module.with_custom(INIT_SECTION, state.to_content())
    return with_state(module, state)


def _contents_after_start(
    module: Module, state: State, limits: Limits | None, granted: Grants
) -> list[bytes]:
    try:
        return Instance(Program(module, limits, granted)).read(state.regions)
    except LinkError as error:
        raise LinkError(
            f"{error}\n  Its start function has run before the memory holds the initial values; "
            "give the values of all tensors, and it need not run.",
            error.missing,
            error.grants,
        ).helped_by(*error.remedies) from error
