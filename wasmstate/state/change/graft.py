"""Grafting onto a module that may carry a state already."""

from __future__ import annotations

from collections.abc import Mapping

from wasmstate.binary.edits.graft import graft_code
from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import SchemaError
from wasmstate.state.attach.describe import ENTRY_POINTS, signatures
from wasmstate.state.change.declare import with_entry_points
from wasmstate.state.change.successor import carry_on
from wasmstate.state.signature import Signature
from wasmstate.state.state import SECTION_NAME, State


def graft(
    host: ModuleLike,
    donor: ModuleLike,
    *,
    names: Mapping[str, str] | None = None,
    replace_exports: bool = False,
    entry_points: Mapping[str, Signature] | None = None,
) -> Module:
    """A copy of a module that also exports the functions of another one, such as ``update()``.

    What the donor imports (memory, globals, functions) is found among the host's exports. The
    functions of the host keep their bytes, and all that it has keeps its index. A state that the
    host carries goes on as the next generation, with the donor's entry points in its schema.

    Args:
        host: the module that is added to: a path, bytes or a Module.
        donor: a small module, likewise; :func:`wasmstate.donors.names` lists some.
        names: of exports of the host, by the name that the donor imports them by.
        replace_exports: whether an export of the donor takes the place of one of the host of the
            same name; the old function stays in the code.
        entry_points: signatures for the schema of the host's state, of functions that take arrays
            above all.

    Raises:
        SectionError: naming what the donor imports and the host does not have, or what else stands
            in the way: a memory, data, a stack or a start function of the donor's own, an export of
            the same name, a host that is signed, an object file, a dynamic library or baked.
        MalformedError: if a section that is needed cannot be decoded.
        StateError: if the state that the host carries is damaged.
        SchemaError: if a signature does not fit the function, or the host carries no state.
    """
    host, donor = as_module(host, "host"), as_module(donor, "donor")
    grafted = graft_code(host, donor, names=names, replace_exports=replace_exports)
    given = dict(entry_points or {})
    if not host.custom_sections(SECTION_NAME):
        if given:
            raise SchemaError("the host carries no state that could keep a signature")
        return grafted
    added = [name for name in ENTRY_POINTS if name in Spaces(donor).exported_functions()]
    described = with_entry_points(grafted, State.of(host), signatures(grafted, added) | given)
    return carry_on(grafted, described, host)
