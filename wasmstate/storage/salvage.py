"""Salvaging a damaged file: what lies beside it helps, and nothing is written over it."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from wasmstate.binary.module import Module
from wasmstate.binary.module_like import ModuleLike, as_module, check_path
from wasmstate.binary.source import open_source
from wasmstate.errors import NotCommittedError
from wasmstate.state.damage.repair import Preview, preview
from wasmstate.state.damage.salvage import salvage_bytes
from wasmstate.state.damage.salvage_result import Accept, Fill, Salvage
from wasmstate.storage.commit import rewrite
from wasmstate.storage.temporary import read_leftovers


def salvage(
    path: str | os.PathLike[str],
    *,
    donor: ModuleLike | None = None,
    fill: Fill | None = None,
    accept: Collection[Accept] = (),
    record: int | None = None,
) -> Salvage:
    """Take from a damaged file what is proven; nothing is written.

    Every tensor is taken that its own CRC-32 proves. A flipped bit is put back, a block that was
    lost is taken from another generation, a header is made again from the rest, where the state
    digest proves that this is how it was. Other generations come from the file itself, from the
    temporary files that dead writers left beside it, and from the donor.

    Args:
        path: of the damaged file.
        donor: another file with the same code, or an older copy: a path, bytes or a Module.
        fill: where tensors that are lost are filled from: ``prev``, ``init``, ``donor``,
            ``leftover`` or ``zeros``; if not given, they are an obstacle.
        accept: what may be taken though nothing proves it: ``values`` as they stand, ``code`` that
            no digest confirms.
        record: the offset of the record to take, where there are several.

    Raises:
        MalformedError: if the donor is not a well-formed module.
        ValueError: for an unknown thing to fill from or to accept, or an invalid ``record``.
        OSError: if a file cannot be read.
    """
    check_path(path)
    path = Path(path)
    data = _read(path)
    beside = read_leftovers(path)
    return salvage_bytes(
        data,
        donor=None if donor is None else as_module(donor, "donor"),
        leftovers=beside,
        fill=fill,
        accept=accept,
        record=record,
    )


def _read(path: Path) -> bytes:
    """All bytes of a file; pipes are not waited for, devices not read without end."""
    source = open_source(path)
    return source.read(0, source.size)


def preview_repair(path: str | os.PathLike[str], name: str) -> Preview:
    """What a repair that :func:`~wasmstate.storage.check.check` named would do; nothing is written.

    Raises:
        SectionError: if there is no such repair, or it does not fit this file.
        OSError: if a file cannot be read.
    """
    path = Path(path)
    return preview(name, _read(path), read_leftovers(path))


def write_repair(path: str | os.PathLike[str], before: bytes, after: bytes) -> None:
    """Put what a repair made into the place of the damaged file, crash-safely.

    Args:
        path: of the file.
        before: what it holds, as it was looked at.
        after: what it is to hold.

    Raises:
        NotCommittedError: if it holds something else by now, or the file system refused.
        DurabilityUnknownError: as :func:`~wasmstate.storage.commit.commit`.
    """

    def edit(module: Module) -> Module:
        if module.to_bytes() != before:
            raise NotCommittedError(
                f"{os.fspath(path)}: not repaired, it is another file by now: look at it again"
            )
        return Module.from_bytes(after, strict=False)

    rewrite(path, edit, strict=False)
