"""``make proposals``: what a current validator accepts with all proposals is not called malformed.

wasm-tools, installed in ``build/spec``, assembles a module for each construct that a proposal adds,
and makes random modules that use many of them at once.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from wasmstate import Module
from wasmstate.errors import UnsupportedError

TOOL = Path(__file__).resolve().parents[2] / "build" / "spec" / "bin" / "wasm-tools"
RANDOM = 200

CONT = "(type $f (func)) (type $c (cont $f)) (tag $t) "
STRUCT = "(type $s (shared (struct (field $f (mut i32)) (field $p (mut i8))))) "
ARRAYS = "(type $a (shared (array (mut i32)))) (type $b (shared (array (mut i8)))) "
DESCRIPTORS = "(rec (type $a (descriptor $b) (struct)) (type $b (describes $a) (struct))) "
ANY, NONE = "(ref null (shared any))", "(ref.null (shared none))"
OPERATIONS = ("add", "sub", "and", "or", "xor", "xchg")
ONE, TWO = "(i32.const 1)", "(i32.const 1) (i32.const 2)"


def stack_switching() -> Iterator[str]:
    bodies = {
        "(param (ref $f)) (result (ref $c))": "(cont.new $c (local.get 0))",
        "": "(suspend $t)",
        "(param (ref $c))": "(resume $c (local.get 0))",
        "(param (ref $c)) (result)": "(resume_throw $c $t (local.get 0))",
        "(param exnref (ref $c))": "(resume_throw_ref $c (local.get 0) (local.get 1))",
        "(param contref) (result (ref null cont))": "(local.get 0)",
        "(result nullcontref)": "(ref.null nocont)",
        "(local (ref null $c))": "",
        "(result)": "(block (result (ref null $c)) (ref.null $c)) (drop)",
        "(param (ref $c)) (result) (local)": (
            "(block $h (result (ref $c)) (resume $c (on $t $h) (local.get 0)) (return)) (drop)"
        ),
    }
    for head, body in bodies.items():
        yield f"{CONT}(func {head} {body})"
    yield CONT + "(table 1 (ref null $c))"
    yield CONT + "(global (ref null $c) (ref.null $c))"
    yield CONT + "(table 1 (ref null $c)) (elem (i32.const 0) (ref null $c) (ref.null $c))"
    yield "(type $f (func)) (type $c (sub (cont $f))) (type $d (sub $c (cont $f)))"
    yield "(rec (type $f (func (param (ref $c)))) (type $c (cont $f)))"
    yield (
        "(type $g (func (param i32))) (type $d (cont $g)) (type $f (func)) (type $c (cont $f)) "
        "(func (param (ref $d)) (result (ref $c)) (cont.bind $d $c (i32.const 1) (local.get 0)))"
    )
    yield (
        "(rec (type $f (func (param (ref null $c)))) (type $c (cont $f))) (tag $t) "
        "(func (param (ref $c)) (switch $c $t (local.get 0)) (drop))"
    )


def shared_everything() -> Iterator[str]:
    place = "(global $g (shared mut i32) (i32.const 0)) "
    yield place + "(func (result i32) (global.atomic.get seqcst $g))"
    yield place + f"(func (global.atomic.set acqrel $g {ONE}))"
    for name in OPERATIONS:
        yield place + f"(func (result i32) (global.atomic.rmw.{name} acqrel $g {ONE}))"
    yield place + f"(func (result i32) (global.atomic.rmw.cmpxchg seqcst $g {TWO}))"
    table = f"(table $t shared 1 {ANY}) "
    yield table + f"(func (result {ANY}) (table.atomic.get seqcst $t (i32.const 0)))"
    yield table + f"(func (table.atomic.set acqrel $t (i32.const 0) {NONE}))"
    yield table + f"(func (result {ANY}) (table.atomic.rmw.xchg acqrel $t (i32.const 0) {NONE}))"
    of = "(param (ref $s)) (result i32)"
    yield STRUCT + f"(func {of} (struct.atomic.get seqcst $s $f (local.get 0)))"
    yield STRUCT + f"(func {of} (struct.atomic.get_s seqcst $s $p (local.get 0)))"
    yield STRUCT + f"(func {of} (struct.atomic.get_u acqrel $s $p (local.get 0)))"
    yield STRUCT + f"(func (param (ref $s)) (struct.atomic.set seqcst $s $f (local.get 0) {ONE}))"
    for name in OPERATIONS:
        yield STRUCT + f"(func {of} (struct.atomic.rmw.{name} seqcst $s $f (local.get 0) {ONE}))"
    yield STRUCT + f"(func {of} (struct.atomic.rmw.cmpxchg acqrel $s $f (local.get 0) {TWO}))"
    at = "(local.get 0) (i32.const 0)"
    for name, kind in (("get", "a"), ("get_s", "b"), ("get_u", "b")):
        head = f"(param (ref ${kind})) (result i32)"
        yield ARRAYS + f"(func {head} (array.atomic.{name} seqcst ${kind} {at}))"
    yield ARRAYS + f"(func (param (ref $a)) (array.atomic.set acqrel $a {at} {ONE}))"
    for name in OPERATIONS:
        head = "(param (ref $a)) (result i32)"
        yield ARRAYS + f"(func {head} (array.atomic.rmw.{name} acqrel $a {at} {ONE}))"
    yield "(func (result (ref (shared i31))) (ref.i31_shared (i32.const 1)))"
    yield "(type $f (shared (func))) (func (type $f))"
    yield '(import "a" "b" (global (shared mut i32)))'
    yield '(import "a" "b" (table shared 1 4 (ref null (shared func))))'
    for name in ("any", "eq", "extern", "func", "i31", "none", "struct", "array"):
        yield f"(func (param (ref null (shared {name}))))"


def others() -> Iterator[str]:
    yield "(memory 1) (func (memory.discard (i32.const 0) (i32.const 65536)))"
    yield "(memory i64 1) (func (memory.discard (i64.const 0) (i64.const 65536)))"
    four = "(local.get 0) (local.get 1) (local.get 2) (local.get 3)"
    for name in ("add128", "sub128"):
        yield f"(func (param i64 i64 i64 i64) (result i64 i64) (i64.{name} {four}))"
    for name in ("mul_wide_s", "mul_wide_u"):
        yield f"(func (param i64 i64) (result i64 i64) (i64.{name} (local.get 0) (local.get 1)))"
    for memory in ("1 2 (pagesize 1)", "1 (pagesize 65536)", "i64 1 (pagesize 1)"):
        yield f"(memory {memory})"
        yield f'(import "a" "b" (memory {memory}))'
    yield DESCRIPTORS
    yield "(type $s (struct)) (func (param (ref (exact $s))))"
    made = "(param (ref (exact $b))) (result (ref (exact $a)))"
    yield DESCRIPTORS + f"(func {made} (struct.new_desc $a (local.get 0)))"
    yield DESCRIPTORS + f"(func {made} (struct.new_default_desc $a (local.get 0)))"
    yield DESCRIPTORS + "(func (param (ref $a)) (result (ref $b)) (ref.get_desc $a (local.get 0)))"
    cast = "(local.get 0) (local.get 1)"
    yield DESCRIPTORS + (
        f"(func (param anyref (ref $b)) (result (ref $a)) (ref.cast_desc_eq (ref $a) {cast}))"
    )
    yield '(type $f (func)) (import "a" "b" (func (exact (type $f))))'
    yield '(import "a" (item "b" (func)) (item "c" (global i32)))'
    yield '(import "a" (item "b") (item "c") (func (param i32)))'
    yield '(import "x" "y" (memory 1)) (import "a" (item "b" (func)) (item "c" (global i32)))'


CASES = {
    f"{maker.__name__} {i}": f"(module {text})"
    for maker in (stack_switching, shared_everything, others)
    for i, text in enumerate(maker())
}
FEATURES = (
    *("shared-everything-threads", "custom-page-sizes", "wide-arithmetic", "custom-descriptors"),
    *("compact-imports", "gc", "memory64", "threads", "exceptions", "tail-call", "relaxed-simd"),
)


def is_accepted(path: Path) -> bool:
    """Whether the validator takes it, with all proposals."""
    command = [str(TOOL), "validate", "--features", "all", str(path)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def verdict(path: Path) -> str:
    """How this library reads it."""
    try:
        Module.open(path).verify()
    except UnsupportedError:
        return "unsupported"
    return "decoded"


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_what_a_proposal_adds_is_decoded_or_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "case.wasm"
    (tmp_path / "case.wat").write_text(text)
    subprocess.run([TOOL, "parse", tmp_path / "case.wat", "-o", path], check=True)
    assert is_accepted(path)
    assert verdict(path) in ("decoded", "unsupported")


def test_random_modules_with_many_proposals_are_decoded_or_named(tmp_path: Path) -> None:
    source = random.Random(5)
    options = [each for name in FEATURES for each in (f"--{name}-enabled", "true")]
    seen = []
    for i in range(RANDOM):
        path = tmp_path / f"{i}.wasm"
        seed = source.randbytes(source.choice([200, 1000, 4000, 12000]))
        subprocess.run([TOOL, "smith", *options, "-o", path], input=seed, check=True)
        assert is_accepted(path)
        seen.append(verdict(path))
    assert set(seen) == {"decoded", "unsupported"}
