"""Edits of entries: what named something goes on naming it, or the edit is refused.

Random modules are edited at random, and wasmtime says whether each kept export does what it did.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import pytest
import wasmtime
from hypothesis import given
from hypothesis import strategies as st

from support import custom_bytes, fewer_examples, message
from wasmstate.binary import Module
from wasmstate.binary.follow import aligned
from wasmstate.binary.names import read_names
from wasmstate.binary.positions import StaleDebugInfoWarning
from wasmstate.binary.sections.code import CodeSection
from wasmstate.binary.sections.data import DataSection
from wasmstate.binary.sections.element import ElementSection
from wasmstate.binary.sections.export import ExportSection
from wasmstate.binary.sections.function import FunctionSection
from wasmstate.binary.sections.global_ import GlobalSection
from wasmstate.binary.sections.import_ import Import, ImportSection
from wasmstate.binary.sections.memory import MemorySection
from wasmstate.binary.sections.table import Table, TableSection
from wasmstate.binary.sections.tag import TagSection
from wasmstate.binary.sections.type import RecType, SubType, TypeSection
from wasmstate.binary.types import FuncType, GlobalType, Limits, MemType, RefType, TableType
from wasmstate.errors import SectionError

TEXT = """(module
  (type $pair (func (param i32) (result i32)))
  (type $none (func))
  (type $one (func (result i32)))
  (import "env" "ten" (func $ten (type $one)))
  (import "env" "limit" (global $limit i32))
  (memory $m 1)
  (memory $second 1)
  (table $t 4 funcref)
  (table $u 4 funcref)
  (tag $oops (param i32))
  (global $count (mut i32) (i32.const 7))
  (global $twice i32 (i32.const 20))
  (func $start (global.set $count (i32.add (global.get $count) (i32.const 1))))
  (func $double (type $pair) (i32.mul (local.get 0) (i32.const 2)))
  (func $through (type $pair) (local $x i32)
    (local.set $x (call_indirect $t (type $pair) (local.get 0) (i32.const 1)))
    (block (result i32) (i32.add (local.get $x) (call $ten))))
  (func $counted (type $one) (i32.add (global.get $count) (global.get $limit)))
  (func $loaded (type $one)
    (i32.add (i32.load8_u (i32.const 4)) (i32.load8_u $second (i32.const 0))))
  (func $copied (type $one)
    (memory.init $words (i32.const 32) (i32.const 1) (i32.const 1))
    (i32.load8_u (i32.const 32)))
  (func $caught (type $one)
    (block $h (result i32) (try_table (catch $oops $h) (throw $oops (i32.const 3))) (i32.const 0)))
  (func $unused (type $none))
  (func $second_table (type $one) (call_indirect $u (type $one) (i32.const 2)))
  (start $start)
  (elem (table $t) (i32.const 1) func $double)
  (elem (table $u) (i32.const 2) func $counted)
  (elem $drop declare func $unused)
  (data $first (i32.const 4) "\\09")
  (data $other (memory $second) (i32.const 0) "\\05")
  (data $words "xyz")
  (export "double" (func $double)) (export "through" (func $through))
  (export "counted" (func $counted)) (export "loaded" (func $loaded))
  (export "copied" (func $copied)) (export "caught" (func $caught))
  (export "second_table" (func $second_table)) (export "count" (global $count)))"""


def module() -> Module:
    return Module.from_bytes(bytes(wasmtime.wat2wasm(TEXT)))


def behaviour(edited: Module) -> dict[str, Any]:
    """What each export gives; imports are numbers that their names tell."""
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    compiled = wasmtime.Module(engine, edited.to_bytes())
    given_: list[Any] = []
    for each in compiled.imports:
        if isinstance(each.type, wasmtime.FuncType):
            result = 10 if each.name == "ten" else 99
            has_result = bool(each.type.results)
            given_.append(
                wasmtime.Func(store, each.type, lambda *_, r=result, h=has_result: r if h else None)
            )
        else:
            assert isinstance(each.type, wasmtime.GlobalType)
            value = wasmtime.Val.i32(1000 if each.name == "limit" else 5)
            given_.append(wasmtime.Global(store, each.type, value))
    instance = wasmtime.Instance(store, compiled, given_)
    found: dict[str, Any] = {}
    for export in compiled.exports:
        item = instance.exports(store)[export.name]
        if isinstance(item, wasmtime.Func):
            arguments = [6] * len(item.type(store).params)
            found[str(export.name)] = item(store, *arguments)
        elif isinstance(item, wasmtime.Global):
            found[str(export.name)] = item.value(store)
    return found


BEFORE = behaviour(module())
LISTS: tuple[Any, ...] = (
    *(TypeSection, ImportSection, FunctionSection, TableSection, MemorySection, TagSection),
    *(GlobalSection, ElementSection, DataSection, ExportSection),
)
NEW: dict[Any, Any] = {
    TypeSection: RecType((SubType(FuncType(("f64",), ("f32",))),)),
    ImportSection: Import("env", "extra", "global", GlobalType("i32", mut=False)),
    MemorySection: MemType(Limits(0, 1)),
}


def shuffled(
    draw: st.DrawFn, entries: list[Any], new: Any = None, *, drops: bool = True
) -> list[Any]:
    # An entry that goes where another comes is replaced: that changes what is done.
    change = draw(st.sampled_from(["drop", "insert"]))
    edited = list(entries)
    for _ in range(draw(st.integers(0, 2))):
        kind = draw(st.sampled_from([change, "move"]))
        if kind == "drop" and edited and drops:
            edited.pop(draw(st.integers(0, len(edited) - 1)))
        elif kind == "move" and edited:
            entry = edited.pop(draw(st.integers(0, len(edited) - 1)))
            edited.insert(draw(st.integers(0, len(edited))), entry)
        elif kind == "insert" and new is not None:
            edited.insert(draw(st.integers(0, len(edited))), new)
    return edited


@st.composite
def edits(draw: st.DrawFn) -> dict[Any, list[Any]]:
    changes: dict[Any, list[Any]] = {}
    for each in draw(st.lists(st.sampled_from(LISTS), min_size=1, max_size=3, unique=True)):
        if each is FunctionSection:
            both = zip(entries_of(FunctionSection), entries_of(CodeSection), strict=True)
            pairs = shuffled(draw, list(both))
            changes[FunctionSection] = [type_ for type_, _ in pairs]
            changes[CodeSection] = [code for _, code in pairs]
        else:
            # To take away what fills a table or memory is to change what it holds.
            drops = each not in (ElementSection, DataSection)
            changes[each] = shuffled(draw, entries_of(each), NEW.get(each), drops=drops)
    return changes


@fewer_examples
@given(edits())
def test_what_each_kept_export_does_stays_or_the_edit_is_refused(
    changes: dict[Any, list[Any]],
) -> None:
    try:
        edited = module().with_entries(changes)
    except SectionError:
        return
    after = behaviour(edited.verify())
    kept = after.keys() & BEFORE.keys()
    assert {name: after[name] for name in kept} == {name: BEFORE[name] for name in kept}
    assert ExportSection in changes or kept == BEFORE.keys()


def entries_of(section_class: Any) -> list[Any]:
    section = module().section(section_class)
    assert section is not None
    return list(section.entries)


def test_a_function_import_moves_every_function_and_nothing_else_changes() -> None:
    added = Import("env", "more", "func", 1)
    edited = module().with_entries({ImportSection: [added, *entries_of(ImportSection)]})
    assert behaviour(edited) == BEFORE
    names = read_names(edited)
    assert names.functions[1] == "ten"
    assert names.functions[3] == "double"
    assert names.locals[4] == {1: "x"}


def test_functions_in_another_order_go_on_calling_the_same_ones() -> None:
    changes: dict[Any, list[Any]] = {
        each: entries_of(each)[::-1] for each in (FunctionSection, CodeSection)
    }
    edited = module().with_entries(changes)
    assert behaviour(edited) == BEFORE
    assert read_names(edited).functions[1] == "second_table"


def test_memories_and_tables_in_another_order_are_written_where_they_were_implied() -> None:
    memories = [MemType(Limits(0, 2)), *entries_of(MemorySection)]
    table = TableType(RefType(True, "func"), Limits(0, 1))
    tables = [replace(entries_of(TableSection)[0], type=table), *entries_of(TableSection)]
    edited = module().with_entries({MemorySection: memories, TableSection: tables})
    assert behaviour(edited) == BEFORE
    assert [each.memidx for each in edited.section(DataSection).entries] == [1, 2, None]  # type: ignore[union-attr]
    assert [each.flag for each in edited.section(ElementSection).entries][:2] == [2, 2]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("section_class", "index", "user"),
    [
        (ImportSection, 0, "function 0, by entry 2 of the code section"),
        (TypeSection, 2, "type 2, by entry 0 of the import section"),
        (DataSection, 2, "data segment 2, by entry 5 of the code section"),
        (MemorySection, 1, "memory 1, by entry 4 of the code section"),
        (TagSection, 0, "tag 0, by entry 6 of the code section"),
        (GlobalSection, 0, "global 1, by the export 'count'"),
        (TableSection, 1, "table 1, by entry 1 of the element section"),
    ],
)
def test_what_is_used_is_not_taken_away_and_its_users_are_listed(
    section_class: Any, index: int, user: str
) -> None:
    entries = entries_of(section_class)
    del entries[index]
    refused = message(SectionError, lambda: module().with_entries({section_class: entries}))
    assert refused.startswith("the edit takes away what is still used:")
    assert f"\n  {user}" in refused


def test_a_function_that_runs_at_the_start_is_not_taken_away() -> None:
    changes: dict[Any, list[Any]] = {
        each: entries_of(each)[1:] for each in (FunctionSection, CodeSection)
    }
    refused = message(SectionError, lambda: module().with_entries(changes))
    assert "function 1, by the start section" in refused


def test_a_section_that_is_used_is_not_removed() -> None:
    (index,) = [each.index for each in module().sections if each.name == "memory"]
    refused = message(SectionError, lambda: module().without_section(index))
    assert "memory 0, by entry 0 of the data section" in refused


def test_branch_hints_follow_their_function_and_their_instruction() -> None:
    text = """(module (import "e" "f" (func))
      (func (export "g") (param i32) (call 0) (if (local.get 0) (then (nop)))))"""
    hinted = Module.from_bytes(bytes(wasmtime.wat2wasm(text)))
    hint = bytes.fromhex("01 01 01 05 01 01".replace(" ", ""))
    hinted = hinted.with_custom("metadata.code.branch_hint", hint, index=4)
    (func,) = hinted.section(CodeSection).entries  # type: ignore[union-attr]
    assert func.content[5:6] == b"\x04"
    many = [Import("e", f"x{i}", "func", 0) for i in range(200)]
    section = hinted.section(ImportSection)
    assert section is not None
    edited = hinted.with_entries({ImportSection: [*many, *section.entries]})
    (custom,) = edited.custom_sections("metadata.code.branch_hint")
    (entry,) = custom.decode().funcs
    assert (entry.idx, [each.funcpos for each in entry.instances]) == (201, [6])


@pytest.mark.parametrize("name", ["linking", "reloc.CODE", "wasmstate.baked"])
def test_indices_that_cannot_follow_stop_the_edit(name: str) -> None:
    object_file = module().with_custom(name, b"\x02")
    added = Import("env", "more", "func", 1)
    changes: dict[Any, list[Any]] = {ImportSection: [added, *entries_of(ImportSection)]}
    refused = message(SectionError, lambda: object_file.with_entries(changes))
    assert refused == f"{name} holds indices that cannot follow the edit"


@pytest.mark.parametrize("name", [".debug_line", "sourceMappingURL", "name"])
def test_places_in_code_that_has_moved_are_named_as_stale(name: str) -> None:
    plain = module().without_custom("name")
    added = Import("env", "more", "func", 1)
    changes: dict[Any, list[Any]] = {ImportSection: [added, *entries_of(ImportSection)]}
    debug = Module.from_bytes(plain.to_bytes() + custom_bytes(name, b"\x01\x7f"))
    with pytest.warns(StaleDebugInfoWarning, match=name):
        debug.with_entries(changes)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        debug.with_entries({ExportSection: entries_of(ExportSection)[1:]})


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("abc", "abc", {0: 0, 1: 1, 2: 2}),
        ("abc", "xabc", {0: 1, 1: 2, 2: 3}),
        ("abc", "cba", {0: 2, 1: 1, 2: 0}),
        ("abc", "axc", {0: 0, 1: 1, 2: 2}),
        ("abc", "ac", {0: 0, 2: 1}),
        ("aab", "aba", {0: 0, 1: 2, 2: 1}),
        ("abc", "xyac", {0: 2, 2: 3}),
        ("abc", "xab", {0: 1, 1: 2}),
    ],
)
def test_old_entries_are_found_among_the_new(old: str, new: str, expected: dict[int, int]) -> None:
    assert aligned(old, new) == expected


def test_every_kind_of_entry_follows_types_and_implied_tables() -> None:
    text = """(module $named
      (type $gone (func (param f64)))
      (type $box (struct (field $inside i32)))
      (type $run (func (result i32)))
      (import "env" "memory" (memory 1))
      (import "env" "table" (table $far 1 (ref null $box)))
      (import "env" "boxed" (global (ref null $box)))
      (import "env" "oops" (tag (type $gone)))
      (table $near 3 funcref)
      (table $boxes 1 (ref null $box) (ref.null $box))
      (global $one (ref null $box) (ref.null $box))
      (func $f (export "f") (type $run) (local (ref null $box))
        (local.set 0 (struct.new $box (i32.const 4))) (struct.get $box 0 (local.get 0)))
      (func $g (type $run) (i32.const 1))
      (elem (table $near) (i32.const 0) func $f)
      (elem (table $near) (i32.const 1) funcref (ref.func $f)))"""
    before = Module.from_bytes(bytes(wasmtime.wat2wasm(text)))
    elements: Any = before.section(ElementSection)
    assert [each.flag for each in elements.entries] == [2, 6]
    types: Any = before.section(TypeSection)
    new = RecType((SubType(FuncType(("i64",), ())),))
    edited = before.with_custom("note", b"").with_entries({TypeSection: [new, *types.entries]})
    wasmtime.Module.validate(wasmtime.Engine(), edited.to_bytes())
    names = read_names(edited)
    assert (names.module, names.types[2], names.fields[2]) == ("named", "box", {0: "inside"})
    imports: Any = edited.section(ImportSection)
    assert [str(each.type) for each in imports.entries] == [
        "1",
        "1 (ref null 2)",
        "(ref null 2)",
        "(type 1)",
    ]


@pytest.mark.parametrize(("elem", "flag"), [("func 0", 2), ("funcref (ref.func 0)", 6)])
def test_a_table_that_was_implied_is_written_when_it_is_no_longer_the_first(
    elem: str, flag: int
) -> None:
    text = f'(module (table 2 funcref) (func (export "f")) (elem (i32.const 1) {elem}))'
    before = Module.from_bytes(bytes(wasmtime.wat2wasm(text)))
    elements: Any = before.section(ElementSection)
    assert [each.flag for each in elements.entries] == [flag & 4]
    table = Table(TableType(RefType(True, "func"), Limits(0, 1)))
    tables: Any = before.section(TableSection)
    edited = before.with_entries({TableSection: [table, *tables.entries]})
    changed: Any = edited.section(ElementSection)
    assert [(each.flag, each.tableidx) for each in changed.entries] == [(flag, 1)]
    wasmtime.Module.validate(wasmtime.Engine(), edited.to_bytes())


def test_hints_of_a_function_with_other_code_are_left_out() -> None:
    before = module().with_custom("metadata.code.x", bytes.fromhex("01 02 01 02 01 00"), index=0)
    code: Any = before.section(CodeSection)
    functions: Any = before.section(FunctionSection)
    other = [code.entries[0], replace(code.entries[1], content=b"\x00\x20\x00\x0b")]
    changes: dict[Any, list[Any]] = {
        CodeSection: [*other, *code.entries[2:]],
        FunctionSection: list(functions.entries),
        ImportSection: [Import("env", "more", "func", 1), *entries_of(ImportSection)],
    }
    (custom,) = before.with_entries(changes).custom_sections("metadata.code.x")
    assert custom.decode().funcs == []
