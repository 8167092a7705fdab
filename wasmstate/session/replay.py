"""Doing again what a log tells, and seeing where it comes out differently."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np

from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.errors import CallError, SchemaError, StateBoundsError, StateError
from wasmstate.runtime.grants import GrantOptions, Grants
from wasmstate.runtime.limits import Limits
from wasmstate.runtime.program import Program
from wasmstate.session.array_rows import update_rows
from wasmstate.session.guarded_call import Live
from wasmstate.state.change.bake import unbake
from wasmstate.state.code_match import belongs
from wasmstate.state.compare.call_log import CallLog, Entry, EntryKind, contents_digest
from wasmstate.state.signature import Param
from wasmstate.state.state import State
from wasmstate.state.tensor import DTYPES


@dataclass(frozen=True)
class ReplayStep:
    """A step that was done again.

    Attributes:
        number: of the step, from 1.
        name: of the function; empty where S was replaced by another one, as by a rollback.
        arguments: the numbers and arrays that it was given; of ``update_many``, one row of it.
        value: what it gave.
        before: S before it.
        after: S after it.
        is_same: whether S is now what it was when the step was recorded; ``None`` if that was not
            recorded, which it is only for the last row of ``update_many``.
        problem: why it failed, which it did not when it was recorded; else ``None``.
    """

    number: int
    name: str
    arguments: tuple[Any, ...]
    value: Any
    before: State
    after: State
    is_same: bool | None
    problem: str | None = None

    @property
    def text(self) -> str:
        """The call, as one would write it."""
        if not self.name:
            return "another state was loaded"
        shown = ", ".join(
            np.array2string(each, separator=", ", threshold=20)
            if isinstance(each, np.ndarray)
            else str(each)
            for each in self.arguments
        )
        return f"{self.name}({shown})"


def replay(
    module: ModuleLike,
    log: CallLog,
    *,
    limits: Limits | None = None,
    **grants: Unpack[GrantOptions],
) -> Iterator[ReplayStep]:
    """Do again what a log tells, from the state that it begins with.

    Rows that ``update_many`` was given are replayed one by one, each a step; that they come to the
    same is what the format asks of a module. It ends after a step that fails.

    Args:
        module: the code: a path, bytes or a Module; its own state does not matter.
        log: what was recorded.
        limits: of each call.
        grants: ``wasi``, ``allow`` and ``single_thread``, as the session that recorded it had.

    Raises:
        StateError: if the log is of another module, or tells of what this one cannot do.
        CallError: if the module cannot be instantiated.
        ValueError: for an invalid ``wasi``.
    """
    module = as_module(module)
    if not belongs(log.base, module):
        raise StateError(
            "the log was recorded with another module, or the code has changed since: "
            "replay it with the module that it was recorded with"
        )
    live = Live(Program(unbake(module), limits, Grants.of(**grants)), log.base)
    before, number, updates = log.base, 0, 0
    for entry in log.entries:
        calls = list(calls_of(live, log.base, entry))
        for i, args in enumerate(calls):
            number += 1
            name = "update" if entry.kind is EntryKind.ROWS else entry.name
            value, problem = None, None
            try:
                if entry.kind is EntryKind.STATE:
                    live.restart()
                    live.contents = list(entry.arguments)
                elif entry.kind is EntryKind.ROWS:
                    list(update_rows(live, [np.expand_dims(each, 0) for each in args]))
                else:
                    value = live.run(live.entry(name), args)
            except (CallError, StateBoundsError) as error:
                problem = str(error)
            updates += name == "update" and problem is None
            after = log.base.with_contents(live.contents, updates=updates)
            is_last = i == len(calls) - 1
            is_same = contents_digest(live.contents) == entry.digest if is_last else None
            yield ReplayStep(number, name, args, value, before, after, is_same, problem)
            if problem is not None:
                return
            before = after


def calls_of(live: Live, base: State, entry: Entry) -> Iterator[tuple[Any, ...]]:
    """The arguments of each call that an entry tells of.

    Raises:
        StateError: if it tells of what the code cannot do.
    """
    try:
        if entry.kind is EntryKind.STATE:
            base.with_contents(entry.arguments)
            yield ()
            return
        if entry.kind is EntryKind.CALL:
            params = live.all_params(entry.name)
            yield tuple(
                _argument(param, bits) for param, bits in zip(params, entry.arguments, strict=True)
            )
            return
        signature = live.signature(entry.name)
        params = signature.of_one_row() if signature and signature.rows else live.params("update")
        columns = [
            np.frombuffer(bits, DTYPES[param.dtype]).reshape(-1, *param.shape)
            for param, bits in zip(params, entry.arguments, strict=True)
        ]
        for row in zip(*columns, strict=True):
            yield tuple(_number(param, each) for param, each in zip(params, row, strict=True))
    except (ValueError, KeyError, SchemaError) as error:
        raise StateError(
            f"the log tells of {entry.name or 'a state'} what cannot be: {error}"
        ) from error


def _argument(param: Param, bits: bytes) -> Any:
    return _number(param, np.frombuffer(bits, DTYPES[param.dtype]).reshape(param.shape))


def _number(param: Param, value: Any) -> Any:
    """An array, or a number as a call takes it: an f32 as it is, for its bits."""
    if param.is_array:
        return value
    number: Any = np.asarray(value)[()]
    return number if param.dtype == "f32" else number.item()
