"""What proposals after WebAssembly 3.0 use of the binary format, and is not decoded here.

A file that has them is newer than this library, not damaged. Each is named with its proposal, and
its section is kept as bytes. The encodings of these proposals still change: to decode them by a
draft would be to decode some of them wrongly.

Source: the explainers of the proposals' repositories (WebAssembly/stack-switching,
shared-everything-threads, memory-control, half-precision), heading "Binary format", and what
wasm-tools 1.262 writes for them.
"""

from __future__ import annotations

STACK_SWITCHING = "stack-switching"
SHARED_EVERYTHING = "shared-everything-threads"
_MEMORY_CONTROL = "memory-control"
_HALF_PRECISION = "half-precision"

_SHARED_OPERATIONS = ("get", "get_s", "get_u", "set")
_READ_MODIFY_WRITE = ("add", "sub", "and", "or", "xor", "xchg", "cmpxchg")


def _numbered(first: int, *names: str) -> dict[int, str]:
    return dict(enumerate(names, first))


def _atomic(kind: str, *operations: str) -> list[str]:
    return [f"{kind}.atomic.{operation}" for operation in operations]


_RMW = tuple(f"rmw.{operation}" for operation in _READ_MODIFY_WRITE)

_OPCODES: tuple[tuple[int | None, str, dict[int, str]], ...] = (
    (
        None,
        STACK_SWITCHING,
        _numbered(
            0xE0,
            *("cont.new", "cont.bind", "suspend", "resume"),
            *("resume_throw", "resume_throw_ref", "switch"),
        ),
    ),
    (0xFC, _MEMORY_CONTROL, {0x12: "memory.discard"}),
    (0xFC, _HALF_PRECISION, _numbered(0x30, "f32.load_f16", "f32.store_f16")),
    (0xFD, _HALF_PRECISION, dict.fromkeys(range(0x120, 0x150), "an f16x8 instruction")),
    (
        0xFE,
        SHARED_EVERYTHING,
        {
            0x04: "pause",
            **_numbered(
                0x4F,
                *_atomic("global", "get", "set", *_RMW),
                *_atomic("table", "get", "set", "rmw.xchg", "rmw.cmpxchg"),
                *_atomic("struct", *_SHARED_OPERATIONS, *_RMW),
                *_atomic("array", *_SHARED_OPERATIONS, *_RMW),
                "ref.i31_shared",
            ),
        },
    ),
)

OPCODES: dict[tuple[int | None, int], tuple[str, str]] = {
    (prefix, code): (name, proposal)
    for prefix, proposal, names in _OPCODES
    for code, name in names.items()
}
"""The name and the proposal of an instruction, by its prefix and its opcode."""

HEAP_TYPES = {
    0x75: ("nocont", STACK_SWITCHING),
    0x68: ("cont", STACK_SWITCHING),
    0x65: ("shared", SHARED_EVERYTHING),
}
"""The word and the proposal of a heap type's first byte."""

COMPOSITE_TYPES = {0x5D: ("cont", STACK_SWITCHING), 0x65: ("shared", SHARED_EVERYTHING)}
"""The word and the proposal of a composite type's first byte."""
