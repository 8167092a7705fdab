"""What bytes of memory most likely are: element types by what values they have taken.

A small integer read as a float is denormal, a float read as an integer is huge, and the lower half
of a double is noise that rarely makes a sensible f32. So a few values tell most cases apart; which
stores the code has tells the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WORD = 8
STORES = {
    "f64": {"f64.store", "v128.store"},
    "f32": {"f32.store", "v128.store"},
    "i64": {"i64.store"},
    "i32": {"i32.store", "i64.store32"},
    "u8": {"i32.store8", "i64.store8"},
}
COPIES = {"memory.copy", "memory.init"}
_F64_EXPONENTS = 100  # 1e-30 to 1e30
_F32_EXPONENTS = 40  # 1e-12 to 1e12
_SMALL = 1 << 24
_LARGE = 1 << 31


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring elements of one type.

    Attributes:
        dtype: of the elements.
        address: of the first byte.
        size: in bytes.
        is_certain: whether the values alone allow no other type.
    """

    dtype: str
    address: int
    size: int
    is_certain: bool


def plausible_types(
    values: NDArray[np.uint64], stores: AbstractSet[str]
) -> list[tuple[str, int, bool]]:
    """What a word is.

    Args:
        values: it has taken.
        stores: the kinds of store instructions that may have written it; none known if empty.

    Returns:
        For each element in it: its type, its offset in the word, whether that is certain. Nothing
        for halves that were always zero.
    """
    if not values.any():
        return []
    low, high = values & np.uint64(0xFFFFFFFF), values >> np.uint64(32)
    can = {name for name, kinds in STORES.items() if not stores or kinds & stores}
    if not can or COPIES & stores:
        can = set(STORES)
    signed = values.view(np.int64)
    if "i64" in can and _is_small(signed, _LARGE):
        return [("i64", 0, "i32" not in can or bool((signed < 0).any()))]
    halves = [_half(half.astype(np.uint32), can) for half in (low, high)]
    is_f64 = "f64" in can and _is_float(values, 52, 1023, _F64_EXPONENTS)
    pair = [kind for kind in halves if kind]
    if is_f64 and not (set(pair) == {"f32"} and low.any()):
        return [("f64", 0, True)]
    if is_f64 and len(np.unique(values)) == 1:
        return [("f64", 0, False)]
    if "u8" not in pair:
        return [(kind, 4 * i, not is_f64) for i, kind in enumerate(halves) if kind]
    if "i64" in can:
        return [("u64", 0, False)]
    return [("u8", i, False) for i in range(WORD)]


def _half(values: NDArray[np.uint32], can: AbstractSet[str]) -> str | None:
    if not values.any():
        return None
    if "f32" in can and _is_float(values.astype(np.uint64), 23, 127, _F32_EXPONENTS):
        return "f32"
    if "i32" in can and _is_small(values.view(np.int32).astype(np.int64), _SMALL):
        return "i32"
    return "u8"


def _is_small(values: NDArray[np.int64], limit: int) -> bool:
    return bool(((values > -limit) & (values < limit)).all())


def _is_float(values: NDArray[np.uint64], bits: int, bias: int, reach: int) -> bool:
    """Whether each is zero or of a usual magnitude; ``bits`` are those of the fraction."""
    mask = np.uint64(2 * bias + 1)
    exponents = ((values >> np.uint64(bits)) & mask).astype(np.int64) - bias
    return bool(((values == 0) | (np.abs(exponents) <= reach)).all())


def runs_of(
    values: NDArray[np.uint64], words: Sequence[int], stores: AbstractSet[str], *, joins: int
) -> list[Run]:
    """Runs of elements of one type.

    Args:
        values: of each word in each image, of shape ``(images, words)``.
        words: the index of each word in memory, ascending.
        stores: as for :func:`plausible_types`.
        joins: how many bytes of zeros may lie between two elements of a run.
    """
    cells: list[Run] = []
    for i, word in enumerate(words):
        for dtype, offset, certain in plausible_types(np.ascontiguousarray(values[:, i]), stores):
            size = {"f64": 8, "i64": 8, "u64": 8, "u8": 1}.get(dtype, 4)
            cells.append(Run(dtype, word * WORD + offset, size, certain))
    found: list[Run] = []
    for cell in cells:
        last = found[-1] if found else None
        gap = cell.address - last.address - last.size if last else 0
        if last is not None and last.dtype == cell.dtype and gap <= joins:
            certain = last.is_certain or cell.is_certain
            size = cell.address + cell.size - last.address
            found[-1] = Run(last.dtype, last.address, size, certain)
        else:
            found.append(cell)
    return found
