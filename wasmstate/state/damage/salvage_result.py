"""What comes out of salvaging: what became of each part, and the file that can be made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from wasmstate.errors import Remedy
from wasmstate.state.state import State

Fill = Literal["prev", "init", "donor", "leftover", "zeros"]
"""Where the values of tensors that are lost may come from."""

Accept = Literal["values", "code"]
"""What is taken though nothing proves it: values as they stand, code that no digest confirms."""

Status = Literal["proven", "mended", "filled", "unproven", "lost"]
"""The status of a tensor: as it stands; put right, and proven; from another record; as it stands,
without proof; not available."""


@dataclass(frozen=True, slots=True)
class SavedTensor:
    """What became of one tensor.

    Attributes:
        name: of the tensor.
        status: ``proven`` as it stands; ``mended``, and proven; ``filled`` from another record;
            ``unproven`` as it stands; or ``lost``.
        by: what proves it, or where it was taken from.
    """

    name: str
    status: Status
    by: str


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """One state record, or what is left of it.

    Attributes:
        offset: where it begins, from the start of the file.
        generation: ``None`` if neither header nor trailer tells it.
        digest: the state digest, if the record is whole or can be made so.
    """

    offset: int
    generation: int | None
    digest: str | None


@dataclass(frozen=True, slots=True)
class Salvage:
    """What was found, and the file that can be made of it.

    Attributes:
        records: each record of the state that was found.
        generation: of the record that was taken; ``None`` if there is none.
        tensors: what became of each.
        code: what proves the code; empty if nothing does.
        mended: what had to be done, for people, in order.
        state: the state that was saved; ``None`` if there is an obstacle to it.
        data: the whole new file; ``None`` if there is an obstacle.
        obstacles: why there is no file.
        remedies: the arguments that would help.
    """

    records: tuple[FoundRecord, ...]
    generation: int | None
    tensors: tuple[SavedTensor, ...]
    code: str
    mended: tuple[str, ...]
    state: State | None
    data: bytes | None
    obstacles: tuple[str, ...]
    remedies: tuple[Remedy, ...]

    @property
    def proven(self) -> int:
        """How many tensors are proven, as they stood or mended."""
        return sum(tensor.status in ("proven", "mended") for tensor in self.tensors)


@dataclass(slots=True)
class Notes:
    """What is found out on the way, step by step.

    Attributes:
        mended, tensors, obstacles, remedies: as in :class:`Salvage`.
    """

    mended: list[str] = field(default_factory=list)
    tensors: list[SavedTensor] = field(default_factory=list)
    obstacles: list[str] = field(default_factory=list)
    remedies: list[Remedy] = field(default_factory=list)
