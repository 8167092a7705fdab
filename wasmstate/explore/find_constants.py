"""Finding the constants of the code that could be weights."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from wasmstate.binary.code.instructions import Instr
from wasmstate.binary.code.text import format_float
from wasmstate.binary.edits.unfold import constant_bytes
from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.binary.names import read_names
from wasmstate.binary.roles import constant_roles
from wasmstate.binary.sections.code import CodeSection
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import ArgumentError
from wasmstate.escapes import listed
from wasmstate.explore.call_graph import MOST, reached_code
from wasmstate.state.lists import check_list
from wasmstate.state.tensor import DTYPES

TYPES = ("f32", "f64", "i32", "i64", "v128")
_SHAPES = {"f32x4": "f32", "f64x2": "f64", "i64x2": "i64", "i32x4": "i32", "i16x8": "i16"}


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant of the code.

    Attributes:
        offset: of the instruction, in the file.
        function: the index of the function that it stands in.
        function_name: its export, or its name in the name section, or its index.
        valtype: ``f32``, ``f64``, ``i32``, ``i64`` or ``v128``.
        dtype: element type of the tensor that it can be read from: of a ``v128`` that of its lanes.
        content: its value as memory holds it.
        role: what it is for, if it is no mere value: ``an address``, ``a loop bound``.
    """

    offset: int
    function: int
    function_name: str
    valtype: str
    dtype: str
    content: bytes
    role: str = ""

    @property
    def is_weight(self) -> bool:
        """True for a float, or lanes of floats, without another role."""
        return not self.role and self.dtype.startswith("f")

    @property
    def values(self) -> tuple[int | float, ...]:
        """The number, or the lanes of a vector."""
        return tuple(np.frombuffer(self.content, DTYPES[self.dtype]).tolist())

    def __str__(self) -> str:
        if self.dtype.startswith("f"):
            size = DTYPES[self.dtype].itemsize
            parts = [self.content[i : i + size] for i in range(0, len(self.content), size)]
            value = " ".join(map(format_float, parts))
        else:
            value = " ".join(map(str, self.values))
        role = f", {self.role}" if self.role else ""
        return f"{self.valtype}.const {value} at {self.offset:#x} in {self.function_name}{role}"


def find_constants(
    module: ModuleLike,
    *,
    reached_from: Iterable[str] = (),
    functions: Iterable[str | int] = (),
    types: Iterable[str] = (),
    low: float | None = None,
    high: float | None = None,
) -> list[Constant]:
    """The constants of the code, in the order of the file.

    Args:
        module: a core module: a path, bytes or a Module.
        reached_from: exported functions; those that they can call are looked at, too. Without any,
            and without ``functions``, ``predict`` if it is exported, else all code.
        functions: names or indices of functions, to look at these alone.
        types: ``f32``, ``f64``, ``i32``, ``i64`` or ``v128``; without any, all.
        low: the least value; of a vector, of each lane.
        high: the greatest value.

    Returns:
        All that there are. Those with a ``role`` should not be taken for weights.

    Raises:
        ArgumentError: if there is no such function or type.
        MalformedError: if a section that is needed cannot be decoded.
    """
    module = as_module(module)
    for what, given in (("reached_from", reached_from), ("functions", functions), ("types", types)):
        check_list(what, given)
    spaces = Spaces(module)
    wanted = list(types) or list(TYPES)
    for each in wanted:
        if each not in TYPES:
            raise ArgumentError(f"no constants are of type {each!r}; there are {listed(TYPES)}")
    names = _function_names(spaces)
    found = []
    for index, instructions in _code(spaces, names, list(reached_from), list(functions)):
        roles, shapes = constant_roles(spaces, instructions)
        for offset, instr in instructions:
            type_, _, operation = instr.mnemonic.partition(".")
            if operation != "const" or type_ not in wanted:
                continue
            dtype = _SHAPES.get(shapes.get(offset, ""), "u8") if type_ == "v128" else type_
            name = names.get(index, str(index))
            role, content = roles.get(offset, ""), constant_bytes(instr)
            constant = Constant(offset, index, name, type_, dtype, content, role)
            if _is_between(constant, low, high):
                found.append(constant)
    return sorted(found, key=lambda each: each.offset)


def _is_between(constant: Constant, low: float | None, high: float | None) -> bool:
    values = constant.values
    return (low is None or min(values) >= low) and (high is None or max(values) <= high)


def _function_names(spaces: Spaces) -> dict[int, str]:
    names = dict(read_names(spaces.module).functions)
    exported = {e.index: e.name for e in spaces.exports.values() if e.kind == "func"}
    return names | exported


def _code(
    spaces: Spaces, names: dict[int, str], reached_from: list[str], functions: list[str | int]
) -> Iterator[tuple[int, list[tuple[int, Instr]]]]:
    section = spaces.module.section(CodeSection)
    entries = section.entries if section else ()
    first = len(spaces.functions) - len(entries)
    if functions:
        for index in dict.fromkeys(_index(each, names, first, len(entries)) for each in functions):
            func = entries[index - first]
            yield index, [(offset, instr) for offset, _, instr in func.instructions()]
        return
    exported = spaces.exported_functions()
    for name in reached_from:
        if name not in exported:
            known = listed(exported, 20)
            raise ArgumentError(f"the module exports no function {name!r}; it exports {known}")
    roots = reached_from or (["predict"] if "predict" in exported else list(exported))
    if section is not None and section.size > MOST:
        raise ArgumentError(
            f"the code has {section.size:,} bytes; the calls of more than {MOST:,} are not "
            "followed: name functions"
        )
    by_function: dict[int, list[tuple[int, Instr]]] = defaultdict(list)
    for index, offset, instr in reached_code(spaces, roots):
        by_function[index].append((offset, instr))
    yield from by_function.items()


def _index(given: str | int, names: dict[int, str], first: int, count: int) -> int:
    found = [index for index, name in names.items() if name == str(given)]
    if not found and str(given).isdecimal():
        found = [int(given)]
    if len(found) > 1:
        raise ArgumentError(f"{len(found)} functions are named {given!r}: give the index of one")
    if not found or not first <= found[0] < first + count:
        raise ArgumentError(f"the module defines no function {given!r}")
    return found[0]
