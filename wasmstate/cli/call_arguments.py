"""The arguments of a call on the command line: by place or by name, classes by their labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from wasmstate.cli.assignments import parse_argument
from wasmstate.errors import ArgumentError, WasmstateError
from wasmstate.session.keyword_arguments import in_order
from wasmstate.session.names import Names
from wasmstate.session.strict_json import check_numbers, parse_json
from wasmstate.state.signature import Param
from wasmstate.state.state import State

_NAME = re.compile(r"[^\W\d][^\[\]{},]*")


class CallArguments:
    """What a function takes, as the state in a file describes it.

    A file that cannot be read describes nothing: whoever opens it to call says why.

    Args:
        file: the model.
        function: the name of the export.
    """

    def __init__(self, file: Path, function: str) -> None:
        self._function = function
        self._params: Sequence[Param] = ()
        self._required: Sequence[Param] = ()
        self._names = Names({})
        try:
            state = State.open(file)
        except (WasmstateError, OSError):
            return
        self._names = Names(state.metadata)
        if function in state.entry_points:
            signature = state.entry_points[function]
            self._params, self._required = signature.params, signature.required

    def parse(self, texts: Iterable[str]) -> list[Any]:
        """The values in the order of the parameters.

        A text is a value, or ``NAME=VALUE`` with the name of a parameter or of a feature; then all
        that follow are named.

        Raises:
            ArgumentError: a text is no value, a name is unknown or missing.
        """
        placed: list[Any] = []
        named: dict[str, Any] = {}
        features: dict[str, Any] = {}
        texts = list(texts)
        by_place = self._required if len(texts) == len(self._required) else self._params
        by_name = {param.name: param for param in self._params}
        known = self._names.features.names if self._names.features is not None else ()
        for text in texts:
            name, sign, value = text.partition("=")
            name = name.strip()
            is_known = name in by_name or name in known
            if not sign or not (is_known or _NAME.fullmatch(name)):
                if named or features:
                    raise ArgumentError(f"{text!r} has no name, and stands behind one that has")
                at = len(placed)
                param = by_place[at] if at < len(by_place) else None
                placed.append(self._value(param, text, f"argument {at}"))
                continue
            if name in named or name in features:
                raise ArgumentError(f"{name} is given twice")
            if not is_known:
                raise ArgumentError(f"{self._function} has no argument {name!r}; {self._takes()}")
            if name in by_name:
                named[name] = self._value(by_name[name], value, name)
            else:
                features[name] = self._value(None, value, name)
        if not named and not features:
            return placed
        if features:
            row = next((each for each in self._params if self._names.is_features(each)), None)
            if row is None:
                raise ArgumentError(f"{self._function} takes no features by name; {self._takes()}")
            named[row.name] = features
        return in_order(self._function, self._params, placed, named)

    def _value(self, param: Param | None, text: str, what: str) -> Any:
        try:
            return self._parsed(param, text, what)
        except ArgumentError as error:
            if what in str(error):
                raise
            raise ArgumentError(f"{what}: {error}") from error

    def _parsed(self, param: Param | None, text: str, what: str) -> Any:
        if param is not None and self._names.classes is not None and self._is_label(param):
            return self._names.classes.parse(text)
        if text.strip().startswith("{"):
            value = parse_json(text)
            for key, each in value.items():
                check_numbers(each, f"{what}[{key!r}]")
            return value
        value = parse_argument(text)
        check_numbers(value, what)
        return value

    def _is_label(self, param: Param) -> bool:
        at = self._names.class_position(self._params)
        return at is not None and self._params[at] is param

    def _takes(self) -> str:
        features = self._names.features
        known = [param.name for param in self._params] + list(features.names if features else ())
        return f"it takes {', '.join(known)}" if known else "the file does not name any"


def parse_values(
    ctx: click.Context, arguments: Sequence[str], described: CallArguments
) -> list[Any]:
    """The values of a command's arguments. Raises click's UsageError."""
    for text in arguments:
        if text.startswith("--"):  # unknown options are let through, for -1 would be one
            from difflib import get_close_matches  # noqa: PLC0415 (only a mistake needs it)

            option = text.partition("=")[0]
            raise click.NoSuchOption(
                option, possibilities=get_close_matches(option, _options(ctx)), ctx=ctx
            )
    try:
        return described.parse(arguments)
    except ArgumentError as error:
        raise click.UsageError(str(error)) from error


def _options(ctx: click.Context) -> list[str]:
    return [option for param in ctx.command.params for option in param.opts if option[:2] == "--"]
