"""A model as a co-process: a line of JSON in, a line of JSON out."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Self

from wasmstate.cli.common import echo_json_texts, json_text
from wasmstate.cli.model_calls import CHOOSING, call_of, value_of
from wasmstate.cli.stopping import Stopped, Stopping
from wasmstate.errors import ArgumentError, WasmstateError
from wasmstate.session.session import Session
from wasmstate.session.strict_json import check_numbers, parse_json

_USAGE = (
    'write {"fn": "update", "args": [3, 1.0]}, {"fn": "update", "args": {"arm": 3, "reward": 1.0}} '
    'or ["update", 3, 1.0]'
)

_PART = 1 << 16
_SOON = 0.01
"""Seconds that an answer waits at most for others."""


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


def answer_lines(session: Session, source: io.BufferedIOBase, stop: Stopping) -> int:
    """Answer each line; gives how many calls there were.

    Answers are written when no line is left of what has come, and at least each hundredth of a
    second.

    Raises:
        Stopped: by a signal.
    """
    with _Answers() as answers:
        rest = b""
        while True:
            answers.write()
            with stop.waiting():
                part = source.read1(_PART)
            *lines, rest = (rest + part).split(b"\n")
            if not part:
                lines, rest = [rest], b""
            for line in lines:
                if stop.signal is not None:
                    raise Stopped
                if line.strip():
                    answers.add(_answer(session, line))
            if not part:
                return answers.count


class _Answers:
    """Answers on their way out; when the context ends all are written.

    Attributes:
        count: of all.
    """

    def __init__(self) -> None:
        self.count = 0
        self._texts: list[str] = []
        self._written = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.write()

    def add(self, answer: dict[str, Any]) -> None:
        """Write an answer, soon."""
        self.count += 1
        self._texts.append(_text(answer))
        if time.monotonic() - self._written > _SOON:
            self.write()

    def write(self) -> None:
        """Write what there is."""
        if self._texts:
            texts, self._texts = self._texts, []
            echo_json_texts(texts)
        self._written = time.monotonic()


def _text(answer: dict[str, Any]) -> str:
    """The answer as JSON; that of a usual call is put together by hand."""
    value = answer.get("value", "")
    is_plain = type(value) is int or value is None or (type(value) is float and isfinite(value))
    if is_plain and len(answer) == 3:
        changed = "true" if answer["changed"] else "false"
        text = "null" if value is None else repr(value)
        return f'{{"value": {text}, "generation": {answer["generation"]}, "changed": {changed}}}'
    return json_text(answer)


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
    after = session.contents
    answer["generation"] = session.generation
    answer["changed"] = after is not before and after != before
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
    given = args.values() if isinstance(args, dict) else args
    if not all(type(each) in (int, float) for each in given):
        _check(session, name, args if isinstance(args, dict) else dict(enumerate(args)))
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
