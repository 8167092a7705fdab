"""Skipping over instructions at the speed of the regular expression engine.

The declarations in :mod:`wasmstate.binary.code.instructions` cost about two microseconds an
instruction (docs/benchmarks.md), and a module of 69 MB has eighteen million. Most instructions are
an opcode followed by immediates of a regular form, so a run of them is one match. What the pattern
does not know (padded opcodes, rare types, anything malformed) is left to the declarations, which
also word the error: the pattern only has to be right about what it accepts. A property test holds
the two equal.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache

from wasmstate.binary.code.opcodes import PLAIN, PREFIXED, Opcode
from wasmstate.binary.decode_loops import UnusualError, read_unsigned
from wasmstate.binary.types import ABSTRACT_HEAP_TYPES, NUMBER_TYPES

U32 = rb"(?:[\x80-\xff]{0,3}[\x00-\x7f]|[\x80-\xff]{4}[\x00-\x0f])"
_U64 = rb"(?:[\x80-\xff]{0,8}[\x00-\x7f]|[\x80-\xff]{9}[\x00\x01])"
_S32 = rb"(?:[\x80-\xff]{0,3}[\x00-\x7f]|[\x80-\xff]{4}[\x00-\x07\x78-\x7f])"
_S64 = rb"(?:[\x80-\xff]{0,8}[\x00-\x7f]|[\x80-\xff]{9}[\x00\x7f])"


def _hex(byte: int) -> bytes:
    return rb"\x%02x" % byte


def _one_of(codes: Iterable[int]) -> bytes:
    return b"[" + b"".join(map(_hex, codes)) + b"]"


_ONE_BYTE_TYPE = _one_of([*NUMBER_TYPES, *ABSTRACT_HEAP_TYPES])
# A type index is an s33 that is not negative.
_TYPE_INDEX = rb"[\x00-\x3f]|[\x80-\xff]{1,3}[\x00-\x3f]"
HEAP_TYPE = b"(?:" + _one_of(ABSTRACT_HEAP_TYPES) + b"|" + _TYPE_INDEX + b")"
VALUE_TYPE = b"(?:" + _ONE_BYTE_TYPE + rb"|[\x63\x64]" + HEAP_TYPE + b")"
"""A pattern for a value type."""
_PATTERNS = {
    **dict.fromkeys(
        (
            *("typeidx", "funcidx", "tableidx", "memidx", "tagidx", "globalidx"),
            *("elemidx", "dataidx", "localidx", "labelidx", "fieldidx", "count"),
        ),
        U32,
    ),
    "i32": _S32,
    "i64": _S64,
    "f32": b".{4}",
    "f64": b".{8}",
    "v128": b".{16}",
    "lanes": b".{16}",
    "laneidx": b".",
    "fence": rb"\x00",
    "castop": rb"[\x00-\x03]",
    **dict.fromkeys(("heaptype", "ref", "refnull"), HEAP_TYPE),
    "valtypes": rb"\x01" + VALUE_TYPE,
    "atomicarg": rb"(?:[\x00-\x1f]|[\x40-\x5f]" + U32 + b")" + _U64,
    "memarg": rb"(?:[\x00-\x3f]|[\x40-\x7f]" + U32 + b")" + _U64,
}
STRUCTURE = frozenset(
    {"block", "loop", "if", "else", "end", "try", "catch", "catch_all", "delegate", "try_table"}
)
"""Instructions that open, divide or close a block."""

NEEDS_DATA_COUNT = frozenset({"memory.init", "data.drop", "array.new_data", "array.init_data"})
"""Instructions that a module may only have with a data count section."""


def _alternatives(others: frozenset[str]) -> Iterable[bytes]:
    groups: dict[tuple[str, ...], list[Opcode]] = defaultdict(list)
    for opcode in (o for table in (PLAIN, *PREFIXED.values()) for o in table.values()):
        regular = all(immediate in _PATTERNS for immediate in opcode.immediates)
        if regular and opcode.mnemonic not in STRUCTURE | others:
            groups[opcode.immediates].append(opcode)
    for immediates, opcodes in sorted(groups.items(), key=lambda group: -len(group[1])):
        yield _any_of(opcodes) + b"".join(_PATTERNS[immediate] for immediate in immediates)


def _any_of(opcodes: list[Opcode]) -> bytes:
    """A pattern for one of these opcodes in its shortest form."""
    last_bytes: dict[tuple[bytes, bytes], list[int]] = defaultdict(list)
    for opcode in opcodes:
        raw = opcode.encode()
        # plain: xx; behind a prefix: pp xx, or pp xx yy for codes above 127
        before, varying, after = (b"", raw[0], b"") if len(raw) == 1 else (raw[:1], raw[1], raw[2:])
        last_bytes[before, after].append(varying)
    patterns = [
        re.escape(before) + b"[" + b"".join(map(_hex, varying)) + b"]" + re.escape(after)
        for (before, after), varying in last_bytes.items()
    ]
    return b"(?:" + b"|".join(patterns) + b")"


@cache
def _run(others: frozenset[str]) -> re.Pattern[bytes]:
    """The longest run of regular instructions, none of which is in ``others``.

    Made when it is first needed: it takes longer than to list the sections of a module.
    """
    return re.compile(b"(?>" + b"|".join(_alternatives(others)) + b")*+", re.DOTALL)


GLOBAL_TYPE = re.compile(VALUE_TYPE + rb"[\x00\x01]")
"""A value type, and whether it can change."""

BLOCK_TYPE = re.compile(rb"\x40|" + VALUE_TYPE + b"|" + _TYPE_INDEX)
"""A block type, unless it is written in an unusual way."""

INDEX = re.compile(U32)
"""An index, such as a label or a tag."""

REFERENCE_TYPE = re.compile(_one_of(ABSTRACT_HEAP_TYPES) + rb"|[\x63\x64]" + HEAP_TYPE)
_MINIMUM_AND_MAXIMUM = rb"(?:\x00" + U32 + rb"|\x01" + U32 + U32 + b")"
LIMITS = re.compile(_MINIMUM_AND_MAXIMUM + rb"|\x03" + U32 + U32)
"""Limits of a memory with 32-bit addresses; 03 is a shared one."""

TABLE_TYPE = re.compile(b"(?:" + REFERENCE_TYPE.pattern + b")" + _MINIMUM_AND_MAXIMUM)

FIELD_TYPE = re.compile(b"(?:" + VALUE_TYPE + rb"|[\x77\x78])[\x00\x01]")
"""The type of a field of a struct or of the elements of an array, and whether they can change."""

A_VALUE_TYPE = re.compile(VALUE_TYPE)

CATCH = re.compile(rb"[\x00\x01]" + U32 + U32 + rb"|[\x02\x03]" + U32)
"""A clause of ``try_table``."""

# Usual locals: less than 128 runs, of fewer than 2**14 locals each. That is far below the number of
# locals that is too many.
_ONE_RUN = rb"(?:[\x00-\x7f]|[\x80-\xff][\x00-\x7f])" + VALUE_TYPE


@cache
def _runs(count: int) -> re.Pattern[bytes]:
    return re.compile(b"(?:" + _ONE_RUN + rb"){%d}" % count)


def skip_locals(data: bytes) -> int | None:
    """Where the expression of a function starts, ``None`` if the declarations have to look."""
    count = data[0] if data else 0x80
    if count == 0:
        return 1
    if count > 0x7F:
        return None
    match = _runs(count).match(data, 1)
    return match.end() if match else None


_NOTHING: frozenset[str] = frozenset()
_BLOCK, _LOOP, _IF, _ELSE, _TRY, _CATCH, _END = 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x0B
_BR_TABLE, _DELEGATE, _CATCH_ALL, _TRY_TABLE = 0x0E, 0x18, 0x19, 0x1F
_OPENERS = frozenset((_BLOCK, _LOOP, _IF, _TRY, _TRY_TABLE))
_DIVIDES = {_ELSE: (_IF,), _CATCH: (_TRY, _CATCH), _CATCH_ALL: (_TRY, _CATCH)}


def scan(data: bytes, at: int, others: frozenset[str] = NEEDS_DATA_COUNT) -> bool:
    """Whether an expression stands at ``at``, ends with the data, and has none of ``others``.

    ``False`` means that the declarations have to look: the expression is malformed, is written
    unusually, or has one of these instructions, which may be none with labels or of a block.
    """
    run = _run(others).match
    blocks: list[int] = []
    try:
        while True:
            at = run(data, at).end()  # type: ignore[union-attr] # zero instructions match, too
            opcode = data[at]
            at += 1
            if opcode == _END:
                if not blocks:
                    return at == len(data)
                blocks.pop()
            elif opcode in _OPENERS:
                at = skip(BLOCK_TYPE, data, at)
                if opcode == _TRY_TABLE:
                    at = skip_list(CATCH, data, at)
                blocks.append(opcode)
            elif opcode == _BR_TABLE:
                at = skip(INDEX, data, skip_list(INDEX, data, at))
            elif opcode in _DIVIDES and blocks[-1] in _DIVIDES[opcode]:
                blocks[-1] = opcode
                if opcode == _CATCH:
                    at = skip(INDEX, data, at)
            elif opcode == _DELEGATE and blocks.pop() == _TRY:
                at = skip(INDEX, data, at)
            else:
                return False
    except (UnusualError, IndexError):  # no byte, or no block, where one has to be
        return False


def skip_constant(data: bytes, at: int) -> int:
    """Where an expression without blocks ends.

    Raises:
        UnusualError, IndexError: if the declarations have to look.
    """
    at = _run(_NOTHING).match(data, at).end()  # type: ignore[union-attr]
    if data[at] != _END:
        raise UnusualError
    return at + 1


def skip(pattern: re.Pattern[bytes], data: bytes, at: int) -> int:
    """Where something ends that a pattern knows. Raises UnusualError."""
    match = pattern.match(data, at)
    if match is None:
        raise UnusualError
    return match.end()


def skip_list(pattern: re.Pattern[bytes], data: bytes, at: int) -> int:
    """Where a list of such things ends. Raises UnusualError, IndexError."""
    count, at = read_unsigned(data, at)
    for _ in range(count):  # each takes a byte at least
        at = skip(pattern, data, at)
    return at
