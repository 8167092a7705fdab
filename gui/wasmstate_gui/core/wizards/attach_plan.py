"""A state section to be added: rows of tensors, judged while they are typed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

import wasmstate
from wasmstate import Call, Discovery, Signature
from wasmstate.binary.module import Module
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import SchemaError, WasmstateError
from wasmstate.runtime.grants import needed_grants
from wasmstate.state.attach.describe import check_attachable, region_of
from wasmstate.state.attach.export_state import reachable
from wasmstate.state.attach.initial import initial_contents
from wasmstate.state.attach.whole_memory import check_capturable, reachable_items
from wasmstate.state.state import SECTION_NAME, State
from wasmstate.state.tensor import DTYPES, TensorSpec
from wasmstate_gui.core.calls.trial_calls import callable_functions
from wasmstate_gui.core.remedies import told
from wasmstate_gui.core.tensors.tensor_table import number_text
from wasmstate_gui.core.texts import counted
from wasmstate_gui.core.wizards.file_plan import FilePlan
from wasmstate_gui.core.wizards.plan import Say, Verdict, silently
from wasmstate_gui.core.wizards.tensor_candidates import Row, candidates

_VALUES = 3
_FEW_SEGMENTS = 1000
_LARGE = 2 << 20  # bytes of a module that is not made as a whole while somebody types
_SHAPE = re.compile(r"\s*(?:\d{1,10}(?:\s*[,x]\s*\d{1,10})*)?\s*")
_RUN = "known when it has run"


@dataclass(frozen=True, slots=True)
class Choice:
    """What S is to be."""

    rows: tuple[Row, ...]
    is_whole_memory: bool = False
    entry_points: Mapping[str, Signature] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offer:
    """What there is to choose from.

    Attributes:
        rows: what could be a tensor.
        functions: that can be called to find out, by name; the likely ones first.
    """

    rows: tuple[Row, ...]
    functions: Mapping[str, Signature]


class AttachPlan(FilePlan):
    """A module without a state, and what could be its state."""

    def offer(self, *, say: Say = silently) -> Offer:
        """What could be a tensor, and what could be called to find out.

        Raises:
            SchemaError: if the module has a state already, or is a component.
        """
        check_attachable(self.module)
        say("Looking for what could be a tensor")
        return Offer(tuple(candidates(self.module)), callable_functions(self.module))

    @cached_property
    def _spaces(self) -> Spaces:
        return Spaces(self.module)

    @cached_property
    def _is_capturable(self) -> bool:
        """True; looked for once, for it takes seconds. Raises SchemaError if it is not."""
        check_capturable(self.module)
        return True

    def judge(self, choice: Choice, *, say: Say = silently) -> Verdict:
        """What is wrong with each row that is chosen; else how large the section will be."""
        errors: dict[str, str] = {}
        lines = []
        for number, row in enumerate(choice.rows):
            try:
                lines.append((self._values(row),))
            except WasmstateError as error:
                lines.append(("",))
                if row.is_chosen:
                    errors[str(number)] = told(error)
        if errors:
            return Verdict(errors=errors, lines=tuple(lines))
        if not choice.is_whole_memory and not any(row.is_chosen for row in choice.rows):
            return Verdict(hint=_HINT, lines=tuple(lines))
        try:
            return Verdict(self._summary(choice, say), lines=tuple(lines))
        except WasmstateError as error:
            return Verdict(problem=told(error), lines=tuple(lines))

    def make(self, choice: Choice, *, say: Say = silently) -> Module:
        """The module with its state. Raises as :func:`~wasmstate.session.attach.attach`."""
        runs = self._spaces.runs_code_at_start
        say("Compiling and running the module once" if runs else "Adding the state section")
        return wasmstate.attach(
            self.module,
            _specs(choice.rows),
            whole_memory=choice.is_whole_memory,
            entry_points=choice.entry_points,
            **needed_grants(self._spaces),
        )

    def find(
        self, calls: Sequence[Call], signatures: Mapping[str, Signature], *, say: Say = silently
    ) -> Discovery:
        """What calls change and read. Raises as :func:`~wasmstate.discover`."""
        return wasmstate.discover(
            self.module,
            calls,
            entry_points=signatures,
            progress=say,
            **needed_grants(self._spaces),
        )

    def _values(self, row: Row) -> str:
        """The first values of a row as they stand in memory. Raises WasmstateError."""
        module, spaces, spec = self.module, self._spaces, _spec(row)
        if spec.place.startswith("global:"):  # one that is not exported becomes so
            module, [spec] = reachable(module, [spec])
            spaces = Spaces(module)
        region = region_of(spaces, spec)
        if spaces.runs_code_at_start:
            return _RUN
        if not row.is_chosen and len(spaces.data) > _FEW_SEGMENTS:
            return ""
        [content] = initial_contents(module, [region])
        values = np.frombuffer(content, DTYPES[row.dtype])
        texts = [number_text(each) for each in values[:_VALUES].tolist()]
        return "  ".join([*texts, "\u2026"] if len(values) > _VALUES else texts)

    def _summary(self, choice: Choice, say: Say) -> str:
        specs = _specs(choice.rows)
        given = None
        starts = self._spaces.runs_code_at_start
        if choice.is_whole_memory:
            say("Looking for what else the module can change")
            if self._is_capturable and (starts or len(self.before) > _LARGE):
                count = len(reachable_items(self.module))
                text = f"S: {count} memories and globals that can change."
                return f"{text} {_START}" if starts else text
        if starts:
            # It is not run while somebody types.
            given = {spec.name: np.zeros(spec.shape, DTYPES[spec.dtype]) for spec in specs}
        after = wasmstate.attach(
            self.module,
            specs,
            whole_memory=choice.is_whole_memory,
            values=given,
            entry_points=choice.entry_points,
        )
        state = State.of(after)
        section = after.custom_sections(SECTION_NAME)[0]
        size = sum(region.size for region in state.regions)
        text = (
            f"S: {counted(len(state), 'tensor')}, {counted(size, 'byte')}. State section: "
            f"{counted(len(section.content), 'byte')}. File: {self.growth(after)}."
        )
        return f"{text} {_START}" if given else text


_HINT = "Tick one tensor at least, or take all of memory."
_START = "The module runs code at the start: it is run once for the initial values."


def _specs(rows: Sequence[Row]) -> list[TensorSpec]:
    return [_spec(row) for row in rows if row.is_chosen]


def _spec(row: Row) -> TensorSpec:
    if _SHAPE.fullmatch(row.shape) is None:
        raise SchemaError(
            f"cannot read the shape {row.shape!r}: write 4, or 4,8, or nothing for a scalar"
        )
    shape = tuple(map(int, re.findall(r"\d+", row.shape)))
    return TensorSpec(row.name.strip(), row.dtype, shape, row.place.strip())
