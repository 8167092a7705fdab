"""Compiled modules. wasmtime is spoken in this package and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Collection
from functools import cache

import wasmtime

from wasmstate.binary.module import Module
from wasmstate.binary.spaces import Spaces
from wasmstate.binary.types import FuncType
from wasmstate.errors import CallError, LinkError
from wasmstate.escapes import lines, listed
from wasmstate.runtime.cache import LEAST, entry_name, user_cache
from wasmstate.runtime.clock import Clock
from wasmstate.runtime.compile import compile_module
from wasmstate.runtime.engine import new_engine
from wasmstate.runtime.host_functions import Imports, check_functions, host_function, trapping
from wasmstate.runtime.limits import Limits
from wasmstate.runtime.providers import provider
from wasmstate.runtime.wasi import (
    NAMESPACES,
    WasiStub,
    imports_wasi_alone,
    is_of_wasi,
    is_scailable,
)

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
        wasi: what is granted of WASI.
        imports: functions that are granted; one of WASI comes before that of ``wasi``.
        allow: imported functions, ``env.abort`` or all of ``env``, that trap when called.

    Raises:
        TypeError: if ``limits`` or ``imports`` are something else.
        LinkError: naming each import that is not granted; of a shared memory.
        LimitError: if it takes more to compile it than is allowed.
        CallError: if wasmtime does not accept the module.
    """

    def __init__(
        self,
        module: Module,
        limits: Limits | None = None,
        wasi: WasiStub | None = None,
        imports: Imports | None = None,
        allow: Collection[str] = (),
    ) -> None:
        self.limits = Limits() if limits is None else limits
        if not isinstance(self.limits, Limits):
            raise TypeError(f"limits must be Limits(...), not {limits!r}")
        self.spaces = Spaces(module)
        if module.is_component:
            raise LinkError("this is a component; only core modules can be run")
        if any(memory.limits.is_shared for memory in self.spaces.memories):
            raise LinkError("the memory is shared between threads, and a model runs in one")
        self._wasi = wasi
        self._imports = imports or {}
        check_functions(self._imports)
        if isinstance(allow, str):
            raise TypeError(f"allow must be a list of names, not {allow!r}")
        self._allow = allow
        _check_imports(self.spaces, self._imports, allow, is_granted=wasi is not None)
        self.functions = self.spaces.exported_functions()
        self.engine, self.clock = _engine(self.limits.fuel is not None)
        self.compiled = _compiled(self.engine, module, self.limits)

    def again(self, module: Module, limits: Limits) -> Program:
        """Another module compiled, with the same grants."""
        return Program(module, limits, self._wasi, self._imports, self._allow)

    def granted(self, store: wasmtime.Store) -> list[wasmtime.Func]:
        """The functions that the module imports, for one instance.

        Raises:
            CallError: if the type of one has other things than numbers.
        """
        found = []
        for each in self.compiled.imports:
            type_, name = each.type, each.name or ""
            assert isinstance(type_, wasmtime.FuncType)
            function = self._imports.get(each.module, {}).get(name)
            if function is not None:
                found.append(host_function(store, f"{each.module}.{name}", type_, function))
            elif self._wasi is None or each.module not in NAMESPACES:
                found.append(trapping(store, f"{each.module}.{name}", type_))
            else:
                found.append(self._wasi.function(store, name, type_))
        return found

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


def _check_imports(
    spaces: Spaces, imports: Imports, allow: Collection[str], *, is_granted: bool
) -> None:
    missing, providers = [], []
    for each in spaces.imports:
        is_known = each.kind == "func" and (
            each.name in imports.get(each.module, {})
            or each.module in allow
            or f"{each.module}.{each.name}" in allow
        )
        if is_known or (is_granted and is_of_wasi(each)):
            continue
        if each.kind == "func":
            providers.append(provider(each.module, each.name))
        kind = str(spaces.func_type(each.type)) if isinstance(each.type, int) else each.kind
        missing.append(f"{each.module}.{each.name} {kind}")
    if not missing:
        return
    listing = lines(missing)
    count = f"{len(missing)} import{'s' * (len(missing) != 1)}"
    are = "is" if len(missing) == 1 else "are"
    why = (
        f" that {are} not granted"
        if imports or is_granted or allow
        else ", and a model is granted none"
    )
    text = f"the module needs {count}{why}:{listing}"
    if is_scailable(spaces):
        text += "\n  It has Scailable's interface, and can predict with stubs for these."
        raise LinkError(text, tuple(missing)).helped_by("ScailableModel")
    if imports_wasi_alone(spaces):
        text += "\n  They are functions of WASI, and a stub of it serves: an empty system."
        raise LinkError(text, tuple(missing)).helped_by("wasi")
    known = sorted({each for each in providers if each})
    if known:
        text += f"\n  Such imports are usually provided by {' and '.join(known)}."
    error = LinkError(text, tuple(missing))
    # A memory, a table or a global is no function, which alone can be allowed.
    if len(providers) < len(missing):
        raise error
    needs_wasi = not is_granted and any(map(is_of_wasi, spaces.imports))
    raise error.helped_by("wasi", "allow") if needs_wasi else error.helped_by("allow")
