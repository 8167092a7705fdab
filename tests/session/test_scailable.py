"""Binaries with Scailable's interface predict, and get nothing of the system."""

from __future__ import annotations

import numpy as np
import pytest

from models import FIXTURES, from_wat
from support import message
from wasmstate import (
    ArgumentError,
    CallError,
    DeadlineError,
    Limits,
    LinkError,
    Module,
    ScailableModel,
    StateBoundsError,
    TrapError,
    attach,
)
from wasmstate.runtime.program import Program

FOLDER = FIXTURES / "scailable"


def opened(name: str) -> ScailableModel:
    return ScailableModel.open(FOLDER / f"{name}.wasm")


def test_the_three_dialects() -> None:
    assert opened("intsum").predict([[1, 2, 52]]) == [55.0]
    assert opened("logistic").predict([[1, 2, 3]]) == [0.984094]
    assert opened("houses").predict([1, 2, 3]) == [13.44024]


def test_score_is_passed_a_pointer() -> None:
    import math

    value = opened("logistic").score([1, 2, 3])
    assert value == pytest.approx(1 / (1 + math.exp(-4.125)), rel=1e-15)
    said = message(CallError, lambda: opened("intsum").score([1]))
    assert said.startswith("the module exports no function 'score'")


def test_raw_input_without_its_type_would_give_the_intercept() -> None:
    with ScailableModel.open(FOLDER / "houses.wasm", dialect="json") as wrong:
        said = message(CallError, lambda: wrong.predict([1, 2, 3]))
    assert said == "pred() gave 1, it failed: no input"
    with opened("houses") as model:
        assert (model.dialect, model.predict([0, 0, 0])) == ("raw", [12.69093])


def test_memory_does_not_grow_with_calls() -> None:
    model = opened("intsum")
    for _ in range(2000):
        model.predict([[1, 2, 3]])
    assert model.pages == 1


def test_memory_that_grows_in_malloc_is_looked_at_anew() -> None:
    model = opened("intsum")
    assert model.predict([[1] * 30_000]) == [30_000.0]
    assert model.pages > 1


def test_what_it_wrote_stands_in_the_error_and_the_next_call_works() -> None:
    model = opened("logistic")
    said = message(CallError, lambda: model.predict([[1, 2]]))
    assert said == "pred() gave 1, it failed: three features are needed"
    assert model.predict([[1, 2, 3]]) == [0.984094]


def test_input_that_is_too_large_for_the_memory() -> None:
    model = opened("intsum")
    said = message(CallError, lambda: model.predict([[1] * 200_000]))
    assert said == "malloc_buffer(600014) gave 0: it has no memory left"
    assert model.predict([[1]]) == [1.0]


@pytest.mark.parametrize("inputs", [["a"], [[1], [2, 3]], [float("nan")], [1e300], [None]])
def test_input_that_is_no_numbers_is_refused(inputs: list[object]) -> None:
    with pytest.raises(ArgumentError):
        opened("houses").predict(inputs)


def test_masked_input_is_refused() -> None:
    masked = np.ma.masked_equal([1.0, 999.0, 3.0], 999.0)
    said = message(ArgumentError, lambda: opened("houses").predict([masked]))
    assert said.startswith("the input has masked values")


def test_a_session_says_which_adapter_runs_it() -> None:
    said = message(LinkError, lambda: Program(Module.open(FOLDER / "intsum.wasm")))
    assert "wasi_unstable.fd_write (i32 i32 i32 i32) -> (i32)" in said
    assert said.endswith("It has Scailable's interface, and can predict with stubs for these.")


def test_a_state_is_restored_after_start() -> None:
    module = Module.open(FOLDER / "logistic.wasm")
    learned = attach(
        module, ["w:f64[3]@sym:weights", "b:f64@sym:intercept"], values={"w": [0, 0, 0], "b": 0}
    )
    assert ScailableModel(learned).score([1, 2, 3]) == 0.5


INTERFACE = """
(module
  {imports}
  (memory (export "memory") 1)
  (data (i32.const 512) "{output}")
  (func (export "malloc_buffer") (param i32) (result i32) (i32.const 1024))
  (func (export "free_buffer") (param i32))
  (func (export "get_out_len") (result i32) (i32.const {size}))
  (func (export "get_out_loc") (result i32) (i32.const {at}))
  (func (export "pred") (result i32) {pred}))
"""


def interface(
    pred: str = "(i32.const 0)",
    *,
    imports: str = "",
    output: str = "[]",
    size: int | None = None,
    at: int = 512,
) -> Module:
    quoted = output.replace('"', '\\"')
    length = len(output) if size is None else size
    return from_wat(INTERFACE.format(imports=imports, output=quoted, size=length, at=at, pred=pred))


@pytest.mark.parametrize("output", ["{}", "[1]", "not JSON", '{"output": '])
def test_an_answer_without_output(output: str) -> None:
    said = message(CallError, lambda: ScailableModel(interface(output=output)).predict([1]))
    assert said == f"pred() answered {output.encode()!r}, which has no output"


def test_an_answer_that_is_one_number_or_ends_with_a_zero_byte() -> None:
    answer = '{"output": 5}'
    assert ScailableModel(interface(output=answer)).predict([1]) == [5]
    model = ScailableModel(interface(output=answer, size=len(answer) + 1))
    assert model.predict([1]) == [5]


def test_an_answer_outside_of_memory() -> None:
    model = ScailableModel(interface(size=-1, at=70_000))
    with pytest.raises(StateBoundsError):
        model.predict([1])


def test_an_answer_in_the_buffer_of_the_input_is_freed_once() -> None:
    model = ScailableModel(interface(at=1024, size=12))
    said = message(CallError, lambda: model.predict([1]))
    assert said == "pred() answered b'{\"input\": [1', which has no output"


def test_another_interface_is_refused() -> None:
    text = '(module (memory (export "memory") 1))'
    said = message(LinkError, lambda: ScailableModel(from_wat(text)))
    assert said.startswith("the module has not Scailable's interface: it would export malloc_buff")
    other = interface(imports='(import "env" "f" (func))')
    assert "env.f () -> ()" in message(LinkError, lambda: ScailableModel(other))
    wrong = "x"
    assert "dialect must be" in message(
        ValueError,
        lambda: ScailableModel(interface(), dialect=wrong),  # type: ignore[arg-type]
    )


def test_score_of_another_type_is_refused() -> None:
    text = INTERFACE.format(imports="", output="", size=0, at=0, pred="(i32.const 0)")
    text = text.rstrip()[:-1] + '(func (export "score") (param i32)))'
    said = message(CallError, lambda: ScailableModel(from_wat(text)).score([1]))
    assert said == "score is (i32) -> (); Scailable's takes a pointer and gives an f64"


def wasi(name: str, params: str, *arguments: str, namespace: str = "wasi_snapshot_preview1") -> int:
    """What a function of WASI gives, called by pred()."""
    imports = f'(import "{namespace}" "{name}" (func $f {params} (result i32)))'
    module = interface(f"(call $f {' '.join(arguments)})", imports=imports)
    said = message(CallError, lambda: ScailableModel(module).predict([1]))
    return int(said.removeprefix("pred() gave ").split(",")[0])


FD = "(i32.const 5)"


@pytest.mark.parametrize(
    ("name", "params", "arguments", "expected"),
    [
        ("fd_close", "(param i32)", [FD], 8),
        ("fd_seek", "(param i32 i64 i32 i32)", [FD, "(i64.const 0)", FD, FD], 8),
        ("fd_seek", "(param i32 i64 i32 i32)", ["(i32.const 1)", "(i64.const 0)", FD, FD], 70),
        ("fd_read", "(param i32 i32 i32 i32)", [FD] * 4, 8),
        ("fd_write", "(param i32 i32 i32 i32)", [FD] * 4, 8),
        ("fd_write", "(param i32 i32 i32 i32)", [FD] * 3 + ["(i32.const -1)"], 21),
        ("fd_fdstat_get", "(param i32 i32)", [FD] * 2, 8),
        ("fd_fdstat_get", "(param i32 i32)", ["(i32.const 1)", "(i32.const 65530)"], 21),
        ("fd_prestat_get", "(param i32 i32)", [FD] * 2, 8),
        ("clock_res_get", "(param i32 i32)", [FD] * 2, 28),
        ("clock_time_get", "(param i32 i64 i32)", [FD, "(i64.const 1)", FD], 28),
        ("random_get", "(param i32 i32)", ["(i32.const -1)", FD], 21),
        ("poll_oneoff", "(param i32 i32 i32 i32)", [FD] * 4, 52),
        ("path_open", "(param i32 i32)", [FD] * 2, 52),
        ("fd_write", "(param i32)", [FD], 52),
    ],
)
def test_no_file_is_open_and_nothing_else_is_there(
    name: str, params: str, arguments: list[str], expected: int
) -> None:
    assert wasi(name, params, *arguments) == expected
    assert wasi(name, params, *arguments, namespace="wasi_unstable") == expected


def succeeds(name: str, params: str, *arguments: str) -> bool:
    imports = f'(import "wasi_unstable" "{name}" (func $f {params} (result i32)))'
    pred = f"(call $f {' '.join(arguments)})"
    model = ScailableModel(interface(pred, imports=imports, output='{"output": []}'))
    return model.predict([1]) == []


def test_standard_files_and_empty_lists_are_there() -> None:
    assert succeeds("fd_close", "(param i32)", "(i32.const 2)")
    assert succeeds("fd_fdstat_get", "(param i32 i32)", "(i32.const 0)", FD)
    assert succeeds("fd_read", "(param i32 i32 i32 i32)", "(i32.const 0)", FD, FD, FD)
    for name in ("args_sizes_get", "args_get", "environ_sizes_get", "environ_get"):
        assert succeeds(name, "(param i32 i32)", FD, FD)


EXIT = '(import "wasi_unstable" "proc_exit" (func $exit (param i32)))'


def test_a_module_that_ends_itself() -> None:
    module = interface("(call $exit (i32.const 3)) (i32.const 0)", imports=EXIT)
    with pytest.raises(TrapError, match=r"the module ended itself: proc_exit\(3\)"):
        ScailableModel(module).predict([1])
    text = INTERFACE.format(imports=EXIT, output="", size=0, at=0, pred="(i32.const 0)")
    text = text.rstrip()[:-1] + '(func (export "_start") (call $exit (i32.const 1))))'
    with pytest.raises(TrapError, match=r"proc_exit\(1\)"):
        ScailableModel(from_wat(text))


def test_an_endless_loop_meets_its_deadline() -> None:
    module = interface("(loop $l (br $l)) (i32.const 0)")
    with pytest.raises(DeadlineError):
        ScailableModel(module, limits=Limits(seconds=0.05)).predict([1])


def test_a_module_without_a_memory_of_that_name() -> None:
    imports = '(import "wasi_unstable" "fd_prestat_get" (func $f (param i32 i32) (result i32)))'
    text = INTERFACE.format(imports=imports, output="", size=0, at=0, pred=f"(call $f {FD} {FD})")
    module = from_wat(text.replace('(export "memory")', '(export "mem")'))
    said = message(CallError, lambda: ScailableModel(module).predict([1]))
    assert said == "pred() gave 21, it failed"


def test_text_is_kept_as_far_as_an_error_needs_it() -> None:
    imports = '(import "wasi_unstable" "fd_write" (func $w (param i32 i32 i32 i32) (result i32)))'
    write = "(call $w (i32.const 2) (i32.const 64) (i32.const 1) (i32.const 80))"
    pred = (
        f"(i32.store (i32.const 64) (i32.const 512)) (i32.store (i32.const 68) (i32.const 3))"
        f"(drop {write}) (i32.load (i32.const 80))"
    )
    module = interface(pred, imports=imports, output="bad")
    said = message(CallError, lambda: ScailableModel(module).predict([1]))
    assert said == "pred() gave 3, it failed: bad"
