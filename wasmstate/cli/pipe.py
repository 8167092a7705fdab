"""A model as a co-process: a line of JSON in, a line of JSON out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wasmstate.cli.common import echo_json_line
from wasmstate.cli.model_calls import CHOOSING, call_of, value_of
from wasmstate.cli.stopping import Stopping
from wasmstate.errors import ArgumentError, WasmstateError
from wasmstate.session.session import Session
from wasmstate.session.strict_json import check_numbers, parse_json

_USAGE = (
    'write {"fn": "update", "args": [3, 1.0]}, {"fn": "update", "args": {"arm": 3, "reward": 1.0}} '
    'or ["update", 3, 1.0]'
)


@dataclass(frozen=True, slots=True)
class _Request:
    """A call that was asked for.

    Attributes:
        function: its name.
        args: by their place.
        named: by the names of the parameters.
        available: for ``predict`` and ``decide``, the arms to choose from.
    """

    function: str
    args: list[Any]
    named: dict[str, Any]
    available: list[int] | None


def answer_lines(session: Session, lines: Iterable[bytes], stop: Stopping) -> int:
    """Answer each line; gives how many calls there were.

    Raises:
        Stopped: by a signal.
    """
    source = iter(lines)
    calls = 0
    while True:
        with stop.waiting():
            line = next(source, None)
        if line is None:
            return calls
        if line.strip():
            echo_json_line(_answer(session, line))
            calls += 1


def _answer(session: Session, line: bytes) -> dict[str, Any]:
    before = session.contents
    answer: dict[str, Any] = {}
    try:
        request = _request(session, line)
        call = call_of(session, request.function, request.available)
        answer["value"], told = value_of(call(*request.args, **request.named))
        answer |= told
    except WasmstateError as error:
        answer["error"] = {"type": type(error).__name__, "message": str(error)}
    answer["generation"] = session.generation
    answer["changed"] = session.contents != before
    return answer


def _request(session: Session, line: bytes) -> _Request:
    try:
        request = parse_json(line)
    except ArgumentError as error:
        raise ArgumentError(f"the line is not valid JSON: {error}; {_USAGE}") from error
    name: Any = None
    args: Any = None
    available: Any = None
    if isinstance(request, dict) and set(request) <= {"fn", "args", "available"}:
        name, args = request.get("fn"), request.get("args", [])
        available = request.get("available")
    elif isinstance(request, list) and request:
        name, *args = request
    if not isinstance(name, str) or not isinstance(args, (list, dict)):
        raise ArgumentError(f"the line is no call: {_USAGE}")
    if available is not None and (name not in CHOOSING or not isinstance(available, list)):
        raise ArgumentError('"available" is a list of arms, for "predict" and "decide"')
    given: dict[Any, Any] = args if isinstance(args, dict) else dict(enumerate(args))
    _check(session, name, given)
    if isinstance(args, dict):
        return _Request(name, [], args, available)
    return _Request(name, args, {}, available)


def _check(session: Session, name: str, given: Mapping[Any, Any]) -> None:
    """Check that the arguments are numbers, lists of them, or what the model has names for.

    Raises:
        ArgumentError: naming the first invalid one.
    """
    names = session.names
    params = session.params(name) if names.known else ()
    label = names.class_position(params)
    places: dict[Any, int] = {param.name: i for i, param in enumerate(params)}
    for key, each in given.items():
        if type(each) in (int, float):
            continue
        i = places.get(key, key)
        if i == label and isinstance(each, (str, bool)):
            continue
        where = f"args[{json.dumps(key)}]"
        if isinstance(each, dict) and i in range(len(params)) and names.is_features(params[i]):
            for feature, value in each.items():
                check_numbers(value, f"{where}[{json.dumps(feature)}]")
        else:
            check_numbers(each, where)
