"""The plan of how a binary is to learn: made by a search, written down, carried out."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Unpack

from wasmstate.binary.edits.export import with_reachable
from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import ArgumentError, SchemaError, SectionError, WasmstateError
from wasmstate.escapes import listed
from wasmstate.explore.find_constants import find_constants
from wasmstate.explore.learn.find_weights import (
    LINKS,
    Candidate,
    Weight,
    constant_candidates,
    find_weights,
    memory_candidates,
)
from wasmstate.explore.learn.forward import (
    Forward,
    FunctionForward,
    TextForward,
    feature_count,
)
from wasmstate.explore.unfold import unfold_named
from wasmstate.runtime.grants import GrantOptions, Grants
from wasmstate.runtime.limits import Limits
from wasmstate.runtime.wasi import WasiStub, is_scailable
from wasmstate.state.attach.describe import signatures
from wasmstate.state.signature import Param, Signature
from wasmstate.state.state import SECTION_NAME

_LARGEST = 1 << 20  # bytes of a file
_MOST_FEATURES = 1024
_NAME = "wasmstate:learn:"
_INVALID = (ValueError, KeyError, TypeError, AttributeError, RecursionError, WasmstateError)
PRED, SCORE = "pred", "score"
Tell = Callable[[str, float | None], object]


@dataclass(frozen=True, slots=True)
class LearnPlan:
    """What is known of a model that predicts, and what its ``update()`` will change.

    Attributes:
        function: that predicts; ``pred`` is Scailable's interface of texts.
        signature: of what takes the features, for ``update``.
        link: ``identity`` or ``logistic``.
        weights: that learn; the bias has no feature.
    """

    function: str
    signature: Signature
    link: str
    weights: tuple[Weight, ...]

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> LearnPlan:
        """Read a plan, as :meth:`to_toml` writes it.

        Raises:
            SchemaError: naming the file and what is wrong.
            OSError: if it cannot be read.
        """
        with Path(path).open("rb") as file:
            raw = file.read(_LARGEST + 1)
        try:
            return _read(raw)
        except _INVALID as error:
            reason = f"there is no {error}" if isinstance(error, KeyError) else str(error)
            raise SchemaError(f"{path}: it is no plan of wasmstate learn: {reason}") from error

    @property
    def is_text(self) -> bool:
        """Whether the model is passed a text."""
        return self.function == PRED

    @property
    def features(self) -> int:
        """How many features there are."""
        return feature_count(self.function, self.signature)

    @property
    def fixed(self) -> list[int]:
        """The features without a weight, whose part in the prediction stays."""
        return sorted(set(range(self.features)) - {each.feature for each in self.weights})

    @property
    def model(self) -> str:
        """The kind of model in words, such as ``a linear model``."""
        kind = "logistic" if self.link == "logistic" else "linear"
        if len(self.fixed) < self.features:
            return f"a {kind} model"
        return f"an unknown model with a {kind} bias"

    @property
    def update(self) -> Signature:
        """The signature of ``update``."""
        rate = Param("rate", "f64", None, ("> 0", "< 2"), 0.1)
        target = Param("y", "f64", None, ("finite",))
        return Signature((*self.signature.params, target, rate), ())

    def to_toml(self) -> str:
        """The plan as a file."""
        lines = [
            "# How this model learns. A weight that is taken out stays as it is.",
            f"function = {json.dumps(self.function)}",
            f"signature = {json.dumps(str(self.signature))}",
            f"link = {json.dumps(self.link)}",
        ]
        for each in self.weights:
            lines += ["", f"# {each}", "[[weights]]"]
            lines += [] if each.feature is None else [f"feature = {each.feature}"]
            lines += [f'dtype = "{each.dtype}"', f"value = {each.value!r}"]
            lines += ["sign = -1"] if each.sign < 0 else []
            offsets = ", ".join(f"{offset:#x}" for offset in each.offsets)
            lines.append(f"offsets = [{offsets}]" if offsets else f"address = {each.address}")
        return "\n".join(lines) + "\n"


def forward_of(plan: LearnPlan, module: Module, grants: Grants, limits: Limits) -> Forward:
    """The forward pass of the plan's module, or of one that was made from it."""
    if plan.is_text:
        return TextForward(module, limits)
    if is_scailable(Spaces(module)):  # as its adapter does
        grants = replace(grants, wasi=WasiStub())
    return FunctionForward(module, plan.function, plan.signature, grants, limits)


def _read(raw: bytes) -> LearnPlan:
    if len(raw) > _LARGEST:
        raise ValueError(f"it has more than {_LARGEST} bytes")
    written = tomllib.loads(raw.decode())
    weights = tuple(map(_weight, written["weights"]))
    signature = Signature.parse(written["signature"])
    plan = LearnPlan(str(written["function"]), signature, str(written["link"]), weights)
    if plan.link not in LINKS or not weights:
        raise ValueError(f"the link is one of {', '.join(LINKS)}, and there are weights")
    if any(each.feature not in (None, *range(plan.features)) for each in weights):
        raise ValueError(f"features are 0 to {plan.features - 1}")
    return plan


def _weight(written: Mapping[str, Any]) -> Weight:
    known = {"feature", "sign", "dtype", "value", "offsets", "address"}
    if set(written) - known:
        raise ValueError(f"{sorted(set(written) - known)[0]!r} is unknown")
    dtype, sign = written["dtype"], written.get("sign", 1)
    offsets, address = tuple(written.get("offsets", ())), written.get("address")
    if dtype not in ("f32", "f64") or sign not in (1, -1):
        raise ValueError("a weight is f32 or f64, and its sign 1 or -1")
    if bool(offsets) == (address is not None):
        raise ValueError("a weight has offsets or an address")
    if not all(type(each) is int and each >= 0 for each in (*offsets, address or 0)):
        raise ValueError("offsets and addresses are whole numbers")
    return Weight(written.get("feature"), sign, dtype, float(written["value"]), offsets, address)


def plan_learning(
    module: ModuleLike,
    *,
    signature: tuple[str, Signature] | None = None,
    features: int | None = None,
    limits: Limits | None = None,
    progress: Tell | None = None,
    **grants: Unpack[GrantOptions],
) -> LearnPlan:
    """Find what predicts, and its weights.

    Args:
        module: a core module without a state.
        signature: the function that predicts, if it is not ``predict`` of floats or Scailable's.
        features: how many there are, where a function does not tell.
        limits: of every call; two seconds if not given.
        progress: is called now and then with what is done, and how much of it.
        grants: as for :meth:`wasmstate.Session.open`.

    Raises:
        ArgumentError: if the function that predicts, or the number of features, is not known.
        CallError: if the module cannot be run.
        SectionError: if no weights are found; if it learns already.
    """
    module = as_module(module)
    spaces = Spaces(module)
    if "update" in spaces.exports or module.custom_sections(SECTION_NAME):
        raise SectionError("the module has a state or an update() already: it learns")
    plans = list(_models(module, spaces, signature, features))
    limits = limits or Limits(seconds=2.0)
    found = [_found(module, each, Grants.of(**grants), limits, progress) for each in plans]
    plan = found[0]
    for copies in found[1:]:  # a function may be inlined elsewhere, with its constants
        plan = _with_copies(plan, copies)
    if not plan.weights:
        raise SectionError(
            f"{plan.function}: no weights were found. Sought are numbers in the code or the data "
            f"that a linear or logistic model multiplies its {plan.features} features with; a "
            "feature that is scaled before, or a model of another kind, is not recognised"
        )
    if plan.is_text and plan.fixed:
        raise SectionError(
            f"no weights were found for {listed([f'x[{each}]' for each in plan.fixed])}: "
            "pred() is a function of texts, and update() can only add up what it knows"
        )
    if plan.is_text and plan.link != "identity":
        raise SectionError(
            "pred() is a logistic model of texts, and the module exports no score() that would "
            "serve as its forward pass"
        )
    return plan


def _models(
    module: Module, spaces: Spaces, given: tuple[str, Signature] | None, features: int | None
) -> list[LearnPlan]:
    """What may be the model, without weights; the first one is what learns."""
    if given is not None:
        feature_count(*given)
        return [LearnPlan(given[0], given[1], LINKS[0], ())]
    if is_scailable(spaces):
        if features is None:
            raise ArgumentError(
                "Scailable's interface does not tell how many features there are"
            ).helped_by("features")
        if not 1 <= features <= _MOST_FEATURES:
            raise ArgumentError(f"a model has 1 to {_MOST_FEATURES} features, not {features}")
        signature = Signature((Param("x", f"f64[{features}]"),), ("f64",))
        text = LearnPlan(PRED, signature, LINKS[0], ())
        types = spaces.exported_functions()
        has_score = SCORE in types and str(types[SCORE]) == "(i32) -> (f64)"
        return [replace(text, function=SCORE), text] if has_score else [text]
    known = signatures(module)
    if "predict" not in known:
        raise ArgumentError(
            "the module exports no predict(), and has not Scailable's interface: say which "
            "function predicts, and what it takes: score(x: f64[3]@sym:x)"
        ).helped_by("entry_points")
    feature_count("predict", known["predict"])
    return [LearnPlan("predict", known["predict"], LINKS[0], ())]


def _found(
    module: Module, plan: LearnPlan, grants: Grants, limits: Limits, progress: Tell | None
) -> LearnPlan:
    constants = [c for c in find_constants(module, reached_from=[plan.function]) if c.is_weight]
    constants = [c for c in constants if c.valtype in ("f32", "f64")]
    names = [f"{_NAME}{i}" for i in range(len(constants))]
    copy = module
    if constants:
        copy = unfold_named(
            module, dict(zip(names, constants, strict=True)), as_globals=True, warns=False
        ).without_custom(SECTION_NAME)
    copy = with_reachable(copy, [("memory", 0)] if Spaces(copy).memories else [])
    forward = forward_of(plan, copy, grants, limits)
    candidates: list[Candidate] = list(constant_candidates(copy, constants, names))
    candidates += memory_candidates(module)
    link, weights = find_weights(forward, candidates, plan.features, progress)
    order = sorted(weights, key=lambda each: (each.feature is None, each.feature))
    return replace(plan, link=link, weights=tuple(order))


def _with_copies(plan: LearnPlan, other: LearnPlan) -> LearnPlan:
    """The plan with the constants that another function has of the same weights."""
    weights = []
    for each in plan.weights:
        same = (w for w in other.weights if (w.feature, w.value, w.dtype) == _key(each))
        copies = {offset for w in same for offset in w.offsets} | set(each.offsets)
        weights.append(replace(each, offsets=tuple(sorted(copies))) if each.offsets else each)
    return replace(plan, weights=tuple(weights))


def _key(weight: Weight) -> tuple[int | None, float, str]:
    return weight.feature, weight.value, weight.dtype
