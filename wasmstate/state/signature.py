"""Signatures: what the entry points of a model take and give.

Source: docs/format.md, "Entry points".
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from functools import cached_property

from wasmstate.errors import SchemaError
from wasmstate.state.bounds import parse_bound
from wasmstate.state.tensor import DTYPES, MAX_RANK, check_name, shape_text

NUMERIC = ("i32", "i64", "f32", "f64")
"""The types of parameters that are one number."""

_EXAMPLE = "(arm: i32, reward: f64) -> ()"
_SIGNATURE = re.compile(r"\((?P<params>[^()]*)\)\s*->\s*(?P<results>.*)")
_COMMA = re.compile(r",(?![^\[\]]*\])")  # not one between brackets
_BOUND = r"(?:[A-Za-z_]\w*|(?:>=|<=|>|<)\s*[-+.\w]+)"
_PARAM = re.compile(
    r"(?P<name>[^:]*):\s*(?P<dtype>\w+)\s*(?:\[(?P<shape>\s*\d+(?:\s*,\s*\d+)*\s*)\])?"
    rf"\s*(?:@\s*(?P<place>\S+))?(?P<bounds>(?:\s+{_BOUND})*)",
    re.ASCII,
)
_ARRAY = re.compile(r"(?P<dtype>\w+)\[(?P<shape>\d{1,10}(?:,\d{1,10})*)\]", re.ASCII)


@dataclass(frozen=True)
class Param:
    """A parameter of an entry point: a number, or an array that stands in memory.

    Attributes:
        name: as a form shows it.
        type: ``i32``, ``i64``, ``f32`` or ``f64``; of an array its element type, one that tensors
            have, and its shape: ``f64[6]``, ``u8[28,28]``. The function itself takes the address
            of an array.
        place: of an array's buffer: an address, or ``sym:NAME`` as for tensors; ``None`` if the
            module's own allocator gives it.
        bounds: what the value must fulfil, as for tensors.
    """

    name: str
    type: str
    place: str | None = None
    bounds: tuple[str, ...] = ()

    @property
    def is_array(self) -> bool:
        """Whether the function takes an address, and the elements stand there."""
        return "[" in self.type

    @cached_property
    def dtype(self) -> str:
        """Type of the number, or of the array's elements."""
        return self.type.partition("[")[0]

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Shape of an array, row after row; ``()`` for a number."""
        return tuple(map(int, re.findall(r"\d+", self.type.partition("[")[2])))

    @property
    def nbytes(self) -> int:
        """Size of all elements, in bytes."""
        return math.prod(self.shape) * DTYPES[self.dtype].itemsize

    def __str__(self) -> str:
        place = "" if self.place is None else f"@{self.place}"
        return " ".join([f"{self.name}: {self.type}{place}", *self.bounds])


@dataclass(frozen=True, slots=True)
class Signature:
    """What an entry point takes and gives."""

    params: tuple[Param, ...]
    results: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Signature:
        """Read ``(arm: i32 >= 0 < 4, x: f64[6]@sym:x finite) -> f64``; no result is ``-> ()``.

        Raises:
            SchemaError: saying what is wrong with the text.
        """
        match = _SIGNATURE.fullmatch(text.strip())
        params = [_parse_param(part) for part in _parts(match["params"])] if match else [None]
        if match is None or None in params:
            raise SchemaError(
                f"cannot read the signature {text!r}: write (name: type, ...) -> type, "
                f"for example {_EXAMPLE}"
            )
        known = tuple(param for param in params if param is not None)
        for param in known:
            check_param(param)
        results = re.split(r"[\s,]+", match["results"].strip("() "))
        return cls(known, tuple(filter(None, results)))

    def wasm_params(self, address_type: str) -> list[str]:
        """The types that the function itself takes: an address for each array."""
        return [address_type if param.is_array else param.type for param in self.params]

    @property
    def is_plain(self) -> bool:
        """Whether all it takes is numbers, whatever they are."""
        return not any(param.is_array or param.bounds for param in self.params)

    @property
    def rows(self) -> int:
        """How many rows the function itself goes through in a call; 0 if it takes no rows.

        It does if it is ``(x: f64[64,6], y: f64[64], rows: i32)``: arrays of one leading
        dimension, and at the end how many of their rows are there.
        """
        *arrays, last = self.params or (Param("", ""),)
        sizes = {param.shape[0] if param.is_array else 0 for param in arrays}
        return sizes.pop() if len(sizes) == 1 and last.type == "i32" else 0

    def of_one_row(self) -> tuple[Param, ...]:
        """The parameters of one row, for a function that takes rows."""
        return tuple(
            replace(param, type=f"{param.dtype}{shape_text(param.shape[1:])}", place=None)
            for param in self.params[:-1]
        )

    def __str__(self) -> str:
        params = ", ".join(map(str, self.params))
        results = ", ".join(self.results)
        return f"({params}) -> {results if len(self.results) == 1 else f'({results})'}"


def _parts(text: str) -> list[str]:
    return [part.strip() for part in _COMMA.split(text) if part.strip()]


def _parse_param(text: str) -> Param | None:
    match = _PARAM.fullmatch(text)
    if match is None:
        return None
    shape = re.findall(r"\d+", match["shape"] or "")
    type_ = match["dtype"] + (f"[{','.join(shape)}]" if shape else "")
    bounds = tuple(
        re.sub(r"(>=|<=|>|<)\s*", r"\1 ", bound) for bound in re.findall(_BOUND, match["bounds"])
    )
    return Param(match["name"].strip(), type_, match["place"], bounds)


def check_param(param: Param) -> None:
    """Check what a parameter says of itself.

    Raises:
        SchemaError: naming it and what is wrong.
    """
    check_name(param.name)
    check_name(param.type, "type")
    if param.is_array:
        match = _ARRAY.fullmatch(param.type)
        if match is None:
            raise SchemaError(f"{param.name}: cannot read the type {param.type!r}: write f64[6]")
        if match["dtype"] not in DTYPES:
            raise SchemaError(
                f"{param.name}: no element type {match['dtype']!r}; there are {', '.join(DTYPES)}"
            )
        if len(param.shape) > MAX_RANK:
            raise SchemaError(
                f"{param.name}: {len(param.shape)} dimensions, at most {MAX_RANK} can be"
            )
        if not all(0 < size < 1 << 32 for size in param.shape):
            raise SchemaError(
                f"{param.name}: each dimension must be a positive integer below 2**32"
            )
    else:
        if param.place is not None:
            raise SchemaError(f"{param.name}: a number has no place, only an array has")
        if param.bounds and param.type not in NUMERIC:
            raise SchemaError(f"{param.name}: a value of type {param.type} has no bounds")
    for bound in param.bounds:
        parse_bound(bound)
