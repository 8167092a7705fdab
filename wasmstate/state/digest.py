"""The module digest: which code a state belongs to."""

from __future__ import annotations

import hashlib

from wasmstate.binary.edits.bake import unbake
from wasmstate.binary.module import Module
from wasmstate.binary.sections import CUSTOM_ID

_CHUNK = 1 << 20


def module_digest(module: Module) -> bytes:
    """SHA-256 of the non-custom sections, of a baked module as they were before.

    For each of them: its id, the size of its content as eight bytes, little endian, its content.
    How wide the sizes are written, names and other custom sections do not count, nor does a section
    of unknown id, which only a damaged file has.

    Raises:
        MalformedError: if the module is baked and what was kept of before is damaged.

    Source: docs/format.md, "Digests".
    """
    return sections_digest(unbake(module))


def sections_digest(module: Module) -> bytes:
    """SHA-256 of the non-custom sections as they are, baked or not; see :func:`module_digest`."""
    digest = hashlib.sha256()
    for section in module.sections:
        if section.id != CUSTOM_ID and section.fault is None:
            digest.update(bytes([section.id]) + section.size.to_bytes(8, "little"))
            start, end = section.frame.content_start, section.frame.end
            for at in range(start, end, _CHUNK):  # a code section may have a hundred megabytes
                digest.update(section.frame.source.read(at, min(_CHUNK, end - at)))
    return digest.digest()
