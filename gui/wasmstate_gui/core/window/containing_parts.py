"""From a byte outwards: its field, what that is a part of, and so on up to the file."""

from __future__ import annotations

from collections.abc import Iterable

from wasmstate.binary.content import Field
from wasmstate.errors import MalformedError
from wasmstate_gui.core.bytes.notes import MOST_FIELDS
from wasmstate_gui.core.document.layout_rows import flat
from wasmstate_gui.core.tensors.tensor_table import cell_at, cell_name, cell_offset
from wasmstate_gui.core.window.go_to import Place
from wasmstate_gui.core.window.picture import Picture


def ladder(offset: int, picture: Picture, known: Iterable[Place] = ()) -> list[Place]:
    """The ranges that a byte lies in, from the smallest to the file, each larger than the last.

    Args:
        offset: of the byte.
        picture: what is shown.
        known: other ranges that are known, such as an instruction and its function.
    """
    found = [*known, *_fields(offset, picture)]
    cell = cell_at(picture.tensors, offset)
    if cell is not None:
        row, index = cell
        start = cell_offset(row, index)
        found.append(Place(start, start + row.values.itemsize, cell_name(row, index)))
    found += [Place(row.start, row.end, row.name) for row in flat(picture.rows)]
    found.append(Place(0, picture.document.source.size, "the whole file"))
    around = sorted(
        (place for place in found if place.start <= offset < place.end),
        key=lambda place: place.end - place.start,
    )
    rungs: list[Place] = []
    for place in around:
        if not rungs or (rungs[-1].start, rungs[-1].end) != (place.start, place.end):
            rungs.append(place)
    return rungs


def next_rung(rungs: list[Place], start: int, end: int) -> Place | None:
    """The smallest range that holds a selection and more; ``None`` if there is none."""
    larger = (
        r for r in rungs if r.start <= start and end <= r.end and r.end - r.start > end - start
    )
    return next(larger, None)


def _fields(offset: int, picture: Picture) -> list[Place]:
    for section in picture.document.module.sections:
        if section.content_offset <= offset < section.end and section.size <= MOST_FIELDS:
            try:
                return _with_parents(section.fields())
            except MalformedError:
                return []
    return []


def _with_parents(fields: Iterable[Field]) -> list[Place]:
    """Fields, and what they are parts of: ``entries[2]`` for ``entries[2].limits.min``."""
    places: dict[str, tuple[int, int]] = {}
    for field in fields:
        path = field.path
        while path:
            start, end = places.get(path, (field.offset, field.offset))
            places[path] = min(start, field.offset), max(end, field.offset + field.size)
            path = path.rpartition(".")[0]
    return [Place(start, end, path) for path, (start, end) in places.items()]
