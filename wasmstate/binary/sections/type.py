"""The type section: recursive groups of types.

Source: WebAssembly Core 3.0, Binary Format, "Type Section" and "Recursive Types".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from construct import Struct

from wasmstate.binary.code.scan import A_VALUE_TYPE, FIELD_TYPE, INDEX, skip, skip_list
from wasmstate.binary.decode_loops import UnusualError, read_unsigned
from wasmstate.binary.proposals import COMPOSITE_TYPES
from wasmstate.binary.sections.base import Layout, ListSection
from wasmstate.binary.types import FuncType, ValType, mut, storagetype, valtypes
from wasmstate.binary.values import AnyConstruct, List, record, u32
from wasmstate.errors import SectionError


@dataclass(frozen=True, slots=True)
class FieldType:
    """A field of a struct, or the elements of an array."""

    storagetype: ValType
    mut: bool

    def __str__(self) -> str:
        return f"(mut {self.storagetype})" if self.mut else str(self.storagetype)


@dataclass(frozen=True, slots=True)
class StructType:
    """A heap object with fields."""

    fields: tuple[FieldType, ...]

    def __str__(self) -> str:
        return f"(struct{''.join(f' (field {each})' for each in self.fields)})"


@dataclass(frozen=True, slots=True)
class ArrayType:
    """A heap object with elements of one type."""

    fieldtype: FieldType

    def __str__(self) -> str:
        return f"(array {self.fieldtype})"


CompType = FuncType | StructType | ArrayType


@dataclass(frozen=True, slots=True)
class SubType:
    """A composite type and the types it is a subtype of.

    Attributes:
        comptype: the type itself.
        final: whether it can have no subtypes.
        supertypes: the types it is a subtype of.
        describes: the type that values of this one describe (custom-descriptors proposal).
        descriptor: the type of the values that describe those of this one (likewise).
    """

    comptype: CompType
    final: bool = True
    supertypes: tuple[int, ...] = ()
    describes: int | None = None
    descriptor: int | None = None

    def __str__(self) -> str:
        parts = [str(each) for each in self.supertypes]
        for word in ("describes", "descriptor"):
            typeidx = getattr(self, word)
            parts += [] if typeidx is None else [f"({word} {typeidx})"]
        if self.final and not parts:
            return str(self.comptype)
        return " ".join(["(sub", *(["final"] if self.final else []), *parts, f"{self.comptype})"])


@dataclass(frozen=True, slots=True)
class RecType:
    """Types that may refer to each other. Each takes an index of its own."""

    subtypes: tuple[SubType, ...]

    def __str__(self) -> str:
        if len(self.subtypes) == 1:
            return str(self.subtypes[0])
        return f"(rec{''.join(f' {each}' for each in self.subtypes)})"


fieldtype = record(FieldType, Struct("storagetype" / storagetype, "mut" / mut))
_fields = List(fieldtype)
_subtypes: Any = None  # set below: groups hold subtypes
_supertypes = List(u32)


class _SubType(AnyConstruct):
    """50 and 4F announce supertypes; a plain composite type is final and has none."""

    def _parse(self, stream: Any, context: Any, path: str) -> SubType:
        start = stream.tell()
        code = (stream.read(1) or b"\0")[0]
        final, above = True, []
        if code in (0x50, 0x4F):
            final = code == 0x4F
            stream.note(f"{path} -> final", start, final)
            above = _supertypes._parsereport(stream, context, f"{path} -> supertypes")
        else:
            stream.seek(start)
        describes = self._clause(0x4C, "describes", stream, context, path)
        descriptor = self._clause(0x4D, "descriptor", stream, context, path)
        comptype = self._comptype(stream, context, path)
        return SubType(comptype, final, tuple(above), describes, descriptor)

    def _clause(
        self, announced_by: int, name: str, stream: Any, context: Any, path: str
    ) -> int | None:
        start = stream.tell()
        if stream.read(1) != bytes([announced_by]):
            stream.seek(start)
            return None
        stream.note(f"{path} -> has_{name}", start, value=True)
        typeidx: int = u32._parsereport(stream, context, f"{path} -> {name}")
        return typeidx

    def _comptype(self, stream: Any, context: Any, path: str) -> CompType:
        start = stream.tell()
        raw = stream.read(1)
        if not raw:
            stream.malformed(path, start, "unexpected end")
        code = raw[0]
        if code in COMPOSITE_TYPES:
            word, proposal = COMPOSITE_TYPES[code]
            stream.unsupported(path, start, f"the type {word!r}", proposal)
        if code not in (0x60, 0x5F, 0x5E):
            stream.malformed(path, start, "malformed definition type")
        stream.note(f"{path} -> comptype", start, {0x60: "func", 0x5F: "struct"}.get(code, "array"))
        if code == 0x60:
            params = valtypes._parsereport(stream, context, f"{path} -> params")
            results = valtypes._parsereport(stream, context, f"{path} -> results")
            return FuncType(tuple(params), tuple(results))
        if code == 0x5F:
            found = _fields._parsereport(stream, context, f"{path} -> fields")
            return StructType(tuple(found))
        return ArrayType(fieldtype._parsereport(stream, context, f"{path} -> fieldtype"))

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        if not obj.final or obj.supertypes:
            stream.write(b"\x4f" if obj.final else b"\x50")
            _supertypes._build(obj.supertypes, stream, context, path)
        for announced_by, typeidx in ((b"\x4c", obj.describes), (b"\x4d", obj.descriptor)):
            if typeidx is not None:
                stream.write(announced_by + u32.encode(typeidx))
        match obj.comptype:
            case FuncType(params, results):
                stream.write(b"\x60")
                valtypes._build(params, stream, context, path)
                valtypes._build(results, stream, context, path)
            case StructType(fields):
                stream.write(b"\x5f")
                _fields._build(fields, stream, context, path)
            case ArrayType(field):
                stream.write(b"\x5e")
                fieldtype._build(field, stream, context, path)
            case other:
                raise SectionError(f"cannot encode {other!r}: not a composite type")
        return obj


class _RecType(AnyConstruct):
    """4E announces a group; a plain subtype is a group of one."""

    def _parse(self, stream: Any, context: Any, path: str) -> RecType:
        start = stream.tell()
        if stream.read(1) == b"\x4e":
            stream.note(f"{path} -> is_group", start, value=True)
            group = _subtypes._parsereport(stream, context, f"{path} -> subtypes")
            return RecType(tuple(group))
        stream.seek(start)
        return RecType((_subtype._parsereport(stream, context, path),))

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        if len(obj.subtypes) == 1:
            _subtype._build(obj.subtypes[0], stream, context, path)
        else:
            stream.write(b"\x4e")
            _subtypes._build(obj.subtypes, stream, context, path)
        return obj


_subtype = _SubType()
_subtypes = List(_subtype)
rectype = _RecType()


def _skip_subtype(data: bytes, at: int) -> int:
    """Where a subtype of one of the usual kinds ends. Raises UnusualError, IndexError."""
    if data[at] in (0x50, 0x4F):
        at = skip_list(INDEX, data, at + 1)
    code = data[at]
    if code == 0x60:
        return skip_list(A_VALUE_TYPE, data, skip_list(A_VALUE_TYPE, data, at + 1))
    if code == 0x5F:
        return skip_list(FIELD_TYPE, data, at + 1)
    if code == 0x5E:
        return skip(FIELD_TYPE, data, at + 1)
    raise UnusualError


class TypeSection(ListSection[RecType]):
    """Types in index order. A group of n takes n indices: see :meth:`subtypes`."""

    layout: ClassVar[Layout] = Struct("entries" / List(rectype))

    def skip_entry(self, data: bytes, at: int) -> int:
        if data[at] != 0x4E:
            return _skip_subtype(data, at)
        count, at = read_unsigned(data, at + 1)
        for _ in range(count):
            at = _skip_subtype(data, at)
        return at

    def subtypes(self) -> list[SubType]:
        """The types by their index."""
        return [subtype for group in self.entries for subtype in group.subtypes]
