"""What a search for the state of a module has found, and how it is written down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from wasmstate.state.signature import Signature
from wasmstate.state.tensor import TensorSpec


@dataclass(frozen=True, slots=True)
class Discovered:
    """A tensor that is proposed.

    Attributes:
        spec: what :func:`wasmstate.attach` takes.
        is_changed: whether a call changed it; one that is not was only read.
        certainty: ``high``, ``medium`` or ``low``.
        reasons: why it is proposed like this.
    """

    spec: TensorSpec
    is_changed: bool
    certainty: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What calls changed and is not proposed.

    Attributes:
        address: of the first byte; ``None`` for a global.
        size: in bytes.
        reason: why.
    """

    address: int | None
    size: int
    reason: str

    def __str__(self) -> str:
        where = "" if self.address is None else f"{self.size} bytes at {self.address}: "
        return where + self.reason


@dataclass(frozen=True, slots=True)
class Discovery:
    """What :func:`discover` found.

    Attributes:
        tensors: the proposal.
        left_out: what changed and does not belong to it.
        needs_whole_memory: whether state lies on a heap, which has no fixed place.
        entry_points: the signatures that were used.
    """

    tensors: tuple[Discovered, ...]
    left_out: tuple[LeftOut, ...]
    needs_whole_memory: bool
    entry_points: Mapping[str, Signature]

    @property
    def specs(self) -> list[TensorSpec]:
        """What :func:`wasmstate.attach` takes."""
        return [each.spec for each in self.tensors]

    def to_toml(self) -> str:
        """A schema file: the tensors, what is known of each, and what was left out."""
        lines = ["# Proposed from what calls changed and read. Look at it before you attach it."]
        if self.needs_whole_memory:
            lines.append("# State lies on a heap: only all of memory as the state keeps all of it.")
        lines += [f"# left out: {each}" for each in self.left_out]
        if self.entry_points:
            lines += ["", "[entry_points]"]
            for name, signature in self.entry_points.items():
                lines.append(f"{json.dumps(name)} = {json.dumps(str(signature))}")
        for each in self.tensors:
            spec = each.spec
            lines += [
                "",
                f"# certainty: {each.certainty}; {'; '.join(each.reasons)}",
                "[[tensors]]",
                f"name = {json.dumps(spec.name, ensure_ascii=False)}",
                f"dtype = {json.dumps(spec.dtype)}",
                f"shape = {list(spec.shape)}",
                f"place = {json.dumps(spec.place, ensure_ascii=False)}",
            ]
        return "\n".join(lines) + "\n"
