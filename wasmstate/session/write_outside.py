"""Who writes outside of every tensor: a call done on a copy that notes each such write."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from wasmstate.binary.edits.watch import Site, Target
from wasmstate.binary.module import Module
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import SchemaError
from wasmstate.runtime.program import Program
from wasmstate.session.why import NoteReader, StackFrame, run_watched
from wasmstate.state.record import RegionKind
from wasmstate.state.stack_area import stack_area
from wasmstate.state.state import State
from wasmstate.state.symbols import data_symbols

_MOST_HOLES = 256  # each costs every write two comparisons


@dataclass(frozen=True, slots=True)
class StrayWrite:
    """The writes of one instruction outside of every tensor.

    Attributes:
        place: where the first one begins, by the symbol or the tensor before it: ``buffer+8``.
        start: the lowest address.
        end: the first byte behind the highest one.
        count: how often it wrote.
        instruction: as the text format writes it.
        offset: of the instruction, in the file.
        value: what it wrote first.
        stack: the functions at the first write, innermost first.
    """

    place: str
    start: int
    end: int
    count: int
    instruction: str
    offset: int
    value: int | float
    stack: tuple[StackFrame, ...]


@dataclass(frozen=True, slots=True)
class WriteOutside:
    """What a call wrote outside of every tensor.

    Attributes:
        call: as text.
        writes: for each instruction, in order of its first write; of the first thousand writes.
        count: of all writes.
        value: what the call gave.
        problem: why it would be undone: it did not return, or left S outside its bounds.
    """

    call: str
    writes: tuple[StrayWrite, ...]
    count: int
    value: Any
    problem: str | None


def write_outside(
    module: Module, program: Program, state: State, name: str, args: Sequence[Any]
) -> WriteOutside:
    """Do one call on a copy of a module, and note what it writes to memory 0 outside of S.

    The stack is left out, if the module says where it is.

    Args:
        module: as it was compiled, not baked.
        program: of it, whose grants and limits hold.
        state: S before the call; it stays what it is.
        name: of the function.
        args: in the order of its parameters.

    Raises:
        SchemaError: if the state is all of memory, or the module has no memory.
        CallError: if the call cannot be begun.
    """
    spaces = Spaces(module)
    if state.is_whole_memory or not spaces.memories:
        reason = "S is all of memory" if spaces.memories else "the module has no memory"
        raise SchemaError(f"{reason}: nothing lies outside")
    spans = list(_spans(state))
    stack = stack_area(spaces)
    holes = _joined([*spans, *([stack] if stack else [])])
    if len(holes) > _MOST_HOLES:
        raise SchemaError(f"S lies in {len(holes)} pieces of memory, at most {_MOST_HOLES} do")
    target = Target("memory", 0, 0, (1 << 63) - 1, holes or ((0, 0),))
    watched = run_watched(module, program, state, target, name, args)
    reader = NoteReader(watched.watching, module)
    names = sorted([*((at, name) for name, at in data_symbols(spaces).items()), *_tensors(state)])
    writes = list(_grouped(reader, watched.events, names))
    return WriteOutside(watched.call, tuple(writes), watched.count, watched.value, watched.problem)


def _grouped(
    reader: NoteReader, events: Sequence[bytes], names: Sequence[tuple[int, str]]
) -> Iterator[StrayWrite]:
    by_site: dict[Site, list[bytes]] = {}
    for event in events:
        by_site.setdefault(reader.site(event), []).append(event)
    for site, group in by_site.items():
        spans = [struct.unpack_from("<QQ", event, 8) for event in group]
        yield StrayWrite(
            place=_place(spans[0][0], names),
            start=min(address for address, _ in spans),
            end=max(address + size for address, size in spans),
            count=len(group),
            instruction=str(site.instr),
            offset=site.offset,
            value=reader.value(group[0]),
            stack=reader.stack(group[0]),
        )


def _place(address: int, names: Sequence[tuple[int, str]]) -> str:
    """An address by what begins at or before it."""
    index = bisect_right(names, (address, "\U0010ffff")) - 1
    if index < 0:
        return str(address)
    start, name = names[index]
    return name if start == address else f"{name}+{address - start}"


def _spans(state: State) -> Iterator[tuple[int, int]]:
    for region in state.regions:
        if region.kind is RegionKind.MEMORY and region.index == 0:
            yield region.address, region.end


def _tensors(state: State) -> Iterator[tuple[int, str]]:
    for tensor in state.tensors:
        region = state.regions[tensor.region]
        if region.kind is RegionKind.MEMORY and region.index == 0:
            yield region.start + tensor.offset, tensor.name


def _joined(spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Spans that touch as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)
