"""Baking a state: what stock runtimes have to start with, so that they start from S.

Source: docs/format.md, "Baking".
"""

from __future__ import annotations

import numpy as np

from wasmstate.binary.edits.bake import (
    Image,
    Segment,
    bake_image,
    check_rewritable,
    grown_memory,
    is_baked,
)
from wasmstate.binary.edits.bake import unbake as unbake_image
from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import SchemaError, SectionError, StateError
from wasmstate.state.attach.initial import initial_memory
from wasmstate.state.digest import module_digest
from wasmstate.state.record import Region, RegionKind
from wasmstate.state.state import State

MAX_SEGMENTS = 10_000
"""Segments that are added at most; engines that follow the JavaScript API take 100,000 in all."""

MAX_MEMORY = 1 << 30
"""Bytes that S may take in memory to be baked; a few bytes of a file may claim any number."""

_GAP = 8
"""Equal bytes between two changed ones that cost less in a segment than a new segment does."""


def bake_state(module: Module, state: State) -> Module:
    """A copy of the module that starts from ``state`` in any runtime; baked again if it was baked.

    Only the bytes that differ from what the module's own segments leave are written.

    Raises:
        SectionError: naming what does not allow it.
        MalformedError: if a section that is concerned cannot be decoded.
    """
    original = unbake_image(module)
    spaces = Spaces(original)
    segments: list[Segment] = []
    pages: dict[int, int] = {}
    values: dict[int, bytes] = {}
    for region in state.regions:  # before S is expanded: few bytes may claim gigabytes of memory
        if region.kind is not RegionKind.GLOBAL:
            if region.index >= len(spaces.memories):
                raise SectionError(f"the module has no memory {region.index}, which S names")
            memory = spaces.memories[region.index]
            pages[region.index] = -(-region.end // memory.page_size)
            grown_memory(region.index, memory, pages[region.index])
    claimed = sum(region.size for region in state.regions)
    if claimed > MAX_MEMORY:
        raise SectionError(
            f"S takes {claimed:,} bytes of memory, at most {MAX_MEMORY:,} can be baked"
        )
    for region, content in zip(state.regions, state.contents(), strict=True):
        if region.kind is RegionKind.GLOBAL:
            values[region.index] = content
        else:
            segments += _segments(spaces, region, content)
    # What code did at the start is in all of memory: it must not do it again.
    runs_start = not state.is_whole_memory
    return bake_image(original, Image(segments, pages, values, runs_start))


def keep_baked(module: Module, state: State, *, baked: bool | None) -> Module:
    """The module, which carries ``state`` by now, baked or not.

    Args:
        module: the module.
        state: the state in its section.
        baked: whether it is to be baked; ``None`` for what it was.

    Raises:
        SectionError, MalformedError: as :func:`bake_state`; also if the module runs code when it
            is instantiated and was not baked before, for only a run tells what that overwrites.
    """
    if baked is False or not (baked or is_baked(module)):
        return unbake(module)
    if not is_baked(module):
        check_rewritable(module)
        if Spaces(module).runs_code_at_start and not state.is_whole_memory:
            raise SectionError(
                "the module runs code when it is instantiated (a start function or _initialize): "
                "whether that leaves S alone has to be tried once, by baking it on purpose"
            ).helped_by("bake()")
    return bake_state(module, state)


def unbake(module: ModuleLike) -> Module:
    """The module as it was before it was baked, with the state section that it has now.

    Args:
        module: a path, bytes or a Module; one that is not baked comes back as it is.

    Raises:
        StateError: if the result is not the code that the state was attached to.
        MalformedError: if what was kept for this is damaged.
    """
    module = as_module(module)
    original = unbake_image(module)
    if is_baked(module):
        state = State.of(module)
        if state.record.lineage.module_digest != module_digest(original):
            raise StateError(
                "what was kept when the module was baked does not give back the code that the "
                "state belongs to: one of them was changed since"
            )
    return original


def _segments(spaces: Spaces, region: Region, content: bytes) -> list[Segment]:
    try:
        before = initial_memory(spaces, region)
    except SchemaError:  # the host has a say in what it holds: all of it has to be written
        return [Segment(region.index, region.start, content)]
    return [
        Segment(region.index, region.start + start, content[start:end])
        for start, end in changed_runs(before, content)
    ]


def changed_runs(before: bytes, after: bytes) -> list[tuple[int, int]]:
    """The ranges that have to be written to make ``after`` of ``before``, which is as long."""
    different = np.flatnonzero(np.frombuffer(before, np.uint8) != np.frombuffer(after, np.uint8))
    if not len(different):
        return []
    gaps = np.diff(different)
    cuts = np.flatnonzero(gaps > _GAP)
    if len(cuts) >= MAX_SEGMENTS:
        widest = np.argsort(gaps[cuts], kind="stable")[-(MAX_SEGMENTS - 1) :]
        cuts = np.sort(cuts[widest])
    starts = [int(different[0]), *different[cuts + 1].tolist()]
    ends = [*(different[cuts] + 1).tolist(), int(different[-1]) + 1]
    return list(zip(starts, ends, strict=True))
