"""The engine's configuration, which the compiled form of a module depends on."""

from __future__ import annotations

import wasmtime


def new_engine(*, counts_fuel: bool, is_parallel: bool = True) -> wasmtime.Engine:
    """An engine that compiles modules, and loads what another one of the same kind compiled.

    Args:
        counts_fuel: whether calls can have a limit of fuel.
        is_parallel: whether functions are compiled by several threads.
    """
    config = wasmtime.Config()
    config.parallel_compilation = is_parallel
    config.consume_fuel = counts_fuel
    config.epoch_interruption = True
    config.wasm_exceptions = True
    return wasmtime.Engine(config)
