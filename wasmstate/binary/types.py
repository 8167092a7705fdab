"""Types that several sections share.

Source: WebAssembly Core 3.0, Binary Format, "Types". Shared memories are the threads proposal's,
exact types the custom-descriptors proposal's, page sizes the custom-page-sizes proposal's.
"""

from __future__ import annotations

from dataclasses import dataclass

from construct import If, Pass, Struct, this

from wasmstate.binary.content import Content
from wasmstate.binary.proposals import HEAP_TYPES, SHARED_EVERYTHING
from wasmstate.binary.values import Choice, List, Primitive, byte, record, s33, u32, u64
from wasmstate.errors import SectionError

PAGE_SIZE = 65536

NUMBER_TYPES = {0x7F: "i32", 0x7E: "i64", 0x7D: "f32", 0x7C: "f64", 0x7B: "v128"}
PACKED_TYPES = {0x78: "i8", 0x77: "i16"}
ABSTRACT_HEAP_TYPES = {
    0x74: "noexn",
    0x73: "nofunc",
    0x72: "noextern",
    0x71: "none",
    0x70: "func",
    0x6F: "extern",
    0x6E: "any",
    0x6D: "eq",
    0x6C: "i31",
    0x6B: "struct",
    0x6A: "array",
    0x69: "exn",
}
_HEAP_BYTES = {word: code for code, word in ABSTRACT_HEAP_TYPES.items()}
_BOTTOM_REFS = {
    "none": "nullref",
    "nofunc": "nullfuncref",
    "noextern": "nullexternref",
    "noexn": "nullexnref",
}


@dataclass(frozen=True, slots=True)
class Exact:
    """A defined type without its subtypes (custom-descriptors proposal)."""

    typeidx: int

    def __str__(self) -> str:
        return f"(exact {self.typeidx})"


HeapType = str | int | Exact
"""An abstract heap type by its word, or the index of a defined type."""

_EXACT = 0x62


@dataclass(frozen=True, slots=True)
class RefType:
    """References to values of a heap type."""

    nullable: bool
    heap_type: HeapType

    def __str__(self) -> str:
        if self.nullable and isinstance(self.heap_type, str):
            return _BOTTOM_REFS.get(self.heap_type, f"{self.heap_type}ref")
        return f"(ref {'null ' if self.nullable else ''}{self.heap_type})"


ValType = str | RefType
"""A number or vector type by its word, or a reference type."""


class _HeapType(Primitive):
    def read(self, content: Content, path: str) -> HeapType:
        start = content.tell()
        index: int = s33.read(content, path)
        if index >= 0:
            return index
        # An abstract type is one byte; the same negative number padded is not in the grammar.
        code = index & 0x7F
        if code == _EXACT and content.tell() - start == 1:
            return Exact(u32.read(content, path))
        if content.tell() - start == 1 and code in HEAP_TYPES:
            word, proposal = HEAP_TYPES[code]
            content.unsupported(path, start, f"the heap type {word!r}", proposal)
        if content.tell() - start > 1 or code not in ABSTRACT_HEAP_TYPES:
            content.malformed(path, start, "malformed heap type")
        return ABSTRACT_HEAP_TYPES[code]

    def encode(self, value: HeapType) -> bytes:
        if isinstance(value, int) and value >= 0:
            return s33.encode(value)
        if isinstance(value, Exact):
            return bytes([_EXACT]) + u32.encode(value.typeidx)
        if value not in _HEAP_BYTES:
            raise SectionError(f"cannot encode the heap type {value!r}")
        return bytes([_HEAP_BYTES[value]])


class _Type(Primitive):
    """A type of one byte out of ``words``, or a reference type."""

    def __init__(self, reason: str, words: dict[int, str]) -> None:
        super().__init__()
        self.reason = reason
        self.words = words
        self.bytes = {word: code for code, word in words.items()}

    def read(self, content: Content, path: str) -> ValType:
        start = content.tell()
        raw = content.read(1)
        if not raw:
            content.malformed(path, start, "unexpected end")
        code = raw[0]
        if code in self.words:
            return self.words[code]
        if code in ABSTRACT_HEAP_TYPES:
            return RefType(True, ABSTRACT_HEAP_TYPES[code])
        if code in (0x63, 0x64):
            return RefType(code == 0x63, heaptype.read(content, path))
        if code in HEAP_TYPES:
            word, proposal = HEAP_TYPES[code]
            content.unsupported(path, start, f"the heap type {word!r}", proposal)
        return content.malformed(path, start, self.reason)

    def encode(self, value: ValType) -> bytes:
        if isinstance(value, RefType):
            heap = heaptype.encode(value.heap_type)
            if value.nullable and isinstance(value.heap_type, str):
                return heap
            return (b"\x63" if value.nullable else b"\x64") + heap
        if value not in self.bytes:
            raise SectionError(f"cannot encode the type {value!r}")
        return bytes([self.bytes[value]])


heaptype = _HeapType()
reftype = _Type("malformed reference type", {})
valtype = _Type("malformed value type", NUMBER_TYPES)
storagetype = _Type("malformed storage type", NUMBER_TYPES | PACKED_TYPES)


class _Mutability(Choice):
    """0 or 1; with bit 1, the global is shared between threads."""

    def read(self, content: Content, path: str) -> bool:
        start = content.tell()
        if byte.read(content, path) in (2, 3):
            content.unsupported(path, start, "a shared global", SHARED_EVERYTHING)
        content.seek(start)
        return bool(super().read(content, path))


mut = Choice("malformed mutability", names={0: False, 1: True})
_global_mut = _Mutability("malformed mutability", names={0: False, 1: True})


@dataclass(frozen=True, slots=True)
class Limits:
    """The least and greatest size of a memory, in pages, or of a table, in elements."""

    flag: int
    min: int
    max: int | None = None
    page_size_log2: int | None = None

    def __str__(self) -> str:
        parts = ["i64"] if self.is_64_bit else []
        parts += [str(each) for each in (self.min, self.max) if each is not None]
        parts += ["shared"] if self.is_shared else []
        if self.page_size_log2 is not None:
            parts.append(f"(pagesize {1 << self.page_size_log2:#x})")
        return " ".join(parts)

    @property
    def is_64_bit(self) -> bool:
        """Whether addresses are ``i64``."""
        return bool(self.flag & 0x04)

    @property
    def is_shared(self) -> bool:
        """Whether threads share the memory."""
        return bool(self.flag & 0x02)


class _PageSize(Primitive):
    """The binary logarithm of a page size, which is a number of 64 bits.

    Which of those a memory can have (1 and 65,536) is validation.
    """

    def read(self, content: Content, path: str) -> int:
        start = content.tell()
        log2: int = u32.read(content, path)
        if log2 >= 64:
            content.malformed(path, start, "invalid custom page size")
        return log2

    def encode(self, value: int) -> bytes:
        if value >= 64:
            raise SectionError(f"cannot encode the page size 2**{value}: it does not fit u64")
        return u32.encode(value)


class _TableFlag(Choice):
    """Flags of a table: those of a memory without a page size. A proposal has shared tables."""

    def read(self, content: Content, path: str) -> int:
        start = content.tell()
        flag: int = super().read(content, path)
        if flag & 0x02:
            content.unsupported(path, start, "a shared table", SHARED_EVERYTHING)
        return flag


# Bit 0: a max follows. Bit 1: shared. Bit 2: addresses are i64. Bit 3: a page size follows.
limits = record(
    Limits,
    Struct(
        "flag" / Choice("malformed limits flags", *range(0x10)),
        "min" / u64,
        "max" / If(this.flag & 0x01, u64),
        "page_size_log2" / If(this.flag & 0x08, _PageSize()),
    ),
)
_table_limits = record(
    Limits,
    Struct(
        "flag" / _TableFlag("malformed limits flags", *range(0x08)),
        "min" / u64,
        "max" / If(this.flag & 0x01, u64),
        "page_size_log2" / Pass,
    ),
)


@dataclass(frozen=True, slots=True)
class MemType:
    """A linear memory."""

    limits: Limits

    def __str__(self) -> str:
        return str(self.limits)

    @property
    def page_size(self) -> int:
        """In bytes: 65,536 unless the memory says otherwise."""
        log2 = self.limits.page_size_log2
        return PAGE_SIZE if log2 is None else 1 << log2


memtype = record(MemType, Struct("limits" / limits))


@dataclass(frozen=True, slots=True)
class TableType:
    """A table of references."""

    reftype: RefType
    limits: Limits

    def __str__(self) -> str:
        return f"{self.limits} {self.reftype}"


tabletype = record(TableType, Struct("reftype" / reftype, "limits" / _table_limits))


@dataclass(frozen=True, slots=True)
class GlobalType:
    """A global: what it holds, and whether that can change."""

    valtype: ValType
    mut: bool

    def __str__(self) -> str:
        return f"(mut {self.valtype})" if self.mut else str(self.valtype)


globaltype = record(GlobalType, Struct("valtype" / valtype, "mut" / _global_mut))


@dataclass(frozen=True, slots=True)
class TagType:
    """A tag: the function type whose parameters an exception carries."""

    attribute: int
    typeidx: int

    def __str__(self) -> str:
        return f"(type {self.typeidx})"


tagtype = record(
    TagType, Struct("attribute" / Choice("malformed tag attribute", 0), "typeidx" / u32)
)


@dataclass(frozen=True, slots=True)
class FuncType:
    """A function: what it takes, what it gives."""

    params: tuple[ValType, ...]
    results: tuple[ValType, ...]

    def __str__(self) -> str:
        params = " ".join(map(str, self.params))
        results = " ".join(map(str, self.results))
        return f"({params}) -> ({results})"


valtypes = List(valtype)

EXTERN_KINDS = {0: "func", 1: "table", 2: "memory", 3: "global", 4: "tag"}
