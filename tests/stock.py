"""A runtime that knows nothing of states: what a baked module starts with in others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import wasmtime

from wasmstate import Module


class Stock:
    """An instance of a module, made by wasmtime alone.

    Args:
        module: the module.
        imports: what makes each function that it imports.
        canonical_nans: whether a NaN that arithmetic makes has the same bits in all code.
    """

    def __init__(
        self, module: Module, imports: Sequence[Any] = (), *, canonical_nans: bool = False
    ) -> None:
        config = wasmtime.Config()
        config.cranelift_nan_canonicalization = canonical_nans
        config.wasm_memory64 = True
        config.wasm_multi_memory = True
        self.store = wasmtime.Store(wasmtime.Engine(config))
        compiled = wasmtime.Module(self.store.engine, module.to_bytes())
        given = [make(self.store) for make in imports]
        self.exports = wasmtime.Instance(self.store, compiled, given).exports(self.store)

    def call(self, name: str, *args: float) -> Any:
        func = self.exports[name]
        assert isinstance(func, wasmtime.Func)
        return func(self.store, *args)

    def memory(self, start: int, stop: int, name: str = "memory") -> bytes:
        memory = self.exports[name]
        assert isinstance(memory, wasmtime.Memory)
        return bytes(memory.read(self.store, start, stop))

    def value(self, name: str) -> Any:
        item = self.exports[name]
        assert isinstance(item, wasmtime.Global)
        return item.value(self.store)
