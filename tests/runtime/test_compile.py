"""Compilation has limits of time and memory, and ends when its user wants it to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

import pytest

from cli_runner import run_command
from hostile.compilers import loops_of_many_values, many_functions, vec, wasm
from models import from_wat, write_model
from support import message
from wasmstate import CallError, LimitError, Limits, Module
from wasmstate.frozen import child_command
from wasmstate.runtime.compile import takes_little
from wasmstate.runtime.compile_child import HEADER
from wasmstate.runtime.instance import Instance
from wasmstate.runtime.program import Program

NO_LIMITS = Limits(compile_seconds=None, compile_memory=None)
LARGE = f"""(module (memory (export "memory") 1 1)
  (func {"nop " * 17_000}) (func (export "predict") (result i32) (i32.const 42)))"""
"""More than is compiled without a child."""

posix = pytest.mark.skipif(os.name != "posix", reason="signals and rlimits")
linux = pytest.mark.skipif(sys.platform != "linux", reason="nothing else limits memory")


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WASMSTATE_CACHE", "off")


@pytest.mark.parametrize("limits", [Limits(), NO_LIMITS, Limits(fuel=1000)])
def test_what_a_child_compiles_runs(limits: Limits) -> None:
    assert Instance(Program(from_wat(LARGE), limits)).call("predict", []) == 42


def test_what_a_child_compiled_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WASMSTATE_CACHE", str(tmp_path / "cache"))
    for variable in ("XDG_STATE_HOME", "LOCALAPPDATA", "HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path / "private"))
    Program(from_wat(LARGE))
    # A child could not even start within this limit.
    assert Instance(Program(from_wat(LARGE), Limits(compile_seconds=0))).call("predict", []) == 42


def test_a_compilation_that_takes_too_long_is_ended() -> None:
    said = message(LimitError, lambda: Program(loops_of_many_values(), Limits(compile_seconds=0.1)))
    assert said == "the module is not compiled: that takes longer than 0.1 s"


@linux
def test_a_compilation_that_takes_too_much_memory_is_ended() -> None:
    limits = Limits(compile_memory=48 << 20)
    said = message(LimitError, lambda: Program(loops_of_many_values(), limits))
    assert said == "the module is not compiled: that takes more memory than 50331648 bytes"


@linux
def test_memory_that_no_compiler_can_do_with_is_a_limit_as_well() -> None:
    said = message(LimitError, lambda: Program(from_wat(LARGE), Limits(compile_memory=0)))
    assert said == "the module is not compiled: that takes more memory than 0 bytes"


def test_a_large_module_that_is_not_valid_is_refused_as_a_small_one_is() -> None:
    wrong = wasm([b"\x60\0\1\x7f"], [b"\0"] * 6000, [b"\0\x0b"] * 6000)  # no result on the stack
    found = [
        message(CallError, lambda limits=limits: Program(wrong, limits))  # type: ignore[misc]
        for limits in (Limits(), NO_LIMITS)
    ]
    assert found[0] == found[1]
    assert found[0].startswith("wasmtime does not accept the module: ")
    assert found[0].endswith("at offset 6028: type mismatch: expected i32 but nothing on stack")


@posix
def test_an_interrupt_ends_the_compilation_and_its_process() -> None:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises(KeyboardInterrupt):
            Program(loops_of_many_values())
    finally:
        signal.signal(signal.SIGALRM, before)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_compilation_ends_with_the_process_that_wanted_it() -> None:
    data = loops_of_many_values().to_bytes()
    with subprocess.Popen(
        child_command("wasmstate.runtime.compile_child"), stdin=subprocess.PIPE
    ) as child:
        assert child.stdin is not None
        child.stdin.write(HEADER.pack(False, 1 << 30, len(data)) + data)
        child.stdin.close()
        assert child.wait(30) == 1


def test_no_program_to_start_is_said_with_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    said = message(CallError, lambda: Program(from_wat(LARGE)))
    assert said.startswith("the process that compiles the module does not start (")
    assert "Limits(compile_seconds=None, compile_memory=None)" in said
    Program(from_wat(LARGE), NO_LIMITS)


def test_a_process_that_ends_is_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    said = message(CallError, lambda: Program(from_wat(LARGE)))
    assert said.startswith("the process that compiles the module ended: ")


@pytest.mark.parametrize("name", ["bandit", "linear", "liveness", "welford"])
def test_a_model_is_compiled_without_a_child(name: str) -> None:
    path = Path(__file__).parents[2] / "fixtures" / f"{name}.wasm"
    assert takes_little(Module.open(path))


def test_data_and_custom_sections_take_nothing() -> None:
    text = f'(module (memory 1) (data (i32.const 0) "{"x" * 20_000}"))'
    assert takes_little(from_wat(text).with_custom("notes", bytes(20_000)))


@pytest.mark.parametrize(
    "module",
    [
        many_functions(6000),
        loops_of_many_values(),
        wasm([b"\x60\0\0"], [b"\0"], [b"\1\xd0\x86\3\x7f\x0b"]),  # 50,000 locals
        wasm([b"\x5f" + vec([b"\x7f\0"] * 17)], [], []),  # a struct of 17 fields
        wasm([b"\x60\0\0"], [b"\0"], [b"\1\xff\xff\xff\xff\x7f\x7f\x0b"]),  # malformed
    ],
    ids=["bytes", "parameters", "locals", "fields", "malformed"],
)
def test_what_a_few_bytes_can_make_large_is_compiled_by_a_child(module: Module) -> None:
    assert not takes_little(module)


def test_the_command_line_names_the_option(tmp_path: Path) -> None:
    path = write_model(tmp_path / "large.wasm", LARGE, "n:i32@0")
    result = run_command("run", str(path), "predict", "--compile-timeout", "0.01")
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: {path}: the module is not compiled: that takes longer than 0.01 s\n"
        "What helps: --compile-timeout\n"
    )
