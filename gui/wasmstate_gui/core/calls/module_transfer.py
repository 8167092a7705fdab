"""How a module gets to another process: small ones are sent, large ones read from their file."""

from __future__ import annotations

import os
from pathlib import Path

from wasmstate.binary.source import BytesSource, FileSource, Source, open_source
from wasmstate.errors import CallError
from wasmstate_gui.core.calls.protocol import Load
from wasmstate_gui.core.document.edited_source import PatchedSource


def load_of(source: Source, path: Path) -> Load:
    """How the process is to get at these bytes, which must stay open here as long as it may ask.

    Args:
        source: the bytes of a module.
        path: of its file.
    """
    patches: list[tuple[int, str]] = []
    file = source
    if isinstance(source, PatchedSource):
        patches = [(offset, run.hex()) for offset, run in source.patches]
        file = source.source
    if not isinstance(file, FileSource):
        return Load(source.read(0, source.size))
    # By the descriptor it is the file that was opened, whatever has its name by now.
    opened = f"/proc/{os.getpid()}/fd/{file.fd}"
    return Load(None, opened if os.path.exists(opened) else str(path), file.size, patches)


def source_of(message: Load) -> Source:
    """The bytes, in the other process.

    Raises:
        CallError: if they cannot be read, or another file has taken the place of theirs.
    """
    if message.module is not None:
        return BytesSource(message.module)
    try:
        source = open_source(message.path)
    except OSError as error:
        raise CallError(f"the module cannot be read: {error.strerror or error}") from error
    if source.size != message.size:
        raise CallError("the file has changed since it was opened: open it again")
    patches = tuple((offset, bytes.fromhex(run)) for offset, run in message.patches)
    return PatchedSource(source, patches)
