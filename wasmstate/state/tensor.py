"""Tensors: named, typed, shaped views of the bytes of S.

Source: docs/format.md, "Schema".
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import SchemaError, StateBoundsError
from wasmstate.state.bounds import parse_bound

DTYPES: dict[str, np.dtype[Any]] = {
    "i8": np.dtype("i1"),
    "u8": np.dtype("u1"),
    "i16": np.dtype("<i2"),
    "u16": np.dtype("<u2"),
    "i32": np.dtype("<i4"),
    "u32": np.dtype("<u4"),
    "i64": np.dtype("<i8"),
    "u64": np.dtype("<u8"),
    "f16": np.dtype("<f2"),
    "f32": np.dtype("<f4"),
    "f64": np.dtype("<f8"),
}
"""Element types by their name in a schema; all little endian."""

MAX_RANK = 8
MAX_NAME_SIZE = 255
MERGE_RULES = ("sum", "mean", "max", "min", "chan", "counts", "own", "none")

_SHAPE = r"\s*(?:\d{1,10}(?:\s*[,x]\s*\d{1,10})*)?\s*"
_SPEC = re.compile(
    rf"(?P<name>[^:\[\]@]+):(?P<dtype>\w+)(?:\[(?P<shape>{_SHAPE})\])?@(?P<place>.+)", re.ASCII
)
_INTEGERS = (int, np.integer, np.bool_)
_NUMBERS = (*_INTEGERS, float, np.floating)


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A tensor as a user describes it: ``name:dtype[shape]@place``.

    Attributes:
        name: unique within the state.
        dtype: ``i8`` to ``i64``, ``u8`` to ``u64``, ``f16``, ``f32`` or ``f64``.
        shape: ``()`` for a scalar; elements are stored row after row.
        place: an address (``1024``, ``0x400``), ``sym:NAME`` for an exported constant ``i32``
            global that holds the address, or ``global:NAME`` for an exported mutable global; in
            one of several memories ``mem:NAME:1024`` or ``mem:NAME:sym:NAME``.
        unit: of the values, for people.
        merge: how two devices' values are joined: ``sum``, ``mean``, ``max``, ``min``, ``chan``,
            ``counts``, ``own`` or ``none``.
        bounds: conditions on the values: ``finite``, ``psd``, or comparisons such as ``>= 0``.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    place: str
    unit: str | None = None
    merge: str | None = None
    bounds: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> TensorSpec:
        """Read ``name:dtype[shape]@place``, for example ``w:f32[4,8]@sym:weights``.

        Raises:
            SchemaError: saying what is wrong with the text.
        """
        match = _SPEC.fullmatch(text.strip())
        if match is None:
            raise SchemaError(
                f"cannot read the tensor {text!r}: write name:dtype[shape]@place, "
                "for example w:f32[4]@1024, w:f32[4]@sym:weights or n:i64@global:count"
            )
        shape = tuple(map(int, re.findall(r"\d+", match["shape"] or "")))
        return cls(match["name"].strip(), match["dtype"], shape, match["place"].strip())

    def __str__(self) -> str:
        return f"{self.name}:{self.dtype}{shape_text(self.shape)}@{self.place}"


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of a state: which bytes of which region it is.

    Attributes:
        name: unique within the state.
        dtype: ``i8`` to ``i64``, ``u8`` to ``u64``, ``f16``, ``f32`` or ``f64``.
        shape: ``()`` for a scalar.
        region: the index of its region.
        offset: of its first element, in bytes from the start of the region.
        symbol: the export that gave the address, or that is the global.
        unit: as in :class:`TensorSpec`.
        merge: likewise.
        bounds: likewise.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    region: int
    offset: int
    symbol: str | None = None
    unit: str | None = None
    merge: str | None = None
    bounds: tuple[str, ...] = ()

    @property
    def nbytes(self) -> int:
        """Size of all elements, in bytes."""
        return math.prod(self.shape) * DTYPES[self.dtype].itemsize

    def read(self, region: bytes) -> NDArray[Any]:
        """The values, as a read-only view of the region's bytes."""
        dtype = DTYPES[self.dtype]
        count = math.prod(self.shape)
        return np.frombuffer(region, dtype, count, self.offset).reshape(self.shape)

    def cell_at(self, offset: int) -> str:
        """The name of the element with a byte, counted from the tensor's first: ``w[2,3]``."""
        element = offset // DTYPES[self.dtype].itemsize
        return self.name + shape_text([int(i) for i in np.unravel_index(element, self.shape)])

    def encode(self, value: Any) -> bytes:
        """The bytes of a value.

        Args:
            value: anything ``numpy.asarray`` takes, of exactly the tensor's shape.

        Raises:
            SchemaError: if the shape differs, or the value is not numeric, or masked somewhere.
            StateBoundsError: if a number does not fit the element type.
        """
        array = self._array(value)
        if array.shape != self.shape:
            check_container(self.name, value)
            raise SchemaError(
                f"{self.name} has the shape {list(self.shape)}, "
                f"the value given has {list(array.shape)}"
            )
        return self._cast(array).tobytes()

    def _array(self, value: Any) -> NDArray[Any]:
        check_unmasked(self.name, value)
        try:
            array = np.asarray(value)
        except (ValueError, TypeError, OverflowError) as error:
            raise SchemaError(f"{self.name}: {error}") from error
        given_type = isinstance(value, (np.ndarray, np.generic))
        if array.dtype.kind == "f" and self._holds_integers and not given_type:
            # NumPy makes floats of a list with integers on both sides of 2**63.
            return np.asarray(value, object)
        return array

    @property
    def _holds_integers(self) -> bool:
        return DTYPES[self.dtype].kind in "iu"

    def _cast(self, array: NDArray[Any]) -> NDArray[Any]:
        dtype, kind = DTYPES[self.dtype], array.dtype.kind
        if array.dtype == dtype:
            return array
        if kind == "O":
            allowed = _INTEGERS if self._holds_integers else _NUMBERS
            for number in array.flat:
                if not isinstance(number, allowed):
                    raise SchemaError(f"{self.name} holds {self.dtype}, not {number!r}")
        elif kind not in ("biu" if self._holds_integers else "biuf"):
            raise SchemaError(
                f"{self.name} holds {self.dtype}, the value given is of type {array.dtype}"
            )
        return self._to_integers(array) if self._holds_integers else self._to_floats(array)

    def _to_integers(self, array: NDArray[Any]) -> NDArray[Any]:
        info = np.iinfo(DTYPES[self.dtype])
        for number in array.flat if array.dtype.kind == "O" else (array.min(), array.max()):
            if not info.min <= int(number) <= info.max:
                raise StateBoundsError(f"{self.name}: {number} does not fit {self.dtype}")
        return array.astype(DTYPES[self.dtype])

    def _to_floats(self, array: NDArray[Any]) -> NDArray[Any]:
        try:
            with np.errstate(over="ignore"):
                cast = array.astype(DTYPES[self.dtype])
            too_large = np.isinf(cast) & np.isfinite(array.astype(np.float64))
        except OverflowError:
            too_large = np.bool_(True)
        if too_large.any():
            raise StateBoundsError(f"{self.name}: a value is too large for {self.dtype}")
        return cast


def check_unmasked(what: str, value: Any) -> None:
    """Check that an array, or a list of them, has no masked values: as an array they count.

    Raises:
        SchemaError: naming it as ``what``.
    """
    is_list = isinstance(value, (list, tuple)) and value and isinstance(value[0], np.ndarray)
    for each in value if is_list else (value,):
        is_plain = type(each) is np.ndarray or not isinstance(each, np.ndarray)
        if not is_plain and np.ma.is_masked(each):
            raise SchemaError(
                f"{what} has masked values, which have to be something: give .filled(...), "
                "or leave the masked rows out"
            )


def check_container(what: str, value: Any) -> None:
    """Check that a value is nothing that ``numpy.asarray`` takes for a single object.

    Raises:
        SchemaError: naming it as ``what``, with its type and how to make an array of it.
    """
    kind = type(value).__name__
    if hasattr(value, "toarray"):
        raise SchemaError(f"{what}: a {kind} is sparse: give its .toarray()")
    if isinstance(value, Mapping):
        raise SchemaError(f"{what}: a {kind} is no array: give a list of its values, in order")
    if isinstance(value, AbstractSet | Iterator):
        raise SchemaError(f"{what}: a {kind} is no array: give a list of what is in it")


def check_tensor(tensor: Tensor | TensorSpec) -> None:
    """Check what a tensor says of itself.

    Raises:
        SchemaError: naming the tensor and what is wrong.
    """
    check_name(tensor.name)
    if tensor.dtype not in DTYPES:
        raise SchemaError(
            f"{tensor.name}: no element type {tensor.dtype!r}; there are {', '.join(DTYPES)}"
        )
    if len(tensor.shape) > MAX_RANK:
        raise SchemaError(
            f"{tensor.name}: {len(tensor.shape)} dimensions, at most {MAX_RANK} can be"
        )
    if any(type(size) is not int or not 0 < size < 1 << 32 for size in tensor.shape):
        raise SchemaError(f"{tensor.name}: each dimension must be a positive integer below 2**32")
    if tensor.unit is not None and not isinstance(tensor.unit, str):
        raise SchemaError(f"{tensor.name}: the unit must be a text")
    if tensor.merge is not None and tensor.merge not in MERGE_RULES:
        raise SchemaError(
            f"{tensor.name}: no merge rule {tensor.merge!r}; there are {', '.join(MERGE_RULES)}"
        )
    for bound in tensor.bounds:
        parse_bound(bound)


def check_name(name: object, what: str = "name") -> None:
    """Check the name of a tensor or a parameter, or the text of a type. Raises SchemaError."""
    if not isinstance(name, str) or not name:
        raise SchemaError(f"a {what} must be a text that is not empty, not {name!r}")
    try:
        size = len(name.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise SchemaError(f"the {what} {name!r} cannot be written as UTF-8") from error
    if size > MAX_NAME_SIZE or any(ord(c) < 32 or ord(c) == 127 for c in name):
        raise SchemaError(
            f"the {what} {name[:40]!r} has control characters or more than {MAX_NAME_SIZE} bytes"
        )


def shape_text(shape: Sequence[int]) -> str:
    """``[4,8]``, or nothing for a scalar."""
    return f"[{','.join(map(str, shape))}]" if shape else ""


def values_text(values: NDArray[Any]) -> str:
    """The values on one line, those in the middle left out if there are many."""
    text = np.array2string(values, threshold=12, edgeitems=3, precision=6, separator=" ")
    return " ".join(text.split())
