"""Grafting appends; what the host has keeps its indices and its bytes."""

from __future__ import annotations

import pytest
import wasmtime

from models import from_wat
from stock import Stock
from support import message
from wasmstate import Module, SectionError
from wasmstate.binary.code.immediates import BlockType
from wasmstate.binary.code.instructions import Instr
from wasmstate.binary.edits.graft import Resolution, graft_code, resolve_imports
from wasmstate.binary.names import read_names
from wasmstate.binary.remap import Indices
from wasmstate.binary.sections.code import CodeSection, Func
from wasmstate.binary.sections.data_count import DataCountSection
from wasmstate.binary.sections.type import TypeSection
from wasmstate.binary.spaces import Spaces
from wasmstate.binary.types import Exact, RefType

HOST = """
(module $host
  (type $unused (func (param f32)))
  (memory (export "memory") 1 2)
  (global $hidden (mut i32) (i32.const 7))
  (global (export "at") i32 (i32.const 16))
  (global (export "calls") (mut i32) (i32.const 0))
  (table (export "table") 2 funcref)
  (elem (i32.const 0) func $double)
  (data (i32.const 16) "\\05")
  (func $double (export "double") (param i32) (result i32)
    (i32.mul (local.get 0) (i32.const 2)))
  (func (export "predict") (result i32) (call $double (i32.load8_u (i32.const 16)))))
"""
IMPORTS = """
  (import "any" "double" (func $double (param i32) (result i32)))
  (import "any" "memory" (memory 1))
  (import "any" "at" (global $at i32))
  (import "any" "calls" (global $calls (mut i32)))
"""


def grafted(host: str, donor: str, **options: object) -> Module:
    """The module, after checking that nothing of the host changed."""
    before, given = from_wat(host), from_wat(donor)
    after = graft_code(before, given, **options).verify()  # type: ignore[arg-type]
    wasmtime.Module(wasmtime.Engine(), after.to_bytes())  # validates
    bodies = [[f.content for f in code(each)] for each in (before, after)]
    assert bodies[1][: len(bodies[0])] == bodies[0]
    old, new = Spaces(before), Spaces(after)
    assert new.functions[: len(old.functions)] == old.functions
    assert new.globals[: len(old.globals)] == old.globals
    assert new.imports == old.imports
    assert new.data[: len(old.data)] == old.data
    return after


def code(module: Module) -> list[Func]:
    section = module.section(CodeSection)
    assert section is not None
    return list(section.entries)


def test_a_donor_works_on_memory_globals_and_functions_of_the_host() -> None:
    donor = f"""
    (module {IMPORTS}
      (global $steps (export "steps") (mut i64) (i64.const 3))
      (func $helper (param $by i32) (result i32) (call $double (local.get $by)))
      (func (export "update") (param $by i32)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (global.set $steps (i64.sub (global.get $steps) (i64.const 1)))
        (i32.store8 (global.get $at) (call $helper (local.get $by)))))
    """
    module = grafted(HOST, donor)
    stock = Stock(module)
    assert stock.call("predict") == 10
    stock.call("update", 6)
    assert (stock.call("predict"), stock.value("calls"), stock.value("steps")) == (24, 1, 2)
    names = read_names(module).functions
    assert names == {0: "double", 2: "helper"}
    assert read_names(module).locals[2] == {0: "by"}
    section = module.section(TypeSection)
    assert section is not None
    assert [str(each.comptype) for each in section.subtypes()] == [
        "(f32) -> ()",
        "(i32) -> (i32)",
        "() -> (i32)",
        "(i32) -> ()",
    ]


def test_every_kind_of_index_is_moved() -> None:
    host = HOST.replace("(data", '(tag (export "tag") (param i32)) (data $passive "host") (data', 1)
    donor = """
    (module
      (import "any" "table" (table $t 1 funcref))
      (import "any" "memory" (memory 1))
      (import "any" "tag" (tag $tag (param i32)))
      (type $pair (func (param i32 i32) (result i32 i32)))
      (type $box (struct (field (mut i32))))
      (type $boxes (array (mut (ref null $box))))
      (rec (type $a (struct (field (ref null $b)))) (type $b (struct (field (ref null $a)))))
      (tag $own (param i64))
      (global $g (mut i32) (i32.const 40))
      (global $f (mut funcref) (ref.func $swap))
      (elem $elements func $swap $sum)
      (elem $more (ref null $pair) (ref.func $swap) (ref.null $pair))
      (elem declare func $caller)
      (data $data "donor")
      (func $swap (type $pair) (local.get 1) (local.get 0))
      (func $sum (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func $caller (result i32) (i32.const 3))
      (func (export "blocks") (param i32 i32) (result i32)
        (local.get 0) (local.get 1)
        (block (type $pair) (call $swap))
        (i32.sub))
      (func (export "tables") (result i32)
        (table.init $t $elements (i32.const 0) (i32.const 0) (i32.const 2))
        (elem.drop $elements)
        (call_indirect $t (param i32 i32) (result i32)
          (i32.const 30) (i32.const 12) (i32.const 1)))
      (func (export "data") (result i32)
        (memory.init $data (i32.const 64) (i32.const 0) (i32.const 5))
        (data.drop $data)
        (i32.load8_u offset=64 (i32.const 0)))
      (func (export "throws") (param i32) (result i32)
        (block $caught (result i32)
          (try_table (catch $tag $caught) (throw $tag (local.get 0)))
          (i32.const -1)))
      (func (export "objects") (result i32)
        (local $box (ref null $box))
        (local.set $box (struct.new $box (i32.const 5)))
        (struct.set $box 0 (local.get $box) (i32.const 6))
        (drop (array.new_default $boxes (i32.const 2)))
        (drop (struct.new $a (ref.null $b)))
        (struct.get $box 0
          (select (result (ref null $box)) (local.get $box) (ref.null $box) (i32.const 1))))
      (func (export "references") (result i32)
        (drop (ref.test (ref $box) (ref.null any)))
        (call_ref $caller_type (ref.func $caller)))
      (type $caller_type (func (result i32)))
      (func (export "globals") (result i32)
        (global.set $g (i32.add (global.get $g) (i32.const 2)))
        (global.set $f (ref.null func))
        (drop (memory.size))
        (global.get $g)))
    """
    module = grafted(host, donor)
    section = module.section(DataCountSection)
    assert section is not None
    assert section.count == 3
    stock = Stock(module)
    assert stock.call("blocks", 1, 10) == 9
    assert stock.call("tables") == 42
    assert stock.call("data") == ord("d")
    assert stock.call("throws", 8) == 8
    assert stock.call("objects") == 6
    assert stock.call("references") == 3
    assert stock.call("globals") == 42
    assert stock.call("predict") == 10


def test_a_memory_that_is_not_the_first_is_named() -> None:
    host = '(module (memory 1) (memory (export "m") 1) (func (export "f")))'
    donor = """(module (import "h" "m" (memory 1))
      (func (export "update") (i32.store (i32.const 0) (i32.const 9)))
      (func (export "size") (result i32) (memory.size)))"""
    stock = Stock(grafted(host, donor))
    stock.call("update")
    assert stock.memory(0, 1, "m") == b"\x09"
    assert stock.call("size") == 1


def test_a_host_without_names_or_other_sections_gets_them() -> None:
    donor = """(module (global $g (mut i32) (i32.const 1))
      (func $f (export "update") (result i32) (global.get $g)))"""
    module = grafted('(module (func (export "x")))', donor)
    assert Stock(module).call("update") == 1
    empty = graft_code(from_wat("(module)"), from_wat(donor))
    assert Stock(empty).call("update") == 1
    assert read_names(module).functions == {1: "f"}
    assert [s.name for s in empty.sections][-2:] == ["code", "name"]


def test_an_import_of_the_host_serves_the_donor_too() -> None:
    host = '(module (import "env" "now" (func (result f64))) (func (export "x")))'
    donor = """(module (import "env" "now" (func $now (result f64)))
      (func (export "update") (result f64) (call $now)))"""
    module = grafted(host, donor)
    assert len(Spaces(module).imports) == 1
    donor = donor.replace('"now"', '"time"')
    text = message(SectionError, lambda: grafted(host, donor))
    assert text == (
        "the donor imports what the host does not have:"
        "\n  env.time (func): not exported; exported are x"
    )


def test_the_host_may_call_things_otherwise() -> None:
    donor = """(module (import "h" "place" (global $at i32))
      (func (export "u") (result i32) (global.get $at)))"""
    assert Stock(grafted(HOST, donor, names={"place": "at"})).call("u") == 16


def test_what_each_import_is_in_the_host_can_be_asked_before() -> None:
    donor = from_wat("""(module
      (import "h" "place" (global $at i32)) (import "h" "double" (func (param i32) (result i32)))
      (import "h" "calls" (global i32)))""")
    assert resolve_imports(from_wat(HOST), donor, names={"place": "at"}) == [
        Resolution("h", "place", "global", 1, "global 1: a constant i32", ""),
        Resolution("h", "double", "func", 0, "func 0: (i32) -> (i32)", ""),
        Resolution(
            *("h", "calls", "global", None, ""),
            "is a mutable i32 in the host, the donor wants a constant i32",
        ),
    ]


def test_a_donor_that_cannot_be_grafted_at_all_is_refused_when_it_is_asked() -> None:
    host = from_wat(HOST)
    with pytest.raises(SectionError, match="it has a memory of its own"):
        resolve_imports(host, from_wat("(module (memory 1))"))
    broken = Module.from_bytes(b"\0asm\1\0\0\0\x01\6\1\x60\1\x64\x09\0")  # (param (ref 9))
    text = message(SectionError, lambda: resolve_imports(host, broken))
    assert text == "the donor is invalid: its index 9 leads nowhere"


def test_an_export_of_the_same_name_is_replaced_on_request() -> None:
    donor = f"""(module {IMPORTS} (export "at" (global $at))
      (func (export "predict") (result i32) (i32.const 1)))"""
    text = message(SectionError, lambda: grafted(HOST, donor))
    assert text == (
        "the host exports predict, too: the donor's take their place only if that is asked for"
    )
    stock = Stock(grafted(HOST, donor, replace_exports=True))
    assert (stock.call("predict"), stock.call("double", 4)) == (1, 8)


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (
            '"double" (func (param i64))',
            "double (func): is (i32) -> (i32) in the host, the donor wants (i64) -> ()",
        ),
        (
            '"at" (global (mut i32))',
            "at (global): is a constant i32 in the host, the donor wants a mutable i32",
        ),
        ('"at" (func)', "at (func): not exported; exported are double, predict"),
        (
            '"memory" (memory 2)',
            (
                "memory (memory): is a memory of 1 to 2 pages, 32-bit addresses in the host, "
                "the donor wants a memory of 2 to any number of pages, 32-bit addresses"
            ),
        ),
        (
            '"memory" (memory 1 1)',
            (
                "memory (memory): is a memory of 1 to 2 pages, 32-bit addresses in the host, "
                "the donor wants a memory of 1 to 1 pages, 32-bit addresses"
            ),
        ),
        (
            '"memory" (memory i64 1)',
            (
                "memory (memory): is a memory of 1 to 2 pages, 32-bit addresses in the host, "
                "the donor wants a memory of 1 to any number of pages, 64-bit addresses"
            ),
        ),
        (
            '"memory" (memory 1 2 shared)',
            (
                "memory (memory): is a memory of 1 to 2 pages, 32-bit addresses in the host, "
                "the donor wants a shared memory of 1 to 2 pages, 32-bit addresses"
            ),
        ),
        (
            '"table" (table 3 funcref)',
            (
                "table (table): is a table of funcref with at least 2 elements in the host, "
                "the donor wants a table of funcref with at least 3 elements"
            ),
        ),
        ('"none" (memory 1)', "none (memory): not exported; exported are memory"),
        ('"none" (tag)', "none (tag): not exported; exported are none"),
    ],
)
def test_an_import_that_does_not_match_is_named(wanted: str, reason: str) -> None:
    donor = f'(module (import "h" {wanted}) (func (export "update")))'
    text = message(SectionError, lambda: grafted(HOST, donor))
    assert text == f"the donor imports what the host does not have:\n  h.{reason}"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ("(func $s) (start $s)", "it has a start function"),
        ("(memory 1)", "it has a memory of its own: let it import the host's"),
        (
            f'{IMPORTS} (data (i32.const 0) "x")',
            "it has data for fixed addresses, which are the host's",
        ),
        (
            '(import "h" "table" (table 1 funcref)) (elem (i32.const 0) func 0)',
            "it has elements for fixed places of a table",
        ),
        (
            "(global $__stack_pointer (mut i32) (i32.const 9)) (func (drop (global.get 0)))",
            "it has a stack of its own: let it import __stack_pointer",
        ),
        (
            "(table 1 funcref) (func (drop (table.get (i32.const 0))))",
            "it has a table of its own: let it import the host's",
        ),
    ],
)
def test_a_donor_that_brings_what_would_collide_is_refused(fields: str, reason: str) -> None:
    donor = f'(module {fields} (func (export "update")))'
    text = message(SectionError, lambda: grafted(HOST, donor))
    assert text == f"the donor cannot be grafted: {reason}"


def test_what_a_donor_has_and_does_not_use_is_no_obstacle() -> None:
    donor = """(module (table (export "t") 1 funcref)
      (global $__stack_pointer (mut i32) (i32.const 9)) (func (export "update")))"""
    assert "update" in Spaces(grafted(HOST, donor)).exports


def test_donors_and_hosts_that_cannot_be_are_refused() -> None:
    host, donor = from_wat(HOST), from_wat('(module (func (export "update")))')
    for module in (host.with_custom("linking", b""), host.with_custom("signature", b"")):
        with pytest.raises(SectionError):
            graft_code(module, donor)
        with pytest.raises(SectionError):
            graft_code(host, module)
    baked = host.with_custom("wasmstate.baked", b"")
    assert message(SectionError, lambda: graft_code(baked, donor)) == (
        "the module is baked: unbake it first"
    )
    text = message(SectionError, lambda: graft_code(host, from_wat("(module (func))")))
    assert text == "the donor exports no function"
    broken = Module.from_bytes(b"\0asm\1\0\0\0\x01\4\1\x60\0\0\x03\2\1\0\x0a\6\1\4\0\x10\x09\x0b")
    text = message(SectionError, lambda: graft_code(host, broken))
    assert text == "the donor is invalid: its index 9 leads nowhere"


def test_custom_sections_follow() -> None:
    host = from_wat(HOST).with_custom("build_id", b"\1x").with_custom("note", b"kept")
    host = host.with_custom("producers", b"\0").with_custom("target_features", b"\1+\3abc")
    donor = from_wat('(module (func (export "update")))')
    donor = donor.with_custom("target_features", b"\2+\3abc+\3xyz")
    module = graft_code(host, donor)
    assert [s.name for s in module.custom_sections()] == [
        "name",
        "note",
        "producers",
        "target_features",
    ]
    produced = module.custom_sections("producers")[0].decode()
    assert [(f.field_name, f.field_values[0].name) for f in produced.fields] == [
        ("processed-by", "wasmstate")
    ]
    features = module.custom_sections("target_features")[0].decode().features
    assert [(f.prefix, f.feature) for f in features] == [("+", "abc"), ("+", "xyz")]
    again = graft_code(module, from_wat('(module (func (export "other")))'))
    assert again.custom_sections("producers")[0].content == (
        module.custom_sections("producers")[0].content
    )
    damaged = graft_code(host.with_custom("producers", b"\xff"), donor)
    assert damaged.custom_sections("producers")[0].content == b"\xff"


def test_tables_and_tags_that_the_host_imports_serve_the_donor() -> None:
    items = """(import "e" "t" (table 1 funcref)) (import "e" "x" (tag (param i32)))"""
    host = f'(module {items} (func (export "f")))'
    donor = f'(module {items} (func (export "u") (drop (table.size 0)) (throw 0 (i32.const 1))))'
    assert len(Spaces(grafted(host, donor)).imports) == 2


def test_a_type_of_a_group_is_not_one_that_stands_alone() -> None:
    host = """(module
      (rec (type $f (func (param i32))) (type (func)))
      (func (export "x") (type $f)))"""
    donor = '(module (func (export "update") (param i32)))'
    module = grafted(host, donor)
    section = module.section(TypeSection)
    assert section is not None
    assert len(section.entries) == 2


def test_types_in_blocks_and_exact_types_are_moved() -> None:
    indices = Indices(types={0: 5}, functions={}, memories={0: 0})
    block = Instr("block", (BlockType(RefType(True, 0)),))
    assert indices.instr(block).immediates == (BlockType(RefType(True, 5)),)
    assert indices.heaptype(Exact(0)) == Exact(5)
