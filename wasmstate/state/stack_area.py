"""The stack in linear memory, as compilers from LLVM lay it out.

Source: WebAssembly tool conventions, "Basic C ABI", "The linear stack".
"""

from __future__ import annotations

from wasmstate.binary.names import read_names
from wasmstate.binary.spaces import Spaces
from wasmstate.state.symbols import data_symbols

STACK_POINTER = "__stack_pointer"
_WORD = 8


def stack_pointer(spaces: Spaces) -> int | None:
    """The index of the stack pointer, by its export or its name in the name section."""
    exported = {e.index: e.name for e in spaces.exports.values() if e.kind == "global"}
    names = read_names(spaces.module).globals | exported
    found = (index for index, name in names.items() if name == STACK_POINTER)
    return next((index for index in found if index < len(spaces.globals)), None)


def stack_area(spaces: Spaces, top: int | None = None) -> tuple[int, int] | None:
    """The lowest address and the top of the stack; ``None`` if the module does not say it.

    All below the top is stack, unless data lies there: then it grows down towards the data.

    Args:
        spaces: of the module.
        top: of the stack; what the stack pointer is initialised with if not given.
    """
    if top is None:
        index = stack_pointer(spaces)
        value = None if index is None else spaces.globals[index].value
        if not isinstance(value, int):
            return None
        top = value
    values = [entry.value for entry in spaces.globals]
    ends = [at + _WORD for at in data_symbols(spaces).values()]
    for segment in spaces.data:
        start = segment.offset.evaluate(values) if segment.offset else None
        if isinstance(start, int):
            ends.append(start + len(segment.init))
    top %= 1 << 32
    return max((end for end in ends if end <= top), default=0), top
