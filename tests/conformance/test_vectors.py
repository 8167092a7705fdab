"""The vectors in fixtures/vectors, answered by each runtime: docs/format.md, "Write a runtime"."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from node import JS, ROOT, needs_package

VECTORS = ROOT / "fixtures/vectors"
CASES = sorted(str(path.relative_to(VECTORS).with_suffix("")) for path in VECTORS.glob("*/*.json"))
RUNNERS = {
    "python": [sys.executable, str(Path(__file__).with_name("python_runner.py"))],
    "javascript": ["node", str(JS / "test/vectors.mjs")],
}
MARKS = {"javascript": [needs_package]}


@cache
def case(name: str) -> dict[str, Any]:
    """A case, its files as bytes in base64."""
    found: dict[str, Any] = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
    steps = [
        {k: with_file(v) if k == "expect" else v for k, v in with_file(step).items()}
        for step in found["steps"]
    ]
    return {**with_file(found), "steps": steps}


def with_file(value: Any) -> Any:
    """An object whose ``file`` is the file itself."""
    if not isinstance(value, dict) or "file" not in value:
        return value
    file = value["file"]
    data = (VECTORS / f"modules/{file['module']}.wasm").read_bytes()
    for start, end, text in reversed(file.get("replace", [])):
        data = data[:start] + bytes.fromhex(text) + data[end:]
    return {**value, "file": base64.b64encode(data).decode()}


@cache
def answers(runner: str) -> list[Any]:
    """What a runner answers to all cases."""
    questions = [
        {
            "file": each["file"],
            "steps": [{k: v for k, v in step.items() if k != "expect"} for step in each["steps"]],
        }
        for each in map(case, CASES)
    ]
    text = "".join(json.dumps(each) + "\n" for each in questions)
    done = subprocess.run(RUNNERS[runner], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    "runner", [pytest.param(name, marks=MARKS.get(name, [])) for name in RUNNERS]
)
@pytest.mark.parametrize("name", CASES)
def test_a_runtime_answers_as_the_format_says(runner: str, name: str) -> None:
    found = answers(runner)[CASES.index(name)]
    expected = [step["expect"] for step in case(name)["steps"]]
    assert [_as_asked(*both) for both in zip(found, expected, strict=True)] == expected


def _as_asked(found: Any, expected: Any) -> Any:
    """An answer without the row of its error, where the case does not ask for it."""
    if isinstance(found, dict) and "row" not in expected:
        return {key: value for key, value in found.items() if key != "row"}
    return found


def test_the_vectors_are_what_the_script_makes() -> None:
    words = [sys.executable, str(ROOT / "fixtures/make_vectors.py"), "--check"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_page_about_the_format_counts_them() -> None:
    page = (ROOT / "docs/format.md").read_text(encoding="utf-8")
    assert f"each of {len(CASES)} cases" in page
