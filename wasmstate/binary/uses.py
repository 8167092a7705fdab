"""Where a module uses a function, a global or an address: cross references."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, TypeVar, get_args

from wasmstate.binary.code.immediates import MemArg
from wasmstate.binary.code.instructions import Expr, Instr
from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.binary.sections.base import ListSection
from wasmstate.binary.sections.code import CodeSection
from wasmstate.binary.sections.data import DataSection
from wasmstate.binary.sections.element import ElementSection
from wasmstate.binary.sections.export import ExportSection
from wasmstate.binary.sections.global_ import GlobalSection
from wasmstate.binary.sections.start import StartSection
from wasmstate.binary.spaces import Spaces
from wasmstate.binary.values import s64, u64

Entry = TypeVar("Entry")
UseKind = Literal["function", "global", "address"]
"""What can be looked for."""

_FUNCTION_INSTRUCTIONS = frozenset({"call", "return_call", "ref.func"})
_GLOBAL_INSTRUCTIONS = frozenset({"global.get", "global.set"})
_ADDRESS_INSTRUCTIONS = frozenset({"i32.const", "i64.const"})
_EXPORT_KINDS = {"function": "func", "global": "global"}
_WIDTHS = range(1, 11)  # bytes that an integer may take in LEB128


class Use(NamedTuple):
    """A place that uses something.

    Attributes:
        offset: of its first byte, from the start of the module.
        function: the index of the function whose code it is in; ``None`` outside code.
        text: the instruction, or what else it is: ``export "update"``, ``start``.
    """

    offset: int
    function: int | None
    text: str


def find_uses(module: ModuleLike, kind: UseKind, index: int) -> Iterator[Use]:
    """Find where a module uses something, in file order.

    A function is used where it is called, exported, referred to or started, and where a table has
    it; what calls through a table is not known. A global is used where it is read, written or
    exported. An address is used as a constant, as the offset of a load or store, and as a pointer
    of four bytes in a data segment.

    Args:
        module: a path, bytes or a Module.
        kind: what is looked for: ``function``, ``global`` or ``address``.
        index: of the function or global, imported ones counted; or the address.

    Raises:
        ValueError: if the kind is another, or the index is negative.
        MalformedError: if a section cannot be decoded, or an instruction of a function that is
            looked at; the uses before it have been given.
    """
    if kind not in get_args(UseKind):
        raise ValueError(f"kind must be {', '.join(get_args(UseKind))}, not {kind!r}")
    if index < 0:
        raise ValueError(f"index must not be negative, and is {index}")
    module = as_module(module)
    is_use = _matcher(kind, index)
    for section in module.sections:
        if isinstance(section, GlobalSection):
            yield from _of_globals(section, is_use)
        elif isinstance(section, ExportSection):
            for at, export in _placed(section):
                if (export.kind, export.index) == (_EXPORT_KINDS.get(kind), index):
                    yield Use(at, None, f'export "{export.name}"')
        elif isinstance(section, StartSection):
            if kind == "function" and section.funcidx == index:
                yield Use(section.content_offset, None, "start")
        elif isinstance(section, ElementSection):
            yield from _of_elements(section, kind, index, is_use)
        elif isinstance(section, CodeSection):
            yield from _of_code(section, Spaces(module), index, is_use)
        elif isinstance(section, DataSection):
            yield from _of_data(section, kind, index, is_use)


def _matcher(kind: UseKind, index: int) -> Callable[[Instr], bool]:
    """Tells whether an instruction uses it."""
    if kind == "address":
        signed = {index, index - (1 << 32)} if index >= 1 << 31 else {index}

        def is_address(instr: Instr) -> bool:
            if instr.mnemonic in _ADDRESS_INSTRUCTIONS:
                return instr.immediates[0] in signed
            return any(
                isinstance(each, MemArg) and each.offset == index for each in instr.immediates
            )

        return is_address
    mnemonics = _FUNCTION_INSTRUCTIONS if kind == "function" else _GLOBAL_INSTRUCTIONS
    return lambda instr: instr.mnemonic in mnemonics and instr.immediates[0] == index


def _placed(section: ListSection[Entry]) -> Iterator[tuple[int, Entry]]:
    return zip(section.entry_starts(), section.entries, strict=False)


def _of_globals(section: GlobalSection, is_use: Callable[[Instr], bool]) -> Iterator[Use]:
    for number, (at, entry) in enumerate(_placed(section)):
        if _is_used_by(entry.init, is_use):
            yield Use(at, None, f"initial value of a global, entry {number}: {entry.init}")


def _of_elements(
    section: ElementSection, kind: UseKind, index: int, is_use: Callable[[Instr], bool]
) -> Iterator[Use]:
    for number, (at, segment) in enumerate(_placed(section)):
        for place, each in enumerate(segment.init):
            is_it = _is_used_by(each, is_use) if isinstance(each, Expr) else each == index
            if is_it and (isinstance(each, Expr) or kind == "function"):
                yield Use(at, None, f"element segment {number}, element {place}")
        if _is_used_by(segment.offset, is_use):
            yield Use(at, None, f"offset of element segment {number}: {segment.offset}")


def _of_code(
    section: CodeSection, spaces: Spaces, index: int, is_use: Callable[[Instr], bool]
) -> Iterator[Use]:
    imported = sum(isinstance(each.type, int) for each in spaces.imports)
    encodings = _encodings(index)
    for function, body in enumerate(section.entries, imported):
        content = body.content
        if not any(each in content for each in encodings):
            continue  # no need to decode it
        for offset, _, instr in body.instructions():
            if is_use(instr):
                yield Use(offset, function, str(instr))


def _of_data(
    section: DataSection, kind: UseKind, index: int, is_use: Callable[[Instr], bool]
) -> Iterator[Use]:
    pointer = struct.pack("<I", index) if kind == "address" and index < 1 << 32 else None
    ends = section.entry_starts()[1:]
    for number, (at, segment, end) in enumerate(
        zip(section.entry_starts(), section.entries, ends, strict=False)
    ):
        if _is_used_by(segment.offset, is_use):
            yield Use(at, None, f"offset of data segment {number}: {segment.offset}")
        base = segment.offset.evaluate() if segment.offset is not None else 0
        if pointer is None or not index or not isinstance(base, int):
            continue
        found = segment.init.find(pointer)
        while found >= 0:
            if (base + found) % 4 == 0:
                place = f" at address {base + found}" if segment.offset is not None else ""
                start = end - len(segment.init)
                yield Use(start + found, None, f"pointer in data segment {number}{place}")
            found = segment.init.find(pointer, found + 1)


def _is_used_by(expr: Expr | None, is_use: Callable[[Instr], bool]) -> bool:
    return expr is not None and any(map(is_use, expr.instructions))


def _encodings(value: int) -> set[bytes]:
    """Each way to write the value in LEB128, signed or not, padded or not."""
    found = {u64.encode_padded(value, width) for width in _WIDTHS}
    for signed in (value, value - (1 << 32)):
        shortest = s64.encode(signed) if -1 << 63 <= signed < 1 << 63 else b""
        fill = 0x7F if signed < 0 else 0
        for width in range(len(shortest) + 1, 11):
            padding = bytes([fill | 0x80] * (width - len(shortest) - 1)) + bytes([fill])
            found.add(shortest[:-1] + bytes([shortest[-1] | 0x80]) + padding)
        found.add(shortest)
    return found - {b""}
