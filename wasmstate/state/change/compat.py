"""What changes between two versions of a model: for its state, and for whoever calls it.

The tensors are those of the plan of :func:`~wasmstate.migrate`, in the words of one who decides
whether to upgrade: a tensor is *kept* bit for bit, *converted* by a rule that loses nothing, or
*lost*.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.binary.spaces import Spaces
from wasmstate.state.change.axis_names import AxisNames, differing_names
from wasmstate.state.change.migrate import (
    WHOLE_MEMORY,
    Action,
    Migration,
    MigrationStep,
    plan_migration,
)
from wasmstate.state.digest import module_digest
from wasmstate.state.state import State
from wasmstate.state.tensor import Tensor, shape_text

TensorVerdict = Literal["kept", "converted", "lost", "new"]
FunctionVerdict = Literal["same", "changed", "removed", "added"]

_VERDICTS: dict[Action, TensorVerdict] = {
    "kept": "kept",
    "widened": "converted",
    "reshaped": "converted",
    "moved": "converted",
    "added": "new",
    "dropped": "lost",
    "refused": "lost",
}


@dataclass(frozen=True, slots=True)
class TensorChange:
    """What becomes of one tensor.

    Attributes:
        name: in the new version; of one that is lost without a successor, in the old one.
        verdict: ``kept``, ``converted``, ``lost``, or ``new`` if the old version has none.
        old: element type, shape and unit; ``None`` where there is no such tensor.
        new: likewise.
        reason: why it is lost, and what to do; or what changes in its description.
    """

    name: str
    verdict: TensorVerdict
    old: str | None
    new: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class FunctionChange:
    """What becomes of one exported function.

    Attributes:
        name: of the export.
        verdict: ``same``, ``changed``, ``removed`` or ``added``.
        old: what it takes and gives, by the schema, else by its type.
        new: likewise.
    """

    name: str
    verdict: FunctionVerdict
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Compatibility:
    """How two versions of a model differ.

    Attributes:
        plan: of the migration.
        tensors: in the order of the new version, then those that are gone.
        functions: by name.
        names: names of features and labels of classes, where they differ.
    """

    plan: Migration
    tensors: tuple[TensorChange, ...]
    functions: tuple[FunctionChange, ...]
    names: tuple[AxisNames, ...]

    @property
    def verdict(self) -> Literal["kept", "converted", "lost"]:
        """The worst of the tensors; one that is new loses nothing."""
        found = {each.verdict for each in self.tensors}
        return "lost" if "lost" in found else "converted" if "converted" in found else "kept"

    @property
    def breaks_callers(self) -> bool:
        """True if a call of the old version may fail, or mean another thing, with the new one."""
        return any(each.verdict in ("changed", "removed") for each in self.functions) or any(
            each.contradict for each in self.names
        )


def compare_versions(
    old: ModuleLike, new: ModuleLike, plan: Migration | None = None
) -> Compatibility:
    """Compare two versions of a model; runs neither.

    Args:
        old: a path, bytes or a Module, with a state.
        new: likewise.
        plan: by which state is carried over; :func:`~wasmstate.plan_migration` without options if
            not given. A whole memory is kept by the same code, and lost by any other.

    Raises:
        StateError: if one of them carries no state, or a damaged one.
        MalformedError: if a section that is needed cannot be decoded.
    """
    old, new = as_module(old, "old"), as_module(new, "new")
    before, after = State.of(old), State.of(new)
    if before.is_whole_memory or after.is_whole_memory:
        plan = _of_whole_memory(before, is_same_code=module_digest(old) == module_digest(new))
    plan = plan or plan_migration(before, after)
    return Compatibility(
        plan,
        tuple(_tensors(plan, before, after)),
        tuple(_functions(_signatures(old, before), _signatures(new, after))),
        tuple(differing_names(before, after)),
    )


def _of_whole_memory(before: State, *, is_same_code: bool) -> Migration:
    if is_same_code:
        return Migration(tuple(MigrationStep(name, "kept", name) for name in before))
    return Migration(tuple(MigrationStep(name, "refused", name, WHOLE_MEMORY) for name in before))


def _tensors(plan: Migration, before: State, after: State) -> Iterator[TensorChange]:
    for step in plan.steps:
        source = step.tensor if step.action == "dropped" else step.source
        old = None if source is None else _text(before.tensor(source))
        is_gone = step.action == "dropped" or step.tensor not in after
        new = None if is_gone else _text(after.tensor(step.tensor))
        yield TensorChange(step.tensor, _VERDICTS[step.action], old, new, step.reason)


def _text(tensor: Tensor) -> str:
    unit = f" {tensor.unit}" if tensor.unit else ""
    return f"{tensor.dtype}{shape_text(tensor.shape)}{unit}"


def _functions(old: dict[str, str], new: dict[str, str]) -> Iterator[FunctionChange]:
    for name in sorted(old | new):
        before, after = old.get(name), new.get(name)
        verdict: FunctionVerdict = "same" if before == after else "changed"
        if before is None or after is None:
            verdict = "added" if before is None else "removed"
        yield FunctionChange(name, verdict, before, after)


def _signatures(module: Module, state: State) -> dict[str, str]:
    """What each exported function takes and gives; where an array is put does not matter."""
    found = {}
    for name, type_ in Spaces(module).exported_functions().items():
        params, results = ", ".join(map(str, type_.params)), ", ".join(map(str, type_.results))
        found[name] = f"({params}) -> ({results})"
        if name in state.entry_points:
            found[name] = str(state.entry_points[name].without_places())
    return found
