"""Buffers: where in linear memory the arrays that an entry point takes are put.

Source: docs/format.md, "Entry points".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from wasmstate.binary.spaces import Spaces
from wasmstate.errors import SchemaError
from wasmstate.escapes import listed, visible
from wasmstate.state.place import address_of, check_address, memory_of
from wasmstate.state.record import Region, RegionKind
from wasmstate.state.signature import Param, Signature

ALLOCATORS = (("malloc", "free"), ("malloc_buffer", "free_buffer"))
"""What a module may export to give buffers and take them back."""


@dataclass(frozen=True, slots=True)
class Buffer:
    """The buffer of an array.

    Attributes:
        index: of the parameter.
        param: the parameter.
        address: of its first byte, ``None`` if the module's allocator gives it for each call.
    """

    index: int
    param: Param
    address: int | None


def address_type(spaces: Spaces) -> str:
    """What the module's addresses are: ``i32``, or ``i64`` if its memory is so large."""
    return "i64" if spaces.memories and spaces.memories[0].limits.is_64_bit else "i32"


def check_types(spaces: Spaces, name: str, signature: Signature) -> None:
    """Check that a signature is that of the function in the module.

    Raises:
        SchemaError: if there is no such function, or it takes or gives something else.
    """
    types = spaces.exported_functions()
    if name not in types:
        known = listed(types, 20)
        raise SchemaError(f"the module exports no function {name!r}; it exports {known}")
    type_ = types[name]
    wanted = signature.wasm_params(address_type(spaces)), list(signature.results)
    if wanted != (list(map(str, type_.params)), list(map(str, type_.results))):
        given = visible(str(signature))
        hint = ""
        surplus = Counter(map(str, type_.params)) - Counter(wanted[0])
        if surplus and set(surplus) <= {"i32", "i64"} and any(p.is_array for p in signature.params):
            hint = "; write the number of elements that it takes, too, such as n: i32 = 3"
        raise SchemaError(f"{name} is {type_} in the module, the signature given is {given}{hint}")


def find_buffers(
    spaces: Spaces, name: str, signature: Signature, regions: Sequence[Region]
) -> tuple[Buffer, ...]:
    """The buffers of the arrays that a function takes.

    Raises:
        SchemaError: if a buffer has no place, or lies over S or over another one.
        StateBoundsError: if it does not lie in the memory that there is at the start.
    """
    found, spans = [], []
    for region in regions:
        if region.kind is RegionKind.MEMORY and region.index == 0:
            spans.append((region.address, region.end, "S"))
    for index, param in enumerate(signature.params):
        if not param.is_array:
            continue
        what = f"{name}, buffer of {param.name}"
        address = None
        if param.place is None:
            _check_allocator(spaces, what)
        else:
            address = address_of(spaces, what, param.place, "an address or sym:NAME")
            if memory_of(spaces, what, param.place):
                raise SchemaError(f"{what}: a buffer lies in memory 0, not in {param.place}")
            check_address(spaces, what, address, param.nbytes)
            spans.append((address, address + param.nbytes, f"the buffer of {param.name}"))
        found.append(Buffer(index, param, address))
    for (_, end, first), (start, _, second) in pairwise(sorted(spans)):
        if end > start:
            raise SchemaError(f"{name}: {first} and {second} overlap, at address {start}")
    return tuple(found)


def allocator(spaces: Spaces) -> tuple[str, str] | None:
    """The names of the functions that give a buffer and take it back, if both are exported."""
    address = address_type(spaces)
    types = {name: str(type_) for name, type_ in spaces.exported_functions().items()}
    for malloc, free in ALLOCATORS:
        if (types.get(malloc), types.get(free)) == (
            f"({address}) -> ({address})",
            f"({address}) -> ()",
        ):
            return malloc, free
    return None


def _check_allocator(spaces: Spaces, what: str) -> None:
    if not spaces.memories:
        raise SchemaError(f"{what}: the module has no memory")
    if allocator(spaces) is None:
        pairs = " or ".join(f"{malloc} and {free}" for malloc, free in ALLOCATORS)
        raise SchemaError(
            f"{what}: write its place, @ADDRESS or @sym:NAME; the module has no allocator "
            f"that could give one (it would export {pairs})"
        )
