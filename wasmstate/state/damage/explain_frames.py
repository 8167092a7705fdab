"""Why the bytes of a file are no sequence of sections, or not to their end."""

from __future__ import annotations

from collections.abc import Callable

from wasmstate.binary.foreign import HEAD, foreign_kind
from wasmstate.binary.module import Module
from wasmstate.binary.sections.base import Section
from wasmstate.errors import MalformedError, Remedy
from wasmstate.state.damage.damaged_file import (
    COPY,
    FILLS,
    DamagedFile,
    fill_of,
    run_length,
)
from wasmstate.state.damage.explain_rest import REST_LOOKS, filled_rest, tail
from wasmstate.state.damage.find_records import sites
from wasmstate.state.damage.finding import Certainty, Finding
from wasmstate.state.damage.repair_frames import (
    mended_frames,
    resized,
    undone_text_mode,
    undone_utf8,
)
from wasmstate.state.older import STATE_SECTION

_FILL_MEANINGS = (
    "zero: a block that was never synced before a power cut",
    "0xFF, as erased flash memory reads: a block was erased, and not written again",
)
_BLOCK = 512  # bytes: a disk loses no less
_PROVED = "it can be flipped back, and the module digest (SHA-256) proves the result"


def flipped_frame(module: Module) -> list[Finding]:
    """The one bit in the frames that explains whatever else is found, if there is one."""
    mended = mended_frames(module.to_bytes(), module)
    if mended is None:
        return []
    _, at, bit = mended
    section = max((each for each in module.sections if each.offset <= at), key=_offset)
    reason = (
        f"one flipped bit in the frame of the section explains it all, bit {bit} of byte {at:#x}"
    )
    return [Finding("error", section.path, at, reason, _PROVED, "likely", "mend-frames")]


def _offset(section: Section) -> int:
    return section.offset


def damaged_frames(module: Module, found: MalformedError) -> Finding:
    """What is behind a malformed frame; the first of them explains the others."""
    case = DamagedFile(module, found)
    is_first = module.damage is not None and found.offset == module.damage.offset
    for look in _LOOKS if is_first else ():
        finding = look(case)
        if finding is not None:
            return finding
    if found is not module.unread:
        return _read_over(module, found)
    advice = case.readable if found.path.startswith("sections") else COPY
    return Finding("error", found.path, found.offset, found.reason, advice)


def _read_over(module: Module, found: MalformedError) -> Finding:
    """A section that does not hide the others: nothing but its frame is malformed."""
    count = sum(each.fault is None for each in module.sections)
    advice = f"the {count} other sections are readable; nothing runs the file or commits to it"
    reason = found.reason
    helps: tuple[Remedy, ...] = ("Module.without_section()",)
    if found.path.endswith(".name"):
        helps = ("Module.with_name()", *helps)
        if "length out of bounds" in reason:
            reason += ": the frame of the section is whole, its name is longer than the section"
    return Finding("error", found.path, found.offset, reason, advice, remedies=helps)


def _empty(case: DamagedFile) -> Finding | None:
    if case.module.size:
        return None
    reason = (
        f"{case.found.reason}: created or cut, and its bytes were never synced before a power cut"
    )
    return case.finding(0, reason, COPY)


def _filled(case: DamagedFile) -> Finding | None:
    fill = fill_of(case.chunks()) if case.found.path == "magic" else None
    if fill is None:
        return None
    what = f"all {case.module.size} bytes are" if case.module.size > 1 else "the only byte is"
    if fill:
        reason = f"{what} 0xFF, as erased flash memory reads: nothing was ever written there"
    else:
        reason = f"{what} zero: the file was never synced before a power cut"
    return case.finding(0, reason, COPY)


def _another_kind(case: DamagedFile) -> Finding | None:
    if case.found.path != "magic":
        return None
    kind = foreign_kind(next(case.chunks())[:HEAD])
    if kind is None:
        return None
    what, advice = kind
    return case.finding(0, f"magic header not detected: this is {what}", advice)


def _lost_start(case: DamagedFile) -> Finding | None:
    """Another beginning than a module has, whatever stands there: the state may be behind it."""
    if case.found.path != "magic":
        return None
    reason = case.found.reason
    certainty: Certainty = "certain"
    for fill, meaning in zip(FILLS, _FILL_MEANINGS, strict=True):
        length = run_length(case.data, fill)
        if length >= _BLOCK:
            reason = f"the first {length} bytes are {meaning}"
            certainty = "likely"
    states = [
        site.start
        for site in sites(case.data)
        if site.length is not None and site.section in (STATE_SECTION, "")
    ]
    if states:
        advice = f"the state at {states[-1]:#x} can be salvaged; its code comes from a donor"
        return case.finding(0, reason, advice, certainty, remedies=("salvage()", "donor"))
    return case.finding(0, reason, COPY, certainty)


def _recoded(case: DamagedFile) -> Finding | None:
    for undo, repair, reason in (
        (undone_utf8, "undo-utf8", "re-encoded from Latin-1 to UTF-8, as text"),
        (undone_text_mode, "undo-text-mode", "line ends were converted, as by text mode"),
    ):
        undone = undo(case.data)
        if undone is not None:
            advice = f"undone, the file has {len(undone)} bytes and is whole again"
            return case.finding(
                case.found.offset,
                f"{case.found.reason}: {reason}",
                advice,
                "certain",
                repair,
            )
    for mark, reason in (
        (b"\x89WST\n\x1a\n", "line ends were shortened, as by a transfer in text mode"),
        (b"\xef\xbf\xbdWST\r\n", "decoded as UTF-8, with replacement characters"),
        (b"\x09WST\r\n", "the eighth bit of each byte is gone, as by a transfer of 7 bits"),
    ):
        if mark in case.data:
            advice = f"{COPY}: what was lost cannot be told"
            return case.finding(
                case.found.offset, f"{case.found.reason}: {reason}", advice, "certain"
            )
    return None


def _resized(case: DamagedFile) -> Finding | None:
    found_size = resized(case.data)
    if found_size is None:
        return None
    at, claimed, size = found_size
    reason = f"the size of the section is damaged: it says {claimed}, the record in it needs {size}"
    return case.finding(
        at,
        reason,
        "the record says how long it is, and is whole",
        "likely",
        "resize-section",
    )


def _mended(case: DamagedFile) -> Finding | None:
    mended = mended_frames(case.data, case.module)
    if mended is None:
        return None
    _, at, bit = mended
    reason = (
        f"{case.found.reason}: one flipped bit in the frame of a section explains it, "
        f"bit {bit} of byte {at:#x}"
    )
    return case.finding(at, reason, _PROVED, "likely", "mend-frames")


_LOOKS: tuple[Callable[[DamagedFile], Finding | None], ...] = (
    _empty,
    _filled,
    _another_kind,
    tail,
    filled_rest,
    _recoded,
    _resized,
    _mended,
    _lost_start,
    *REST_LOOKS,
)
