"""What is wrong with a file: what is in it, and what lies beside it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, PathLike, as_module
from wasmstate.errors import MalformedError, StateError, WasmstateError
from wasmstate.state.beside import held_for, is_state_file
from wasmstate.state.damage.check import Finding, check_module
from wasmstate.state.digest import module_digest
from wasmstate.state.older import STATE_SECTION
from wasmstate.state.record import Record
from wasmstate.state.state import record_of
from wasmstate.storage.displaced import rescue_name
from wasmstate.storage.temporary import is_foreign, leftovers


def check(
    file: ModuleLike,
    *,
    state: PathLike | None = None,
    progress: Callable[[int], object] | None = None,
) -> list[Finding]:
    """Everything that is found wrong with a file; empty if it is a sound module with a sound state.

    Args:
        file: a path; of bytes and of a Module there is nothing beside them to look at.
        state: path of a state file beside it, which has to be sound and tied to this code.
        progress: is called with the offset that has been reached.

    Raises:
        TypeError: ``file`` has another type.
        OSError: if the file cannot be read.
    """
    if isinstance(file, (str, os.PathLike)):
        findings = _check_file(file, progress)
    else:
        findings = check_module(as_module(file, "file", strict=False), progress=progress)
    if state is not None:
        # That the code carries none is as it should be.
        findings = [each for each in findings if each.path != STATE_SECTION]
        findings += _check_beside(as_module(file, "file", strict=False), state)
    return findings


def _check_beside(code: Module, path: PathLike) -> list[Finding]:
    """Check a state file, and that it holds a state of this code."""
    findings = [
        replace(each, path=f"{os.fspath(path)}: {each.path}") for each in _check_file(path, None)
    ]
    if any(each.severity == "error" for each in findings):
        return findings
    try:
        file = Module.open(path)
        held = held_for(file, module_digest(code))
    except (StateError, MalformedError) as error:
        advice = "put the right state file back, or the code that it is tied to"
        return [*findings, Finding("error", os.fspath(path), None, str(error), advice)]
    if held is not file:
        reason = "an upgrade was interrupted before the new code was in place"
        advice = "the old state holds; the next session tidies up"
        findings.append(Finding("warning", os.fspath(path), None, reason, advice))
    return findings


def _check_file(path: PathLike, progress: Callable[[int], object] | None) -> list[Finding]:
    before = _identity(path)
    try:
        findings = check_module(Module.open(path, strict=False), progress=progress)
    except MalformedError as error:  # a large file that became shorter meanwhile, for one
        advice = "this part cannot be used"
        if _identity(path) != before:
            advice = "somebody is writing to it; try again"
        findings = [Finding("error", error.path, error.offset, error.reason, advice)]
    mine = _whole_record(path)
    return findings + [_leftover(left, Path(path), mine) for left in leftovers(Path(path))]


def _identity(path: str | os.PathLike[str]) -> tuple[int, ...]:
    """What changes when somebody writes to a file, or puts another into its place."""
    status = os.stat(path)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _leftover(left: Path, path: Path, mine: Record | None) -> Finding:
    reason = "left by a writer that was ended in the middle of a commit"
    advice = "the next commit removes it"
    if is_foreign(left, path):
        reason += ", while another file may have been put in its place: this may be that one"
        advice = f"the next commit keeps it as {rescue_name(path)}"
    its = _whole_record(left)
    if its is None:
        return Finding("warning", str(left), None, f"{reason}; it is not whole", advice)
    generation = its.lineage.generation
    reason += f"; it is whole, generation {generation}"
    if mine is None:
        advice = "take it: what the file itself holds cannot be read"
    elif generation > mine.lineage.generation:
        reason += f", newer than the {mine.lineage.generation} of the file"
        advice += ", so take it before, if that update counts"
    else:
        return Finding("warning", str(left), None, reason, advice)
    return Finding("warning", str(left), None, reason, advice, repair="take-leftover")


def _whole_record(path: str | os.PathLike[str]) -> Record | None:
    """The record of a file that is whole, with the code that it belongs to."""
    try:
        module = Module.open(path)
        record = record_of(module)
        is_tied = is_state_file(module) or record.lineage.module_digest == module_digest(module)
    except (WasmstateError, OSError):  # a leftover may be gone again
        return None
    return record if is_tied else None
