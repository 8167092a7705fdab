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
from wasmstate.state.known_record import KnownRecord
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
        device: the id in the metadata, if there is one.
        state: of the first file.
        known: the form of its record.
    """

    start: bytes
    module_digest: bytes
    merge: Any
    device: object
    state: State
    known: KnownRecord


class Match(NamedTuple):
    """A sound file of a known form.

    Attributes:
        form: of the file.
        header: of its state record.
        past: digests by generation, as in :class:`~wasmstate.state.merge.ancestry.Ancestry`.
        contents: of the regions.
    """

    form: Form
    header: Any
    past: dict[int, bytes]
    contents: list[bytes]

    def read(self, name: str) -> NDArray[Any] | None:
        """A tensor; ``None`` if there is none of that name."""
        state = self.form.state
        if name not in state:
            return None
        tensor = state.tensor(name)
        return tensor.read(self.contents[tensor.region])

    @property
    def device_id(self) -> object:
        """The id of the device, if the metadata keep it."""
        return self.form.device

    def device(self, name: str) -> Device:
        """The file as it is merged."""
        form, state = self.form, self.form.state
        lineage = Lineage.of(self.header)
        record = replace(state.record, lineage=lineage, keep=self.header.keep)
        filled = State(record, state.schema).with_contents(self.contents)
        digest = self.header.state_digest
        ancestry = Ancestry(
            name, self.header.generation, digest, self.past, form.merge, self.device_id
        )
        return Device(filled, ancestry)


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
        record = device.state.record
        known = KnownRecord(record)
        start = next(each.offset for each in module.sections if each.name in _RECORDS.values())
        usual = all(name for name, _ in _records(data, start))
        if known.is_usable and usual and not is_baked(module):
            digest = record.lineage.module_digest
            told = device.ancestry
            form = Form(data[:start], digest, told.merge, told.device, device.state, known)
            self._forms = [form, *self._forms[: _MOST - 1]]


def _match(form: Form, data: bytes) -> Match | None:
    found = list(_records(data, len(form.start)))
    records = dict(found)
    content = records.pop(STATE_SECTION, None)
    if content is None or "" in records or len(records) + 1 != len(found):
        return None
    header = form.known.header_of(content)
    if header is None or header.module_digest != form.module_digest:
        return None
    if MAX_COUNT in (header.generation, header.update_count):
        return None
    past = {header.generation: header.state_digest}
    base = _base(header)
    for each in (header, *map(form.known.header_of, records.values())):
        # A section with more than one record is unusual, and one with none of this form.
        if each is None or _base(each) != base or each.generation > header.generation:
            return None
        if past.setdefault(each.generation, each.state_digest) != each.state_digest:
            return None
        before = each.generation - 1
        if before >= 0 and past.setdefault(before, each.parent_digest) != each.parent_digest:
            return None
    if past.setdefault(0, base) != base:
        return None
    spans = range(len(form.state.regions))
    contents = [form.known.region_bytes(content, i) for i in spans]
    if form.state.schema.broken_bounds(contents):
        return None
    return Match(form, header, past, contents)


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
