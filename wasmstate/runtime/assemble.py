"""Modules from the text format, by wasmtime's own assembler."""

from __future__ import annotations

import wasmtime

from wasmstate.binary.module import Module


def assemble(text: str) -> Module:
    """The module of a text that this library wrote itself.

    Source: WebAssembly Core 3.0, "Text Format".
    """
    return Module.from_bytes(bytes(wasmtime.wat2wasm(text)))
