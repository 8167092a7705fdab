"""Committing a state to the file that carries it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np

from wasmstate.binary.module import Module
from wasmstate.binary.module_like import check_path, wrong_type
from wasmstate.binary.sections.base import Frame
from wasmstate.binary.source import BytesSource, Source
from wasmstate.errors import NotCommittedError, StateConflictError, StateError
from wasmstate.state.change.bake import keep_baked
from wasmstate.state.older import check_keep, with_next
from wasmstate.state.record import Record, successor
from wasmstate.state.state import State, record_of
from wasmstate.state.sums import carried_sums
from wasmstate.storage.lock import locked
from wasmstate.storage.metadata import check_replaceable
from wasmstate.storage.replace import Durability, replace_file, sync_folder
from wasmstate.storage.temporary import sweep


def commit(
    path: str | os.PathLike[str],
    state: State,
    *,
    expected_generation: int | None = None,
    expected_digest: bytes | None = None,
    keep: int | None = None,
    check_bounds: bool = True,
    durability: Durability = "full",
    baked: bool | None = None,
    allow_break_links: bool = False,
) -> State:
    """Write a state into the module at ``path``, as the generation after the one it has.

    The record that it replaces becomes the newest of ``wasmstate.prev``, the oldest there leaves.
    All other bytes of the file stay what they are. A reader sees the old file or the new one,
    whole, and so does whoever opens it after a crash or a power cut.

    Args:
        path: of a module that carries a state; a symbolic link is followed.
        state: the values to write.
        expected_generation: the generation that the file must have now; that of ``state`` if not
            given, which is the one that its values were made from.
        expected_digest: the digest that the file's state must have now; not compared if not given.
            A copy of the model that was put in the file's place may be of the same generation.
        keep: how many older generations the file keeps from now on, 0 to 64; if not given, as
            many as it did, which is 1 unless somebody said otherwise.
        check_bounds: whether values that the schema's bounds forbid are refused: a model that
            became NaN must not replace the last state that was good.
        durability: see :data:`~wasmstate.storage.replace.Durability`.
        baked: whether the values are also what any other runtime starts with: see
            :func:`wasmstate.bake`. ``None`` keeps a baked file baked, in step with its state.
        allow_break_links: whether a file with several names (hard links) may be replaced; only
            the one that is given leads to the new state then.

    Returns:
        The state as it is in the file now, with its new generation.

    Raises:
        ValueError: invalid ``keep``, ``durability`` or ``expected_generation``.
        StateBoundsError: the values break the schema's bounds.
        StateConflictError: somebody else committed, or the file carries another model's state.
        StateError: the file's state section cannot be read, or does not allow writing.
        SectionError: the module cannot be baked.
        MalformedError: the file is not a well-formed module.
        NotCommittedError: the file system refused; the old file is untouched.
        DurabilityUnknownError: the new file is in place, its folder not known to be synced.
    """
    check_path(path)
    if not isinstance(state, State):
        raise wrong_type(state, "state", "a State, as State.open() gives")
    if keep is not None:
        check_keep(keep)
    if expected_generation is not None and not isinstance(expected_generation, (int, np.integer)):
        raise ValueError(f"expected_generation must be a whole number, not {expected_generation!r}")
    if check_bounds:
        state.check_bounds()
    committed: list[State] = []

    def edit(module: Module) -> Module:
        on_disk = record_of(module)
        expected = state.generation if expected_generation is None else expected_generation
        _check(Path(path), on_disk, state, expected)
        if expected_digest not in (None, on_disk.digest()):
            raise StateConflictError(
                f"{os.fspath(path)}: not committed, the file carries another state of generation "
                f"{expected}: a copy was put in its place; read the file again",
                expected,
                on_disk.lineage.generation,
            )
        record = successor(state.record, on_disk, keep)
        committed.append(State(record, state.schema))
        edited = with_next(module, record.encode(), record.keep)
        return keep_baked(edited, committed[0], baked=baked)

    rewrite(path, edit, durability=durability, allow_break_links=allow_break_links)
    return committed[0]


def replace_section(
    path: str | os.PathLike[str],
    name: str,
    content: bytes,
    *,
    force: bool = False,
    durability: Durability = "full",
    allow_break_links: bool = False,
) -> None:
    """Give a custom section of the module at ``path`` new content, or add it at the end.

    Args:
        path: of any module, or of a component.
        name: of the section.
        content: any bytes; of ``wasmstate.state`` a record that belongs to the module.
        force: whether ``wasmstate.state`` may hold anything, too.
        durability: see :data:`~wasmstate.storage.replace.Durability`.
        allow_break_links: see :func:`commit`.

    Raises:
        SectionError: several sections have that name, or the module could not use such a state.
        MalformedError: the file is not a well-formed module.
        NotCommittedError, DurabilityUnknownError: as :func:`commit`.
    """
    check_path(path)

    def edit(module: Module) -> Module:
        return module.with_custom(name, content, force=force)

    rewrite(
        path,
        edit,
        durability=durability,
        allow_break_links=allow_break_links,
    )


def rewrite(
    path: str | os.PathLike[str],
    edit: Callable[[Module], Module],
    *,
    durability: Durability = "full",
    strict: bool = True,
    allow_break_links: bool = False,
) -> None:
    """Replace the module at ``path`` by what ``edit`` makes of it, with the same crash safety.

    ``edit`` is called while other writers wait. What it raises leaves the file untouched.

    Args:
        path: of the file.
        edit: gives the module to be written; one opened with ``strict=False`` may be damaged.
        durability: see :data:`~wasmstate.storage.replace.Durability`.
        strict: whether the file has to be a well-formed module now.
        allow_break_links: see :func:`commit`.
    """

    def make(source: Source) -> Iterable[Frame]:
        before = Module.from_source(source, strict=strict)
        return carried_sums(before, edit(before)).pieces()

    _replace(path, make, durability, allow_break_links=allow_break_links)


def write_new(path: str | os.PathLike[str], module: Module, *, overwrite: bool = False) -> None:
    """Write a module to a file of its own; what a file of that name held does not matter.

    Its permissions are kept, other names of it (hard links) are left to what it held.

    Raises:
        NotCommittedError: if there is a file already and ``overwrite`` is not set, or the file
            system refused.
        DurabilityUnknownError: as :func:`commit`.
    """
    check_path(path)
    _write_new(path, module.pieces(), overwrite=overwrite)


def write_apart(
    data: bytes,
    output: str | os.PathLike[str],
    *inputs: str | os.PathLike[str],
    overwrite: bool = False,
) -> None:
    """Write a file that was made from others, and never over one of them.

    Args:
        data: the new file, a module or not.
        output: its path.
        inputs: what it was made from.
        overwrite: whether a file that is there may be replaced.

    Raises:
        NotCommittedError: if the output is one of the inputs, by whatever name, or is there
            already, or the file system refused.
        DurabilityUnknownError: as :func:`commit`.
    """
    for each in inputs:
        if os.path.exists(output) and os.path.samefile(output, each):
            raise NotCommittedError(
                f"{os.fspath(output)}: not written, it is {os.fspath(each)} itself, and that is "
                "never written over: give another name"
            )
    _write_new(output, [Frame(BytesSource(data), 0, 0, len(data))], overwrite=overwrite)


def _write_new(path: str | os.PathLike[str], pieces: Iterable[Frame], *, overwrite: bool) -> None:
    target = Path(os.path.realpath(path))
    if overwrite and os.path.lexists(target):
        _replace(target, lambda _: pieces, "full", allow_break_links=True)
    elif os.path.lexists(target):
        raise NotCommittedError(f"{target}: not written, there is such a file already")
    else:  # and if there is one by then, it fails with the same message
        with suppress(OSError):  # that the folder cannot be listed is no reason
            sweep(target)
        replace_file(target, pieces, old=None)


def _replace(
    path: str | os.PathLike[str],
    make: Callable[[Source], Iterable[Frame]],
    durability: Durability,
    *,
    allow_break_links: bool,
) -> None:
    """Replace a file by the bytes that ``make`` gives, called with those that it has."""
    try:
        target = Path(os.path.realpath(path, strict=True))
        with locked(target) as lock:
            if sweep(target):  # never to come back beside a newer file, where it would be foreign
                sync_folder(target.parent)
            check_replaceable(target, lock.fd, allow_break_links=allow_break_links)
            pieces = make(lock.source)
            replace_file(target, pieces, old=lock, durability=durability)
    except OSError as error:
        raise NotCommittedError(
            f"{os.fspath(path)}: not committed: {error.strerror or error}"
        ) from error


def _check(path: Path, on_disk: Record, state: State, expected: int) -> None:
    if on_disk.read_only:
        raise StateError(f"{path}: the state section asks not to be written by this version")
    if state.record.read_only:
        raise StateError(f"{path}: the new values are of a newer version of the format than this")
    ours, theirs = state.record.lineage, on_disk.lineage
    if ours.module_digest != theirs.module_digest:
        raise StateConflictError(
            f"{path}: not committed, the file carries the state of another module",
            expected,
            theirs.generation,
        )
    if theirs.generation != expected:
        raise StateConflictError(
            f"{path}: not committed, the file is at generation {theirs.generation}, "
            f"the state was made from generation {expected}; somebody else has committed: "
            "read the file again",
            expected,
            theirs.generation,
        )
