"""What follows an opcode.

Source: WebAssembly Core 3.0, Binary Format, "Instructions".
"""

from __future__ import annotations

from dataclasses import dataclass

from wasmstate.binary.content import Content
from wasmstate.binary.proposals import SHARED_EVERYTHING
from wasmstate.binary.types import HeapType, RefType, ValType, heaptype, valtype
from wasmstate.binary.values import Choice, Primitive, Raw, byte, f32, f64, s32, s33, s64, u32, u64

_EMPTY = 0x40


@dataclass(frozen=True, slots=True)
class BlockType:
    """What a block takes and gives: nothing, one value, or as a function type says."""

    type: ValType | int | None

    def __str__(self) -> str:
        if self.type is None:
            return ""
        if isinstance(self.type, int):
            return f"(type {self.type})"
        return f"(result {self.type})"


@dataclass(frozen=True, slots=True)
class MemArg:
    """Where in memory an instruction reads or writes.

    Attributes:
        align: the binary logarithm of the alignment that is promised.
        offset: added to the address on the stack.
        memidx: the memory, ``None`` if it is not written, which means 0.
    """

    align: int
    offset: int
    memidx: int | None = None

    def __str__(self) -> str:
        parts = [] if self.memidx is None else [str(self.memidx)]
        if self.offset:
            parts.append(f"offset={self.offset}")
        return " ".join([*parts, f"align={1 << self.align}"])


@dataclass(frozen=True, slots=True)
class Labels:
    """The targets of ``br_table``: one for each index, the last for any other."""

    targets: tuple[int, ...]

    def __str__(self) -> str:
        return " ".join(map(str, self.targets))


@dataclass(frozen=True, slots=True)
class Catch:
    """A clause of ``try_table``."""

    kind: str
    tagidx: int | None
    labelidx: int

    def __str__(self) -> str:
        tag = "" if self.tagidx is None else f" {self.tagidx}"
        return f"({self.kind}{tag} {self.labelidx})"


class _BlockType(Primitive):
    def read(self, content: Content, path: str) -> BlockType:
        start = content.tell()
        first = byte.read(content, path)
        if first == _EMPTY:
            return BlockType(None)
        content.seek(start)
        # One byte with the sign bit of an s33 is a type, everything else a type index.
        if first & 0xC0 == 0x40:
            return BlockType(valtype.read(content, path))
        index: int = s33.read(content, path)
        if index < 0:
            content.malformed(path, start, "malformed block type")
        return BlockType(index)

    def encode(self, value: BlockType) -> bytes:
        if value.type is None:
            return bytes([_EMPTY])
        return s33.encode(value.type) if isinstance(value.type, int) else valtype.encode(value.type)


class _MemArg(Primitive):
    def read(self, content: Content, path: str) -> MemArg:
        start = content.tell()
        flags: int = u32.read(content, path)
        if flags >= 0x80:
            content.malformed(path, start, "malformed memop flags")
        memidx = u32.read(content, path) if flags & 0x40 else None
        return MemArg(flags & 0x3F, u64.read(content, path), memidx)

    def encode(self, value: MemArg) -> bytes:
        if value.memidx is None:
            return u32.encode(value.align) + u64.encode(value.offset)
        flags = u32.encode(value.align | 0x40)
        return flags + u32.encode(value.memidx) + u64.encode(value.offset)


class _AtomicMemArg(_MemArg):
    """Bit 5 of an atomic instruction's flags announces an ordering that is not the usual one."""

    def read(self, content: Content, path: str) -> MemArg:
        start = content.tell()
        if u32.read(content, path) & 0x20:
            content.unsupported(path, start, "a memory ordering", SHARED_EVERYTHING)
        content.seek(start)
        return super().read(content, path)


class _Fence(Choice):
    def read(self, content: Content, path: str) -> int:
        start = content.tell()
        if byte.read(content, path) == 1:
            content.unsupported(path, start, "a memory ordering", SHARED_EVERYTHING)
        content.seek(start)
        ordering: int = super().read(content, path)
        return ordering


class _Vector(Primitive):
    """A number of entries, each read by a function."""

    def __init__(self, entry: Primitive, extra: int = 0) -> None:
        super().__init__()
        self.entry = entry
        self.extra = extra

    def read(self, content: Content, path: str) -> tuple[object, ...]:
        start = content.tell()
        count: int = u32.read(content, path)
        if count > content.length - content.tell():
            content.malformed(path, start, "length out of bounds")
        return tuple(self.entry.read(content, path) for _ in range(count + self.extra))

    def encode(self, value: tuple[object, ...]) -> bytes:
        return u32.encode(len(value) - self.extra) + b"".join(map(self.entry.encode, value))


class _Labels(_Vector):
    def read(self, content: Content, path: str) -> Labels:  # type: ignore[override]
        return Labels(super().read(content, path))  # type: ignore[arg-type]

    def encode(self, value: Labels) -> bytes:  # type: ignore[override]
        return super().encode(value.targets)


class _Catch(Primitive):
    kind = Choice(
        "malformed catch clause",
        names={0: "catch", 1: "catch_ref", 2: "catch_all", 3: "catch_all_ref"},
    )

    def read(self, content: Content, path: str) -> Catch:
        kind = self.kind.read(content, path)
        tagidx = None if kind.startswith("catch_all") else u32.read(content, path)
        return Catch(kind, tagidx, u32.read(content, path))

    def encode(self, value: Catch) -> bytes:
        tag = b"" if value.tagidx is None else u32.encode(value.tagidx)
        return self.kind.encode(value.kind) + tag + u32.encode(value.labelidx)


class _RefHeapType(Primitive):
    """The heap type of a reference type whose opcode says whether it may be null."""

    def __init__(self, *, nullable: bool) -> None:
        super().__init__()
        self.nullable = nullable

    def read(self, content: Content, path: str) -> RefType:
        heap: HeapType = heaptype.read(content, path)
        return RefType(self.nullable, heap)

    def encode(self, value: RefType) -> bytes:
        return heaptype.encode(value.heap_type)


IMMEDIATES: dict[str, Primitive] = {
    **dict.fromkeys(
        (
            *("typeidx", "funcidx", "tableidx", "memidx", "tagidx", "globalidx"),
            *("elemidx", "dataidx", "localidx", "labelidx", "fieldidx", "count"),
        ),
        u32,
    ),
    "i32": s32,
    "i64": s64,
    "f32": f32,
    "f64": f64,
    "v128": Raw(16),
    "lanes": Raw(16),
    "laneidx": byte,
    "fence": _Fence("zero byte expected", 0),
    "castop": Choice("malformed br_on_cast flags", *range(4)),
    "heaptype": heaptype,
    "ref": _RefHeapType(nullable=False),
    "refnull": _RefHeapType(nullable=True),
    "blocktype": _BlockType(),
    "memarg": _MemArg(),
    "atomicarg": _AtomicMemArg(),
    "labels": _Labels(u32, extra=1),
    "valtypes": _Vector(valtype),
    "catches": _Vector(_Catch()),
}
"""How each kind of immediate is written."""
