"""Unfolding: constants of the code that become tensors of S."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.binary.code.instructions import Instr
from wasmstate.binary.custom.unfolded import UnfoldedCell
from wasmstate.binary.edits.unfold import (
    Array,
    Element,
    check_unfoldable,
    constant_bytes,
    functions_at,
    instructions_at,
    unfold_code,
)
from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import ArgumentError, SchemaError, SectionError
from wasmstate.escapes import listed
from wasmstate.explore.find_constants import Constant, find_constants
from wasmstate.explore.name_constants import Offsets, elements_of, name_constants
from wasmstate.explore.probe import Probe
from wasmstate.session.attach import attach
from wasmstate.state.attach.describe import describe
from wasmstate.state.change.successor import carry_on
from wasmstate.state.digest import module_digest
from wasmstate.state.lists import check_list
from wasmstate.state.place import with_memory
from wasmstate.state.record import RegionKind
from wasmstate.state.state import SECTION_NAME, State
from wasmstate.state.tensor import DTYPES, TensorSpec, check_name


class RoleWarning(UserWarning):
    """A constant that is unfolded is no mere value: an address, a loop bound, a shift."""


@dataclass(frozen=True)
class _Tensor:
    """A tensor, new or one of the state, with the constants of each element.

    Attributes:
        name: of the tensor.
        dtype: of its elements.
        shape: with the lanes of a vector as its last dimension.
        array: the elements.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    array: Array


def unfold(
    module: ModuleLike,
    names: Mapping[str, Any] | None = None,
    *,
    constants: Iterable[Constant] | None = None,
    join_equal: bool = False,
    as_globals: bool | None = None,
) -> Module:
    """A copy of the module whose chosen constants are read from tensors of S.

    The elements lie in memory behind all that the module had, and each tensor's address is exported
    under its name. What was not chosen keeps its bytes, and calls give the same bits as before.
    :func:`fold` undoes it.

    Args:
        module: a core module: a path, bytes or a Module; a state that it carries goes on as the
            next generation, with the new tensors.
        names: for each tensor the offsets of its constants: a list, lists in a list for more
            dimensions, a tuple where several constants are one element. If not given, names are
            proposed for ``constants``.
        constants: those to be unfolded, as of :func:`find_constants`. If neither is given, all
            floats that ``predict`` reaches.
        join_equal: whether constants of equal type and bits become one element.
        as_globals: whether each element is an exported mutable global; if not given, only where
            memory does not serve, as beside a heap that looks how large it is.

    Raises:
        SectionError: naming the instruction, or what else stands in the way.
        SchemaError: if a tensor cannot be as it is named.
        ArgumentError: if no constant is left to be unfolded, or both are given.
        MalformedError: if a section that is needed cannot be decoded.

    Warns:
        RoleWarning: of a constant that is no mere value; the result is the same until it changes.
    """
    module = as_module(module)
    if names is not None and constants is not None:
        raise ArgumentError("give names or constants, not both")
    check_unfoldable(module)
    spaces = Spaces(module)
    state = State.of(module) if module.custom_sections(SECTION_NAME) else None
    if state is not None and state.is_whole_memory:
        raise SchemaError(
            "the state is all of memory, where the program has laid it out: unfold the module "
            "before the state is attached"
        )
    if names is None:
        if constants is None:
            chosen = [each for each in find_constants(module) if each.is_weight]
        else:
            check_list("constants", constants)
            chosen = list(constants)
        taken = {*spaces.exports, *(state or ())}
        names = name_constants(chosen, taken=taken, join_equal=join_equal)
        written = {name: list(elements) for name, elements in names.items()}
    else:
        written = dict(names)
    if not written:
        raise ArgumentError("no constant is left to be unfolded: choose others")
    if as_globals is None:
        return unfold_anywhere(module, written)[0]
    return unfold_named(module, written, as_globals=as_globals)


def unfold_anywhere(
    module: Module, names: Mapping[str, Any], *, warns: bool = True
) -> tuple[Module, bool]:
    """The same, to memory, or to globals where memory does not serve; whether it is globals."""
    try:
        return unfold_named(module, names, warns=warns), False
    except SectionError as error:
        if "as_globals" not in error.remedies:
            raise
    return unfold_named(module, names, as_globals=True, warns=False), True


def unfold_named(
    module: Module, names: Mapping[str, Any], *, as_globals: bool = False, warns: bool = True
) -> Module:
    """The same for tensors that have their names; with ``warns``, of constants with a role."""
    state = State.of(module) if module.custom_sections(SECTION_NAME) else None
    tensors = _Tensors(module, state).of(names, warns=warns)
    arrays = [tensor.array for tensor in tensors]
    edited = unfold_code(module, arrays, module_digest(module), as_globals=as_globals)
    new = [tensor for tensor in tensors if not tensor.array.cells]
    return _with_state(module, edited, state, _described(edited, new, as_globals=as_globals))


def probed_constants(module: ModuleLike, found: Probe) -> dict[str, Any]:
    """The constants that :func:`probe` found for tensors that no call reads, as names.

    :func:`unfold` then makes the code read these tensors. Constants of other bits than the
    tensor's element, such as a float that the compiler holds as a double, are left out.
    """
    module = as_module(module)
    state = State.of(module)
    names: dict[str, Any] = {}
    for probed in found.tensors:
        if not probed.folded or probed.verdict not in ("dead", "written only"):
            continue
        tensor = state.tensor(probed.name)
        content, size = state[probed.name].tobytes(), DTYPES[tensor.dtype].itemsize
        at = instructions_at(module, {each.offset for each in probed.folded})
        elements: list[tuple[int, ...]] = [()] * (len(content) // size)
        cells = {tensor.cell_at(i * size): i for i in range(len(elements))}
        for each in probed.folded:
            i, (_, instr) = cells[each.cell], at[each.offset]
            type_ = instr.mnemonic.partition(".")[0]
            if type_ == tensor.dtype and constant_bytes(instr) == content[i * size :][:size]:
                elements[i] = (*elements[i], each.offset)
        if any(elements):
            names[probed.name] = _nested(elements, tensor.shape)
    return names


def _nested(elements: Sequence[Any], shape: Sequence[int]) -> Any:
    if not shape:
        return elements[0]
    size = len(elements) // shape[0]
    return [_nested(elements[i * size :][:size], shape[1:]) for i in range(shape[0])]


class _Tensors:
    """From names and offsets to tensors."""

    def __init__(self, module: Module, state: State | None) -> None:
        self._module = module
        self._state = state
        self._at: dict[int, tuple[bytes, Instr]] = {}
        self._known: dict[int, Constant] = {}

    def of(self, names: Mapping[str, Any], *, warns: bool) -> list[_Tensor]:
        parsed = {name: elements_of(name, value) for name, value in names.items()}
        offsets = {at for _, elements in parsed.values() for each in elements for at in each}
        self._at = instructions_at(self._module, offsets)
        functions = functions_at(self._module, offsets)
        if functions:
            every = find_constants(self._module, functions=functions)
            self._known = {each.offset: each for each in every if each.offset in offsets}
        for each in self._known.values() if warns else ():
            if each.role:
                text = f"unfolded, although it is no mere value: {each}"
                warnings.warn(text, RoleWarning, stacklevel=4)
        return [
            self._existing(name, shape, elements)
            if self._state is not None and name in self._state
            else self._new(name, shape, elements)
            for name, (shape, elements) in parsed.items()
        ]

    def _new(self, name: str, shape: tuple[int, ...], elements: Sequence[Offsets]) -> _Tensor:
        check_name(name)
        made = [self._element(name, each) for each in elements]
        types = {each.valtype for each in made}
        if len(types) > 1:
            raise SchemaError(
                f"{name}: its constants are of several types ({listed(sorted(types))}): "
                "make a tensor of each"
            )
        dtype = made[0].valtype
        if dtype == "v128":
            dtype = self._known[elements[0][0]].dtype
            shape = (*shape, 16 // DTYPES[dtype].itemsize)
        return _Tensor(name, dtype, shape, Array(name, tuple(made)))

    def _existing(self, name: str, shape: tuple[int, ...], elements: Sequence[Offsets]) -> _Tensor:
        state = self._state
        assert state is not None
        tensor = state.tensor(name)
        if shape != tensor.shape:
            raise SchemaError(
                f"{name} has the shape {list(tensor.shape)} in the state, "
                f"the constants given have {list(shape)}"
            )
        region, size = state.regions[tensor.region], DTYPES[tensor.dtype].itemsize
        is_global = region.kind is RegionKind.GLOBAL
        if region.index and not is_global:
            raise SchemaError(f"{name} lies in memory {region.index}, constants read memory 0")
        content = state[name].tobytes()
        made, cells = [], []
        for i, offsets in enumerate(elements):
            value = content[i * size :][:size]
            for offset in offsets:
                _, instr = self._at[offset]
                if instr.mnemonic != f"{tensor.dtype}.const" or constant_bytes(instr) != value:
                    raise SchemaError(
                        f"{instr} at {offset:#x} is not the value of {tensor.cell_at(i * size)}"
                    )
            if offsets:
                place = region.index if is_global else region.start + tensor.offset + i * size
                made.append(Element(tensor.dtype, value, offsets))
                cells.append(UnfoldedCell("global" if is_global else "memory", place, size))
        if not made:
            raise SchemaError(f"{name}: no constant is given for any of its elements")
        return _Tensor(name, tensor.dtype, tensor.shape, Array(name, tuple(made), tuple(cells)))

    def _element(self, name: str, offsets: Offsets) -> Element:
        if not offsets:
            raise SchemaError(f"{name}: each element of a new tensor needs a constant")
        found = [self._at[offset][1] for offset in offsets]
        for offset, instr in zip(offsets, found, strict=True):
            if not instr.mnemonic.endswith(".const"):
                raise SectionError(f"{instr} at {offset:#x} is no constant: only those unfold")
            if (instr.mnemonic, constant_bytes(instr)) != (
                found[0].mnemonic,
                constant_bytes(found[0]),
            ):
                raise SchemaError(
                    f"{name}: {instr} at {offset:#x} and {found[0]} at {offsets[0]:#x} differ, "
                    "so they cannot be one element"
                )
        return Element(found[0].mnemonic.partition(".")[0], constant_bytes(found[0]), offsets)


def _described(
    edited: Module, tensors: Iterable[_Tensor], *, as_globals: bool
) -> dict[TensorSpec, NDArray[Any]]:
    """The new tensors as a state describes them, with their values."""
    spaces = Spaces(edited)
    found: dict[TensorSpec, NDArray[Any]] = {}
    for tensor in tensors:
        content = b"".join(each.init for each in tensor.array.elements)
        values = np.frombuffer(content, DTYPES[tensor.dtype])
        if as_globals:
            names = tensor.array.exports(as_globals=True)
            for name, value in zip(names, values, strict=True):
                found[TensorSpec(name, tensor.dtype, (), f"global:{name}")] = value
        else:
            place = with_memory(spaces, 0, f"sym:{tensor.name}")
            spec = TensorSpec(tensor.name, tensor.dtype, tensor.shape, place)
            found[spec] = values.reshape(tensor.shape)
    return found


def _with_state(
    module: Module, edited: Module, state: State | None, added: Mapping[TensorSpec, NDArray[Any]]
) -> Module:
    values = {spec.name: value for spec, value in added.items()}
    if state is None:
        return attach(edited, list(added), values=values)
    described = describe(
        edited.without_custom(SECTION_NAME),
        [*map(state.spec, state), *added],
        entry_points=state.entry_points,
        metadata=state.metadata,
    )
    return carry_on(edited, described.with_values({**state, **values}), module)
