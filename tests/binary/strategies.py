"""Hypothesis strategies: values of the format, damaged modules."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from support import FIXTURES, PREAMBLE, REAL_BINARIES, leb, real_bytes, section_bytes
from wasmstate.binary.code.instructions import Expr, Instr
from wasmstate.binary.sections.data import Data
from wasmstate.binary.sections.element import Elem
from wasmstate.binary.sections.export import Export
from wasmstate.binary.sections.global_ import Global
from wasmstate.binary.sections.import_ import Import
from wasmstate.binary.sections.table import Table
from wasmstate.binary.sections.type import ArrayType, FieldType, RecType, StructType, SubType
from wasmstate.binary.types import (
    ABSTRACT_HEAP_TYPES,
    EXTERN_KINDS,
    NUMBER_TYPES,
    PACKED_TYPES,
    FuncType,
    GlobalType,
    Limits,
    MemType,
    RefType,
    TableType,
    TagType,
)

u32s = st.integers(0, 2**32 - 1)
u64s = st.integers(0, 2**64 - 1)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
heaptypes = st.sampled_from(sorted(ABSTRACT_HEAP_TYPES.values())) | u32s
reftypes = st.builds(RefType, st.booleans(), heaptypes)
valtypes = st.sampled_from(sorted(NUMBER_TYPES.values())) | reftypes
storagetypes = st.sampled_from(sorted((NUMBER_TYPES | PACKED_TYPES).values())) | reftypes


@st.composite
def _limits(draw: st.DrawFn, *flags: int) -> Limits:
    flag = draw(st.sampled_from(flags))
    return Limits(
        flag,
        draw(u64s),
        draw(u64s) if flag & 1 else None,
        draw(st.integers(0, 63)) if flag & 8 else None,
    )


limits = _limits(*range(0x10))
memtypes = st.builds(MemType, limits)
tabletypes = st.builds(TableType, reftypes, _limits(0, 1, 4, 5))
globaltypes = st.builds(GlobalType, valtypes, st.booleans())
tagtypes = st.builds(TagType, st.just(0), u32s)


def _instr(mnemonic: str, *immediates: st.SearchStrategy[Any]) -> st.SearchStrategy[Instr]:
    return st.builds(Instr, st.just(mnemonic), st.tuples(*immediates))


def _bits(length: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=length, max_size=length)


instrs = st.one_of(
    _instr("i32.const", st.integers(-(2**31), 2**31 - 1)),
    _instr("i64.const", st.integers(-(2**63), 2**63 - 1)),
    _instr("f32.const", _bits(4)),
    _instr("f64.const", _bits(8)),
    _instr("v128.const", _bits(16)),
    _instr("global.get", u32s),
    _instr("ref.null", heaptypes),
    _instr("ref.func", u32s),
    _instr("array.new_fixed", u32s, u32s),
    st.sampled_from(["i32.add", "i32.mul", "i64.sub", "ref.i31"]).map(Instr),
)
exprs = st.lists(instrs, max_size=4).map(lambda each: Expr(tuple(each)))

imports = st.sampled_from(sorted(EXTERN_KINDS.values())).flatmap(
    lambda kind: st.builds(
        Import,
        names,
        names,
        st.just(kind),
        {
            "func": u32s,
            "table": tabletypes,
            "memory": memtypes,
            "global": globaltypes,
            "tag": tagtypes,
        }[kind],
    )
)
exports = st.builds(Export, names, st.sampled_from(sorted(EXTERN_KINDS.values())), u32s)
tables = st.builds(Table, tabletypes, st.none() | exprs)
globals_ = st.builds(Global, globaltypes, exprs)
datas = st.one_of(
    st.builds(Data, st.just(0), st.none(), exprs, st.binary(max_size=20)),
    st.builds(Data, st.just(1), st.none(), st.none(), st.binary(max_size=20)),
    st.builds(Data, st.just(2), u32s, exprs, st.binary(max_size=20)),
)


@st.composite
def _elem(draw: st.DrawFn) -> Elem:
    flag = draw(st.integers(0, 7))
    typed = bool(flag & 3)
    init: Any = draw(st.lists(exprs if flag & 4 else u32s, max_size=3))
    return Elem(
        flag,
        draw(u32s) if flag & 3 == 2 else None,
        None if flag & 1 else draw(exprs),
        0 if typed and not flag & 4 else None,
        draw(reftypes) if typed and flag & 4 else None,
        init,
    )


elems = _elem()
fieldtypes = st.builds(FieldType, storagetypes, st.booleans())
functypes = st.builds(
    FuncType,
    st.lists(valtypes, max_size=3).map(tuple),
    st.lists(valtypes, max_size=3).map(tuple),
)
comptypes = st.one_of(
    functypes,
    st.builds(StructType, st.lists(fieldtypes, max_size=3).map(tuple)),
    st.builds(ArrayType, fieldtypes),
)
subtypes = st.builds(SubType, comptypes, st.booleans(), st.lists(u32s, max_size=2).map(tuple))
rectypes = st.builds(RecType, st.lists(subtypes, max_size=3).map(tuple))

_section = st.builds(section_bytes, st.integers(0, 14), st.binary(max_size=40))
_claim = st.builds(
    lambda section_id, size, width, content: bytes([section_id]) + leb(size, width) + content,
    st.integers(0, 14),
    st.integers(0, 60) | u32s,
    st.integers(1, 6),
    st.binary(max_size=40),
)
module_like = st.lists(_section | _claim, max_size=5).map(lambda s: PREAMBLE + b"".join(s))
"""Bytes behind a preamble that look like sections more often than random bytes do."""

_ORIGINALS = [path.read_bytes() for path in sorted(FIXTURES.glob("*.wasm"))]


@st.composite
def damaged(draw: st.DrawFn, originals: list[bytes]) -> bytes:
    """One of the originals, with bytes changed, put in, taken out or cut off."""
    data = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["set", "insert", "delete", "cut", "zero"])):
            case "set":
                data[at : at + 1] = draw(_bits(1))
            case "insert":
                data[at:at] = draw(st.binary(min_size=1, max_size=5))
            case "delete":
                del data[at : at + draw(st.integers(1, 5))]
            case "cut":
                del data[at:]
            case "zero":
                size = draw(st.integers(1, 64))
                data[at : at + size] = bytes(len(data[at : at + size]))
    return bytes(data)


damaged_fixtures = damaged(_ORIGINALS)
damaged_binaries = damaged([real_bytes(package) for package in REAL_BINARIES])
