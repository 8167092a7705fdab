"""A wizard's view of the file that it begins with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from wasmstate.binary.module import Module
from wasmstate_gui.core.wizards.plan import Made, Say, silently


@dataclass(frozen=True)
class FilePlan(ABC):
    """A file that another one is made of.

    Attributes:
        path: of the file.
        before: its bytes, as they were looked at.
    """

    path: Path
    before: bytes

    @classmethod
    def of(cls, path: Path, **options: Any) -> Self:
        """Plan for a file with its current content. Raises OSError."""
        return cls(path, path.read_bytes(), **options)

    @abstractmethod
    def make(self, choice: Any, *, say: Say = silently) -> Module:
        """The module that is to be written. Raises WasmstateError."""

    def made(self, choice: Any, is_copy: bool, *, say: Say = silently) -> Made:
        """Its bytes; and those of the file, if that is to become it. Raises as :meth:`make`."""
        return Made(self.make(choice, say=say).to_bytes(), b"" if is_copy else self.before)

    @cached_property
    def module(self) -> Module:
        """What the bytes are. Raises MalformedError."""
        return Module.from_bytes(self.before)

    def growth(self, after: Module) -> str:
        """``2,100 → 2,345 bytes``."""
        return f"{len(self.before):,} \u2192 {after.size:,} bytes"
