"""The generations that are in a file, and whether each follows from the one before.

Source: docs/format.md, "History".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, as_module
from wasmstate.errors import StateError
from wasmstate.state.older import INIT_SECTION, PREV_SECTION, STATE_SECTION, Part, split
from wasmstate.state.state import State

Link = Literal["origin", "first", "child", "same", "gap", "fork", "foreign", "damaged"]
"""How an entry is connected to the readable one before it: ``origin``, it is generation 0;
``first``, there is none before it; ``child``, its parent digest is that of the one before;
``same``, it is the one before once more; ``gap``, the generations between the two are not in the
file; ``fork``, it does not follow from the one before; ``foreign``, it did not start from the state
that the file's state started from; ``damaged``, it cannot be read."""

_TEXTS: dict[Link, str] = {
    "origin": "generation 0",
    "first": "not in the file",
    "child": "ok",
    "same": "the same once more",
    "gap": "not in the file: generations are missing here",
    "fork": "another one: a fork",
    "foreign": "another one: not of this history",
    "damaged": "unknown",
}


@dataclass(frozen=True)
class HistoryEntry:
    """A record in a file.

    Attributes:
        section: the name of the section that it stands in.
        offset: of its first byte, from the start of the file.
        size: in bytes.
        state: ``None`` if it cannot be read.
        problem: why it cannot be read, else ``None``.
        link: how it is connected to the one before.
    """

    section: str
    offset: int
    size: int
    state: State | None
    problem: str | None
    link: Link

    @property
    def generation(self) -> int | None:
        """Generation of the state, ``None`` if it cannot be read."""
        return None if self.state is None else self.state.generation

    @property
    def is_wrong(self) -> bool:
        """Whether it is damaged, or does not belong where it stands."""
        return self.link in ("fork", "foreign", "damaged")

    @property
    def damage(self) -> str:
        """A clause that says what cannot be read, where, and why."""
        return f"what stands in {self.section} at {self.offset:#x} is damaged ({self.problem})"

    @property
    def link_text(self) -> str:
        """What there is to say about its parent."""
        return _TEXTS[self.link]


def history(file: ModuleLike) -> list[HistoryEntry]:
    """The generations that a file keeps, oldest first; the last one is the state that holds.

    Every record is read whole and held against its checksums, and against the one before it. One
    that is damaged is an entry without a state.

    Args:
        file: a path, bytes or a Module.

    Raises:
        StateError: if the module has no state section.
        MalformedError, OSError: if the file cannot be read.
    """
    module = as_module(file, "file")
    if not module.custom_sections(STATE_SECTION):
        raise StateError(f"the module has no {STATE_SECTION} section, so it has no history")
    found = [
        HistoryEntry(name, offset, len(content), *_read(content), "damaged")
        for name, offset, content in _records(module)
    ]
    states = [entry.state for entry in found if entry.state is not None]
    entries: list[HistoryEntry] = []
    before: State | None = None
    for entry in found:
        link: Link = "damaged"
        if entry.state is not None:
            is_foreign = base_of(entry.state) != base_of(states[-1])
            link = "foreign" if is_foreign else _link(before, entry.state)
            before = before if is_foreign else entry.state
        entries.append(replace(entry, link=link))
    return entries


def state_at(entries: Sequence[HistoryEntry], generation: int) -> State:
    """The state of a generation.

    Raises:
        StateError: if it is not among the entries, or two different ones are.
    """
    found = {
        entry.state.digest: entry.state
        for entry in entries
        if entry.state is not None and entry.generation == generation
    }
    if len(found) > 1:
        raise StateError(f"{len(found)} different states in the file are generation {generation}")
    if not found:
        damaged = "".join(f"; {entry.damage}" for entry in entries if entry.state is None)
        raise StateError(f"generation {generation} is not in the file; {known(entries)}{damaged}")
    (state,) = found.values()
    return state


def known(entries: Sequence[HistoryEntry]) -> str:
    """A clause that lists the generations that can be read."""
    found = sorted({entry.generation for entry in entries if entry.generation is not None})
    return f"it keeps {', '.join(map(str, found)) or 'none that can be read'}"


def _records(module: Module) -> Iterator[tuple[str, int, bytes]]:
    for name in (INIT_SECTION, PREV_SECTION, STATE_SECTION):
        for section in module.custom_sections(name):
            content = section.content
            parts = split(content)
            if name == STATE_SECTION:  # is one record, or none
                parts = [Part(0, len(content), is_record=True)]
            for part in parts:
                start = section.content_offset + part.offset
                yield name, start, content[part.offset : part.end]


def _read(content: bytes) -> tuple[State | None, str | None]:
    try:
        return State.from_content(content), None
    except StateError as error:
        return None, str(error)


def base_of(state: State) -> bytes:
    """The digest of the state that it all began with."""
    return state.record.lineage.base_digest if state.generation else state.digest


def _link(before: State | None, state: State) -> Link:
    if before is None:
        return "first" if state.generation else "origin"
    if (before.generation, before.digest) == (state.generation, state.digest):
        return "same"
    if state.generation > before.generation + 1:
        return "gap"
    follows = state.generation == before.generation + 1
    if follows and state.record.lineage.parent_digest == before.digest:
        return "child"
    return "fork"
