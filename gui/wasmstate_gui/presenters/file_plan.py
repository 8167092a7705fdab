"""A wizard's view of the file that it begins with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from wasmstate.binary.module import Module
from wasmstate_gui.presenters.destination import free_name


@dataclass(frozen=True)
class FilePlan:
    """A file that another one is made of.

    Attributes:
        path: of the file.
        before: its bytes, as they were looked at.
    """

    path: Path
    before: bytes

    @cached_property
    def module(self) -> Module:
        """What the bytes are. Raises MalformedError."""
        return Module.from_bytes(self.before)

    def copy(self, word: str) -> Path:
        """Where a copy goes, if nothing else is chosen: ``model-baked.wasm``."""
        return free_name(self.path.with_name(f"{self.path.stem}-{word}{self.path.suffix}"))

    def growth(self, after: Module) -> str:
        """``2,100 → 2,345 bytes``."""
        return f"{len(self.before):,} \u2192 {after.size:,} bytes"
