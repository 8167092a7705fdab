"""Which states of the disk are legal after a crash: four models, from the mildest to the hardest.

``kill``
    The process dies, the system does not: everything so far is there.
``ext4``
    Names and attributes reach the disk in the order of the journal; data in any subset, but before
    a rename over another file (ext4 with its default ``auto_da_alloc``).
``journal``
    The same without that favour: xfs, or ext4 with ``noauto_da_alloc``.
``posix``
    Any subset of what was not synced. A size may come without its data: then the bytes are zeros
    or garbage. A block may be torn at sectors of 512 bytes.

``fat``, apart from these, for a writer on FAT
    As ``posix`` without garbage; but a name that was given by a rename and synced with its folder
    leads to nothing until its file is synced, too.

A crash may come after every operation, also right after a sync: that is where CrashMonkey
(Mohan et al., OSDI 2018) found all of its bugs. The order of the states is always the same.

**What is left out.** Any subset of more than :data:`ALL` parts is too much. Then these are taken:
all are lost, none, all after the first n, all but one, only one; and any subset of groups, where
the bytes of a file, its sizes, its attributes, and each change of names are a group; of more than
:data:`ALL` groups again those named above. Of a long run of writes to one file the crash comes
after the first two, the middle one, and the last two. One block is torn at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from itertools import combinations

from crash.micro import NEVER, Data, Micro, Names, is_data
from crash.operations import Sync, SyncFolder, Write
from crash.rebuild import sectors
from crash.recording import CrashState, Recording

ALL = 8
"""Of so many parts every subset is tried."""

GARBAGE = 0xA5


def kill(recording: Recording) -> Iterator[CrashState]:
    """Everything so far is there."""
    for done in crash_points(recording):
        yield CrashState("kill", done)


def ext4(recording: Recording) -> Iterator[CrashState]:
    """A journal; a rename over another file waits for the data."""
    yield from _journal(recording, "ext4", rename_flushes=True)


def journal(recording: Recording) -> Iterator[CrashState]:
    """A journal; data comes when it comes."""
    yield from _journal(recording, "journal", rename_flushes=False)


def posix(recording: Recording) -> Iterator[CrashState]:
    """Any subset of what was not synced, with garbage and tears."""
    parts = recording.parts
    for done in crash_points(recording):
        made = recording.made(done)
        open_parts = [i for i in made if recording.lasting_from[i] > done]
        for lost in subsets(open_parts, lambda i: _group(parts[i], i)):
            yield CrashState("posix", done, lost)
            if any(isinstance(parts[i], Data) for i in lost):
                yield CrashState("posix", done, lost, fill=GARBAGE)
        data = [i for i in open_parts if isinstance(parts[i], Data)]
        for i in data:
            others = tuple(j for j in data if j != i)
            for reached in _tears(parts[i]):
                for lost in dict.fromkeys(((), others)):
                    yield CrashState("posix", done, lost, torn=(i, reached))
                    yield CrashState("posix", done, lost, torn=(i, reached), fill=GARBAGE)


def fat(recording: Recording) -> Iterator[CrashState]:
    """FAT as Linux writes it: a name holds the size and the place of its file.

    The sync of a folder writes the names, and what they say of their files as it was when these
    were last synced under some name: after a rename, nothing. That a folder is written without
    being asked for, which takes the kernel seconds, is not modelled.
    """
    parts, operations = recording.parts, recording.operations
    for done in crash_points(recording):
        made = recording.made(done)
        open_parts = [i for i in made if recording.lasting_from[i] > done]
        for lost in subsets(open_parts, lambda i: _group(parts[i], i)):
            yield CrashState("fat", done, lost)
        for i in made:
            part = parts[i]
            if isinstance(part, Names) and len(part.leads) > 1:
                since = operations[part.at + 1 : done]
                inodes = {inode for _, inode in part.leads}
                synced = [each for each in since if isinstance(each, Sync | SyncFolder)]
                is_written = any(isinstance(each, SyncFolder) for each in synced)
                if is_written and not any(
                    isinstance(each, Sync) and each.succeeded and each.inode in inodes
                    for each in synced
                ):
                    yield CrashState("fat", done, torn=(i, ()))


Model = Callable[[Recording], Iterator[CrashState]]
"""The states that a file system may leave."""

MODELS: Mapping[str, Model] = {
    "kill": kill,
    "ext4": ext4,
    "journal": journal,
    "posix": posix,
}
FAT: Mapping[str, Model] = {"fat": fat}


def crash_points(recording: Recording) -> list[int]:
    """After how many operations the crash comes."""
    operations = recording.operations
    points = {0}
    run: list[int] = []
    for done, operation in enumerate([*operations, None], 1):
        if isinstance(operation, Write) and (not run or _same_file(recording, run[-1], operation)):
            run.append(done)
            continue
        points.update(run if len(run) <= 5 else (*run[:2], run[len(run) // 2], *run[-2:]))
        run = [done] if isinstance(operation, Write) else []
        if operation is not None and not run:
            points.add(done)
    return sorted(points)


def _same_file(recording: Recording, done: int, write: Write) -> bool:
    before = recording.operations[done - 1]
    return isinstance(before, Write) and before.inode == write.inode


def subsets(items: Sequence[int], group: Callable[[int], Hashable]) -> list[tuple[int, ...]]:
    """What may be lost of these: every subset of a few, else those that find most."""
    if len(items) <= ALL:
        return _every(items)
    groups: dict[Hashable, list[int]] = {}
    for item in items:
        groups.setdefault(group(item), []).append(item)
    members = list(groups.values())
    indices = range(len(members))
    chosen = _every(indices) if len(members) <= ALL else _favoured(indices)
    united = [tuple(sorted(item for i in each for item in members[i])) for each in chosen]
    return list(dict.fromkeys(_favoured(items) + united))


def _every(items: Sequence[int]) -> list[tuple[int, ...]]:
    return [chosen for count in range(len(items) + 1) for chosen in combinations(items, count)]


def _favoured(items: Sequence[int]) -> list[tuple[int, ...]]:
    all_items = tuple(items)
    tails = [all_items[i:] for i in range(len(items) + 1)]
    all_but_one = [all_items[:i] + all_items[i + 1 :] for i in range(len(items))]
    return list(dict.fromkeys([*tails, *all_but_one, *((item,) for item in items)]))


def _group(part: Micro, i: int) -> Hashable:
    return i if isinstance(part, Names) else (type(part).__name__, part.inode)


def _tears(part: Micro) -> list[tuple[int, ...]]:
    """The first sector, all but the first, every second one."""
    assert isinstance(part, Data)
    all_sectors = tuple(range(sectors(part)))
    if len(all_sectors) < 2:
        return []
    return list(dict.fromkeys([all_sectors[:1], all_sectors[1:], all_sectors[::2]]))


def _journal(recording: Recording, model: str, *, rename_flushes: bool) -> Iterator[CrashState]:
    parts, lasts = recording.parts, recording.journaled_from
    for done in crash_points(recording):
        made = recording.made(done)
        in_journal = [i for i in made if not is_data(parts[i])]
        written = sum(lasts[i] <= done for i in in_journal)
        for count in range(written, len(in_journal) + 1):
            flushed = _flushed(parts, in_journal[:count]) if rename_flushes else {}
            data = [
                i
                for i in made
                if isinstance(part := parts[i], Data)
                and lasts[i] > done
                and (lasts[i] == NEVER or part.at > flushed.get(part.inode, -1))
            ]
            for lost in subsets(data, lambda i: _group(parts[i], i)):
                yield CrashState(model, done, tuple(sorted((*in_journal[count:], *lost))))


def _flushed(parts: Sequence[Micro], journaled: Sequence[int]) -> dict[int, int]:
    """For each file that was renamed over another one the operation that did it."""
    return {
        inode: part.at
        for i in journaled
        if isinstance(part := parts[i], Names) and part.replaces
        for _, inode in part.leads
        if inode is not None
    }
