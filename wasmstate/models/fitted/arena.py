"""Models whose tensors have any size: they lie one behind the other in the arena of a kernel.

A kernel of ``kernels/fitted`` exports the address behind its own variables. The large tensors begin
there, and the buffers of arguments behind them; the memory gets the pages for both.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.binary.module import Module
from wasmstate.binary.sections.memory import MemorySection
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import SchemaError
from wasmstate.models.fitted.exports import with_functions
from wasmstate.state.attach.describe import describe, with_state
from wasmstate.state.place import address_of
from wasmstate.state.signature import Signature
from wasmstate.state.tensor import DTYPES, TensorSpec

_ARENA = "__heap_base"
"""What a kernel exports the address of its arena as."""

PAGE = 65_536
_MOST_PAGES = 65_536
_MOST_OUTPUTS = 256
_MOST_ROWS = 1024
_LEAST_ROWS = 16
"""Rows that a buffer of ``update_many`` has room for at least, so that calling it is worth it."""

_NAMES = {dtype: name for name, dtype in DTYPES.items()}


@dataclass(frozen=True, slots=True)
class Placed:
    """A tensor with its values, whose type and shape are those of the array.

    Attributes:
        merge, bounds, unit: as in :class:`wasmstate.TensorSpec`.
    """

    name: str
    values: NDArray[Any]
    merge: str = "none"
    bounds: tuple[str, ...] = ()
    unit: str | None = None

    def spec(self, place: str) -> TensorSpec:
        """The tensor at a place."""
        values = self.values
        dtype = _NAMES[values.dtype]
        return TensorSpec(self.name, dtype, values.shape, place, self.unit, self.merge, self.bounds)


def fixed(name: str, value: int) -> Placed:
    """A size or a kind: no other value could be right."""
    return Placed(name, np.array(value, "<u4"), bounds=(f">= {value}", f"<= {value}"))


def outputs(count: int) -> Placed:
    """How many outputs there are. Raises SchemaError if the kernels have no room for as many."""
    if count > _MOST_OUTPUTS:
        raise SchemaError(f"{count} outputs or classes; a model has {_MOST_OUTPUTS} at most")
    return fixed("outputs", count)


def number(name: str, value: float, *bounds: str) -> Placed:
    """A number that devices which are merged must agree on."""
    return Placed(name, np.array(value, float), bounds=("finite", *bounds))


@dataclass(frozen=True, slots=True)
class ArenaModel:
    """A kernel and what was fitted.

    Attributes:
        kernel: of ``kernels/fitted``.
        variables: tensors that the kernel declares.
        arena: tensors in the order in which they lie in the arena.
        entry_points: the functions that stay exported, with what they take and give. The
            parameters ``x`` and behind it ``y`` or ``label`` are arrays of one row, or, in
            ``update_many``, of ``{rows}`` rows; their places are ``{x}`` and ``{target}``.
        features: numbers in a row.
        summary: one line.
        renamed: new names of exports.
        scratch: bytes behind the tensors that the kernel calculates in.
    """

    kernel: str
    variables: Sequence[Placed]
    arena: Sequence[Placed]
    entry_points: Mapping[str, str]
    features: int
    summary: str
    renamed: Mapping[str, str] = field(default_factory=dict)
    scratch: int = 0

    def module(self, pages: int) -> Module:
        """The model.

        Raises:
            SchemaError: it needs more pages, more than there can be, or a tensor has no room.
            StateBoundsError: a value is not finite, or not within its bounds.
        """
        kernel = Module.from_bytes(_kernel(self.kernel))
        start = address_of(Spaces(kernel), "arena", f"sym:{_ARENA}", "sym:NAME")
        addresses = list(_addresses(start, self.arena))
        x = -(-(addresses.pop() + self.scratch) // 8) * 8
        learns = "update_many" in self.entry_points
        # A row and its target, which has 8 bytes at most.
        needed = x + (8 * self.features + 8) * (_LEAST_ROWS if learns else 1)
        self._check_pages(-(-needed // PAGE), pages)
        rows = min(_MOST_ROWS, (pages * PAGE - x) // (8 * self.features + 8))
        target = x + 8 * self.features * rows if learns else x
        module = _with_pages(with_functions(kernel, self.entry_points, self.renamed), pages)
        state = describe(
            module,
            [each.spec(f"sym:{each.name}") for each in self.variables]
            + [each.spec(str(at)) for each, at in zip(self.arena, addresses, strict=True)],
            entry_points={
                name: Signature.parse(text.format(rows=rows, x=x, target=target))
                for name, text in self.entry_points.items()
            },
            metadata={"model": self.kernel, "summary": self.summary},
        )
        values = {each.name: each.values for each in (*self.variables, *self.arena)}
        state = state.with_values(values)
        state.check_bounds()
        return with_state(module, state)

    def _check_pages(self, needed: int, pages: int) -> None:
        if type(pages) is not int or not 1 <= pages <= _MOST_PAGES:
            raise SchemaError(
                f"pages must be a whole number from 1 to {_MOST_PAGES}, not {pages!r}"
            )
        if needed > _MOST_PAGES:
            raise SchemaError(
                f"the model needs {needed} pages, and a memory has {_MOST_PAGES} at most"
            )
        if needed > pages:
            raise SchemaError(
                f"the model needs {needed} pages of memory (64 KiB each), not {pages}: "
                f"give pages={needed}"
            ).helped_by("pages")


def _kernel(name: str) -> bytes:
    return (files("wasmstate.models.fitted") / f"{name}.wasm").read_bytes()


def _addresses(start: int, arena: Sequence[Placed]) -> Iterator[int]:
    """Where each tensor begins, and where the last one ends."""
    return itertools.accumulate((each.values.nbytes for each in arena), initial=start)


def _with_pages(module: Module, pages: int) -> Module:
    section = module.section(MemorySection)
    assert section is not None
    (memory,) = section.entries
    limits = replace(memory.limits, min=pages, max=pages)
    return module.with_entries({MemorySection: [replace(memory, limits=limits)]})
