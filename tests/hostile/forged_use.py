"""Using forged files in every way: each gives an answer, or an error of the library."""

from __future__ import annotations

import random
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from cli_runner import run_command
from hostile.reader import Read, Refused, read_module, read_record
from wasmstate import (
    Limits,
    Module,
    Session,
    State,
    WasmstateError,
    check,
    diff,
    history,
    merge,
    salvage,
)
from wasmstate.session.predict_warning import PredictChangedStateWarning
from wasmstate.state.damage.salvage_result import Accept, Fill
from wasmstate.state.damage.tensor_trust import remains

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
LIMITS = Limits(seconds=1, memory=8 << 20)

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("layout",),
    ("layout", "--json"),
    ("state",),
    ("state", "--json"),
    ("check",),
    ("check", "--json"),
    ("history",),
    ("history", "--json"),
    ("salvage",),
    ("diff",),
    ("section", "list"),
    ("run", "predict"),
    ("run", "update", "1", "1.0"),
    ("set", "count=5"),
    ("rollback",),
    ("bake",),
)
"""Arguments; the file comes behind the first, or behind both where the command has two words."""


def read(data: bytes) -> Read | None:
    """What the independent reader says of a file."""
    try:
        return read_module(data)
    except Refused:
        return None


def agree(content: bytes) -> Read | None:
    """Both readers say the same of the content of a section; gives what they say."""
    try:
        expected = read_record(content)
    except Refused as refused:
        try:
            State.from_content(content)
        except WasmstateError:
            return None
        raise AssertionError(f"docs/format.md refuses what the library takes: {refused}") from None
    state = State.from_content(content)
    assert same(state, expected)
    assert state.to_content() == content
    return expected


def same(state: State, expected: Read) -> bool:
    """Whether a state is what the independent reader has read."""
    tensors = {
        each.name: (each.dtype, each.shape, state[each.name].tobytes()) for each in state.tensors
    }
    lineage = state.record.lineage
    digests = (
        lineage.module_digest,
        state.digest,
        lineage.parent_digest,
        lineage.base_digest,
    )
    numbers = (state.generation, state.update_count, state.keep)
    return (*numbers, digests, tensors) == (
        expected.generation,
        expected.update_count,
        expected.keep,
        expected.digests,
        expected.tensors,
    )


def use(path: Path, data: bytes, sound: Path, dice: random.Random) -> None:
    """Use a file in every way.

    Args:
        path: to write it to.
        data: the file.
        sound: a sound file with the same code.
        dice: chooses what takes long.
    """
    path.write_bytes(data)
    expected = read(data)
    try:
        state = State.open(path)
    except WasmstateError:
        assert expected is None, "the library refuses what docs/format.md allows"
    else:
        assert expected is not None, "the library takes what docs/format.md refuses"
        assert same(state, expected)
    _check(path, expected)
    _salvage(path, data, expected, dice)
    for question in (history, lambda file: diff(sound, file), lambda file: merge(sound, [file])):
        _ask(question, path)
    assert path.read_bytes() == data
    if expected is not None:
        _call(path, dice)
        path.write_bytes(data)
    _command(path, data, sound, dice)


def _told(text: str) -> None:
    """Nothing that is told drives a terminal, or forges a line."""
    assert CONTROL.search(text) is None, repr(text)


def _ask(question: Callable[[Path], object], path: Path) -> None:
    try:
        question(path)
    except WasmstateError as error:
        _told(str(error))


def _check(path: Path, expected: Read | None) -> None:
    findings = check(path)
    for finding in findings:
        _told(str(finding))
    if expected is None:
        assert any(each.severity == "error" for each in findings), "ok for what no reader takes"


def _salvage(path: Path, data: bytes, expected: Read | None, dice: random.Random) -> None:
    fill: Fill | None = dice.choice((None, None, *get_args(Fill)))
    accept: list[Accept] = dice.sample(get_args(Accept), dice.randrange(3))
    saved = salvage(path, fill=fill, accept=accept)
    if saved.data is not None:
        assert read(saved.data) is not None, "salvage gives a file that no reader takes"
    if saved.proven and saved.state is None:
        # Something else is in the way: what is proven has to be what a reader would take.
        assert expected is not None, "proven in a record that no reader takes"
    remnants = remains(Module.from_bytes(data, strict=False))
    if expected is None and saved.state is None:
        proven = [each.tensor.name for each in remnants if each.trust == "proven"]
        assert not proven, f"{proven} proven in a record that no reader takes"


def _call(path: Path, dice: random.Random) -> None:
    function = dice.choice(("predict", "update"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PredictChangedStateWarning)
            with Session.open(path, limits=LIMITS) as session:
                _ = session.predict() if function == "predict" else session.update(1, 1.0)
    except WasmstateError as error:
        _told(str(error))
    assert read(path.read_bytes()) is not None


def _command(path: Path, data: bytes, sound: Path, dice: random.Random) -> None:
    first, *rest = dice.choice(COMMANDS)
    words = [first, *rest[:1], str(path)] if first == "section" else [first, str(path), *rest]
    if first == "diff":
        words.append(str(sound))
    if first in ("salvage", "bake"):
        words += ["-o", str(path.with_suffix(".out.wasm"))]
        path.with_suffix(".out.wasm").unlink(missing_ok=True)
    done = run_command(*words)
    assert done.exit_code in (0, 1, 2), words
    _told(done.output)
    after = path.read_bytes()
    assert after == data or read(after) is not None, words
