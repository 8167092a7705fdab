"""One file as one row of the table.

A file of a known form gets its row fast; any other is checked as ``wasmstate check`` does, but for
the instructions, which the digest of the code covers. Both ways give the same row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from wasmstate.binary.module import Module
from wasmstate.errors import WasmstateError
from wasmstate.fleet.choice import Choice
from wasmstate.fleet.forms import Forms, Match
from wasmstate.state.change.personalize import DEVICE_KEY
from wasmstate.state.compare.history import base_of
from wasmstate.state.damage.check import check_module
from wasmstate.state.damage.finding import Finding
from wasmstate.state.digest import module_digest
from wasmstate.state.merge.ancestry import device_of
from wasmstate.state.older import STATE_SECTION
from wasmstate.state.state import State

T = TypeVar("T")


class Row(NamedTuple):
    """A file.

    Attributes:
        path: as it can be opened again.
        size: in bytes.
        modified: in seconds since 1970; ``None`` where it is not known.
        health: ``ok``, ``warning``, ``damaged``, ``no state`` or ``unreadable``.
        finding: the first and gravest one, as ``wasmstate check`` words it.
        place: of the finding.
        offset: of the finding, from the start of the file.
        module_digest: of the code, in hexadecimal as all digests.
        base_digest: of generation 0.
        generation: of the state.
        updates: calls of ``update()`` that the state has seen.
        state_digest: of the state.
        lineage: generations and digests that the file proves, the newest first.
        merge: the id of the merge that the state started from.
        device: the id of the device, if the metadata keep it.
        values: as chosen.
    """

    path: str
    size: int | None
    modified: float | None
    health: str
    finding: str | None = None
    place: str | None = None
    offset: int | None = None
    module_digest: str | None = None
    base_digest: str | None = None
    generation: int | None = None
    updates: int | None = None
    state_digest: str | None = None
    lineage: list[dict[str, Any]] | None = None
    merge: str | None = None
    device: str | None = None
    values: tuple[Any, ...] = ()


class RowReader:
    """Makes rows; remembers the forms of files that it has met.

    Args:
        choice: of values.
    """

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        self._forms = Forms()

    def row(self, path: str, data: bytes, modified: float | None) -> Row:
        """The row of a file.

        Args:
            path: of the file.
            data: its bytes.
            modified: when it was last changed.
        """
        match = self._forms.match(data)
        if match is not None:
            return self._matched(path, len(data), match, modified)
        module = Module.from_bytes(data, strict=False)
        return self._slow(path, module, len(data), modified, data)

    def large_row(self, path: str, module: Module, modified: float | None) -> Row:
        """The row of a file that is not read at once."""
        return self._slow(path, module, module.size, modified, None)

    def _matched(self, path: str, size: int, match: Match, modified: float | None) -> Row:
        form, header = match.form, match.record.header
        return Row(
            path,
            size,
            modified,
            "ok",
            module_digest=form.module_digest.hex(),
            base_digest=match.past[0].hex(),
            generation=header.generation,
            updates=header.update_count,
            state_digest=header.state_digest.hex(),
            lineage=_lineage(match.past),
            merge=None if form.merge is None else form.merge["id"],
            device=match.record.device or _id(form.state.schema.metadata.get(DEVICE_KEY)),
            values=self._choice.values(match.read),
        )

    def _slow(
        self, path: str, module: Module, size: int, modified: float | None, data: bytes | None
    ) -> Row:
        findings = check_module(module, instructions=False)
        first = min(findings, key=_gravity, default=None)
        health = "ok"
        if first is not None:
            health = "damaged" if first.severity == "error" else "warning"
        if health != "damaged" and not module.custom_sections(STATE_SECTION):
            health = "no state"
        has_code = bool(module.sections) or module.unread is None  # a file of text has none
        row = Row(
            path,
            size,
            modified,
            health,
            finding=None if first is None else f"{first.reason}; {first.advice}",
            place=None if first is None else first.path,
            offset=None if first is None else first.offset,
            module_digest=_attempt(lambda: module_digest(module).hex()) if has_code else None,
            values=(None,) * len(self._choice.names),
        )
        state = _attempt(lambda: State.of(module))
        if state is None:
            return row
        row = row._replace(
            base_digest=base_of(state).hex(),
            generation=state.generation,
            updates=state.update_count,
            state_digest=state.digest.hex(),
            values=self._choice.values(state.get),
        )
        device = _attempt(lambda: device_of(path, module))
        if device is not None:
            merge = device.ancestry.merge
            row = row._replace(
                lineage=_lineage(device.ancestry.past),
                merge=None if merge is None else merge["id"],
                device=_id(device.ancestry.device),
            )
            if data is not None and health == "ok":
                self._forms.learn(data, module, device)
        return row


def _id(device: object) -> str | None:
    """The id of a device; metadata that were written by hand may have anything there."""
    return device if isinstance(device, str) else None


def _gravity(finding: Finding) -> int:
    return 0 if finding.severity == "error" else 1


def _lineage(past: Mapping[int, bytes]) -> list[dict[str, Any]]:
    return [
        {"generation": generation, "digest": past[generation].hex()}
        for generation in sorted(past, reverse=True)
    ]


def _attempt(read: Callable[[], T]) -> T | None:
    """What a damaged file allows to be read; ``None`` where it does not."""
    try:
        return read()
    except WasmstateError:
        return None
