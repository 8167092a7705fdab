"""Calls that are made to find out what a module learns: suggested, typed, and read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wasmstate import Call, Signature, WasmstateError
from wasmstate.binary.module import Module
from wasmstate.binary.spaces import Spaces
from wasmstate.explore.trial_arguments import made_up
from wasmstate.runtime.grants import Grants, needed_grants
from wasmstate.state.attach.describe import ENTRY_POINTS, signatures
from wasmstate.state.signature import NUMERIC, Param
from wasmstate_gui.core.texts import counted

_MOST = 500  # functions that are offered
_UPDATES = 3  # rows that are suggested


@dataclass(frozen=True, slots=True)
class Typed:
    """A call as it is typed."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Calls:
    """What is typed, as it was understood.

    Attributes:
        calls: those that can be made.
        signatures: of functions, where they are others than those of the module.
        errors: what is wrong with each call, by its number.
        signature_errors: what is wrong with a signature, by the name of the function.
    """

    calls: tuple[Call, ...] = ()
    signatures: Mapping[str, Signature] = field(default_factory=dict)
    errors: Mapping[int, str] = field(default_factory=dict)
    signature_errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def are_good(self) -> bool:
        """Whether they can be made."""
        return bool(self.calls) and not self.errors and not self.signature_errors


def callable_functions(module: Module) -> dict[str, Signature]:
    """The exported functions that take and give numbers; ``update`` and ``predict`` come first.

    Of a module with imports that no option grants there are none.
    """
    spaces = Spaces(module)
    missing = Grants.of(**needed_grants(spaces)).missing(spaces)
    types = {} if missing else spaces.exported_functions()
    names = [
        name
        for name, type_ in types.items()
        if {*map(str, type_.params), *map(str, type_.results)} <= set(NUMERIC)
    ]
    names.sort(key=lambda name: (name not in ENTRY_POINTS, name != "update", name.startswith("_")))
    return signatures(module, names[:_MOST])


def suggested(functions: Mapping[str, Signature]) -> list[Typed]:
    """Calls to begin with: of ``update`` with several numbers, one of ``predict``."""
    found = []
    for name, times in (("update", _UPDATES), ("predict", 1)):
        if name in functions:
            rows = dict.fromkeys(arguments_text(functions[name], k) for k in range(times))
            found += [Typed(name, text) for text in rows]
    return found


def arguments_text(signature: Signature, k: int) -> str:
    """Arguments that are made up, as they would be typed."""
    return ", ".join(json.dumps(each) for each in made_up(signature.params, k))


def read_calls(
    typed: Sequence[Typed], texts: Mapping[str, str], functions: Mapping[str, Signature]
) -> Calls:
    """What was typed.

    Args:
        typed: the calls.
        texts: the signature of each function that is called, as it is typed.
        functions: the signatures that the module itself tells.
    """
    known, signature_errors = dict(functions), {}
    for name, text in texts.items():
        try:
            known[name] = Signature.parse(text)
            _check_count(functions[name], known[name])
        except WasmstateError as error:
            signature_errors[name] = str(error)
    calls, errors = [], {}
    for number, each in enumerate(typed):
        try:
            call = Call.parse(f"{each.name}:{each.text}")
        except WasmstateError:
            errors[number] = "write numbers with commas, an array in brackets: 1, [0.5, 2]"
            continue
        if each.name in signature_errors:
            continue
        problem = _problem(known[each.name], call)
        if problem:
            errors[number] = problem
        calls.append(call)
    changed = {name: known[name] for name in texts if known[name] != functions[name]}
    return Calls(tuple(calls), changed, errors, signature_errors)


def _check_count(own: Signature, given: Signature) -> None:
    """Raise SchemaError if a signature is not one of the function."""
    wanted, found = len(own.params), len(given.params)
    if wanted != found:
        text = f"the function takes {counted(wanted, 'parameter')}, not {found}: {own}"
        raise WasmstateError(text)


def _problem(signature: Signature, call: Call) -> str:
    params: Sequence[Param] = signature.params
    if len(call.args) == len(signature.required):
        params = signature.required
    if len(call.args) != len(params):
        names = ", ".join(f"{each.name}: {each.type}" for each in params)
        wanted = f"it takes {counted(len(params), 'argument')}" + (f": {names}" if names else "")
        return f"{counted(len(call.args), 'argument')} given, {wanted}"
    for param, value in zip(params, call.args, strict=True):
        if isinstance(value, list) != param.is_array:
            kind = "an array in brackets" if param.is_array else "a number"
            return f"{param.name} is {kind}"
        if not isinstance(value, list) and (isinstance(value, bool | str | dict) or value is None):
            return f"{param.name} is a number"
    return ""
