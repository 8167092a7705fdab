"""A model as a co-process: a line of JSON in, a line of JSON out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from wasmstate.cli.common import echo_json_line
from wasmstate.cli.stopping import Stopping
from wasmstate.errors import ArgumentError, WasmstateError
from wasmstate.session.session import Session
from wasmstate.session.strict_json import check_numbers, parse_json

_USAGE = 'write {"fn": "update", "args": [3, 1.0]} or ["update", 3, 1.0]'


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
    before = session.state.contents()
    answer: dict[str, Any] = {}
    try:
        name, args = _request(session, line)
        answer["value"] = session.call(name, *args)
    except WasmstateError as error:
        answer["error"] = {"type": type(error).__name__, "message": str(error)}
    answer["generation"] = session.generation
    answer["changed"] = session.state.contents() != before
    return answer


def _request(session: Session, line: bytes) -> tuple[str, list[Any]]:
    try:
        request = parse_json(line)
    except ArgumentError as error:
        raise ArgumentError(f"the line is not valid JSON: {error}; {_USAGE}") from error
    if isinstance(request, dict) and set(request) <= {"fn", "args"}:
        name, args = request.get("fn"), request.get("args", [])
    elif isinstance(request, list) and request:
        name, *args = request
    else:
        name, args = None, None
    if isinstance(name, str) and isinstance(args, list):
        _check(session, name, args)
        return name, args
    raise ArgumentError(f"the line is no call: {_USAGE}")


def _check(session: Session, name: str, args: list[Any]) -> None:
    """Check that the arguments are numbers, lists of them, or what the model has names for.

    Raises:
        ArgumentError: naming the first invalid one.
    """
    names = session.names
    params = session.params(name) if names.known else ()
    label = names.class_position(params)
    for i, each in enumerate(args):
        if i == label and isinstance(each, (str, bool)):
            continue
        if isinstance(each, dict) and i < len(params) and names.is_features(params[i]):
            for key, value in each.items():
                check_numbers(value, f"args[{i}][{json.dumps(key)}]")
        else:
            check_numbers(each, f"args[{i}]")
