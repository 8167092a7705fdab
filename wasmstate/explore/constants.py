"""Values that stand in the code as constants: what a compiler folded is not in memory any more."""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wasmstate.binary.spaces import Spaces
from wasmstate.explore.call_graph import reached_code
from wasmstate.state.tensor import shape_text

_MOST_VALUES = 1 << 16  # of a tensor that are looked for
_FORMATS = {"f32.const": ("<f",), "f64.const": ("<d",), "v128.const": ("<4f", "<2d")}


@dataclass(frozen=True, slots=True)
class Folded:
    """A value of a tensor that stands in the code, too.

    Attributes:
        cell: the element, ``w[2]``.
        value: it.
        offset: of the instruction, in the file.
        function: its index.
    """

    cell: str
    value: float
    offset: int
    function: int

    def __str__(self) -> str:
        return f"{self.cell} = {self.value:g} stands in the code at {self.offset:#x}"


def find_folded(
    spaces: Spaces, names: Iterable[str], tensors: Mapping[str, NDArray[np.generic]]
) -> list[Folded]:
    """Values of tensors that are constants in the code which functions reach.

    Whole numbers up to 16 and powers of two are left out: they stand in any code.

    Args:
        spaces: of the module.
        names: of exported functions.
        tensors: the values of each tensor; those of integers are left out.
    """
    constants: dict[float, list[tuple[int, int]]] = defaultdict(list)
    for function, offset, instr in reached_code(spaces, names):
        for format_ in _FORMATS.get(instr.mnemonic, ()):
            for value in struct.unpack(format_, instr.immediates[0]):
                if not _is_common(value):
                    constants[value].append((offset, function))
    found = []
    for name, values in tensors.items():
        if values.dtype.kind != "f" or not constants:
            continue
        for i, value in enumerate(values.flat[:_MOST_VALUES]):
            # A compiler may hold a double as a float, or a float as a double.
            exact, rounded = float(value), float(np.float32(value))
            index = shape_text([int(each) for each in np.unravel_index(i, values.shape)])
            for offset, function in dict.fromkeys(
                [*constants.get(exact, ()), *constants.get(rounded, ())]
            ):
                found.append(Folded(f"{name}{index}", exact, offset, function))
    return found


def _is_common(value: float) -> bool:
    """Whether a number stands in any code: not finite, small and whole, a power of two."""
    if not np.isfinite(value) or value == 0:
        return True
    return (value == round(value) and abs(value) <= 16) or abs(np.frexp(value)[0]) == 0.5
