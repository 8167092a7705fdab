"""Hostile guests: modules that do what a model should not, and the outcome that each must have.

Each carries a state of one tensor, ``n``, an ``i32`` at address 16, which is 7. A guest either
answers, and then ``n`` has the value given here, or is ended by an error of one exact class, and
then the file is what it was before.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import wasmtime

from state.records import record_bytes, table_and_payload
from support import PREAMBLE, leb, section_bytes
from wasmstate import (
    ArgumentError,
    CallError,
    DeadlineError,
    LimitError,
    LinkError,
    MalformedError,
    Module,
    SchemaError,
    StateBoundsError,
    TrapError,
    WasmstateError,
)
from wasmstate.state.digest import module_digest

SECONDS = 0.5
MEMORY = 16 << 20
"""What a call may use."""

BEFORE = 7
"""``n`` as it is in the file."""

_MEMORY = '(memory (export "memory") 1)'
_FOREVER = "(loop (br 0))"


@dataclass(frozen=True)
class Guest:
    """A hostile guest.

    Attributes:
        fields: of the module, in the text format, or its bytes.
        outcome: the class of the error, or ``n`` after the call.
        says: a part of the error's message, or what the call gives.
        call: the function.
        args: of the call.
        entry_points: of the schema.
        bounds: of ``n``.
        warns: whether ``predict()`` changes S, which is warned of.
    """

    fields: str | bytes
    outcome: type[WasmstateError] | int = BEFORE
    says: Any = None
    call: str = "update"
    args: tuple[Any, ...] = ()
    entry_points: Mapping[str, Any] = field(default_factory=dict)
    bounds: Sequence[str] = ()
    warns: bool = False

    def data(self) -> bytes:
        """The file."""
        return _file(self.fields, tuple(self.bounds), repr(dict(self.entry_points)))

    def write(self, folder: Path) -> Path:
        """The file, in a folder."""
        path = folder / "guest.wasm"
        path.write_bytes(self.data())
        return path


@cache
def _file(fields: str | bytes, bounds: tuple[str, ...], entry_points: str) -> bytes:
    code = fields if isinstance(fields, bytes) else wasmtime.wat2wasm(f"(module {fields})")
    tensor: dict[str, Any] = {"name": "n", "dtype": "i32", "shape": [], "region": 0, "offset": 0}
    if bounds:
        tensor["bounds"] = list(bounds)
    schema = {"entry_points": eval(entry_points), "metadata": {}, "tensors": [tensor]}
    table, payload = table_and_payload([(0, 0, 16, 4)], [struct.pack("<i", BEFORE)])
    module = Module.from_bytes(bytes(code), strict=False)
    header = {
        "generation": 0,
        "update_count": 0,
        "module_digest": module_digest(module),
        "parent_digest": bytes(32),
        "base_digest": bytes(32),
    }
    content = record_bytes(schema=schema, table=table, payload=payload, header=header)
    name = b"wasmstate.state"
    return bytes(code) + section_bytes(0, leb(len(name)) + name + content, width=5)


def _kept(value: int = 1) -> str:
    return f"(i32.store (i32.const 16) (i32.const {value}))"


def _update(body: str, *fields: str, memory: str = _MEMORY) -> str:
    return f'{memory} {" ".join(fields)} (func $u (export "update") {body})'


def _trap(body: str, says: str, *fields: str) -> Guest:
    """A guest that changes S and then traps."""
    return Guest(_update(_kept() + body, *fields), TrapError, says)


def _body(body: bytes, results: bytes = b"\x00") -> bytes:
    """A module whose ``update`` has this body, valid or not."""
    return (
        PREAMBLE
        + section_bytes(1, b"\x01\x60\x00" + results)
        + section_bytes(3, b"\x01\x00")
        + section_bytes(5, b"\x01\x00\x01")
        + section_bytes(7, b"\x02\x06memory\x02\x00\x06update\x00\x00")
        + section_bytes(10, b"\x01" + leb(len(body)) + body)
    )


def _late(*fields: str, memory: str = _MEMORY) -> Guest:
    return Guest(" ".join([memory, *fields]), DeadlineError, "ran longer than 0.5 s")


def _param(name: str, type: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": type, **more}


def _array(allocator: str) -> Guest:
    """A guest whose allocator gives the buffer of an array."""
    return Guest(
        f'{_MEMORY} {allocator} (func (export "update") (param i32) {_kept()})',
        1,
        args=([1.0, 2.0],),
        entry_points={"update": {"params": [_param("x", "f64[2]")], "results": []}},
    )


def _failing(guest: Guest, error: type[WasmstateError], says: str) -> Guest:
    return Guest(guest.fields, error, says, guest.call, guest.args, guest.entry_points)


_FREE = '(func (export "free") (param i32))'
_NAMES = ("\\0aError: all is well", "\\e2\\80\\aeexe.txt", "\\1b[2J", "", "x" * 100_000)

ENDLESS = {
    "update never ends": _late(f'(func (export "update") {_FOREVER})'),
    "update writes S without end": _late(f'(func (export "update") (loop {_kept()} (br 0)))'),
    "start never ends": _late(f'(func $s {_FOREVER}) (start $s) (func (export "update"))'),
    "_initialize never ends": _late(
        f'(func (export "_initialize") {_FOREVER}) (func (export "update"))'
    ),
    "a tail call without end": _late('(func $u (export "update") (return_call $u))'),
    "two tail calls without end": _late(
        '(func $a (export "update") (return_call $b)) (func $b (return_call $a))'
    ),
    "indirect calls without end": _late(
        "(table 1 funcref) (elem (i32.const 0) $f) (func $f)"
        '(func (export "update") (loop (call_indirect (i32.const 0)) (br 0)))'
    ),
    "a caught exception without end": _late(
        '(tag $t) (func (export "update")'
        " (loop $again (block $h (try_table (catch $t $h) (throw $t))) (br $again)))"
    ),
    "memory.fill without end": _late(
        '(func (export "update")'
        " (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) (br 0)))"
    ),
    "memory.grow by nothing without end": _late(
        '(func (export "update") (loop (drop (memory.grow (i32.const 0))) (br 0)))'
    ),
    "failing memory.grow without end": _late(
        '(func (export "update") (loop (drop (memory.grow (i32.const -1))) (br 0)))'
    ),
    "garbage without end": _late(
        '(type $a (array (mut i64))) (func (export "update")'
        " (loop (drop (array.new_default $a (i32.const 64))) (br 0)))"
    ),
    "malloc never ends": _failing(
        _array(f'(func (export "malloc") (param i32) (result i32) {_FOREVER} unreachable) {_FREE}'),
        DeadlineError,
        "ran longer than 0.5 s",
    ),
    "free never ends": _failing(
        _array(
            '(func (export "malloc") (param i32) (result i32) (i32.const 1024))'
            f'(func (export "free") (param i32) {_FOREVER})'
        ),
        DeadlineError,
        "ran longer than 0.5 s",
    ),
}
ENDLESS["predict never ends"] = Guest(
    f'{_MEMORY} (func (export "predict") {_FOREVER})', DeadlineError, call="predict"
)

GROWING = {
    "memory grows until it cannot": Guest(
        _update(
            "(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))"
            "(i32.store (i32.const 16) (memory.size))"
        ),
        MEMORY >> 16,
    ),
    "memory grows by 4 GiB": Guest(
        _update("(i32.store (i32.const 16) (memory.grow (i32.const 65535)))"), -1
    ),
    "a memory of 64-bit addresses grows by 2^48": Guest(
        _update(
            "(i32.store (i64.const 16) (i32.wrap_i64 (memory.grow (i64.const 0x100000000))))",
            memory='(memory (export "memory") i64 1)',
        ),
        -1,
    ),
    "memory starts above the limit": Guest(
        _update(_kept(), memory='(memory (export "memory") 300)'),
        LimitError,
        "exceeds memory limit",
    ),
    "memory starts with 4 GiB": Guest(
        _update(_kept(), memory='(memory (export "memory") 65536)'),
        LimitError,
        "exceeds memory limit",
    ),
    "three memories above the limit together": Guest(
        _update(_kept(), "(memory 100) (memory 100)"), LimitError, "exceeds memory limit"
    ),
    "a thousand memories": Guest(_update(_kept(), "(memory 0)" * 1000), CallError, "memor"),
    "a thousand tables": Guest(_update(_kept(), "(table 0 funcref)" * 1000), CallError, "table"),
    "a table grows until it cannot": Guest(
        _update(
            "(loop (br_if 0 (i32.ne (table.grow (ref.null func) (i32.const 1000))"
            " (i32.const -1)))) (i32.store (i32.const 16) (table.size))",
            "(table 0 funcref)",
        ),
        MEMORY // 8 // 1000 * 1000,
    ),
    "a table starts above the limit": Guest(
        _update(_kept(), "(table 10000000 funcref)"), LimitError, "exceeds table limit"
    ),
    "an array of the garbage collector of 800 MB": Guest(
        _update(
            _kept() + "(drop (array.new_default $a (i32.const 100000000)))",
            "(type $a (array (mut i64)))",
        ),
        LimitError,
        "GC heap out of memory",
    ),
    "an array of the garbage collector with the greatest length": _trap(
        "(drop (array.new_default $a (i32.const -1)))",
        "allocation size too large",
        "(type $a (array (mut i64)))",
    ),
    "a list of the garbage collector that is never dropped": Guest(
        _update(
            _kept() + "(loop (global.set $head (struct.new $cell (global.get $head))) (br 0))",
            "(rec (type $cell (struct (field (ref null $cell)))))",
            "(global $head (mut (ref null $cell)) (ref.null $cell))",
        ),
        LimitError,
        "GC heap out of memory",
    ),
}

DEEP = {
    "recursion without end": _trap("(call $u)", "call stack exhausted"),
    "two functions call each other": _trap(
        "(call $v)", "call stack exhausted", "(func $v (call $u))"
    ),
    "recursion with many locals": _trap(
        "(call $v (i64.const 1))",
        "call stack exhausted",
        f"(func $v (param i64) (local {'i64 ' * 1000}) (call $v (local.get 0)))",
    ),
    "recursion through a table": _trap(
        "(call_indirect (i32.const 0))",
        "call stack exhausted",
        "(table 1 funcref) (elem (i32.const 0) $u)",
    ),
    "5,000 blocks in each other": Guest(_update("(block " * 5000 + ")" * 5000 + _kept()), 1),
    "500 loops in each other": Guest(_update("(loop " * 500 + ")" * 500 + _kept()), 1),
    "a table of 60,000 branches": Guest(
        _update(f"(block (br_table {'0 ' * 60_000} (i32.const 59999))) {_kept()}"), 1
    ),
    "50,000 locals": Guest(_update(f"(local {'i64 ' * 49_000}) {_kept()}"), 1),
    "more locals than the limit": Guest(
        _body(b"\x01\xff\xff\xff\xff\x0f\x7f\x0b"),
        CallError,
        "too many locals",
    ),
    "a body of 100,000 additions": Guest(
        _update("i32.const 16 i32.const 0" + " i32.const 1 i32.add" * 100_000 + " i32.store"),
        100_000,
    ),
    "1,000 results": Guest(
        f'{_MEMORY} (func (export "update") (result {"i32 " * 1000}) {"(i32.const 1)" * 1000})',
        BEFORE,
        (1,) * 1000,
    ),
    "1,000 parameters, none given": Guest(
        f'{_MEMORY} (func (export "update") (param {"i32 " * 1000}))', ArgumentError, "argument"
    ),
    "20,000 functions": Guest(_update(_kept(), "(func)" * 20_000), 1),
    "20,000 globals": Guest(_update(_kept(), "(global i32 (i32.const 0))" * 20_000), 1),
}

TRAPS = {
    "unreachable": _trap("unreachable", "unreachable"),
    "division by zero": _trap(
        "(drop (i32.div_s (i32.const 1) (i32.const 0)))", "integer divide by zero"
    ),
    "a quotient that does not fit": _trap(
        "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", "integer overflow"
    ),
    "NaN to integer": _trap(
        "(drop (i32.trunc_f64_s (f64.const nan)))", "invalid conversion to integer"
    ),
    "infinity to integer": _trap("(drop (i64.trunc_f64_u (f64.const inf)))", "integer overflow"),
    "a load behind the memory": _trap(
        "(drop (i32.load (i32.const 65533)))", "out of bounds memory"
    ),
    "a store behind the memory": _trap(
        "(i64.store offset=0xffffffff (i32.const -1) (i64.const 1))", "out of bounds memory"
    ),
    "memory.fill behind the memory": _trap(
        "(memory.fill (i32.const 65535) (i32.const 1) (i32.const 2))", "out of bounds memory"
    ),
    "memory.copy of more than there is": _trap(
        "(memory.copy (i32.const 0) (i32.const 1) (i32.const 65536))", "out of bounds memory"
    ),
    "memory.init of a dropped segment": _trap(
        "(data.drop $d) (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))",
        "out of bounds memory",
        '(data $d "abc")',
    ),
    "a table's element that is not there": _trap(
        "(drop (table.get (i32.const 9)))", "undefined element", "(table 1 funcref)"
    ),
    "a null reference is called": _trap(
        "(call_indirect (i32.const 0))", "uninitialized element", "(table 1 funcref)"
    ),
    "a function of another type is called": _trap(
        "(call_indirect (i32.const 0))",
        "indirect call type mismatch",
        "(table 1 funcref) (elem (i32.const 0) $f) (func $f (param i64))",
    ),
    "null where a reference must be": _trap(
        "(drop (ref.as_non_null (ref.null func)))", "null reference"
    ),
    "an array's element that is not there": _trap(
        "(drop (array.get $a (array.new_default $a (i32.const 1)) (i32.const 1)))",
        "out of bounds array access",
        "(type $a (array i32))",
    ),
    "a cast that fails": _trap(
        "(drop (ref.cast (ref i31) (struct.new $s)))", "cast failure", "(type $s (struct))"
    ),
    "an exception that nobody catches": _trap("(throw $t)", "thrown Wasm exception", "(tag $t)"),
    "start traps": Guest(
        _update(_kept(), "(func $s unreachable) (start $s)"), TrapError, "unreachable"
    ),
    "start throws": Guest(
        _update(_kept(), "(tag $t) (func $s (throw $t)) (start $s)"), TrapError, "exception"
    ),
    "_initialize traps": Guest(
        _update(_kept(), '(func (export "_initialize") unreachable)'), TrapError, "unreachable"
    ),
    "data behind the memory": Guest(
        _update(_kept(), '(data (i32.const 65535) "ab")'), TrapError, "out of bounds memory"
    ),
    "data at a negative address": Guest(
        _update(_kept(), '(data (i32.const -1) "a")'), TrapError, "out of bounds memory"
    ),
    "elements behind the table": Guest(
        _update(_kept(), "(table 1 funcref) (elem (i32.const 1) $u)"), TrapError, "out of bounds"
    ),
}

VALUES = {
    "start writes S": Guest(
        _update(
            "(i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (i32.const 1)))",
            f"(func $s {_kept(1000)}) (start $s)",
        ),
        BEFORE + 1,
    ),
    "data lies over S": Guest(
        _update(
            "(i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (i32.const 1)))",
            r'(data (i32.const 16) "\ff\ff\ff\ff")',
        ),
        BEFORE + 1,
    ),
    "all of memory is written": Guest(
        _update("(memory.fill (i32.const 0) (i32.const 1) (i32.const 65536))"), 0x01010101
    ),
    "bytes before and behind S are written": Guest(
        _update(
            "(i64.store (i32.const 8) (i64.const -1)) (i64.store (i32.const 20) (i64.const -1))"
        ),
        BEFORE,
    ),
    "S leaves its bounds": Guest(
        _update(_kept(-1)), StateBoundsError, "n = -1 is not >= 0", bounds=(">= 0",)
    ),
    "predict changes S": Guest(
        f'{_MEMORY} (func (export "predict") {_kept()})', 1, call="predict", warns=True
    ),
    "a NaN with a payload is given": Guest(
        f'{_MEMORY} (func (export "predict") (result f64) (f64.const nan:0x123))',
        says=float("nan"),
        call="predict",
    ),
    "a signalling NaN is given": Guest(
        f'{_MEMORY} (func (export "predict") (result f32) (f32.const nan:0x200000))',
        says=float("nan"),
        call="predict",
    ),
    "the bits of a signalling NaN are kept": Guest(
        _update("(f32.store (i32.const 16) (f32.const nan:0x200000))"), 0x7FA00000
    ),
    "the smallest integer is given": Guest(
        f'{_MEMORY} (func (export "predict") (result i64) (i64.const 0x8000000000000000))',
        says=-(1 << 63),
        call="predict",
    ),
    "SIMD": Guest(
        _update(
            "(v128.store (i32.const 16) (i32x4.add (v128.const i32x4 1 2 3 4)"
            " (v128.const i32x4 4 3 2 1)))"
        ),
        5,
    ),
    "relaxed SIMD": Guest(
        _update(
            "(v128.store (i32.const 16) (i8x16.relaxed_swizzle"
            " (v128.const i32x4 9 0 0 0) (v128.const i32x4 0x03020100 0 0 0)))"
        ),
        9,
    ),
    "an exception that is caught": Guest(
        _update(
            f"(block $h (try_table (catch $t $h) (throw $t))) {_kept()}",
            "(tag $t)",
        ),
        1,
    ),
    "a reference of the garbage collector": Guest(
        _update(
            "(i32.store (i32.const 16) (struct.get $s 0 (struct.new $s (i32.const 11))))",
            "(type $s (struct (field i32)))",
        ),
        11,
    ),
    "the memory is moved by growing": Guest(
        _update(f"(drop (memory.grow (i32.const 200))) {_kept()}"), 1
    ),
    "malloc grows the memory": _array(
        '(func (export "malloc") (param i32) (result i32) (i32.shl (memory.grow (i32.const 9))'
        f" (i32.const 16))) {_FREE}"
    ),
    "malloc gives an odd address": _array(
        f'(func (export "malloc") (param i32) (result i32) (i32.const 1025)) {_FREE}'
    ),
}

REFUSED = {
    "malloc gives an address behind the memory": _failing(
        _array(f'(func (export "malloc") (param i32) (result i32) (i32.const -9)) {_FREE}'),
        CallError,
        "malloc",
    ),
    "malloc gives S": _failing(
        _array(f'(func (export "malloc") (param i32) (result i32) (i32.const 12)) {_FREE}'),
        CallError,
        "malloc",
    ),
    "malloc traps": _failing(
        _array(f'(func (export "malloc") (param i32) (result i32) unreachable) {_FREE}'),
        TrapError,
        "unreachable",
    ),
    "free traps": _failing(
        _array(
            '(func (export "malloc") (param i32) (result i32) (i32.const 1024))'
            '(func (export "free") (param i32) unreachable)'
        ),
        TrapError,
        "unreachable",
    ),
    "a buffer over S": Guest(
        f'{_MEMORY} (func (export "update") (param i32))',
        SchemaError,
        "overlap",
        args=([1.0],),
        entry_points={"update": {"params": [_param("x", "f64[1]", place="12")], "results": []}},
    ),
    "a buffer of 2^64 bytes": Guest(
        f'{_MEMORY} (func (export "update") (param i32))',
        StateBoundsError,
        "do not lie in the memory",
        args=([1.0],),
        entry_points={
            "update": {
                "params": [_param("x", f"f64[{'4294967295,' * 7}4294967295]", place="32")],
                "results": [],
            }
        },
    ),
    "a signature of another type": Guest(
        _update(_kept()),
        SchemaError,
        "the signature given is",
        args=(1,),
        entry_points={"update": {"params": [_param("x", "i64")], "results": []}},
    ),
    "an import": Guest('(import "env" "abort" (func)) ' + _update(_kept()), LinkError, "env.abort"),
    "an import that would call back": Guest(
        '(import "wasmstate" "update" (func $b)) ' + _update("(call $b)"), LinkError, "update"
    ),
    "imports of WASI that write files": Guest(
        '(import "wasi_snapshot_preview1" "path_open" (func (param i32 i32 i32 i32 i32 i64 i64'
        " i32 i32) (result i32))) " + _update(_kept()),
        LinkError,
        "path_open",
    ),
    "an imported memory": Guest(
        '(import "env" "memory" (memory 1)) (export "memory" (memory 0)) '
        f'(func (export "update") {_kept()})',
        1,
    ),
    "10,000 imports": Guest(
        "".join(f'(import "env" "f{i}" (func))' for i in range(10_000)) + _update(_kept()),
        LinkError,
        "10000 imports",
    ),
    "an import with a line end in its name": Guest(
        r'(import "env" "\0aError: none" (func)) ' + _update(_kept()), LinkError, r"\nError: none"
    ),
    "a shared memory": Guest(
        _update(_kept(), memory='(memory (export "memory") 1 1 shared)'), LinkError, "shared"
    ),
    "waiting for another thread": _trap(
        "(drop (memory.atomic.wait32 (i32.const 64) (i32.const 0) (i64.const -1)))",
        "atomic wait on non-shared memory",
    ),
    "a vector as argument": Guest(
        f'{_MEMORY} (func (export "update") (param v128))', ArgumentError, "v128", args=(1,)
    ),
    "a reference as argument": Guest(
        f'{_MEMORY} (func (export "update") (param externref))',
        ArgumentError,
        "externref",
        args=(1,),
    ),
    "no function of that name": Guest(_MEMORY, CallError, "exports no function 'update'"),
    "exports of hostile names": Guest(
        " ".join([_MEMORY, *(f'(func (export "{name}"))' for name in _NAMES)]),
        CallError,
        r"\nError: all is well, \u202eexe.txt, \x1b[2J, , xxx",
    ),
    "100,000 exports": Guest(
        _update(_kept(), "".join(f'(export "{i}" (func $u))' for i in range(100_000))), 1
    ),
    "the memory of S is not exported": Guest(
        _update(_kept(), memory="(memory 1)"), StateBoundsError, "not exported"
    ),
    "no memory": Guest('(func (export "update"))', StateBoundsError, "not exported"),
    "a memory of no page": Guest(
        '(memory (export "memory") 0) (func (export "update"))', StateBoundsError, "has 0 bytes"
    ),
    "a body without its result": Guest(
        _body(b"\x00\x0b", results=b"\x01\x7f"),
        CallError,
        "wasmtime does not accept the module",
    ),
    "two exports of one name": Guest(
        PREAMBLE
        + section_bytes(5, b"\x01\x00\x01")
        + section_bytes(7, b"\x02\x06memory\x02\x00\x06memory\x02\x00"),
        CallError,
        "duplicate export name",
    ),
    "an opcode that there is not": Guest(
        _body(b"\x00\xff\x0b"),
        CallError,
        "wasmtime does not accept the module",
    ),
    "a list of 2^32 functions in five bytes": Guest(
        PREAMBLE + section_bytes(7, b"\xff\xff\xff\xff\x0f"), MalformedError, "sections[0]"
    ),
    "a component": Guest(b"\0asm\x0d\0\x01\0", LinkError, "component"),
}

GUESTS: dict[str, Guest] = {**ENDLESS, **GROWING, **DEEP, **TRAPS, **VALUES, **REFUSED}
