"""A terminal emulator in Rust, with a heap: its screen is baked, and another instance shows it."""

from __future__ import annotations

from typing import Any

import wasmtime

from support import real_path
from wasmstate import Module, State, attach, bake, unbake


class Terminal:
    """An instance of the program of the package vt100wasm, driven as that package does."""

    def __init__(self, module: Module) -> None:
        engine = wasmtime.Engine()
        self.store = wasmtime.Store(engine)
        self.store.set_wasi(wasmtime.WasiConfig())
        linker = wasmtime.Linker(engine)
        linker.define_wasi()
        compiled = wasmtime.Module(engine, module.to_bytes())
        self.exports = linker.instantiate(self.store, compiled).exports(self.store)

    def call(self, name: str, *args: int) -> Any:
        func = self.exports[name]
        assert isinstance(func, wasmtime.Func)
        return func(self.store, *args)

    @property
    def memory(self) -> wasmtime.Memory:
        memory = self.exports["memory"]
        assert isinstance(memory, wasmtime.Memory)
        return memory

    def write(self, handle: int, text: bytes) -> None:
        at = self.call("wasm_alloc", len(text))
        self.memory.write(self.store, text, at)
        self.call("process", handle, at, len(text))
        self.call("wasm_dealloc", at, len(text))

    def screen(self, handle: int) -> str:
        packed = self.call("screen_contents", handle)
        at, length = (packed >> 32) & 0xFFFFFFFF, packed & 0xFFFFFFFF
        return bytes(self.memory.read(self.store, at, at + length)).decode()

    def contents(self, state: State) -> list[bytes]:
        pointer = self.exports["wasmstate:global:0"]
        assert isinstance(pointer, wasmtime.Global)
        value = pointer.value(self.store)
        assert isinstance(value, int)
        memory = bytes(self.memory.read(self.store, 0, self.memory.data_len(self.store)))
        assert len(state.regions) == 2
        return [memory, value.to_bytes(4, "little")]


def test_what_a_program_keeps_on_its_heap_is_baked() -> None:
    module = attach(Module.open(real_path("vt100wasm")), whole_memory=True)
    terminal = Terminal(module)
    handle = terminal.call("create", 24, 400, 9999)
    terminal.write(
        handle, b"remember \x1b[1mme\x1b[0m\r\n" + 5000 * b"x" + b"\x1b[2J\x1b[Hstill here"
    )
    state = State.of(module)
    learned = state.with_contents(terminal.contents(state))
    assert learned.regions[0].size > state.regions[0].size, "memory has grown"
    assert len(learned.to_content()) < learned.regions[0].size / 2

    carried = module.with_custom("wasmstate.state", learned.to_content())
    baked = bake(carried)
    assert unbake(baked).to_bytes() == carried.to_bytes()
    later = Terminal(baked)
    assert later.screen(handle) == terminal.screen(handle) == "still here"
    later.write(handle, b", and writing")
    assert later.screen(handle) == "still here, and writing"
