"""The initial values of a state: what the instance holds before its first call.

Source: docs/format.md, "Attaching".
"""

from __future__ import annotations

from collections.abc import Iterable

from wasmstate.binary.module import Module
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import SchemaError
from wasmstate.state.record import Region, RegionKind


def initial_contents(module: Module, regions: Iterable[Region]) -> list[bytes]:
    """What the regions hold when the module is instantiated, by its own bytes alone.

    Raises:
        SchemaError: if the bytes do not say it.
    """
    spaces = Spaces(module)
    if spaces.runs_code_at_start:
        raise SchemaError(
            "the module runs code when it is instantiated (a start function or _initialize), "
            "so its bytes do not tell the initial values: give them, or have it run once"
        )
    return [
        _initial_global(spaces, region)
        if region.kind is RegionKind.GLOBAL
        else initial_memory(spaces, region)
        for region in regions
    ]


def _initial_global(spaces: Spaces, region: Region) -> bytes:
    value = spaces.globals[region.index].value
    if isinstance(value, bytes):
        return value
    if isinstance(value, int):
        return (value % (1 << 8 * region.length)).to_bytes(region.length, "little")
    raise SchemaError(f"the initial value of global {region.index} comes from the host: give it")


def initial_memory(spaces: Spaces, region: Region) -> bytes:
    """What data segments leave in a range of memory, which is zeros before, imported or not.

    Raises SchemaError if the host has a say.
    """
    content = bytearray(region.size)
    is_64_bit = spaces.memories[region.index].limits.is_64_bit
    values = [entry.value for entry in spaces.globals]
    for i, segment in enumerate(spaces.data):
        if segment.offset is None or (segment.memidx or 0) != region.index:
            continue
        start = segment.offset.evaluate(values)
        if not isinstance(start, int):
            raise SchemaError(
                f"where data segment {i} goes is for the host to say: give the initial values"
            )
        start %= 1 << (64 if is_64_bit else 32)
        low = max(start, region.start)
        high = min(start + len(segment.init), region.end)
        if low < high:
            piece = segment.init[low - start : high - start]
            content[low - region.start : high - region.start] = piece
    return bytes(content)
