"""Giving a module a state section: from places in the module to regions and tensors.

Source: docs/format.md, "Attaching".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wasmstate.binary.module import Module
from wasmstate.binary.names import read_names
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import SchemaError
from wasmstate.state.buffers import check_types, find_buffers
from wasmstate.state.digest import module_digest
from wasmstate.state.element_counts import with_counts
from wasmstate.state.lists import check_list
from wasmstate.state.place import address_of, check_address, memory_of, symbol_of
from wasmstate.state.record import (
    Lineage,
    Record,
    Region,
    RegionKind,
    fill,
    place_regions,
)
from wasmstate.state.schema import Schema, check_schema
from wasmstate.state.signature import Param, Signature
from wasmstate.state.state import SECTION_NAME, State
from wasmstate.state.tensor import Tensor, TensorSpec, check_name, check_tensor

ENTRY_POINTS = ("predict", "update")
LARGE = 4096
"""Bytes of a region that is not joined with another: a block of most disks and file systems."""
_GLOBAL_DTYPES = {
    "i32": ("i32", "u32"),
    "i64": ("i64", "u64"),
    "f32": ("f32",),
    "f64": ("f64",),
}


@dataclass(frozen=True, slots=True)
class _Bound:
    """A tensor and the bytes of the instance that it is."""

    spec: TensorSpec
    kind: RegionKind
    index: int
    address: int
    size: int
    symbol: str | None


def with_state(module: Module, state: State) -> Module:
    """A copy of the module that carries this state, at its end if it had none."""
    return module.with_custom(SECTION_NAME, state.to_content(), force=True)


def check_attachable(module: Module) -> None:
    """Check that the module can carry a state, and has none. Raises SchemaError."""
    if module.is_component:
        raise SchemaError("this is a component; attach the state to the core module inside it")
    if module.custom_sections(SECTION_NAME):
        raise SchemaError(
            f"the module has a {SECTION_NAME} section already: change its values, or remove it"
        ).helped_by("State.with_values()", "Module.without_custom()")


def describe(
    module: Module,
    tensors: Iterable[str | TensorSpec],
    *,
    entry_points: Mapping[str, Signature] | None = None,
    metadata: Mapping[str, Any] | None = None,
    whole_memory: bool = False,
) -> State:
    """The state that these tensors make of the module, all zeros, at generation 0.

    With ``whole_memory`` it is all of memory and every global that can change, and the tensors
    only name parts of it.

    Raises:
        SchemaError: if a tensor cannot be what it says, or the module cannot carry a state.
        StateBoundsError: if a tensor ends past the memory.
        MalformedError: if a section that is needed cannot be decoded.
    """
    check_list("tensors", tensors)
    check_attachable(module)
    spaces = Spaces(module)
    specs = [TensorSpec.parse(each) if isinstance(each, str) else each for each in tensors]
    if not specs and not whole_memory:
        raise SchemaError("a state needs one tensor at least")
    bound = [_bind(spaces, spec) for spec in specs]
    regions = _whole_regions(spaces) if whole_memory else _regions(bound)
    given = {
        name: with_counts(spaces, name, each) for name, each in dict(entry_points or {}).items()
    }
    for name, signature in given.items():
        check_types(spaces, name, signature)
        find_buffers(spaces, name, signature, regions)
    schema = Schema(
        tuple(_tensor(each, regions) for each in bound),
        signatures(module) | given,
        dict(metadata or {}),
    )
    check_schema(schema, regions)
    regions, payload = fill(regions, [bytes(region.size) for region in regions])
    lineage = Lineage(generation=0, update_count=0, module_digest=module_digest(module))
    return State(Record(lineage, regions, schema.encode(), payload), schema)


def region_of(spaces: Spaces, spec: TensorSpec) -> Region:
    """The bytes of the instance that a tensor is.

    Raises:
        SchemaError: if it cannot be what it says.
        StateBoundsError: if it ends past the memory.
        MalformedError: if a section that is needed cannot be decoded.
    """
    bound = _bind(spaces, spec)
    return Region(bound.kind, bound.index, bound.address, bound.size, 0)


def signatures(module: Module, names: Iterable[str] = ENTRY_POINTS) -> dict[str, Signature]:
    """The signatures of exported functions, with parameter names where the module has them."""
    spaces = Spaces(module)
    types = spaces.exported_functions()
    local_names = read_names(module).locals
    found = {}
    for name in names:
        if name in types:
            known = local_names.get(spaces.exports[name].index, {})
            params = tuple(
                Param(_param_name(known.get(i, ""), i), str(param))
                for i, param in enumerate(types[name].params)
            )
            found[name] = Signature(params, tuple(map(str, types[name].results)))
    return found


def _param_name(known: str, index: int) -> str:
    try:
        check_name(known)
    except SchemaError:  # modules may use any name, schemas may not
        return f"p{index}"
    return known


def _bind(spaces: Spaces, spec: TensorSpec) -> _Bound:
    check_tensor(spec)
    size = Tensor(spec.name, spec.dtype, spec.shape, 0, 0).nbytes
    if spec.place.startswith("global:"):
        return _bind_global(spaces, spec, size)
    known = "an address, sym:NAME or global:NAME"
    address = address_of(spaces, spec.name, spec.place, known)
    index = memory_of(spaces, spec.name, spec.place)
    check_address(spaces, spec.name, address, size, index)
    return _Bound(spec, RegionKind.MEMORY, index, address, size, symbol_of(spec.place))


def _bind_global(spaces: Spaces, spec: TensorSpec, size: int) -> _Bound:
    name = spec.place.removeprefix("global:")
    export = spaces.exports.get(name)
    if export is None or export.kind != "global" or export.index >= len(spaces.globals):
        names = [
            e.name
            for e in spaces.exports.values()
            if e.kind == "global" and e.index < len(spaces.globals)
            if spaces.globals[e.index].type.mut
        ]
        known = f"there are {', '.join(names[:20])}" if names else "there is none"
        raise SchemaError(f"{spec.name}: no mutable global is exported as {name!r}; {known}")
    entry = spaces.globals[export.index]
    if not entry.type.mut:
        raise SchemaError(
            f"{spec.name}: the global {name!r} cannot change; "
            f"is it the address of the tensor? Then write sym:{name}"
        )
    allowed = _GLOBAL_DTYPES.get(str(entry.type.valtype), ())
    if spec.dtype not in allowed or spec.shape:
        wanted = " or ".join(allowed) or "no tensor"
        raise SchemaError(
            f"{spec.name}: the global {name!r} is of type {entry.type.valtype}, "
            f"so it holds a scalar of {wanted}, not {spec.dtype}{list(spec.shape) or ''}"
        )
    return _Bound(spec, RegionKind.GLOBAL, export.index, 0, size, name)


def _regions(bound: Iterable[_Bound]) -> tuple[Region, ...]:
    """The bytes of the tensors; small ranges of memory that touch become one region.

    A large tensor is a region of its own: each region has its own checksum, so a block that a disk
    loses costs the tensors that it lies in, and no others.
    """
    places: list[tuple[RegionKind, int, int, int]] = []
    for each in sorted(bound, key=lambda b: (b.kind, b.index, b.address)):
        place = (each.kind, each.index, each.address, each.size)
        if places and each.kind is RegionKind.MEMORY:
            kind, index, address, length = places[-1]
            gap = each.address - (address + length)
            joins = gap < 0 or (gap == 0 and max(length, each.size) < LARGE)
            if (kind, index) == (each.kind, each.index) and joins:
                end = max(address + length, each.address + each.size)
                places[-1] = (kind, index, address, end - address)
                continue
        if each.kind is RegionKind.GLOBAL and place in places:
            raise SchemaError(f"{each.spec.name}: another tensor is the same global")
        places.append(place)
    return place_regions(places)


def _whole_regions(spaces: Spaces) -> tuple[Region, ...]:
    regions = [
        Region(RegionKind.WHOLE_MEMORY, index, memory.limits.min * memory.page_size, 0, 0)
        for index, memory in enumerate(spaces.memories)
    ]
    for index, entry in enumerate(spaces.globals):
        if entry.type.mut:
            size = 8 if entry.type.valtype in ("i64", "f64") else 4
            regions.append(Region(RegionKind.GLOBAL, index, 0, size, 0))
    if not regions:
        raise SchemaError("the module has no memory and no global that can change: it has no state")
    return tuple(regions)


def _tensor(bound: _Bound, regions: tuple[Region, ...]) -> Tensor:
    for i, region in enumerate(regions):
        is_global = bound.kind is RegionKind.GLOBAL
        same = (region.kind is RegionKind.GLOBAL, region.index) == (is_global, bound.index)
        if same and (is_global or region.start <= bound.address < region.end):
            spec = bound.spec
            return Tensor(
                spec.name,
                spec.dtype,
                spec.shape,
                i,
                bound.address - region.start,
                bound.symbol,
                spec.unit,
                spec.merge,
                spec.bounds,
            )
    raise AssertionError("every tensor lies in a region")  # pragma: no cover
