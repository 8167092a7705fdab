"""New code for a state: which tensor of the old one goes where, and what is lost.

Source: docs/format.md, "New code for a state".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.errors import SchemaError, StateError
from wasmstate.escapes import lines
from wasmstate.state.change.axis_names import (
    AxisNames,
    differing_names,
    move,
    problems_of_moving,
)
from wasmstate.state.change.bake import unbake
from wasmstate.state.change.personalize import DEVICE_KEY
from wasmstate.state.change.successor import carry_on
from wasmstate.state.digest import module_digest
from wasmstate.state.lists import check_list
from wasmstate.state.metadata_keys import MERGE_KEY
from wasmstate.state.state import State
from wasmstate.state.tensor import DTYPES, Tensor, shape_text

Action = Literal["kept", "widened", "reshaped", "moved", "added", "dropped", "refused"]
Verdict = Literal["compatible", "needs migration", "refused"]


class CarryOptions(TypedDict, total=False):
    """What may become of tensors, as :func:`migrate` takes it."""

    drop: Collection[str]
    names: Mapping[str, str] | None
    reshape: Collection[str]
    by_name: Collection[str]
    reinterpret: Collection[str]


WHOLE_MEMORY = (
    "the state is all of memory, as one program laid it out: other code cannot read it; attach "
    "tensors by name, and migrate those"
)
_PRECISION = {"f16": 11, "f32": 24, "f64": 53}
"""Bits of the integers that a float of the type holds without rounding."""


@dataclass(frozen=True, slots=True)
class MigrationStep:
    """What becomes of a tensor.

    Attributes:
        tensor: its name in the new state; of one that is dropped, in the old one.
        action: ``kept``, ``widened`` (to a type that holds all its values), ``reshaped``, ``moved``
            (to the indices that its features or classes have now), ``added`` (it gets its initial
            value), ``dropped``, or ``refused``.
        source: the name of the old tensor whose values it gets.
        reason: why it is refused, and what to do; of one that is kept, that its unit is not said
            any more, or for the first time.
    """

    tensor: str
    action: Action
    source: str | None = None
    reason: str | None = None

    def __str__(self) -> str:
        moved = f" from {self.source}" if self.source not in (None, self.tensor) else ""
        return f"{self.tensor}: {self.action}{moved}{f': {self.reason}' if self.reason else ''}"


@dataclass(frozen=True, slots=True)
class Migration:
    """Whether new code can go on from an old state, and how.

    Attributes:
        steps: the tensors of the new state in its order, then those that are dropped.
    """

    steps: tuple[MigrationStep, ...]

    @property
    def verdict(self) -> Verdict:
        """``compatible`` if each tensor is kept as it is; ``refused`` if one cannot be taken."""
        actions = {step.action for step in self.steps}
        if "refused" in actions:
            return "refused"
        return "compatible" if actions <= {"kept"} else "needs migration"

    def check(self, what: str) -> None:
        """Check that no tensor is refused.

        Args:
            what: the beginning of the message: what cannot be done.

        Raises:
            SchemaError: naming each tensor that cannot be taken, and what to do.
        """
        refused = [str(step) for step in self.steps if step.action == "refused"]
        if refused:
            raise SchemaError(f"{what}:{lines(refused)}")


def plan_migration(
    old: State | ModuleLike,
    new: State | ModuleLike,
    *,
    drop: Collection[str] = (),
    names: Mapping[str, str] | None = None,
    reshape: Collection[str] = (),
    by_name: Collection[str] = (),
    reinterpret: Collection[str] = (),
) -> Migration:
    """What becomes of each tensor; changes nothing.

    Args:
        old: the state that was learned: a State, or a module that carries it.
        new: the state of the new code, as it was attached; likewise.
        drop: old tensors that may be lost.
        names: new names of old tensors.
        reshape: new tensors that may have another shape, of as many elements.
        by_name: new tensors whose axes go over features or classes that have another order, or
            more of them, now: values go to the index of their name.
        reinterpret: new tensors that take the old numbers as they are, though unit or names differ.

    Raises:
        SchemaError: for an unknown name, or if one of the states is a whole memory.
    """
    check_list("drop", drop)
    check_list("reshape", reshape)
    check_list("by_name", by_name)
    check_list("reinterpret", reinterpret)
    old, new = State.of(old, "old"), State.of(new, "new")
    renamed = dict(names or {})
    _check_names(old, new, drop, renamed, (*reshape, *by_name, *reinterpret))
    sources = {renamed.get(name, name): name for name in old if name not in drop}
    for name, other in renamed.items():
        if other in old and other not in (*drop, *renamed):
            raise SchemaError(f"{name} and {other} would both become {other}: drop one of them")
    differing = [each for each in differing_names(old, new) if each.contradict]
    steps = []
    for name in new:
        asked = _Asked(name in reshape, name in by_name, name in reinterpret)
        steps.append(_step(old, new.tensor(name), sources.get(name), asked, differing))
    for name in old:
        if name in drop:
            steps.append(MigrationStep(name, "dropped"))
        elif renamed.get(name, name) not in new:
            reason = "the new state has no such tensor: drop it, or map it to its new name"
            steps.append(MigrationStep(name, "refused", name, reason))
    return Migration(tuple(steps))


def migrate(
    old: ModuleLike,
    new: ModuleLike,
    *,
    drop: Collection[str] = (),
    names: Mapping[str, str] | None = None,
    reshape: Collection[str] = (),
    by_name: Collection[str] = (),
    reinterpret: Collection[str] = (),
) -> Module:
    """New code with the state that old code learned, as the next generation.

    Tensors are found by their names. One that the new state adds gets its initial value; one of a
    wider type is converted where no value can be lost; anything else has to be asked for. The old
    record is kept in ``wasmstate.prev``, the chain of digests goes on.

    Args:
        old: a path, bytes or a Module, with the state that was learned.
        new: likewise, with a state as it was attached.
        drop: old tensors that may be lost.
        names: new names of old tensors.
        reshape: new tensors that may have another shape, of as many elements.
        by_name: new tensors whose axes go over features or classes that have another order, or
            more of them, now: values go to the index of their name.
        reinterpret: new tensors that take the old numbers as they are, though unit or names differ.

    Returns:
        The new module; its code, schema, entry points and metadata are its own.

    Raises:
        SchemaError: naming each tensor that cannot be taken, and what to do.
        StateBoundsError: if the values break the bounds of the new schema.
        StateError: if one of the modules carries no state, a damaged one, or another module's.
        MalformedError: if a section that is needed cannot be decoded.
    """
    old, new = as_module(old, "old"), as_module(new, "new")
    before, after = _state_of("the old module", old), _state_of("the new module", new)
    plan = plan_migration(
        before,
        after,
        drop=drop,
        names=names,
        reshape=reshape,
        by_name=by_name,
        reinterpret=reinterpret,
    )
    plan.check("the new code cannot take the old state")
    state = carried_values(plan, before, after)
    state.check_bounds()
    return carry_on(unbake(new), state, old)


def carried_values(plan: Migration, before: State, after: State) -> State:
    """The new state with the old values, by a plan that refuses nothing.

    What the metadata say of the device and of merges stays true of the values, so it goes with
    them.
    """
    values = {}
    for step in plan.steps:
        if step.source is None:
            continue
        old, tensor = before[step.source], after.tensor(step.tensor)
        if step.action == "moved":
            old = move(old, after[tensor.name], differing_names(before, after))
        values[tensor.name] = old.reshape(tensor.shape).astype(DTYPES[tensor.dtype])
    metadata = before.metadata
    own = {key: metadata[key] for key in (DEVICE_KEY, MERGE_KEY) if key in metadata}
    return after.with_values(values).with_metadata(own)


def _state_of(what: str, module: Module) -> State:
    state = State.of(module)
    if state.record.lineage.module_digest != module_digest(module):
        raise StateError(f"{what}: the state belongs to another module")
    return state


def _check_names(
    old: State,
    new: State,
    drop: Collection[str],
    names: Mapping[str, str],
    asked: Collection[str],
) -> None:
    if old.is_whole_memory or new.is_whole_memory:
        raise SchemaError(WHOLE_MEMORY)
    for name in (*drop, *names):
        old.tensor(name)
    for name in (*names.values(), *asked):
        new.tensor(name)
    if len(set(names.values())) < len(names):
        raise SchemaError("two tensors cannot become one")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the user asked for, of one tensor."""

    reshape: bool
    by_name: bool
    reinterpret: bool


def _step(
    old: State, tensor: Tensor, source: str | None, asked: _Asked, differing: Sequence[AxisNames]
) -> MigrationStep:
    if source is None:
        return MigrationStep(tensor.name, "added")
    given = old.tensor(source)
    problems = list(_problems(given, tensor, asked, differing))
    if problems:
        return MigrationStep(tensor.name, "refused", source, "; ".join(problems))
    action: Action = "kept" if given.dtype == tensor.dtype else "widened"
    if asked.by_name or given.shape != tensor.shape:
        action = "moved" if asked.by_name else "reshaped"
    note = None
    if given.unit != tensor.unit:
        note = f"its unit was {given.unit or 'not said'}, now {tensor.unit or 'not said'}"
    return MigrationStep(tensor.name, action, source, note)


def _problems(
    old: Tensor, new: Tensor, asked: _Asked, differing: Sequence[AxisNames]
) -> Iterator[str]:
    if old.dtype != new.dtype and not is_lossless(old.dtype, new.dtype):
        yield (
            f"{new.dtype} does not hold every {old.dtype}: drop it, and set its values afterwards"
        )
    if old.unit != new.unit and old.unit and new.unit and not asked.reinterpret:
        yield f"its unit was {old.unit}, now {new.unit}: drop it, or take its numbers as they are"
    if asked.by_name:
        yield from problems_of_moving(old, new, differing)
        return
    if differing and old.shape and not asked.reinterpret:
        changes = " and ".join(map(str, differing))
        yield f"{changes}: move its values by name, or take them as they are"
    if old.shape == new.shape:
        return
    shapes = f"{shape_text(old.shape) or 'a scalar'}, now {shape_text(new.shape) or 'a scalar'}"
    if old.nbytes // DTYPES[old.dtype].itemsize != new.nbytes // DTYPES[new.dtype].itemsize:
        yield f"it was {shapes}, which is another number of elements: drop it"
    elif not asked.reshape:
        yield f"it was {shapes}: ask for it to be reshaped, elements stay row after row"


def is_lossless(old: str, new: str) -> bool:
    """Whether every value of one element type is one of the other."""
    a, b = DTYPES[old], DTYPES[new]
    if a.kind == "f":
        return b.kind == "f" and b.itemsize >= a.itemsize
    if b.kind == "f":
        return 8 * a.itemsize <= _PRECISION[new]
    signs = 8 * (b.itemsize - a.itemsize)
    return signs >= 0 if a.kind == b.kind else a.kind == "u" and signs > 0
