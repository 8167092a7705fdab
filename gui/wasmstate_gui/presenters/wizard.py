"""What every wizard shares: what was chosen is judged while it is typed, then made and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from wasmstate.binary.module import Module


@dataclass(frozen=True, slots=True)
class Verdict:
    """What would come of a choice.

    Attributes:
        summary: what would be written, in a sentence.
        hint: what is still to be chosen, if nothing is yet.
        problem: why it cannot be, if that is no single field's fault.
        errors: what is wrong with fields, by their name.
        lines: rows of a table that shows it.
    """

    summary: str = ""
    hint: str = ""
    problem: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[tuple[str, ...], ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether it can be done."""
        return not (self.hint or self.problem or self.errors)


class Plan(Protocol):
    """Something that a wizard makes; both methods run beside the window."""

    def judge(self, choice: Any) -> Verdict:
        """What would come of a choice. Raises WasmstateError, which is then its problem."""

    def make(self, choice: Any) -> Module:
        """The module to be written. Raises WasmstateError."""
