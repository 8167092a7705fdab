"""What every wizard shares: what was chosen is judged while it is typed, then made and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


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


@dataclass(frozen=True, slots=True)
class Made:
    """What a wizard makes.

    Attributes:
        after: the bytes of the file that it becomes.
        before: those of the file whose place it takes; empty if it takes none.
    """

    after: bytes
    before: bytes = b""


class Say(Protocol):
    """Takes what is being done now, and how much of it is, 0 to 1, if that is known."""

    def __call__(self, text: str, share: float | None = None) -> object: ...


def silently(text: str, share: float | None = None) -> None:
    """Nobody listens."""


class Plan(Protocol):
    """Something that a wizard makes. It lives in a process of its own, and writes nothing."""

    def judge(self, choice: Any, *, say: Say) -> Verdict:
        """What would come of a choice. Raises WasmstateError, which is then its problem."""

    def made(self, choice: Any, is_copy: bool, *, say: Say) -> Made:
        """The bytes to be written; unless it is a copy, what they take the place of, too.

        Raises:
            WasmstateError: if it cannot be made.
        """
