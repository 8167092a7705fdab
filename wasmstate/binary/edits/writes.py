"""Instructions that write to a memory or to a global: what they take, and where they write.

Source: WebAssembly Core 3.0, Execution, "Memory Instructions"; proposal for threads.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from wasmstate.binary.code.immediates import MemArg
from wasmstate.binary.code.instructions import Instr

_SIZES = {"i32": 4, "i64": 8, "f32": 4, "f64": 8, "v128": 16}
_NARROW = re.compile(r"(?:store|rmw)(8|16|32|64)")


@dataclass(frozen=True, slots=True)
class WriteTo:
    """How an instruction writes.

    Attributes:
        kind: ``memory`` or ``global``.
        index: of it.
        operands: the types that it takes, the address first.
        value: which of them it writes, or where what it writes comes from.
        offset: added to the address.
        size: in bytes, if the instruction says it.
        count: which of the operands says it otherwise.
    """

    kind: str
    index: int
    operands: tuple[str, ...]
    value: int
    offset: int = 0
    size: int = 0
    count: int | None = None

    def of_type(self, valtype: str) -> WriteTo:
        """The same, of a global of this type."""
        return replace(self, operands=(valtype,), size=_SIZES.get(valtype, 0))


def write_of(instr: Instr, address: Callable[[int], str]) -> WriteTo | None:
    """How an instruction writes, ``None`` if it does not.

    Args:
        instr: the instruction.
        address: gives the type of addresses of a memory, ``i32`` or ``i64``.
    """
    name, immediates = instr.mnemonic, instr.immediates
    if name == "global.set":
        return WriteTo("global", immediates[0], (), 0)
    if name == "memory.fill":
        memory = address(immediates[0])
        return WriteTo("memory", immediates[0], (memory, "i32", memory), 1, count=2)
    if name == "memory.copy":
        to, source = map(address, immediates)
        return WriteTo("memory", immediates[0], (to, source, min(to, source)), 1, count=2)
    if name == "memory.init":
        operands = (address(immediates[1]), "i32", "i32")
        return WriteTo("memory", immediates[1], operands, 1, count=2)
    if ".store" not in name and ".atomic.rmw" not in name:
        return None
    memarg, type_ = immediates[0], name.partition(".")[0]
    assert isinstance(memarg, MemArg)
    narrow = _NARROW.search(name)
    size = int(narrow[1]) // 8 if narrow else _SIZES[type_]
    values = (type_, type_) if "cmpxchg" in name else (type_,)
    index = memarg.memidx or 0
    operands = (address(index), *values)
    return WriteTo("memory", index, operands, len(values), memarg.offset, size)
