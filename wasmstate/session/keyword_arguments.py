"""Arguments of a call in the order of the parameters: by their places, by name, or by default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wasmstate.errors import ArgumentError
from wasmstate.escapes import listed
from wasmstate.session.guarded_call import Live
from wasmstate.session.names import Names
from wasmstate.state.signature import Param


def arguments_of(
    live: Live, names: Names, function: str, args: Sequence[Any], named: Mapping[str, Any]
) -> Sequence[Any]:
    """The arguments of a call as the function takes them, with defaults and without labels.

    Raises:
        ArgumentError: as :func:`in_order` and :meth:`Names.arguments`.
    """
    params = live.all_params(function)
    args = in_order(function, params, args, named) if named else live.completed(function, args)
    return names.arguments(function, params, args) if names.known else args


def in_order(
    function: str, params: Sequence[Param], args: Sequence[Any], named: Mapping[str, Any]
) -> list[Any]:
    """The arguments of a call in the order of its parameters.

    Args:
        function: its name, for errors.
        params: what it takes.
        args: the arguments that are given by their place: the first ones.
        named: the others, by name.

    Raises:
        ArgumentError: a name is unknown, an argument is missing or given twice.
    """
    names = [param.name for param in params]
    takes = f"it takes {listed(names, 20)}"
    for name in named:
        if name not in names:
            raise ArgumentError(f"{function} has no argument {name!r}; {takes}")
    twice = [name for name in names[: len(args)] if name in named]
    if twice:
        raise ArgumentError(f"{function}: {twice[0]} is given by its place and by its name")
    values = {param.name: param.default for param in params if param.default is not None}
    values |= named
    missing = [name for name in names[len(args) :] if name not in values]
    if missing:
        raise ArgumentError(f"{function} needs {listed(missing, 20)}, too; {takes}")
    return [*args, *(values[name] for name in names[len(args) :])]
