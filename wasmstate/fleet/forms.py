"""Files that differ from one that was read before in their records alone, read fast.

Most files of a fleet have the code, the schema and the regions of another. Of such a file the code
is compared byte by byte, and the records are verified as :mod:`wasmstate.state.known_record` does.
Any other file, and any that is not sound, is left to the reader of single files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from numpy.typing import NDArray

from wasmstate.binary.decode_loops import UnusualError, read_unsigned
from wasmstate.binary.edits.bake import is_baked
from wasmstate.binary.module import Module
from wasmstate.binary.sections import CUSTOM_ID
from wasmstate.state.bounds_fast_path import BoundsCheck
from wasmstate.state.change.personalize import DEVICE_KEY
from wasmstate.state.compare.history import history
from wasmstate.state.known_record import KnownRecord, Verified
from wasmstate.state.layout import MAX_COUNT
from wasmstate.state.merge.ancestry import Ancestry, Device
from wasmstate.state.older import INIT_SECTION, PREV_SECTION, STATE_SECTION
from wasmstate.state.record import Lineage
from wasmstate.state.state import State

_RECORDS = {name.encode(): name for name in (INIT_SECTION, PREV_SECTION, STATE_SECTION)}
_MOST = 32


class Form(NamedTuple):
    """What the files of one code and schema have in common.

    Attributes:
        start: all bytes before the first record.
        module_digest: of the code.
        merge: what the metadata say of a merge.
        state: of the first file.
        known: the forms of its records, that of the state first.
        bounds: of the values, compiled.
    """

    start: bytes
    module_digest: bytes
    merge: Any
    state: State
    known: tuple[KnownRecord, ...]
    bounds: BoundsCheck


class Match(NamedTuple):
    """A sound file of a known form.

    Attributes:
        form: of the file.
        record: its state.
        past: digests by generation, as in :class:`~wasmstate.state.merge.ancestry.Ancestry`.
    """

    form: Form
    record: Verified
    past: dict[int, bytes]

    def read(self, name: str) -> NDArray[Any] | None:
        """A tensor; ``None`` if there is none of that name."""
        state = self.form.state
        if name not in state:
            return None
        tensor = state.tensor(name)
        return tensor.read(self.record.contents[tensor.region])

    def device(self, name: str) -> Device:
        """The file as it is merged."""
        form, state, header = self.form, self.form.state, self.record.header
        schema = state.schema
        if self.record.device is not None:
            schema = replace(schema, metadata={**schema.metadata, DEVICE_KEY: self.record.device})
        record = replace(
            state.record,
            lineage=Lineage.of(header),
            keep=header.keep,
            schema=self.record.schema,
            payload=self.record.payload,
        )
        ancestry = Ancestry(
            name,
            header.generation,
            header.state_digest,
            self.past,
            form.merge,
            schema.metadata.get(DEVICE_KEY),
        )
        return Device(State(record, schema), ancestry)


class Forms:
    """The forms that were met."""

    def __init__(self) -> None:
        self._forms: list[Form] = []  # the last that was met first

    def match(self, data: bytes) -> Match | None:
        """The file, if it is sound and of a known form."""
        for i, form in enumerate(self._forms):
            if data.startswith(form.start):
                found = _match(form, data)
                if found is not None:
                    if i:
                        self._forms.insert(0, self._forms.pop(i))
                    return found
        return None

    def learn(self, data: bytes, module: Module, device: Device) -> None:
        """Remember the form of a file in which nothing was found wrong."""
        start = next(each.offset for each in module.sections if each.name in _RECORDS.values())
        if is_baked(module) or not all(name for name, _ in _records(data, start)):
            return
        states = [each.state for each in reversed(history(module)) if each.state is not None]
        known: list[KnownRecord] = []
        for state in states:  # the state itself first
            if not any(each.verify(state.to_content()) for each in known):
                known.append(KnownRecord(state.record, state.metadata.get(DEVICE_KEY)))
        if all(each.is_usable for each in known):
            state = device.state
            form = Form(
                data[:start],
                state.record.lineage.module_digest,
                device.ancestry.merge,
                state,
                tuple(known),
                BoundsCheck(state.tensors),
            )
            self._forms = [form, *self._forms[: _MOST - 1]]


def _match(form: Form, data: bytes) -> Match | None:
    found = list(_records(data, len(form.start)))
    contents = dict(found)
    content = contents.pop(STATE_SECTION, None)
    if content is None or "" in contents or len(contents) + 1 != len(found):
        return None
    record = form.known[0].verify(content)
    if record is None or record.header.module_digest != form.module_digest:
        return None
    header = record.header
    if MAX_COUNT in (header.generation, header.update_count):
        return None
    past = {header.generation: header.state_digest}
    base = _base(header)
    # A section with more than one record is unusual, and one with none of these forms.
    older = [_verified(form, each) for each in contents.values()]
    for each in (record, *older):
        if each is None or _base(each.header) != base:
            return None
        generation, before = each.header.generation, each.header.generation - 1
        if generation > header.generation:
            return None
        digest, parent = each.header.state_digest, each.header.parent_digest
        if past.setdefault(generation, digest) != digest:
            return None
        if before >= 0 and past.setdefault(before, parent) != parent:
            return None
    if past.setdefault(0, base) != base:
        return None
    if form.bounds.broken(record.contents):
        return None
    return Match(form, record, past)


def _verified(form: Form, content: bytes) -> Verified | None:
    return next(filter(None, (known.verify(content) for known in form.known)), None)


def _base(header: Any) -> bytes:
    digest: bytes = header.base_digest if header.generation else header.state_digest
    return digest


def _records(data: bytes, at: int) -> Iterator[tuple[str, bytes]]:
    """The sections of records from an offset on; the name is empty for anything else."""
    try:
        while at < len(data):
            id = data[at]
            size, start = read_unsigned(data, at + 1)
            at = start + size
            length, start = read_unsigned(data, start)
            name = _RECORDS.get(data[start : start + length])
            if id != CUSTOM_ID or at > len(data) or name is None or start + length > at:
                break
            yield name, data[start + length : at]
        else:
            return
    except (UnusualError, IndexError):
        pass
    yield "", b""
