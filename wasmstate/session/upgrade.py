"""New code for a model in use: its state is converted, or learned again from a log.

The old code is never run: values come from the record, calls from the log. Both ways end in the
one successor of :mod:`wasmstate.state.change.successor`, and in one crash-safe replacement.
"""

from __future__ import annotations

from typing import Unpack

import numpy as np

from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, PathLike, as_module, check_path
from wasmstate.errors import CallError, StateBoundsError, StateError
from wasmstate.runtime.grants import GrantOptions, Grants
from wasmstate.runtime.limits import Limits
from wasmstate.runtime.program import Program
from wasmstate.session.array_rows import update_rows
from wasmstate.session.guarded_call import Live
from wasmstate.session.replay import calls_of
from wasmstate.state.change.bake import unbake
from wasmstate.state.change.compat import compare_versions
from wasmstate.state.change.migrate import CarryOptions, carried_values, migrate, plan_migration
from wasmstate.state.change.successor import carry_on
from wasmstate.state.code_match import check_belongs
from wasmstate.state.compare.call_log import CallLog, EntryKind, contents_digest
from wasmstate.state.state import State
from wasmstate.storage.commit import rewrite
from wasmstate.storage.pair import replace_pair


def upgrade(
    path: PathLike,
    new: ModuleLike,
    *,
    state: PathLike | None = None,
    log: CallLog | None = None,
    limits: Limits | None = None,
    grants: GrantOptions | None = None,
    allow_break_links: bool = False,
    **carrying: Unpack[CarryOptions],
) -> State:
    """Give a model in use new code, with the state that it has learned.

    A crash leaves the old code with the old state, or the new code with the new one, also where
    the two are in files of their own. Other writers wait.

    Args:
        path: of the file that is replaced.
        new: the new code: a path, bytes or a Module, with a state as it was attached.
        state: of the state file, for code that is beside its state.
        log: what the model was given, to be learned again by the new code; if not given, tensors
            are converted as by :func:`wasmstate.migrate`.
        limits: of each call of the log.
        grants: ``wasi``, ``allow`` and ``single_thread`` for the new code, as a session takes them.
        allow_break_links: see :func:`wasmstate.commit`.
        carrying: ``drop``, ``names``, ``reshape``, ``by_name`` and ``reinterpret``, as for
            :func:`wasmstate.migrate`; with a log they are for what was learned before it began.

    Returns:
        The state in the file now.

    Raises:
        SchemaError: a tensor cannot be taken.
        StateError: a module carries no state or another module's; the log does not end with the
            state in the file, or tells of what the new code cannot do.
        StateBoundsError: the values break the bounds of the new schema.
        CommitError, MalformedError, SectionError: as :func:`wasmstate.commit`.
    """
    check_path(path)
    module = as_module(new, "new")
    granted = grants or {}
    learned = None if log is None else _learn(module, log, limits, granted, carrying)
    done: list[Module] = []

    def edit(old: Module) -> Module:
        if learned is None or log is None:
            after = migrate(old, module, **carrying)
        else:
            after = _successor(old, module, log, learned)
        done.append(after)
        return after

    if state is None:
        rewrite(path, edit, allow_break_links=allow_break_links)
    else:
        replace_pair(path, state, edit, allow_break_links=allow_break_links)
    return State.of(done[-1])


def relearn(
    old: ModuleLike,
    new: ModuleLike,
    log: CallLog,
    *,
    limits: Limits | None = None,
    grants: GrantOptions | None = None,
    **carrying: Unpack[CarryOptions],
) -> Module:
    """New code with what it learns from the calls that old code was given, as the next generation.

    It begins with its own initial state; if the log began behind some updates, with what they had
    taught, converted as by :func:`wasmstate.migrate`. A state that the log loads, as a rollback
    does, has to be one that the old code had been in: then the new code goes back to what it was
    itself at that time.

    Args:
        old: a path, bytes or a Module, with the state that was learned; it is not run.
        new: likewise, with a state as it was attached.
        log: what the old code was given, up to its present state.
        limits: of each call.
        grants: ``wasi``, ``allow`` and ``single_thread`` for the new code, as a session takes them.
        carrying: as for :func:`upgrade`.

    Raises:
        SchemaError: what was learned before the log cannot be converted.
        StateError: as :func:`upgrade`.
        CallError: the new code cannot be instantiated.
    """
    before, after = as_module(old, "old"), as_module(new, "new")
    return _successor(before, after, log, _learn(after, log, limits, grants or {}, carrying))


def _first(log: CallLog, new: Module, carrying: CarryOptions) -> State:
    """What the new code begins with: its own state, or one that carries what was before the log."""
    after = State.of(new)
    if not log.base.update_count and not log.base.generation:
        return after
    plan = plan_migration(log.base, after, **carrying)
    plan.check(f"the log begins behind {log.base.update_count} updates; what they taught is lost")
    return carried_values(plan, log.base, after)


def _learn(
    module: Module,
    log: CallLog,
    limits: Limits | None,
    grants: GrantOptions,
    carrying: CarryOptions,
) -> State:
    """What the new code makes of the calls of a log."""
    start = _first(log, module, carrying)
    live = Live(Program(unbake(module), limits, Grants.of(**grants)), start)
    loaded = {each.digest for each in log.entries if each.kind is EntryKind.STATE}
    known = {contents_digest(log.base.contents()): live.contents}
    for number, entry in enumerate(log.entries, 1):
        try:
            if entry.kind is EntryKind.STATE:
                live.contents = known[entry.digest]
                live.restart()
            for args in calls_of(live, start, entry) if entry.kind is not EntryKind.STATE else ():
                if entry.kind is EntryKind.ROWS:
                    list(update_rows(live, [np.expand_dims(each, 0) for each in args]))
                else:
                    live.run(live.entry(entry.name), args)
        except KeyError:
            raise StateError(
                f"entry {number} of the log loads a state that was never there before: the new "
                "code cannot know what it means"
            ) from None
        except (CallError, StateBoundsError, StateError) as error:
            raise StateError(
                f"the new code cannot learn entry {number} of the log, {entry.name}(): {error}"
            ) from error
        if entry.digest in loaded:
            known[entry.digest] = live.contents
    return start.with_contents(live.contents)


def _successor(old: Module, new: Module, log: CallLog, learned: State) -> Module:
    """The new module, if the log is all that the old state has learned, and means the same."""
    before = State.of(old)
    check_belongs(before, old)
    if log.base.record.lineage.module_digest != before.record.lineage.module_digest:
        raise StateError("the log was recorded with other code than that of the old model")
    last = log.entries[-1].digest if log.entries else contents_digest(log.base.contents())
    if last != contents_digest(before.contents()):
        raise StateError(
            "the log does not end with the state of the old model: what was learned behind it "
            "would be lost"
        )
    _check_calls(old, new, log)
    return carry_on(unbake(new), learned, old)


def _check_calls(old: Module, new: Module, log: CallLog) -> None:
    """Check that each call means to the new code what it meant to the old one."""
    versions = compare_versions(old, new)
    differing = [str(each) for each in versions.names if each.contradict]
    if differing:
        raise StateError(f"the log has rows by position, and {' and '.join(differing)}")
    called = {each.name for each in log.entries if each.kind is not EntryKind.STATE}
    for function in versions.functions:
        if function.name in called and function.verdict != "same":
            now = function.new or "gone"
            raise StateError(f"the log calls {function.name}{function.old}, which is now {now}")
