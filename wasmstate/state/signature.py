"""Signatures: what the entry points of a model take and give.

Source: docs/format.md, "Entry points".
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

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
    rf"\s*(?:@\s*(?P<place>[^\s=]+))?(?P<bounds>(?:\s+{_BOUND})*)"
    r"(?:\s*=\s*(?P<default>[-+.\w]+))?",
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
        default: the value of a number that a caller leaves out; ``None`` if it must be given.
    """

    name: str
    type: str
    place: str | None = None
    bounds: tuple[str, ...] = ()
    default: int | float | None = None

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
        default = [] if self.default is None else [f"= {self.default!r}"]
        return " ".join([f"{self.name}: {self.type}{place}", *self.bounds, *default])


@dataclass(frozen=True, slots=True)
class Signature:
    """What an entry point takes and gives."""

    params: tuple[Param, ...]
    results: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Signature:
        """Read ``(arm: i32 >= 0 < 4, x: f64[6]@sym:x finite, n: i32 = 6) -> f64``.

        No result is ``-> ()``.

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
    def required(self) -> tuple[Param, ...]:
        """The parameters without a default, which a caller has to give."""
        return required(self.params)

    @property
    def is_plain(self) -> bool:
        """Whether all it takes is numbers, whatever they are."""
        return not any(
            param.is_array or param.bounds or param.default is not None for param in self.params
        )

    @property
    def rows(self) -> int:
        """How many rows the function itself goes through in a call; 0 if it takes no rows.

        It does if it is ``(x: f64[64,6], y: f64[64], rows: i32)``: arrays of one leading
        dimension, and at the end how many of their rows are there.
        """
        *arrays, last = self.params or (Param("", ""),)
        if last.default is not None:
            return 0
        sizes = {param.shape[0] if param.is_array else 0 for param in arrays}
        return sizes.pop() if len(sizes) == 1 and last.type == "i32" else 0

    def of_one_row(self) -> tuple[Param, ...]:
        """The parameters of one row, for a function that takes rows."""
        return tuple(
            replace(param, type=f"{param.dtype}{shape_text(param.shape[1:])}", place=None)
            for param in self.params[:-1]
        )

    def without_places(self) -> Signature:
        """What a caller sees of it: the same, wherever the buffers of its arrays are."""
        return Signature(tuple(replace(each, place=None) for each in self.params), self.results)

    def __str__(self) -> str:
        params = ", ".join(map(str, self.params))
        results = ", ".join(self.results)
        return f"({params}) -> {results if len(self.results) == 1 else f'({results})'}"


def required(params: Sequence[Param]) -> tuple[Param, ...]:
    """The parameters that have no default."""
    return tuple(param for param in params if param.default is None)


def completed(params: Sequence[Param], args: Sequence[Any]) -> Sequence[Any]:
    """The arguments of a call, with the defaults of parameters that were left out.

    Either all parameters with a default are left out or none is: anything between has to be given
    by name. So what is given by place means one thing only, wherever the defaults stand.
    """
    if len(args) == len(params) or len(args) != len(required(params)):
        return args
    given = iter(args)
    return [next(given) if param.default is None else param.default for param in params]


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
    default = match["default"]
    return Param(
        match["name"].strip(),
        type_,
        match["place"],
        bounds,
        None if default is None else parse_default(match["name"].strip(), type_, default),
    )


def parse_default(name: str, type_: str, text: str) -> int | float:
    """The default of a parameter, as it is written. Raises SchemaError."""
    try:
        return int(text, 0) if type_ in ("i32", "i64") else float(text)
    except ValueError as error:
        raise SchemaError(f"{name}: cannot read the default {text!r} of type {type_}") from error


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
    if param.default is not None:
        _check_default(param)


def _check_default(param: Param) -> None:
    value = param.default
    if param.type not in NUMERIC:
        raise SchemaError(f"{param.name}: only a number has a default")
    if param.type.startswith("f"):
        fits = type(value) is float and math.isfinite(value)
    else:
        bits = int(param.type[1:])
        fits = type(value) is int and -(1 << bits - 1) <= value < 1 << bits - 1
    if not fits:
        raise SchemaError(f"{param.name}: the default {value!r} is no value of type {param.type}")
    for bound in param.bounds:
        wrong = parse_bound(bound)(np.asarray(value, DTYPES[param.type]))
        if wrong is not None:
            raise SchemaError(f"{param.name}: the default{wrong}")
