"""Compiled modules. wasmtime is spoken in this package and nowhere else."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import wasmtime

from wasmstate.binary.edits.unshare import unshared
from wasmstate.binary.module import Module
from wasmstate.binary.spaces import Spaces
from wasmstate.binary.types import FuncType
from wasmstate.errors import CallError, LinkError
from wasmstate.escapes import listed
from wasmstate.runtime.cache import LEAST, entry_name, user_cache
from wasmstate.runtime.clock import Clock
from wasmstate.runtime.compile import compile_module
from wasmstate.runtime.engine import new_engine
from wasmstate.runtime.grants import Grants
from wasmstate.runtime.limits import Limits

_is_forked = False


@cache
def _engine(counts_fuel: bool) -> tuple[wasmtime.Engine, Clock]:
    engine = new_engine(counts_fuel=counts_fuel, is_parallel=not _is_forked)
    return engine, Clock(engine)


def _after_fork() -> None:
    # wasmtime's threads stay behind: what they were to compile would be waited for without end.
    global _is_forked  # noqa: PLW0603
    _is_forked = True
    _engine.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class Program:
    """A compiled module.

    Args:
        module: a core module; it gets nothing but its arguments and what is granted.
        limits: of the compilation, and of every call.
        grants: what it is granted of its imports; nothing if not given.

    Raises:
        TypeError: if ``limits`` are something else.
        LinkError: naming each import that is not granted; of a shared memory.
        LimitError: if it takes more to compile it than is allowed.
        CallError: if wasmtime does not accept the module.
    """

    def __init__(
        self,
        module: Module,
        limits: Limits | None = None,
        grants: Grants | None = None,
    ) -> None:
        self.limits = Limits() if limits is None else limits
        if not isinstance(self.limits, Limits):
            raise TypeError(f"limits must be Limits(...), not {limits!r}")
        self.spaces = Spaces(module)
        if module.is_component:
            raise LinkError("this is a component; only core modules can be run")
        self.grants = Grants() if grants is None else grants
        self.grants.check(self.spaces)
        self.functions = self.spaces.exported_functions()
        self.engine, self.clock = _engine(self.limits.fuel is not None)
        self.compiled = _compiled(self.engine, unshared(module), self.limits)

    def again(self, module: Module, limits: Limits) -> Program:
        """Another module compiled, with the same grants."""
        return Program(module, limits, self.grants)

    def externs(self, store: wasmtime.Store) -> list[Any]:
        """What the module imports, for one instance.

        Raises:
            CallError: if the type of a host function has other things than numbers.
        """
        return self.grants.externs(store, self.compiled.imports)

    def func_type(self, name: str) -> FuncType:
        """The type of an exported function.

        Raises:
            CallError: if there is none of that name.
        """
        if name not in self.functions:
            known = listed(self.functions, 20)
            raise CallError(f"the module exports no function {name!r}; it exports {known}")
        return self.functions[name]


def _compiled(engine: wasmtime.Engine, module: Module, limits: Limits) -> wasmtime.Module:
    """The module compiled, or as it was compiled before."""
    cache = user_cache() if module.size >= LEAST else None
    name = entry_name(module, limits.fuel is not None) if cache is not None else ""
    found = cache.load(engine, name) if cache is not None else None
    if found is not None:
        return found
    compiled, artifact = compile_module(engine, module, limits)
    if cache is not None:
        cache.store(name, bytes(compiled.serialize()) if artifact is None else artifact)
    return compiled
