"""What parts of memory are for: data, the stack, the heap, buffers of arguments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from wasmstate.binary.names import read_names
from wasmstate.binary.spaces import Spaces
from wasmstate.explore.guess_types import WORD
from wasmstate.explore.trial import Call, Image, Trial
from wasmstate.state.buffers import find_buffers
from wasmstate.state.record import RegionKind
from wasmstate.state.stack_area import STACK_POINTER, stack_area
from wasmstate.state.symbols import data_symbols


class Areas:
    """The areas of memory 0, as far as the module says.

    Args:
        spaces: of the module as it is.
        trial: of it.
        calls: whose arguments may be addresses.
        images: of the trial, the first one before all calls.

    Attributes:
        symbols: the addresses that have names.
        buffers: start, end and meaning of each buffer of an argument.
        stack: its lowest address and its top, if the module says it.
    """

    def __init__(
        self, spaces: Spaces, trial: Trial, calls: Sequence[Call], images: Sequence[Image]
    ) -> None:
        self._spaces = spaces
        self._names = read_names(spaces.module).globals
        self._exported = {e.index: e.name for e in spaces.exports.values() if e.kind == "global"}
        self._size = len(images[0][0]) if spaces.memories else 0
        self._heap_base = self._constant("__heap_base")
        self.heap_top: tuple[int, int] | None = None
        self.symbols = data_symbols(spaces) if spaces.memories else {}
        self.buffers = list(self._find_buffers(trial, calls))
        self._ends = sorted(self._ends_of_data())
        self.stack = self._find_stack(trial, images[0])

    def global_name(self, index: int) -> str | None:
        """What a global is called."""
        return self._exported.get(index) or self._names.get(index)

    def global_place(self, index: int) -> str:
        """A global as the place of a tensor."""
        return f"global:{self._exported.get(index, index)}"

    def is_stack_pointer(self, index: int) -> bool:
        """Whether a global is the stack pointer, by its name."""
        return STACK_POINTER in (self._exported.get(index), self._names.get(index))

    def is_heap_top(self, values: Sequence[bytes], changed: Sequence[int]) -> bool:
        """Whether a global is the top of a heap: it rises, and calls write to where it was.

        Args:
            values: that it has taken.
            changed: the words of memory that calls changed.
        """
        tops = [int.from_bytes(value, "little") for value in values]
        if not 1024 <= tops[0] < tops[-1] or any(a > b for a, b in pairwise(tops)):
            return False
        if any(tops[0] <= word * WORD < tops[-1] for word in changed):
            self.heap_top = (tops[0], tops[-1])
        return self.heap_top is not None

    def is_on_heap(self, word: int) -> bool:
        """Whether a word lies where a program puts what has no fixed place."""
        address = word * WORD
        if self.heap_top is not None and self.heap_top[0] <= address < self.heap_top[1]:
            return True
        if self._heap_base is not None and address >= self._heap_base:
            return True
        return address >= self._size  # in pages that have grown

    def why_left_out(self, word: int) -> str | None:
        """Why a word that calls changed cannot be state, if it cannot."""
        address = word * WORD
        for start, end, what in self.buffers:
            if start < address + WORD and address < end:
                return what
        if self.stack is not None and self.stack[0] <= address < self.stack[1]:
            return "the stack"
        return None

    def edges(self) -> list[int]:
        """Where the data behind a symbol must end, ascending."""
        found = {*self.symbols.values(), *self._ends, *(start for start, _, _ in self.buffers)}
        if self._heap_base is not None:
            found.add(self._heap_base)
        return sorted(found)

    def _find_buffers(self, trial: Trial, calls: Sequence[Call]) -> Iterator[tuple[int, int, str]]:
        for call in {each.name: each for each in calls}.values():
            signature = trial.signatures.get(call.name)
            if signature is None:
                for name, address in self.symbols.items():
                    if any(isinstance(arg, int) and arg == address for arg in call.args):
                        yield address, address + 1, f"the address of {name} is an argument"
                continue
            for buffer in find_buffers(trial.spaces, call.name, signature, ()):
                if buffer.address is not None:
                    end = buffer.address + buffer.param.nbytes
                    yield buffer.address, end, f"the buffer of {call.name}'s {buffer.param.name}"

    def _find_stack(self, trial: Trial, image: Image) -> tuple[int, int] | None:
        for region, content in zip(trial.regions, image, strict=True):
            if region.kind is RegionKind.GLOBAL and self.is_stack_pointer(region.index):
                top = int.from_bytes(content, "little")
                return stack_area(self._spaces, top)
        return None

    def _ends_of_data(self) -> Iterator[int]:
        values = [entry.value for entry in self._spaces.globals]
        for segment in self._spaces.data:
            start = segment.offset.evaluate(values) if segment.offset else None
            if isinstance(start, int):
                yield start + len(segment.init)
        end = self._constant("__data_end")
        if end is not None:
            yield end

    def _constant(self, name: str) -> int | None:
        for index, entry in enumerate(self._spaces.globals):
            known = (self._exported.get(index), self._names.get(index))
            if name in known and isinstance(entry.value, int):
                return entry.value % (1 << 32)
        return None
