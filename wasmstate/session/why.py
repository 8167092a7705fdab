"""Why a cell of S changed: a call done on a copy that notes each write to it."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wasmstate.binary.edits.watch import (
    COUNT,
    EVENT,
    FRAME,
    FRAME_ARGS,
    FRAMES,
    LOG,
    MOST_ARGS,
    MOST_WRITES,
    SIZE,
    Site,
    Target,
    Watching,
    watch,
)
from wasmstate.binary.edits.writes import write_of
from wasmstate.binary.module import Module
from wasmstate.binary.names import read_names
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import ArgumentError, CallError, SchemaError
from wasmstate.runtime.arguments import entry_point
from wasmstate.runtime.instance import Instance
from wasmstate.runtime.program import Program
from wasmstate.runtime.unchecked_call import FORMATS
from wasmstate.session.source_lines import SourceLines
from wasmstate.state.record import Region, RegionKind
from wasmstate.state.signature import Param, Signature
from wasmstate.state.state import State
from wasmstate.state.tensor import DTYPES, Tensor

_CELL = re.compile(r"(?P<name>[^\[\]]+?)\s*(?:\[(?P<index>\s*\d+\s*(?:,\s*\d+\s*)*)\])?")
_SLOWER = 20  # times as long as the call alone it may take


@dataclass(frozen=True, slots=True)
class StackFrame:
    """A function on the stack.

    Attributes:
        function: its export, its name in the name section, or its index.
        offset: in the file: of the instruction that wrote, in outer frames of the call.
        args: what the function was given; what is no number is ``None``.
        line: of the source, ``linear.c:31``, where the module has DWARF and pyelftools is there.
    """

    function: str
    offset: int
    args: tuple[int | float | None, ...]
    line: str | None = None

    @property
    def call(self) -> str:
        """The function and its arguments, such as ``update(1024, 3, 0.5)``."""
        args = ", ".join("?" if each is None else str(each) for each in self.args)
        return f"{self.function}({args})"


@dataclass(frozen=True, slots=True)
class Write:
    """A write to what is watched.

    Attributes:
        cell: the first element that it touches: ``w[3]``.
        before: what that held.
        after: what it holds then.
        instruction: as the text format writes it.
        offset: of the instruction, in the file.
        address: of the first byte that it writes; ``None`` of a global.
        size: in bytes.
        value: what it wrote: the operand. Of ``memory.copy`` and ``memory.init`` where that came
            from, of ``memory.fill`` the byte.
        stack: the functions, innermost first.
    """

    cell: str
    before: int | float
    after: int | float
    instruction: str
    offset: int
    address: int | None
    size: int
    value: int | float
    stack: tuple[StackFrame, ...]

    def __str__(self) -> str:
        where = "" if self.address is None else f", address {self.address}"
        return (
            f"{self.cell}: {self.before} -> {self.after} by {self.instruction} at "
            f"{self.offset:#x} in {self.stack[0].function}{where}, operand {self.value}"
        )


@dataclass(frozen=True, slots=True)
class Why:
    """What a call wrote to a cell, or to a tensor.

    Attributes:
        call: as text.
        cell: that was watched.
        writes: in order; the first thousand.
        count: of all writes.
        value: what the call gave.
        problem: why it would be undone: it did not return, or left S outside its bounds.
    """

    call: str
    cell: str
    writes: tuple[Write, ...]
    count: int
    value: Any
    problem: str | None


def why(
    module: Module, program: Program, state: State, cell: str, name: str, args: Sequence[Any]
) -> Why:
    """Do one call on a copy of a module, and note what it writes to a cell of S.

    Args:
        module: as it was compiled, not baked.
        program: of it, whose grants and limits hold.
        state: S before the call; it stays what it is.
        cell: a cell, ``w[3]``, or a whole tensor.
        name: of the function.
        args: in the order of its parameters.

    Raises:
        SchemaError: if there is no such cell.
        CallError: if the call cannot be begun.
    """
    tensor, start, end = _cell(state, cell)
    region = state.regions[tensor.region]
    is_global = region.kind is RegionKind.GLOBAL
    first = tensor.offset + (0 if is_global else region.start)
    kind = "global" if is_global else "memory"
    target = Target(kind, region.index, first + start, first + end)
    watched = run_watched(module, program, state, target, name, args)
    reader = _Reader(watched.watching, module, target, tensor, first)
    writes = reader.writes(watched.events, state[tensor.name].tobytes())
    return Why(watched.call, cell, tuple(writes), watched.count, watched.value, watched.problem)


@dataclass(frozen=True, slots=True)
class Watched:
    """A call that was done on a copy that notes writes.

    Attributes:
        watching: the copy.
        call: as text.
        events: the notes of the first thousand writes.
        count: of all writes.
        value: what the call gave.
        problem: why it would be undone.
    """

    watching: Watching
    call: str
    events: list[bytes]
    count: int
    value: Any
    problem: str | None


def run_watched(
    module: Module,
    program: Program,
    state: State,
    target: Target,
    name: str,
    args: Sequence[Any],
) -> Watched:
    """Do one call on a copy that notes writes to the target. Args and errors as :func:`why`."""
    watching = watch(module, target)
    limits = program.limits
    limits = replace(
        limits,
        seconds=None if limits.seconds is None else limits.seconds * _SLOWER,
        memory=None if limits.memory is None else limits.memory + SIZE,
        fuel=None,
    )
    instance = Instance(program.again(watching.module, limits))
    instance.write(state.regions, state.contents())
    pointer = Region(RegionKind.GLOBAL, watching.pointer, 0, 4, 0)
    counter = Region(RegionKind.MEMORY, watching.memory, COUNT, 8, 0)
    instance.write([pointer, counter], [bytes(4), bytes(8)])  # a start function may have run
    entry = entry_point(instance, name, _placed(state.entry_points.get(name)), state.regions)
    value, problem = None, None
    try:
        value = entry(args)
    except ArgumentError:
        raise  # nothing was called
    except CallError as error:
        problem = str(error)
    if problem is None:
        broken = state.with_contents(instance.read(state.regions)).violations()
        problem = f"it leaves S outside its bounds: {'; '.join(broken)}" if broken else None
    count = int.from_bytes(instance.read([counter])[0], "little")
    noted = min(count, MOST_WRITES)
    (notes,) = instance.read([Region(RegionKind.MEMORY, watching.memory, LOG, noted * EVENT, 0)])
    events = [notes[at : at + EVENT] for at in range(0, len(notes), EVENT)]
    text = f"{name}({', '.join(map(str, args))})"
    return Watched(watching, text, events, count, value, problem)


def _cell(state: State, text: str) -> tuple[Tensor, int, int]:
    """A tensor, and the bytes of it that a cell is."""
    match = _CELL.fullmatch(text.strip())
    tensor = state.tensor(match["name"] if match else text)
    if match is None or match["index"] is None:
        return tensor, 0, tensor.nbytes
    index = tuple(int(each) for each in match["index"].split(","))
    if len(index) != len(tensor.shape) or any(
        i >= size for i, size in zip(index, tensor.shape, strict=True)
    ):
        raise SchemaError(
            f"{tensor.name} has the shape {list(tensor.shape)}, no element {list(index)}"
        )
    size = DTYPES[tensor.dtype].itemsize
    start = int(np.ravel_multi_index(index, tensor.shape)) * size
    return tensor, start, start + size


def _placed(signature: Signature | None) -> Signature | None:
    """The signature for a module with one memory more: places say that they are in the first."""
    if signature is None:
        return None

    def placed(param: Param) -> Param:
        place = param.place
        is_named = place is None or place.startswith("mem:")
        return param if is_named else replace(param, place=f"mem:0:{place}")

    return replace(signature, params=tuple(map(placed, signature.params)))


class NoteReader:
    """Reads the notes of a watched module."""

    def __init__(self, watching: Watching, module: Module) -> None:
        self._watching = watching
        self._spaces = Spaces(module)
        self._lines = SourceLines(module)
        names = dict(read_names(module).functions)
        exported = {e.index: e.name for e in self._spaces.exports.values() if e.kind == "func"}
        self._names = names | exported

    def site(self, event: bytes) -> Site:
        """The instruction that wrote."""
        number: int = struct.unpack_from("<i", event)[0]
        return self._watching.sites[number]

    def value(self, event: bytes) -> int | float:
        """The operand that it wrote."""
        site, (bits,) = self.site(event), struct.unpack_from("<Q", event, 24)
        write = write_of(site.instr, lambda _: "i32")
        assert write is not None
        type_ = write.operands[write.value] if write.operands else self._global_type(site)
        return _number(type_, bits)

    def stack(self, event: bytes) -> tuple[StackFrame, ...]:
        """The functions, innermost first."""
        (frame,) = struct.unpack_from("<i", event, 4)
        depth = min(frame // FRAME + 1, FRAMES)
        found = []
        for i in reversed(range(depth)):
            at = 128 + i * FRAME
            call, function = struct.unpack_from("<ii", event, at)
            site = self.site(event) if i == depth - 1 else self._watching.sites[call]
            args = self._args(event, at, function)
            line = self._lines.at(site.offset)
            found.append(StackFrame(self._name(function), site.offset, args, line))
        return tuple(found)

    def _global_type(self, site: Site) -> str:
        return str(self._spaces.globals[site.instr.immediates[0]].type.valtype)

    def _name(self, function: int) -> str:
        return self._names.get(function, f"function {function}")

    def _args(self, event: bytes, at: int, function: int) -> tuple[int | float | None, ...]:
        types = list(map(str, self._spaces.function_type(function).params))[:MOST_ARGS]
        bits = struct.unpack_from(f"<{MOST_ARGS}Q", event, at + FRAME_ARGS)
        return tuple(
            _number(type_, each) if type_ in FORMATS else None
            for type_, each in zip(types, bits, strict=False)
        )


class _Reader(NoteReader):
    """Reads notes of writes to a tensor, which begins at ``first``."""

    def __init__(
        self, watching: Watching, module: Module, target: Target, tensor: Tensor, first: int
    ) -> None:
        super().__init__(watching, module)
        self._target = target
        self._tensor = tensor
        self._first = first

    def writes(self, events: Sequence[bytes], content: bytes) -> list[Write]:
        """The notes in order; ``content`` is what the tensor held before the first."""
        held = bytearray(content)
        return [self._write(event, held) for event in events]

    def _write(self, event: bytes, held: bytearray) -> Write:
        address, size, _, place = struct.unpack_from("<QQQQ", event, 8)
        site = self.site(event)
        dtype = DTYPES[self._tensor.dtype]
        is_global = site.instr.mnemonic == "global.set"
        touched = self._target.start if is_global else max(address, self._target.start)
        element = (touched - self._first) // dtype.itemsize * dtype.itemsize
        at, window = place - self._first, self._target.window
        before = np.frombuffer(bytes(held[element:]), dtype, 1)[0].item()
        held[at : at + window] = event[64 : 64 + window]
        after = np.frombuffer(bytes(held[element:]), dtype, 1)[0].item()
        return Write(
            cell=self._tensor.cell_at(element),
            before=before,
            after=after,
            instruction=str(site.instr),
            offset=site.offset,
            address=None if is_global else address,
            size=dtype.itemsize if is_global else size,
            value=self.value(event),
            stack=self.stack(event),
        )


def _number(type_: str, bits: int) -> int | float:
    if type_ not in FORMATS:  # of a vector the lower half
        return bits
    found: int | float = struct.unpack_from(f"<{FORMATS[type_]}", bits.to_bytes(8, "little"))[0]
    return found
