"""Counts of elements that kernels take beside the address of an array, filled in.

A kernel in C takes ``(const double *x, int n, double y)``; its author declares what matters,
``(x: f64[3]@sym:x, y: f64)``. If the types of the function are those of the signature but for an
integer beside each array, or one for all arrays of one shape, these integers are counts: each gets
the length of its array as its default. Addresses are integers, too; the code, which loads from
them, tells which they are. Where several readings fit, none is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wasmstate.binary.names import read_names
from wasmstate.binary.roles import address_params
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import SchemaError
from wasmstate.state.buffers import address_type
from wasmstate.state.signature import Param, Signature
from wasmstate.state.tensor import check_name


def with_counts(spaces: Spaces, name: str, signature: Signature) -> Signature:
    """The signature with a parameter for each count that the function takes, too.

    It is given back as it is if it fits already, or if no reading or several fit: then
    :func:`wasmstate.state.buffers.check_types` says what is wrong.
    """
    types = spaces.exported_functions()
    if name not in types:
        return signature
    wanted = list(map(str, types[name].params))
    address = address_type(spaces)
    if len(wanted) <= len(signature.params):
        return signature
    known = read_names(spaces.module).locals.get(spaces.exports[name].index, {})
    fitting = {
        found
        for params in _readings(signature.params)
        if (found := _typed(params, wanted, address, known)) is not None
    }
    if len(fitting) > 1:
        loaded = address_params(spaces, spaces.exports[name].index)
        fitting = {
            params
            for params in fitting
            if loaded and loaded <= {i for i, each in enumerate(params) if each.is_array}
        }
    return Signature(fitting.pop(), signature.results) if len(fitting) == 1 else signature


def _readings(params: Sequence[Param]) -> Iterator[list[Param]]:
    """The parameters with counts, in each of the places where kernels have them."""
    arrays = [i for i, param in enumerate(params) if param.is_array]
    if not arrays:
        return
    for is_behind in (True, False):
        found: list[Param] = []
        for param in params:
            counts = _counts(param) if param.is_array else []
            found += [param, *counts] if is_behind else [*counts, param]
        yield found
    if len({params[i].shape for i in arrays}) == 1 < len(arrays):
        counts = _counts(params[arrays[0]])
        for place in (arrays[0], arrays[-1] + 1, len(params)):
            yield [*params[:place], *counts, *params[place:]]


def _counts(array: Param) -> list[Param]:
    sizes = array.shape
    names = ["count"] if len(sizes) == 1 else [f"size_{i}" for i in range(len(sizes))]
    return [
        Param(f"{array.name}_{each}", "", default=size)
        for each, size in zip(names, sizes, strict=True)
    ]


def _typed(
    params: Sequence[Param], wanted: Sequence[str], address: str, known: dict[int, str]
) -> tuple[Param, ...] | None:
    """The parameters, if they have the types of the function; counts get theirs, and a name."""
    if len(params) != len(wanted):
        return None
    taken = {param.name for param in params if param.type}
    found = []
    for i, (param, type_) in enumerate(zip(params, wanted, strict=True)):
        if param.type:
            if type_ != (address if param.is_array else param.type):
                return None
            found.append(param)
        elif type_ in ("i32", "i64"):
            name = known.get(i, "")
            name = name if _is_usable(name) and name not in taken else param.name
            taken.add(name)
            found.append(Param(name, type_, default=param.default))
        else:
            return None
    return tuple(found)


def _is_usable(name: str) -> bool:
    try:
        check_name(name)
    except SchemaError:
        return False
    return True
