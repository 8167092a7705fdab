"""Instructions and types of one module, with the indices that they have in another.

Source: WebAssembly Core 3.0, Binary Format, "Indices", "Types" and "Instructions".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from wasmstate.binary.code.immediates import BlockType, Catch, MemArg
from wasmstate.binary.code.instructions import Expr, Instr, opcode_of
from wasmstate.binary.sections.code import Locals
from wasmstate.binary.sections.type import ArrayType, CompType, FieldType, StructType, SubType
from wasmstate.binary.types import Exact, FuncType, HeapType, RefType, ValType


@dataclass
class Indices:
    """What an index of the module that is copied from becomes, a mapping for each index space."""

    types: dict[int, int] = field(default_factory=dict)
    functions: dict[int, int] = field(default_factory=dict)
    tables: dict[int, int] = field(default_factory=dict)
    memories: dict[int, int] = field(default_factory=dict)
    globals: dict[int, int] = field(default_factory=dict)
    tags: dict[int, int] = field(default_factory=dict)
    elements: dict[int, int] = field(default_factory=dict)
    data: dict[int, int] = field(default_factory=dict)

    def expr(self, value: Expr) -> Expr:
        """An expression. An index that leads nowhere raises KeyError."""
        return Expr(tuple(map(self.instr, value.instructions)))

    def instr(self, value: Instr) -> Instr:
        """An instruction."""
        kinds = opcode_of(value).immediates
        return Instr(
            value.mnemonic,
            tuple(
                self._immediate(kind, each)
                for kind, each in zip(kinds, value.immediates, strict=True)
            ),
        )

    def _immediate(self, kind: str, value: Any) -> Any:
        spaces: Mapping[str, dict[int, int]] = {
            "typeidx": self.types,
            "funcidx": self.functions,
            "tableidx": self.tables,
            "memidx": self.memories,
            "globalidx": self.globals,
            "tagidx": self.tags,
            "elemidx": self.elements,
            "dataidx": self.data,
        }
        if kind in spaces:
            return spaces[kind][value]
        match value:
            case MemArg():
                memidx = self.memories[value.memidx or 0]
                # Memory 0 is not written: only then an engine without multi-memory reads it.
                return replace(value, memidx=memidx or None)
            case BlockType(type=int() as typeidx):
                return BlockType(self.types[typeidx])
            case BlockType(type=RefType() as type_):
                return BlockType(self.valtype(type_))
            case RefType():
                return self.valtype(value)
        if kind == "heaptype":
            return self.heaptype(value)
        if kind == "valtypes":
            return tuple(map(self.valtype, value))
        if kind == "catches":
            return tuple(map(self._catch, value))
        return value

    def _catch(self, value: Catch) -> Catch:
        tagidx = None if value.tagidx is None else self.tags[value.tagidx]
        return replace(value, tagidx=tagidx)

    def heaptype(self, value: HeapType) -> HeapType:
        """A heap type."""
        if isinstance(value, Exact):
            return Exact(self.types[value.typeidx])
        return self.types[value] if isinstance(value, int) else value

    def valtype(self, value: ValType) -> ValType:
        """A value type, or the type of a field."""
        if isinstance(value, RefType):
            return RefType(value.nullable, self.heaptype(value.heap_type))
        return value

    def locals(self, value: Locals) -> Locals:
        """A run of locals."""
        return Locals(value.count, self.valtype(value.type))

    def functype(self, value: FuncType) -> FuncType:
        """A function type."""
        return FuncType(
            tuple(map(self.valtype, value.params)), tuple(map(self.valtype, value.results))
        )

    def subtype(self, value: SubType) -> SubType:
        """A type of the type section."""
        return SubType(
            self._comptype(value.comptype),
            value.final,
            tuple(self.types[each] for each in value.supertypes),
            None if value.describes is None else self.types[value.describes],
            None if value.descriptor is None else self.types[value.descriptor],
        )

    def _comptype(self, value: CompType) -> CompType:
        if isinstance(value, FuncType):
            return self.functype(value)
        if isinstance(value, StructType):
            return StructType(tuple(map(self._field, value.fields)))
        return ArrayType(self._field(value.fieldtype))

    def _field(self, value: FieldType) -> FieldType:
        return FieldType(self.valtype(value.storagetype), value.mut)
