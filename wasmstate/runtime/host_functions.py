"""Functions of the host, written in Python, and its numbers, that a module imports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import wasmtime

from wasmstate.errors import CallError, TrapError
from wasmstate.runtime.values import check_number

Imports = Mapping[str, Mapping[str, Callable[..., Any] | int | float]]
"""Functions, and numbers for globals, by the module and the name that they are imported by."""

_NUMBERS = ("i32", "i64", "f32", "f64")


def check_imports(imports: Imports) -> None:
    """Check that these are functions and numbers.

    Raises:
        TypeError: naming what is something else.
    """
    if not isinstance(imports, Mapping):
        raise TypeError(f"imports must be a dict of functions by module and name, not {imports!r}")
    for module, names in imports.items():
        if not isinstance(names, Mapping):
            raise TypeError(
                f"imports[{module!r}] must be a dict of functions by name, not {names!r}"
            )
        for name, function in names.items():
            if not callable(function) and not isinstance(function, (int, float)):
                raise TypeError(
                    f"imports[{module!r}][{name!r}] must be callable or a number, not {function!r}"
                )


def host_function(
    store: wasmtime.Store, what: str, type_: wasmtime.FuncType, function: Any
) -> wasmtime.Func:
    """A function of Python's with the type by which it is imported.

    Raises:
        CallError: if it takes or gives references or vectors; if it is no function.
    """
    if not callable(function):
        raise CallError(f"{what} is a function, {function!r} is granted")
    params, results = list(map(str, type_.params)), list(map(str, type_.results))
    if not {*params, *results} <= set(_NUMBERS):
        raise CallError(
            f"{what}: a host function takes and gives numbers, not ({', '.join(params)}) -> "
            f"({', '.join(results)})"
        )
    return wasmtime.Func(store, type_, partial(_called, what, results, function))


def host_global(
    store: wasmtime.Store, what: str, type_: wasmtime.GlobalType, value: Any
) -> wasmtime.Global:
    """A global that holds a number of the host's.

    Raises:
        CallError: if the number, or something else that is granted, does not fit the type.
    """
    content = str(type_.content)
    if content not in _NUMBERS:
        raise CallError(f"{what}: a global of type {content} cannot be granted")
    number = check_number(what, content, value)
    return wasmtime.Global(store, type_, getattr(wasmtime.Val, content)(number))


def trapping(store: wasmtime.Store, what: str, type_: wasmtime.FuncType) -> wasmtime.Func:
    """A function that ends each call of it."""

    def trap(*_args: Any) -> None:
        raise TrapError(f"{what} was called, and it is allowed without a host that provides it")

    return wasmtime.Func(store, type_, trap)


def _called(what: str, results: list[str], function: Callable[..., Any], *args: Any) -> Any:
    try:
        return _checked(results, function(*args))
    except Exception as error:
        raise TrapError(
            f"{what}, a host function, raised {type(error).__name__}: {error}"
        ) from error


def _checked(results: list[str], given: Any) -> Any:
    """What a function gave, as wasmtime takes it; what one without results gives is dropped."""
    if not results:
        return None
    values = [given] if len(results) == 1 else list(given)
    if len(values) != len(results):
        raise ValueError(f"{len(results)} results are expected, {len(values)} given")
    checked = []
    for type_, value in zip(results, values, strict=True):
        number = check_number("the result", type_, value)
        checked.append(float(number) if type_[0] == "f" else number)
    return checked[0] if len(checked) == 1 else checked
