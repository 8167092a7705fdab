"""Folding: the values of tensors become constants of the code again.

Source: docs/format.md, "Unfolding".
"""

from __future__ import annotations

from wasmstate.binary.custom.unfolded import Unfolded, UnfoldedCell
from wasmstate.binary.edits.bake import is_baked
from wasmstate.binary.edits.fold import before_unfolding, fold_code, unfolded_record
from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import SectionError
from wasmstate.state.attach.describe import describe
from wasmstate.state.change.successor import carry_on
from wasmstate.state.digest import module_digest
from wasmstate.state.older import INIT_SECTION, PREV_SECTION, split
from wasmstate.state.record import Region, RegionKind
from wasmstate.state.state import SECTION_NAME, State
from wasmstate.state.tensor import TensorSpec


def fold(module: ModuleLike) -> Module:
    """The module before it was unfolded, its constants the values that S has by now.

    While S holds the constants' values, this gives the module back byte for byte. The tensors that
    unfolding added go, and so do functions that were grafted since; what else S has goes on as the
    next generation.

    Args:
        module: an unfolded module: a path, bytes or a Module.

    Raises:
        SectionError: if it is not unfolded, is baked, or its code was changed since.
        StateError: if its state is damaged.
        MalformedError: if what was kept for this is damaged.
    """
    module = as_module(module)
    record, original = unfolded_record(module), before_unfolding(module)
    if is_baked(module):
        raise SectionError("the module is baked: unbake it first")
    if module_digest(original) != record.digest:
        raise SectionError(
            "the code was changed since the module was unfolded, by more than functions that were "
            "added: fold it before that"
        )
    if not module.custom_sections(SECTION_NAME):
        return original
    state = State.of(module)
    if state.is_whole_memory:
        raise SectionError("the state is all of memory: there is no place for it without tensors")
    folded = fold_code(module, [_value(state, cell) for cell in record.cells])
    kept = _kept(state, original)
    if not kept:
        names = [SECTION_NAME, PREV_SECTION, INIT_SECTION]
        return folded.without_custom(*(each for each in names if module.custom_sections(each)))
    before = _generation_before(module, state, folded, record)
    if before is not None:
        return before
    exported = Spaces(folded).exported_functions()
    described = describe(
        folded.without_custom(SECTION_NAME),
        kept,
        entry_points={name: each for name, each in state.entry_points.items() if name in exported},
        metadata=state.metadata,
    )
    return carry_on(
        folded, described.with_values({each.name: state[each.name] for each in kept}), module
    )


def _value(state: State, cell: UnfoldedCell) -> bytes:
    """The bytes of a cell in S."""
    for region, content in zip(state.regions, state.contents(), strict=True):
        start = _offset_in(region, cell)
        if start is not None:
            return content[start : start + cell.size]
    where = f"{cell.kind} {cell.place}" if cell.kind == "global" else f"address {cell.place}"
    raise SectionError(f"the state has no tensor at {where}, where a constant is read from")


def _offset_in(region: Region, cell: UnfoldedCell) -> int | None:
    if cell.kind == "global":
        is_it = region.kind is RegionKind.GLOBAL and region.index == cell.place
        return 0 if is_it else None
    if region.kind is not RegionKind.MEMORY or region.index:
        return None
    is_inside = region.start <= cell.place and cell.place + cell.size <= region.end
    return cell.place - region.start if is_inside else None


def _kept(state: State, original: Module) -> list[TensorSpec]:
    """The tensors that do not lie where unfolding has put its own."""
    spaces = Spaces(original)
    memories, globals_ = spaces.memories, len(spaces.globals)
    end = memories[0].limits.min * memories[0].page_size if memories else 0
    kept = []
    for each in state.tensors:
        region = state.regions[each.region]
        is_added = (
            region.index >= globals_
            if region.kind is RegionKind.GLOBAL
            else region.index == 0 and region.start + each.offset >= end
        )
        if not is_added:
            kept.append(state.spec(each.name))
    return kept


def _generation_before(
    module: Module, state: State, folded: Module, record: Unfolded
) -> Module | None:
    """The folded module with the state that it had, if nothing was learned since."""
    sections = module.custom_sections(PREV_SECTION)
    older = b"".join(section.content for section in sections)
    parts = [part for part in split(older) if part.is_record]
    if not parts or module_digest(folded) != record.digest:
        return None
    content = older[parts[-1].offset : parts[-1].end]
    before = State.from_content(content)
    is_same = (
        before.record.lineage.module_digest == record.digest
        and before.generation + 1 == state.generation
        and before.update_count == state.update_count
        and all(before[name].tobytes() == state[name].tobytes() for name in before)
    )
    if not is_same:
        return None
    rest = older[: parts[-1].offset]
    folded = folded.without_custom(PREV_SECTION)
    if rest:
        place = folded.custom_sections(SECTION_NAME)[0].index
        folded = folded.with_custom(PREV_SECTION, rest, index=place)
    return folded.with_custom(SECTION_NAME, content, force=True)
