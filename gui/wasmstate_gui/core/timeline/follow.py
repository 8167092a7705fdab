"""Following a file that other programs replace: which version is shown, and which has to wait."""

from __future__ import annotations

from dataclasses import dataclass, replace

from wasmstate.binary.source import SubSource
from wasmstate_gui.core.document.document import Document
from wasmstate_gui.core.document.edited_source import is_open_file, same_bytes
from wasmstate_gui.core.document.newer_versions import Newer
from wasmstate_gui.core.document.snapshot import Snapshot, read_snapshot
from wasmstate_gui.core.timeline.timeline import Timeline

_CUT_OFF = ("unexpected end", "length out of bounds")


@dataclass(frozen=True, slots=True)
class Found:
    """The file as it was read again.

    Attributes:
        snapshot: what it is now.
        is_same: whether it holds the bytes of the version that is known as the one on disk.
        is_known: whether it holds those of the newest version that waits.
        is_half: whether it is only begun.
    """

    snapshot: Snapshot
    is_same: bool
    is_known: bool
    is_half: bool


def find(document: Document) -> Found:
    """Read the file of a document again; takes its time on large files.

    Raises:
        OSError: if the file cannot be read.
        MalformedError: if a large file became shorter meanwhile.
    """
    disk, newer = document.disk, document.newer
    snapshot = read_snapshot(disk.path)
    is_same = disk.is_same_as(snapshot)
    is_known = newer is not None and newer.snapshot.is_same_as(snapshot)
    is_half = not is_same and not is_known and _is_half(snapshot, disk)
    return Found(snapshot, is_same, is_known, is_half)


def _is_half(snapshot: Snapshot, last: Snapshot) -> bool:
    """Whether another program is still writing, as far as the bytes tell.

    A file of the same size is whole, though damaged. Of one that was held open and written into,
    the version before is gone.
    """
    size = snapshot.source.size
    if size == last.source.size or is_open_file(last.source):
        return False
    damage = snapshot.module.damage
    if damage is not None:
        return damage.reason.startswith(_CUT_OFF)
    # Cut off between two sections, so that nothing but the state is missing. A file that was
    # replaced is whole: somebody has taken the state out of it.
    lost_state = last.has_state_section and not snapshot.has_state_section
    if not lost_state or size > last.source.size or not snapshot.is_file_of(last):
        return False
    return same_bytes(SubSource(last.source, 0, size), snapshot.source)


def looks_back(timeline: Timeline | None) -> bool:
    """Whether the user looks at an older step, under which nothing must jump.

    The step that is on disk does not count: it is the file.
    """
    if timeline is None or timeline.here == timeline.on_disk:
        return False
    return timeline.position < len(timeline.path) - 1


def noticed(document: Document, found: Found, *, waits: bool) -> Document:
    """After the file was read again.

    Args:
        document: what is shown.
        found: the file.
        waits: whether another version is only taken note of.
    """
    if found.is_half:
        return replace(document, half=found.snapshot, is_lost=False)
    document = replace(document, half=None, is_lost=False)
    if found.is_same or not waits or document.theirs is not None:
        return document.replaced(found.snapshot, is_same=found.is_same)
    if found.is_known and document.newer is not None:
        return replace(document, newer=replace(document.newer, snapshot=found.snapshot))
    return replace(document, newer=Newer.after(document.newer, found.snapshot))
