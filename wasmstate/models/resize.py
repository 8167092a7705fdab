"""A model with more or fewer arms, features or classes, that keeps what it has learned.

The kernel has room for the largest sizes, so only tensors change. What stays is moved to its new
index, what is added begins as in a new model: an arm, an action, a state, a cluster or a class at
its prior, a feature as one that was 0 in all rows so far.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.binary.module import Module
from wasmstate.errors import SchemaError, StateError
from wasmstate.models.families import families
from wasmstate.models.family import Family, TensorTemplate, Values
from wasmstate.models.naming import KEYS, changed, indices_of
from wasmstate.state.change.bake import keep_baked
from wasmstate.state.code_match import check_belongs
from wasmstate.state.older import with_next
from wasmstate.state.record import successor
from wasmstate.state.schema import Schema
from wasmstate.state.state import State

SIZES = ("arms", "actions", "states", "features", "classes", "clusters")
"""Options that can change; how many there are of something that a caller names by its index."""

_AXES = re.compile(r"\[(.*)\]")


def resize(
    module: Module,
    sizes: Mapping[str, int] | None = None,
    *,
    add: Mapping[str, Sequence[Any]] | None = None,
    drop: Mapping[str, Sequence[Any]] | None = None,
) -> Module:
    """A model with other sizes, as the next generation.

    Args:
        module: a model that :func:`wasmstate.models.new` made, with what it has learned.
        sizes: how many arms, actions, states, features, classes or clusters there are to be.
        add: the names of features, or labels of classes, that are added: for a model that keeps
            such, ``{"features": ["fog"]}``. Without a size, there are as many more.
        drop: what leaves, by the same names; what is behind it moves up. Without a size, there are
            as many fewer. An index; where the model keeps them, the name of a feature or the label
            of a class.

    Returns:
        The module; its record before is kept in ``wasmstate.prev``.

    Raises:
        SchemaError: if it is no such model, has no such size, does not fit the kernel, or must lose
            something that ``drop`` does not name.
        StateError: if it carries no state, or one of other code.
        MalformedError: if a section that is needed cannot be decoded.
    """
    state = State.of(module)
    check_belongs(state, module)
    family, before = _family(state)
    added = add or {}
    leaving = {
        name: indices_of(state.metadata, name, indices) for name, indices in (drop or {}).items()
    }
    wanted = {
        name: int(before.get(name, 0)) - len(set(leaving.get(name, ()))) + len(names)
        for name, names in added.items()
    }
    kept = _kept(family, before, {**wanted, **(sizes or {})}, leaving)
    metadata = changed(state.metadata, kept, added)
    resized = _resized(state, family, before, kept)
    _check_metadata(state, resized)
    return _next(module, state, resized, metadata)


def resized_state(
    state: State, sizes: Mapping[str, int], drop: Mapping[str, Sequence[int]]
) -> State:
    """The state with other sizes, as of a new model. Raises as :func:`resize`."""
    family, before = _family(state)
    return _resized(state, family, before, _kept(family, before, sizes, drop))


def _family(state: State) -> tuple[Family, dict[str, Any]]:
    """The family of a model, and its options."""
    family = families().get(str(state.metadata.get("model")))
    if family is None:
        raise SchemaError("only a model that comes with wasmstate can be resized")
    kept = [each for each in family.options if each.name in state]
    before = {each.name: (int if each.integer else float)(state[each.name]) for each in kept}
    if any(template.name not in state for template in _templates(family, before)):
        raise SchemaError("only a model that comes with wasmstate can be resized")
    return family, before


def _templates(family: Family, before: Values) -> list[TensorTemplate]:
    """The tensors of a model with these options."""
    defaults = {option.name: option.default or 0 for option in family.options}
    return family.templates({**defaults, **before})


def _resized(
    state: State, family: Family, before: Values, kept: Mapping[str, tuple[list[int], int]]
) -> State:
    fresh = _fresh(family.name, tuple({**before, **_wanted(kept)}.items()))
    if fresh.record.lineage.module_digest != state.record.lineage.module_digest:
        raise StateError(
            f"its code is not that of {family.name} in this version: migrate it first"
        ).helped_by("migrate()")
    values = {
        template.name: _moved(state[template.name], fresh[template.name], template.spec, kept)
        for template in _templates(family, before)
        if template.name not in before
    }
    if "actions" in kept:  # an episode that is running ends
        values |= {
            template.name: np.zeros_like(fresh[template.name])
            for template in _templates(family, before)
            if template.merge == "own"
        }
    if "arms" in kept and "decision_arm" in values:
        _move_decisions(values, kept["arms"][0])
    if "arms" in kept and "pulls" in values and values["pulls"].ndim == 1:
        gone = int(state["pulls"].sum()) - int(values["pulls"].sum())
        values["count"] = state["count"] - gone
    resized = fresh.with_values(values)
    resized.check_bounds()
    return resized


@lru_cache(maxsize=64)  # who chooses among what is available asks for few sizes, and often
def _fresh(name: str, options: tuple[tuple[str, float], ...]) -> State:
    """The state of a new model; its random numbers do not matter, they are replaced."""
    family = families()[name]
    return State.of(family.make(0 if family.takes_seed else None, dict(options)))


def _wanted(kept: Mapping[str, tuple[list[int], int]]) -> dict[str, int]:
    return {name: size for name, (_, size) in kept.items()}


def _kept(
    family: Family,
    before: Values,
    sizes: Mapping[str, int],
    drop: Mapping[str, Sequence[int]],
) -> dict[str, tuple[list[int], int]]:
    """The indices that stay and the new number, for each size that changes."""
    changing = [size for size in SIZES if size not in family.fixed]
    known = [option.name for option in family.options if option.name in changing]
    found = {}
    for name in dict.fromkeys((*sizes, *drop)):
        if name not in known:
            raise SchemaError(
                f"{family.name} has no {name} to resize; it has {', '.join(known) or 'none'}"
            )
        count, leaving = int(before[name]), set(drop.get(name, ()))
        outside = sorted(index for index in leaving if not 0 <= index < count)
        if outside:
            raise SchemaError(f"there is no {name}[{outside[0]}] to drop: there are {count}")
        stay = [index for index in range(count) if index not in leaving]
        size = sizes.get(name, len(stay))
        if family.option(name).check(size) < len(stay):
            raise SchemaError(
                f"there are {count} {name}, and {size} are to be left: say which "
                f"{count - int(size)} to drop, by index"
            )
        found[name] = (stay, int(size))
    return found


def _check_metadata(state: State, resized: State) -> None:
    changed = [name for name in SIZES if name in state and state[name] != resized[name]]
    for key, value in state.metadata.items():
        for name in changed:
            if key in KEYS.values() or not isinstance(value, list):
                continue
            if len(value) == int(state[name]) > 1:  # of a key whose meaning is not known
                raise SchemaError(f"the metadata name the {name} ({key}), and would be wrong")


def _moved(
    old: NDArray[Any],
    fresh: NDArray[Any],
    spec: str,
    kept: Mapping[str, tuple[list[int], int]],
) -> NDArray[Any]:
    """The values of a tensor, those that stay at their new indices."""
    axes = _AXES.search(spec)
    if axes is None:
        return old
    sources, targets = [], []
    for axis, part in enumerate(axes[1].split(",")):
        name, _, more = part.strip().partition("+")
        stay, size = kept.get(name, (None, 0))
        if stay is None:
            sources.append(list(range(old.shape[axis])))
            targets.append(list(range(old.shape[axis])))
            continue
        # What stands behind the features, a bias or the number that is predicted, stays behind.
        behind = range(int(more or 0))
        sources.append(stay + [old.shape[axis] - len(behind) + i for i in behind])
        targets.append(list(range(len(stay))) + [size + i for i in behind])
    moved = fresh.copy()
    moved[np.ix_(*targets)] = old[np.ix_(*sources)]
    return moved


def _move_decisions(values: dict[str, Any], stay: list[int]) -> None:
    """Give the arms of decisions their new indices, and drop the decisions for arms that leave."""
    arms, left = values["decision_arm"], np.isin(values["decision_arm"], stay)
    values["decision_arm"] = np.where(left, np.searchsorted(stay, arms), 0)
    values["decision_status"] = np.where(left, values["decision_status"], 0)


def _next(module: Module, state: State, resized: State, metadata: Mapping[str, Any]) -> Module:
    """The module with other tensors, as the generation after."""
    schema = Schema(resized.tensors, resized.entry_points, metadata)
    lineage = replace(
        resized.record.lineage,
        module_digest=state.record.lineage.module_digest,
        update_count=state.update_count,
    )
    record = replace(resized.record, schema=schema.encode(), lineage=lineage)
    record = successor(record, state.record)
    written = with_next(module, record.encode(), record.keep)
    return keep_baked(written, State(record, schema), baked=None)
