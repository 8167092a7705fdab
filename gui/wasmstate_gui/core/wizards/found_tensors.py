"""What calls have found out about a module, among what its sections told of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wasmstate import Discovery
from wasmstate_gui.core.texts import counted, sentence
from wasmstate_gui.core.wizards.tensor_candidates import Row

_SHOWN = 3


def with_found(rows: Sequence[Row], found: Discovery) -> list[Row]:
    """The rows, those that were found first and ticked; they replace guesses of the same place."""
    proposed = {
        each.spec.place: Row(
            each.spec.name,
            each.spec.dtype,
            ",".join(map(str, each.spec.shape)),
            each.spec.place,
            is_chosen=True,
            note=f"certainty {each.certainty}: {'; '.join(each.reasons)}",
        )
        for each in found.tensors
    }
    kept = [row for row in rows if row.place not in proposed]
    taken = {row.name for row in proposed.values()}
    return [
        *proposed.values(),
        *(replace(row, is_chosen=row.is_chosen and row.name not in taken) for row in kept),
    ]


def found_text(found: Discovery) -> str:
    """What came of it, in some sentences."""
    if found.tensors:
        text = f"{sentence(counted(len(found.tensors), 'tensor'))} found: look at them below."
    else:
        text = "These calls change nothing that they read and that has a fixed place."
    if found.needs_whole_memory:
        text += " State lies on a heap: take all of memory."
    if found.left_out:
        shown = "; ".join(map(str, found.left_out[:_SHOWN]))
        more = len(found.left_out) - _SHOWN
        text += f" Left out: {shown}{f'; and {more} more' if more > 0 else ''}."
    return text
