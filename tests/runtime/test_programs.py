"""Which modules can be run, and what each call may use."""

from __future__ import annotations

import math
import os
import pickle
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest
import wasmtime

from models import from_wat
from runtime.instances import call, instance
from wasmstate import (
    CallError,
    DeadlineError,
    LimitError,
    LinkError,
    MalformedError,
    Module,
    TrapError,
)
from wasmstate.runtime.limits import Limits
from wasmstate.runtime.program import Program

pytestmark = pytest.mark.usefixtures("calls")

ENDLESS = "(loop br 0)"


def test_imports_are_named_one_by_one() -> None:
    with pytest.raises(LinkError) as caught:
        instance(
            """(module
                 (import "env" "log" (func (param i32 f64)))
                 (import "env" "memory" (memory 1))
                 (import "env" "seed" (global i64))
                 (import "js" "table" (table 1 funcref)))"""
        )
    assert str(caught.value) == (
        "the module needs 2 imports, and a model is granted none:\n"
        "  env.log (i32 f64) -> ()\n"
        "  env.seed global"
    )
    assert caught.value.missing == ("env.log (i32 f64) -> ()", "env.seed global")
    assert caught.value.grants == {}  # of a number that only the host knows
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.missing) == (str(caught.value), caught.value.missing)


def test_a_single_import_is_one_import() -> None:
    with pytest.raises(LinkError) as caught:
        instance('(module (import "env" "now" (func (result f64))))')
    assert str(caught.value) == (
        "the module needs 1 import, and a model is granted none:\n  env.now () -> (f64)"
    )


def test_a_component_is_refused() -> None:
    with pytest.raises(LinkError) as caught:
        Program(from_wat("(component)"))
    assert str(caught.value) == "this is a component; only core modules can be run"


def test_a_memory_that_threads_share_is_refused_in_words() -> None:
    with pytest.raises(LinkError) as caught:
        instance('(module (memory (export "memory") 1 1 shared))')
    assert str(caught.value) == (
        "the memory is shared between threads, and a model runs in one: "
        "it can be taken as a memory of one thread"
    )
    assert caught.value.grants == {"single_thread": True}


def test_an_invalid_module_is_refused_in_one_line() -> None:
    module = Module.from_bytes(
        bytes.fromhex("0061736d 01000000")
        + bytes.fromhex("01 05 01 60 00 01 7f")  # one type: () -> i32
        + bytes.fromhex("03 02 01 00")  # one function of that type
        + bytes.fromhex("0a 04 01 02 00 0b")  # its body is empty
    )
    with pytest.raises(CallError) as caught:
        Program(module)
    assert str(caught.value) == (
        "wasmtime does not accept the module: failed to compile: wasm[0]::function[0]: "
        "WebAssembly translation error: Invalid input WebAssembly code at offset 24: "
        "type mismatch: expected i32 but nothing on stack"
    )


def test_a_malformed_export_section_is_malformed() -> None:
    data = from_wat('(module (func (export "f")))').to_bytes().replace(b"\x01f\0\0", b"\x01f\x09\0")
    with pytest.raises(MalformedError) as caught:
        Program(Module.from_bytes(data))
    assert caught.value.path == "sections[2].entries[0].kind"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("unreachable", "f() trapped: wasm `unreachable` instruction executed; in f at 0x1d"),
        (
            "(result i32) (i32.div_s (i32.const 1) (i32.const 0))",
            "f() trapped: integer divide by zero; in f at 0x23",
        ),
        (
            "(result i32) (i32.trunc_f64_s (f64.const nan))",
            "f() trapped: invalid conversion to integer; in f at 0x28",
        ),
    ],
)
def test_a_trap_is_told_in_one_line_and_survives_pickling(body: str, message: str) -> None:
    with pytest.raises(TrapError) as caught:
        call(body)
    assert str(caught.value) == message
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is TrapError
    assert str(again) == message


def test_a_trap_names_the_calls_that_led_there() -> None:
    with pytest.raises(TrapError) as caught:
        instance(
            """(module
                 (func $inner unreachable)
                 (func (export "f") call $inner))"""
        ).call("f", [])
    assert str(caught.value) == (
        "f() trapped: wasm `unreachable` instruction executed; in inner at 0x1e, function 1 at 0x23"
    )


def test_a_stack_overflow_is_a_trap() -> None:
    with pytest.raises(TrapError) as caught:
        call("call $f")
    assert str(caught.value) == (
        "f() trapped: call stack exhausted; in f at 0x1e, f at 0x1e, f at 0x1e, f at 0x1e"
    )


def test_an_exception_that_nobody_catches_is_a_trap() -> None:
    with pytest.raises(TrapError) as caught:
        instance('(module (tag $t) (func (export "f") throw $t))').call("f", [])
    assert str(caught.value) == "f() trapped: thrown Wasm exception; in function 0 at 0x23"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (f'(module (func (export "f") {ENDLESS}))', "f()"),
        (f'(module (func $s {ENDLESS}) (start $s) (func (export "f")))', "instantiation"),
        (f'(module (func (export "_initialize") {ENDLESS}) (func (export "f")))', "_initialize()"),
    ],
)
def test_what_does_not_end_is_ended(text: str, what: str) -> None:
    with pytest.raises(DeadlineError) as caught:
        instance(text, seconds=0.1).call("f", [])
    assert str(caught.value) == f"{what} was ended: it ran longer than 0.1 s"


def test_each_call_has_the_whole_time() -> None:
    waiting = instance(
        """(module (func (export "f") (local $i i32)
             (loop
               (local.set $i (i32.add (local.get $i) (i32.const 1)))
               (br_if 0 (i32.lt_u (local.get $i) (i32.const 1000000))))))""",
        seconds=0.3,
    )
    end = time.monotonic() + 0.6
    while time.monotonic() < end:
        waiting.call("f", [])


SECONDS = "the limit of seconds must be a number that is not negative, or None"
MEMORY = "the limit of memory must be a whole number from 0 to 9,223,372,036,854,775,807, or None"
FUEL = "the limit of fuel must be a whole number from 0 to 18,446,744,073,709,551,615, or None"


@pytest.mark.parametrize("seconds", [None, math.inf, 1e300])
def test_no_deadline_is_no_deadline(seconds: float | None) -> None:
    assert call("(result i32) i32.const 1", seconds=seconds) == 1


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"seconds": -1.0}, f"{SECONDS}, not -1.0"),
        ({"seconds": math.nan}, f"{SECONDS}, not nan"),
        ({"seconds": "1"}, f"{SECONDS}, not '1'"),
        ({"seconds": True}, f"{SECONDS}, not True"),
        ({"memory": -1}, f"{MEMORY}, not -1"),
        ({"memory": 1e9}, f"{MEMORY}, not 1000000000.0"),
        ({"memory": 1 << 63}, f"{MEMORY}, not 9223372036854775808"),
        ({"compile_seconds": -1}, f"{SECONDS.replace('seconds', 'compile_seconds')}, not -1"),
        ({"compile_memory": 0.5}, f"{MEMORY.replace('memory', 'compile_memory')}, not 0.5"),
        ({"fuel": math.nan}, f"{FUEL}, not nan"),
        ({"fuel": 1 << 64}, f"{FUEL}, not 18446744073709551616"),
    ],
)
def test_a_limit_that_cannot_be_is_refused(limits: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="the limit of") as caught:
        Limits(**limits)
    assert str(caught.value) == message


def test_the_largest_limits_can_be() -> None:
    limits = {"seconds": np.float64(5), "memory": (1 << 63) - 1, "fuel": (1 << 64) - 1}
    assert call("(result i32) i32.const 1", **limits) == 1


def test_limits_are_limits() -> None:
    with pytest.raises(TypeError, match=r"limits must be Limits\(\.\.\.\), not 5"):
        Program(Module.from_bytes(b"\0asm\1\0\0\0"), 5)  # type: ignore[arg-type]


def test_a_memory_that_starts_above_the_limit_is_refused() -> None:
    with pytest.raises(LimitError) as caught:
        instance("(module (memory 3))", memory=2 << 16)
    assert str(caught.value) == (
        "instantiation: memory minimum size of 3 pages exceeds memory limits "
        "(allowed are 131072 bytes)"
    )


def test_a_table_counts_as_memory() -> None:
    with pytest.raises(LimitError) as caught:
        instance("(module (table 1001 funcref))", memory=8000)
    assert str(caught.value) == (
        "instantiation: table minimum size of 1001 elements exceeds table limits "
        "(allowed are 8000 bytes)"
    )


GROWING = """(module
  (memory (export "memory") 1)
  (func (export "f") (param i32) (result i32) (memory.grow (local.get 0))))"""


def test_growing_beyond_the_limit_gives_minus_one_in_the_module() -> None:
    growing = instance(GROWING, memory=3 << 16)
    assert growing.call("f", [2]) == 1
    assert growing.pages == 3
    assert growing.call("f", [1]) == -1
    assert growing.pages == 3


def test_without_a_limit_the_module_s_own_holds() -> None:
    growing = instance(GROWING.replace('") 1)', '") 1 4)'), memory=None)
    assert growing.call("f", [3]) == 1
    assert growing.call("f", [1]) == -1


def test_a_module_without_a_memory_has_no_pages() -> None:
    assert instance('(module (func (export "f")))').pages == 0


def test_initialize_runs_once_and_after_the_start_function() -> None:
    counting = instance(
        """(module
             (global $n (mut i32) (i32.const 1))
             (func $start (global.set $n (i32.add (global.get $n) (i32.const 1))))
             (start $start)
             (func (export "_initialize") (global.set $n (i32.mul (global.get $n) (i32.const 10))))
             (func (export "n") (result i32) global.get $n))"""
    )
    assert counting.call("n", []) == 20


def test_an_initialize_with_parameters_cannot_be_called() -> None:
    with pytest.raises(CallError) as caught:
        instance('(module (func (export "_initialize") (param i32)))')
    assert str(caught.value) == "_initialize(i32) -> () takes 1 argument, 0 given"


@pytest.mark.skipif(sys.platform != "linux", reason="wasmtime keeps memory in files on Linux only")
def test_a_limit_of_file_sizes_is_named_as_what_it_is() -> None:
    program = (
        "import resource, signal, sys, wasmtime\n"
        "from wasmstate import CallError, Module\n"
        "from wasmstate.runtime.instance import Instance\n"
        "from wasmstate.runtime.program import Program\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "data = 'a' * 99999\n"
        "wasm = wasmtime.wat2wasm(f'(module (memory 4) (data (i32.const 99) \"{data}\"))')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))\n"
        "try:\n"
        "    Instance(Program(Module.from_bytes(wasm)))\n"
        "except CallError as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    env = {**os.environ, "WASMSTATE_CACHE": "off"}
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, env=env
    )
    assert done.stdout == (
        "LimitError instantiation: "
        "the data of the module is larger than a file may be (ulimit -f)\n"
    )


def test_exports_are_fetched_by_name_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    def listed(self: wasmtime.Instance, store: wasmtime.Store) -> None:
        raise AssertionError("listing the exports takes time quadratic in their number")

    monkeypatch.setattr(wasmtime.Instance, "exports", listed)
    names = "".join(f'(export "f{i}" (func $f))' for i in range(50))
    text = (
        f'(module (memory (export "m") (export "n") 1) (func $f (result i32) i32.const 1){names})'
    )
    running = instance(text)
    assert running.call("f49", []) == 1
    assert running.pages == 1


def test_a_full_gc_heap_is_a_limit_and_shows_no_backtrace() -> None:
    text = """(module (type $a (array (mut i64)))
      (func (export "f") (drop (array.new_default $a (i32.const 100000000)))))"""
    with pytest.raises(LimitError) as caught:
        instance(text, memory=1 << 20).call("f", [])
    assert str(caught.value) == (
        "f(): GC heap out of memory: no capacity for allocation of 800000032 bytes "
        "(allowed are 1048576 bytes)"
    )


def test_an_exception_out_of_the_start_function_is_a_trap() -> None:
    with pytest.raises(TrapError) as caught:
        instance('(module (tag $t) (func $"Caused by:" (throw $t)) (start 0))')
    assert str(caught.value) == "instantiation trapped: thrown Wasm exception"


def test_the_limit_of_memory_holds_for_the_sum_of_the_memories() -> None:
    text = """(module (memory 1 1) (memory 1) (memory 1)
      (func (export "f") (result i32 i32) (memory.grow 1 (i32.const 1))
        (memory.grow 2 (i32.const 2))))"""
    assert instance(text, memory=5 << 16).call("f", []) == (1, -1)
    with pytest.raises(LimitError, match="exceeds memory limits"):
        instance("(module (memory 2 2) (memory 2 2))", memory=3 << 16)
    with pytest.raises(LimitError, match="exceeds table limits"):
        instance("(module (table 600 600 funcref) (table 600 600 funcref))", memory=8000)


@pytest.mark.parametrize(
    ("heap", "pages"),
    [("", 4), ("(type (array i8))", 2), ("(type (struct))", 2), ("(tag)", 2), ("(type (func))", 4)],
)
def test_the_heap_of_the_garbage_collector_counts_as_a_memory(heap: str, pages: int) -> None:
    text = f"""(module {heap} (memory 0)
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"""
    assert instance(text, memory=4 << 16).call("grow", [pages]) == 0
    assert instance(text, memory=4 << 16).call("grow", [pages + 1]) == -1


def test_what_a_memory_cannot_take_is_left_to_the_heap_of_the_garbage_collector() -> None:
    text = """(module (memory 1 1) (type $a (array i8))
      (func (export "f") (param i32) (drop (array.new_default $a (local.get 0)))))"""
    instance(text, memory=4 << 20).call("f", [3 << 20])
    with pytest.raises(LimitError, match="GC heap out of memory"):
        instance(text, memory=4 << 20).call("f", [4 << 20])


@pytest.mark.parametrize("kind", ["(memory 0)", "(table 0 funcref)"])
def test_the_number_of_memories_and_of_tables_is_limited(kind: str) -> None:
    instance(f"(module {kind * 100})")
    with pytest.raises(CallError, match="count exceeds limit of 100"):
        instance(f"(module {kind * 101})")
