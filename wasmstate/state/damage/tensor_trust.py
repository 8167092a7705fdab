"""The tensors of a damaged record as they stand, and how far each is to be trusted.

Nothing is mended here: who wants to look at a damaged state sees the bytes that are there, and is
told which of them a checksum proves. Putting them right is :mod:`wasmstate.state.damage.salvage`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from numpy.typing import NDArray

from wasmstate.binary.module import Module
from wasmstate.state.damage.other_records import sources_of
from wasmstate.state.damage.region_tables import entries
from wasmstate.state.damage.survey import survey
from wasmstate.state.damage.survey_parts import Part, Survey, tensors_of
from wasmstate.state.older import STATE_SECTION
from wasmstate.state.record import RegionKind
from wasmstate.state.tensor import Tensor

Trust = Literal["proven", "damaged", "unproven"]
"""The trust in a tensor: all bytes as written; some not; unknown."""


@dataclass(frozen=True, slots=True)
class Remnant:
    """A tensor of a damaged record.

    Attributes:
        tensor: what it is.
        start: of its bytes, from the start of the content of the section.
        content: its bytes as they stand there.
        trust: see :data:`Trust`.
        reason: what proves it, or what is wrong, in one clause.
        wrong: which of its bytes are known to be wrong, counted from its first, ascending.
    """

    tensor: Tensor
    start: int
    content: bytes
    trust: Trust
    reason: str
    wrong: tuple[int, ...] = ()

    @property
    def values(self) -> NDArray[Any]:
        """What the bytes mean, as an array of the tensor's shape."""
        return replace(self.tensor, offset=0).read(self.content)


def remains(module: Module) -> tuple[Remnant, ...]:
    """The tensors that are there with all their bytes, in the order of the schema.

    Args:
        module: opened with ``strict=False``; its older records help to tell what is wrong.

    Returns:
        Nothing, if it cannot be told where the tensors are.
    """
    sections = module.custom_sections(STATE_SECTION)
    if len(sections) != 1:
        return ()
    content = bytes(sections[0].content)
    found = survey(content, sources=sources_of(module))
    left = (_remnant(content, found, tensor) for tensor in tensors_of(found))
    return tuple(each for each in left if each is not None)


def _remnant(data: bytes, found: Survey, tensor: Tensor) -> Remnant | None:
    assert found.table is not None
    region = found.regions[tensor.region]
    entry = list(entries(found.table.content))[tensor.region]
    start = region.offset + tensor.offset
    content = data[start : start + tensor.nbytes]
    if entry.kind == RegionKind.WHOLE_MEMORY or len(content) < tensor.nbytes:
        return None
    whole = Remnant(tensor, start, content, "unproven", "")
    if not region.proof:
        return replace(whole, reason=f"the CRC-32 of {region.name} is wrong")
    written = region.content[tensor.offset : tensor.offset + tensor.nbytes]
    wrong = tuple(i for i in range(len(content)) if content[i] != written[i])
    if wrong:
        what = "one bit is flipped" if region.flip else f"not what was written ({region.mended})"
        return replace(whole, trust="damaged", reason=what, wrong=wrong)
    if _is_described(found):
        return replace(whole, trust="proven", reason=f"proven by {region.proof}")
    return replace(whole, reason="its bytes are proven, but not what they mean")


def _is_described(found: Survey) -> bool:
    """Whether the table and the schema are proven: they say which bytes are which tensor."""
    parts: tuple[Part | None, ...] = (found.table, found.schema)
    return all(part is not None and part.proof for part in parts)
