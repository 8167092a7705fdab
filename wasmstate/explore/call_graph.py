"""The code that calls can reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wasmstate.binary.code.instructions import Instr
from wasmstate.binary.sections.code import CodeSection
from wasmstate.binary.spaces import Spaces

MOST = 4 << 20
"""Bytes of code up to which it is read: five seconds."""


def reached_code(spaces: Spaces, names: Iterable[str]) -> Iterator[tuple[int, int, Instr]]:
    """Each instruction of the functions that exported ones call, themselves included.

    An indirect call may reach any function. Of a module with more than :data:`MOST` bytes of code
    there is nothing.

    Yields:
        The index of the function, the offset of the instruction in the file, the instruction.
    """
    section = spaces.module.section(CodeSection)
    if section is None or section.size > MOST:
        return
    imported = sum(isinstance(each.type, int) for each in spaces.imports)
    count = len(section.entries)
    waiting = [spaces.exports[name].index for name in names if name in spaces.exports]
    seen: set[int] = set()
    while waiting:
        index = waiting.pop()
        if index in seen or not 0 <= index - imported < count:
            continue
        seen.add(index)
        for offset, _, instr in section.entries[index - imported].instructions():
            yield index, offset, instr
            if instr.mnemonic in ("call", "return_call"):
                waiting.append(instr.immediates[0])
            elif "call_indirect" in instr.mnemonic or "call_ref" in instr.mnemonic:
                waiting += range(imported, imported + count)
