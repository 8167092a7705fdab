"""From a plan to a module that learns, and the check that it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from wasmstate.binary.edits.export import with_reachable
from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import ArgumentError, SectionError
from wasmstate.explore.learn.delta_rule import Cell, delta_rule
from wasmstate.explore.learn.find_weights import Weight
from wasmstate.explore.learn.forward import Forward, arguments
from wasmstate.explore.learn.plan import LearnPlan, forward_of
from wasmstate.explore.unfold import unfold_anywhere
from wasmstate.runtime.arguments import entry_point
from wasmstate.runtime.grants import GrantOptions, Grants
from wasmstate.runtime.limits import Limits
from wasmstate.session.attach import attach
from wasmstate.state.change.graft import graft
from wasmstate.state.state import SECTION_NAME, State
from wasmstate.state.tensor import TensorSpec

MADE_UP_ROWS = 64
_MEMORY = ("memory", 0)
_SIZES = {"f32": 4, "f64": 8}


@dataclass(frozen=True, slots=True)
class LearnCheck:
    """What a check saw.

    Attributes:
        rows: how many.
        are_made_up: whether the rows are not the user's.
        before: the mean loss before the updates: squared errors, or of a logistic model the log
            loss in nats.
        after: the same behind one update for each row, repeated ``passes`` times.
        passes: how often.
    """

    rows: int
    are_made_up: bool
    before: float
    after: float
    passes: int


@dataclass(frozen=True, slots=True)
class _Group:
    """Weights that become one tensor: constants that are unfolded, or neighbours in memory."""

    name: str
    weights: tuple[Weight, ...]
    is_list: bool

    @property
    def is_constant(self) -> bool:
        return bool(self.weights[0].offsets)

    @property
    def constants(self) -> object:
        """The constants, as :func:`wasmstate.unfold` takes them."""
        offsets = [each.offsets for each in self.weights]
        return offsets if self.is_list else offsets[0]

    def spec(self, spaces: Spaces) -> TensorSpec:
        """The tensor, where it lies in memory."""
        address = self.weights[0].address
        symbol = spaces.exports.get(self.name)
        is_symbol = symbol is not None and symbol.kind == "global"
        place = f"sym:{self.name}" if is_symbol else str(address)
        shape = (len(self.weights),) if self.is_list else ()
        return TensorSpec(self.name, self.weights[0].dtype, shape, place)


def make_learning(
    module: ModuleLike,
    plan: LearnPlan,
    *,
    limits: Limits | None = None,
    **grants: Unpack[GrantOptions],
) -> Module:
    """A copy of the module that carries its weights as S, and exports ``update()``.

    What it predicts is the same to the bit until the first update. It exports ``predict()``, too.

    Raises:
        SectionError: if the plan is not this module's, or something stands in the way.
        SchemaError: if an array of the signature has no place.
        CallError: if the module has to run, and cannot.
    """
    module = as_module(module)
    groups = _groups(plan.weights, Spaces(module))
    chosen = {each.name: each.constants for each in groups if each.is_constant}
    unfolded, as_globals, values, specs = module, False, {}, []
    if chosen:
        unfolded, as_globals = unfold_anywhere(module, chosen, warns=False)
        state = State.of(unfolded)
        values, specs = dict(state), [state.spec(name) for name in state]
        unfolded = unfolded.without_custom(SECTION_NAME)
    unfolded = with_reachable(unfolded, [("memory", 0)] if Spaces(unfolded).memories else [])
    spaces = Spaces(unfolded)
    specs += [each.spec(spaces) for each in groups if not each.is_constant]
    with_predict = "predict" not in spaces.exports
    donor = delta_rule(
        [cell for each in groups for cell in _cells(each, spaces, as_globals=as_globals)],
        plan.signature,
        None if plan.is_text else plan.function,
        with_predict=with_predict,
    )
    memory = next((e.name for e in spaces.exports.values() if (e.kind, e.index) == _MEMORY), "")
    signatures = {} if plan.is_text else {plan.function: plan.signature}
    if with_predict:
        signatures["predict"] = plan.signature
    return attach(
        graft(unfolded, donor, names={"memory": memory}),
        specs,
        values=values,
        entry_points={"update": plan.update, **signatures},
        metadata={"learn": {"link": plan.link}},
        limits=limits,
        **grants,
    )


def check_learning(
    before: Module,
    after: Module,
    plan: LearnPlan,
    rows: NDArray[np.float64] | None = None,
    *,
    passes: int = 10,
    limits: Limits | None = None,
    **grants: Unpack[GrantOptions],
) -> LearnCheck:
    """Check that a module predicts as before, and that updates make its error smaller.

    Args:
        before: the module that only predicted.
        after: what :func:`make_learning` made of it.
        plan: of it.
        rows: the features of each row, and the target as the last column; without them, rows are
            made up whose targets a model with other weights predicts.
        passes: how often the rows are learned.
        limits: of every call.
        grants: as for :meth:`wasmstate.Session.open`.

    Raises:
        ArgumentError: if the rows do not fit the model.
        SectionError: if a prediction differs, or the error does not fall.
        CallError: if a call fails.
    """
    granted, limits = Grants.of(**grants), limits or Limits(seconds=2.0)
    old = forward_of(plan, before, granted, limits)
    new = forward_of(plan, after, granted, limits)
    are_made_up = rows is None
    if rows is None:
        rows = _made_up(old, plan)
    if rows.ndim != 2 or rows.shape[1] != plan.features + 1 or not len(rows):
        raise ArgumentError(
            f"a row has {plan.features} features and the target, {plan.features + 1} numbers"
        )
    if plan.link == "logistic" and not ((rows[:, -1] >= 0) & (rows[:, -1] <= 1)).all():
        raise ArgumentError("the target of a logistic model is 0 to 1")
    predicted = [old(row[:-1]) for row in rows]
    for i, row in enumerate(rows):
        if (now := new(row[:-1])) != predicted[i]:
            raise SectionError(f"row {i} predicts {now!r} now, and {predicted[i]!r} before")
    regions = State.of(after).regions
    if plan.is_text:
        _check_sum(entry_point(new.instance, "predict", plan.signature, regions), old, rows)
    update = entry_point(new.instance, "update", plan.update, regions)
    first = _loss(predicted, rows[:, -1], plan.link)
    for _ in range(passes):
        for row in rows:
            update([*arguments(plan.signature.required, row[:-1]), float(row[-1])])
    last = _loss([new(row[:-1]) for row in rows], rows[:, -1], plan.link)
    if not last < first:
        raise SectionError(
            f"the error does not fall: the mean loss is {first:.6g} before {passes} passes over "
            f"{len(rows)} rows, {last:.6g} after them"
        )
    return LearnCheck(len(rows), are_made_up, first, last, passes)


def _check_sum(
    predict: Callable[[Sequence[Any]], Any], forward: Forward, rows: NDArray[np.float64]
) -> None:
    """Check that the weights add up to what the text interface answers."""
    for row in rows:
        features = [float(each) for each in row[:-1]]
        added, answered = float(predict([features])), forward(features)
        if abs(added - answered) > max(2 * forward.resolution, 1e-6 * abs(answered)):
            raise SectionError(
                f"the weights found add up to {added:.9g}, pred() answers {answered:.9g}: "
                "the model has other terms, too"
            )


def _groups(weights: Sequence[Weight], spaces: Spaces) -> list[_Group]:
    """The tensors that the weights become."""
    taken = set(spaces.exports)
    symbols = {
        spaces.globals[export.index].value: name
        for name, export in spaces.exports.items()
        if export.kind == "global" and not spaces.globals[export.index].type.mut
    }
    runs: list[list[Weight]] = []
    for each in weights:
        if runs and _joins(runs[-1][-1], each):
            runs[-1].append(each)
        else:
            runs.append([each])
    found = []
    for run in runs:
        name = "bias" if run[0].feature is None else "weights"
        address = run[0].address
        if address is not None and address in symbols:
            name = symbols[address]
        else:
            stem, number = name, 2
            while name in taken:
                name, number = f"{stem}{number}", number + 1
        taken.add(name)
        found.append(_Group(name, tuple(run), run[0].feature is not None))
    return found


def _joins(last: Weight, weight: Weight) -> bool:
    """Whether a weight can be the next element of a tensor."""
    if last.feature is None or weight.feature is None or last.dtype != weight.dtype:
        return False
    if last.address is None or weight.address is None:
        return last.address is weight.address
    return weight.address == last.address + _SIZES[last.dtype]


def _cells(group: _Group, spaces: Spaces, *, as_globals: bool) -> Iterator[Cell]:
    """Where the weights of a tensor are by now."""
    for i, each in enumerate(group.weights):
        place: str | int
        if not group.is_constant:
            assert each.address is not None
            place = each.address
        elif as_globals:
            place = group.name if len(group.weights) == 1 else f"{group.name}_{i}"
        else:
            address = spaces.globals[spaces.exports[group.name].index].value
            assert isinstance(address, int)
            place = address % (1 << 32) + i * _SIZES[each.dtype]
        yield Cell(each.feature, each.sign, each.dtype, place)


def _made_up(forward: Forward, plan: LearnPlan) -> NDArray[np.float64]:
    """Rows with the targets of a model with larger weights."""
    x = np.random.default_rng(19601001).uniform(-1, 1, (MADE_UP_ROWS, plan.features)).round(3)
    learned = [each for each in range(plan.features) if each not in plan.fixed]
    more = 0.5 * x[:, learned].sum(axis=1)
    if any(each.feature is None for each in plan.weights):
        more += 1.0
    y = np.array([forward(row) for row in x])
    if plan.link == "logistic":
        with np.errstate(all="ignore"):
            y = 1 / (1 + (1 / y - 1) * np.exp(-more))
    else:
        y += more
    return np.column_stack([x, y])


def _loss(predicted: Sequence[float], targets: NDArray[np.float64], link: str) -> float:
    p = np.array(predicted)
    if link == "identity":
        return float(np.mean((p - targets) ** 2))
    p = np.clip(p, 1e-15, 1 - 1e-15)
    return float(-np.mean(targets * np.log(p) + (1 - targets) * np.log(1 - p)))
