"""What the bytes are that stand behind the last section that could be read.

Three things look alike to a reader: the file was cut, something was added to it, a length in it is
damaged. Each is named only by what tells it from the others.
"""

from __future__ import annotations

from collections.abc import Callable

from wasmstate.binary.decode_loops import UnusualError, read_unsigned
from wasmstate.binary.frames import MAGIC as WASM_MAGIC
from wasmstate.binary.module import Module
from wasmstate.binary.sections import CUSTOM_ID, MODULE_ORDER
from wasmstate.binary.source import SubSource
from wasmstate.escapes import listed
from wasmstate.state.damage.damaged_file import DamagedFile, fill_of
from wasmstate.state.damage.find_records import sites
from wasmstate.state.damage.finding import Finding
from wasmstate.state.damage.repair_frames import tail_start
from wasmstate.state.damage.survey import survey
from wasmstate.state.damage.survey_parts import tensors_of
from wasmstate.state.older import STATE_SECTION

_BLOCK = 512  # bytes: less than this a disk does not lose


def tail(case: DamagedFile) -> Finding | None:
    """Bytes behind a last section that holds a whole state."""
    start = tail_start(case.module)
    if start is None:
        return None
    head = next(case.chunks(start))[: len(WASM_MAGIC)]
    what = "bytes"
    if fill_of(case.chunks(start)) == 0:
        what = "zeros"
    elif head == WASM_MAGIC:
        what = "bytes, another module,"
    reason = f"{case.module.size - start} {what} behind the last section"
    advice = "they can be dropped: the state before them is whole"
    return case.finding(start, reason, advice, repair="drop-tail")


def filled_rest(case: DamagedFile) -> Finding | None:
    """A block or more that was never written, from a section on to the end of the file."""
    if not case.found.path.startswith("sections") or case.rest_size < _BLOCK:
        return None
    fill = fill_of(case.chunks(case.end))
    if fill is None:
        return None
    what = "0xFF, as erased flash memory reads: nothing was written there"
    if not fill:
        what = "zero: they were never synced before a power cut"
    reason = f"the last {case.rest_size} bytes are {what}"
    return case.finding(case.end, reason, case.readable)


def _another_module(case: DamagedFile) -> Finding | None:
    if not case.module.sections or not case.rest_size:
        return None
    if not next(case.chunks(case.end)).startswith(WASM_MAGIC):
        return None
    reason = f"{case.rest_size} bytes were added behind the last section: another module"
    return case.finding(case.end, reason, f"{case.readable}; take the two apart")


def _added(case: DamagedFile) -> Finding | None:
    """Bytes that begin as no section can that comes behind those before, and fit no frame."""
    if case.module.is_component or not case.rest_size:
        return None
    head = next(case.chunks(case.end))
    is_in_order = head[0] in MODULE_ORDER and MODULE_ORDER.index(head[0]) > _last_place(case)
    if head[0] == CUSTOM_ID or is_in_order or _has_frame(case, head) or not _is_complete(case):
        return None
    reason = (
        f"{case.found.reason}: no section of id {head[0]} can come behind the last one, so "
        f"{case.rest_size} bytes were added"
    )
    return case.finding(case.end, reason, case.readable)


def _has_frame(case: DamagedFile, head: bytes) -> bool:
    """Whether the size behind the id fits into the file: then the id alone may be damaged."""
    try:
        size, at = read_unsigned(head, 1)
    except (UnusualError, IndexError):
        return False
    return at + size <= case.rest_size


def _is_complete(case: DamagedFile) -> bool:
    """Whether the sections before make a module: nothing that they announce is missing."""
    sections = case.module.sections
    if not sections:
        return False
    before = SubSource(sections[0].frame.source, 0, case.end)
    return not Module.from_source(before, strict=False).findings(instructions=False)


def _cut(case: DamagedFile) -> Finding | None:
    if "length out of bounds" not in case.found.reason or not case.found.path.endswith(".size"):
        return None
    advice = case.readable
    states = [site for site in sites(case.data) if site.section == STATE_SECTION]
    if states and states[-1].start > case.found.offset:
        there = survey(case.data, states[-1].start)
        proved = {i for i, part in enumerate(there.regions) if part.proof}
        names = [tensor.name for tensor in tensors_of(there) if tensor.region in proved]
        advice += "; of the state " + (
            listed(names) + " can be salvaged" if names else "nothing is whole"
        )
    if _is_expected(case):
        return case.finding(case.found.offset, f"{case.found.reason}: the file is cut", advice)
    reason = f"{case.found.reason}: either the file is cut, or bytes were added to it"
    return case.finding(case.found.offset, reason, advice, "possible")


def _is_expected(case: DamagedFile) -> bool:
    """Whether what does not end begins as a section that can come behind those before."""
    head = next(case.chunks(case.end))
    if head[0] != CUSTOM_ID:
        return case.module.is_component or MODULE_ORDER.index(head[0]) > _last_place(case)
    try:
        _, at = read_unsigned(head, 1)
        length, at = read_unsigned(head, at)
        name = head[at : at + length].decode()
    except (UnusualError, IndexError, UnicodeDecodeError):
        return False
    return bool(name) and name.isprintable() and len(name.encode()) == length


def _last_place(case: DamagedFile) -> int:
    """The place of the last section in the order of a module; -1 without one."""
    places = [MODULE_ORDER.index(each.id) for each in case.module.sections if each.id != CUSTOM_ID]
    return max(places, default=-1)


REST_LOOKS: tuple[Callable[[DamagedFile], Finding | None], ...] = (
    _another_module,
    _added,
    _cut,
)
