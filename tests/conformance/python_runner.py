"""Answers conformance vectors with this library: cases on standard input, a line of JSON each."""

from __future__ import annotations

import base64
import json
import math
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from wasmstate import (
    ArgumentError,
    CallError,
    LimitError,
    LinkError,
    MalformedError,
    Module,
    NotCommittedError,
    SchemaError,
    Session,
    State,
    StateBoundsError,
    StateConflictError,
    StateCorruptError,
    StateError,
    TrapError,
    WasmstateError,
    history,
    rollback,
)
from wasmstate.session.strict_json import check_numbers
from wasmstate.state.code_match import check_belongs

NAMES: list[tuple[type[WasmstateError], str]] = [
    (MalformedError, "malformed"),
    (StateCorruptError, "corrupt"),
    (SchemaError, "schema"),
    (StateBoundsError, "bounds"),
    (StateConflictError, "conflict"),
    (StateError, "state"),
    (ArgumentError, "argument"),
    (TrapError, "trap"),
    (LinkError, "link"),
    (LimitError, "link"),
    (CallError, "call"),
    (NotCommittedError, "not-committed"),
]


class Case:
    """One file and the session on it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        """The session that ``open`` has opened."""
        assert self._session is not None
        return self._session

    def answer(self, step: dict[str, Any]) -> dict[str, Any] | list[Any]:
        """The answer to a step, an error by its name."""
        try:
            method = getattr(self, f"do_{step['do']}")
            answer: dict[str, Any] | list[Any] = method(step)
        except WasmstateError as error:
            name = next(name for kind, name in NAMES if isinstance(error, kind))
            row = _row(error) if step["do"] == "update_many" else None
            return {"error": name, **({} if row is None else {"row": row})}
        else:
            return answer

    def do_open(self, step: dict[str, Any]) -> dict[str, Any]:
        self._session = Session.open(self._path, persist="manual", keep=step.get("keep"))
        return {**self.do_state(step), "generation": str(self.session.generation)}

    def do_state(self, step: dict[str, Any]) -> dict[str, Any]:
        state = self.session.state
        tensors = {name: value.tobytes().hex() for name, value in state.items()}
        return {"updates": str(state.update_count), "tensors": tensors}

    def do_call(self, step: dict[str, Any]) -> dict[str, Any]:
        return {"result": _plain(self.session.call(step["function"], *_arguments(step)))}

    def do_update_many(self, step: dict[str, Any]) -> dict[str, Any]:
        columns = _arguments(step)
        self.session.update_many(*columns)
        return {"rows": len(columns[0])}

    def do_commit(self, step: dict[str, Any]) -> dict[str, Any]:
        self.session.flush()
        return {"file": _text(self._path)}

    def do_rollback(self, step: dict[str, Any]) -> dict[str, Any]:
        rollback(self._path, int(step["generation"]))
        self.session.rollback()
        return {"file": _text(self._path)}

    def do_history(self, step: dict[str, Any]) -> list[Any]:
        return [
            {
                "generation": str(each.state.generation),
                "updates": str(each.state.update_count),
                "digest": each.state.digest.hex(),
            }
            if each.state is not None
            else {"damaged": True}
            for each in history(self._path)
        ]

    def do_overwrite(self, step: dict[str, Any]) -> dict[str, Any]:
        self._path.write_bytes(base64.b64decode(step["file"]))
        return {}

    def do_damage(self, step: dict[str, Any]) -> dict[str, Any]:
        data = bytearray(self._path.read_bytes())
        accepted = []
        for at in range(step["start"], step["end"]):
            for bits in step["xor"]:
                data[at] ^= bits
                if _is_read(bytes(data)):
                    accepted.append([at, bits])
                data[at] ^= bits
        return {"accepted": accepted}

    def do_cut(self, step: dict[str, Any]) -> dict[str, Any]:
        data = self._path.read_bytes()
        return {"accepted": [at for at in range(step["start"], step["end"]) if _is_read(data[:at])]}


def _is_read(data: bytes) -> bool:
    with suppress(MalformedError, StateError):
        module = Module.from_bytes(data)
        check_belongs(State.of(module), module)
        return True
    return False


def _row(error: WasmstateError) -> int | None:
    """The row that an error names."""
    text = str(error)
    return int(text.split()[1].rstrip(":")) if text.startswith("row ") else None


def _arguments(step: dict[str, Any]) -> list[Any]:
    arguments = [_argument(each) for each in step["args"]]
    for i, each in enumerate(arguments):
        check_numbers(each, f"argument {i}")
    return arguments


def _argument(value: Any) -> Any:
    if isinstance(value, list):
        return [_argument(each) for each in value]
    if isinstance(value, str):
        return int(value.removeprefix("int:")) if value.startswith("int:") else float(value)
    return value["text"] if isinstance(value, dict) else value


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, (float, np.floating)) and not math.isfinite(value):
        return str(float(value))
    if isinstance(value, int) and abs(value) >= 1 << 53:
        return f"int:{value}"
    return value


def _text(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def main() -> None:
    """Answer each line."""
    for line in sys.stdin:
        with TemporaryDirectory() as folder:
            case = json.loads(line)
            path = Path(folder, "model.wasm")
            path.write_bytes(base64.b64decode(case["file"]))
            runner = Case(path)
            answers = [runner.answer(step) for step in case["steps"]]
            sys.stdout.write(json.dumps(answers) + "\n")


if __name__ == "__main__":
    main()
