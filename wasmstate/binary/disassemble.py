"""The code of a function as indented lines.

Source: WebAssembly Core 3.0, Text Format, "Instructions".
"""

from __future__ import annotations

from collections.abc import Iterator

from wasmstate.binary.sections.code import Func

_DEEPER = frozenset({"block", "loop", "if", "try", "try_table"})
_LESS_DEEP = frozenset({"end", "delegate"})
_DIVIDING = frozenset({"else", "catch", "catch_all"})

# Without a limit the text grows with the square of the depth: 32 MB of 12 KB of nested blocks.
_MOST_INDENT = 32


def disassemble(func: Func) -> Iterator[tuple[int, bytes, str]]:
    """The instructions of a function: offset in the module, bytes, indented text.

    Code nested deeper than 32 blocks is indented no further; its depth stands before it.

    Raises:
        MalformedError: naming the instruction and the byte; those before it have been given.
    """
    depth = 0
    for offset, raw, instr in func.instructions():
        indent = depth - (instr.mnemonic in _LESS_DEEP | _DIVIDING)
        yield offset, raw, _margin(indent) + str(instr)
        depth += (instr.mnemonic in _DEEPER) - (instr.mnemonic in _LESS_DEEP)
    yield func.offset + len(func.content) - 1, func.content[-1:], "end"


def _margin(depth: int) -> str:
    return "  " * depth if depth <= _MOST_INDENT else f"{'  ' * _MOST_INDENT}({depth}) "
