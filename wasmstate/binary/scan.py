"""Skipping over instructions at the speed of the regular expression engine.

The declarations in :mod:`wasmstate.binary.instructions` cost a microsecond or more an instruction,
and a module of 100 MB has forty million. Most instructions are an opcode followed by immediates of
a regular form, so a run of them is one match. What the pattern does not know (padded opcodes, rare
types, anything malformed) is left to the declarations, which also word the error: the pattern only
has to be right about what it accepts. A property test holds the two equal.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from wasmstate.binary.opcodes import PLAIN, PREFIXED, Opcode
from wasmstate.binary.types import ABSTRACT_HEAP_TYPES, NUMBER_TYPES

_U32 = rb"(?:[\x80-\xff]{0,3}[\x00-\x7f]|[\x80-\xff]{4}[\x00-\x0f])"
_U64 = rb"(?:[\x80-\xff]{0,8}[\x00-\x7f]|[\x80-\xff]{9}[\x00\x01])"
_S32 = rb"(?:[\x80-\xff]{0,3}[\x00-\x7f]|[\x80-\xff]{4}[\x00-\x07\x78-\x7f])"
_S64 = rb"(?:[\x80-\xff]{0,8}[\x00-\x7f]|[\x80-\xff]{9}[\x00\x7f])"
_PATTERNS = {
    **dict.fromkeys(
        (
            *("typeidx", "funcidx", "tableidx", "memidx", "tagidx", "globalidx"),
            *("elemidx", "dataidx", "localidx", "labelidx", "fieldidx", "count"),
        ),
        _U32,
    ),
    "i32": _S32,
    "i64": _S64,
    "f32": b".{4}",
    "f64": b".{8}",
    "v128": b".{16}",
    "lanes": b".{16}",
    "laneidx": b".",
    "fence": rb"\x00",
    "memarg": rb"(?:[\x00-\x3f]|[\x40-\x7f]" + _U32 + b")" + _U64,
}
STRUCTURE = frozenset(
    {"block", "loop", "if", "else", "end", "try", "catch", "catch_all", "delegate", "try_table"}
)
"""Instructions that open, divide or close a block."""

NEEDS_DATA_COUNT = frozenset({"memory.init", "data.drop", "array.new_data", "array.init_data"})
"""Instructions that a module may only have with a data count section."""


def _alternatives() -> Iterable[bytes]:
    groups: dict[tuple[str, ...], list[Opcode]] = defaultdict(list)
    for opcode in (o for table in (PLAIN, *PREFIXED.values()) for o in table.values()):
        regular = all(immediate in _PATTERNS for immediate in opcode.immediates)
        if regular and opcode.mnemonic not in STRUCTURE | NEEDS_DATA_COUNT:
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


def _hex(byte: int) -> bytes:
    return rb"\x%02x" % byte


_ONE_BYTE_TYPES = [0x40, *NUMBER_TYPES, *ABSTRACT_HEAP_TYPES]

RUN = re.compile(b"(?>" + b"|".join(_alternatives()) + b")*+", re.DOTALL)
"""As many regular instructions as there are, one after the other."""

BLOCK_TYPE = re.compile(
    rb"[\x00-\x3f" + b"".join(map(_hex, _ONE_BYTE_TYPES)) + rb"]|[\x80-\xff]{1,3}[\x00-\x3f]"
)
"""A block type, unless it is written in an unusual way."""

LABEL = re.compile(_U32)
"""A target of ``br_table``."""

_OPENERS = (0x02, 0x03, 0x04)
_IF, _ELSE, _END, _BR_TABLE = 0x04, 0x05, 0x0B, 0x0E


def scan(data: bytes, at: int) -> bool:
    """Whether an expression stands at ``at`` and ends with the data.

    ``False`` means that the declarations have to look: the expression is malformed, is written
    unusually, or has one of :data:`NEEDS_DATA_COUNT`.
    """
    run, block_type, label = RUN.match, BLOCK_TYPE.match, LABEL.match
    end = len(data)
    blocks: list[int] = []
    while True:
        at = run(data, at).end()  # type: ignore[union-attr] # zero instructions match, too
        if at >= end:
            return False
        opcode = data[at]
        at += 1
        if opcode == _END:
            if not blocks:
                return at == end
            blocks.pop()
        elif opcode in _OPENERS:
            match = block_type(data, at)
            if match is None:
                return False
            at = match.end()
            blocks.append(opcode)
        elif opcode == _ELSE:
            if not blocks or blocks[-1] != _IF:
                return False
            blocks[-1] = _ELSE
        elif opcode == _BR_TABLE:
            # The number of targets, which is one less than there are, is rarely above 127.
            if at >= end or data[at] > 0x7F:
                return False
            count = data[at] + 1
            at += 1
            for _ in range(count):
                match = label(data, at)
                if match is None:
                    return False
                at = match.end()
        else:
            return False
