"""One custom section of a small module, found without looking at the others.

Whoever reads the states of twenty thousand files needs nothing else of them.
"""

from __future__ import annotations

from wasmstate.binary.decode_loops import UnusualError, read_unsigned
from wasmstate.binary.frames import MAGIC, MODULE_LAYER, PREAMBLE_SIZE
from wasmstate.binary.sections import CUSTOM_ID, MODULE_SECTIONS


def only_custom(data: bytes, name: bytes) -> bytes | None:
    """The content of the custom section of a name.

    Args:
        data: a whole module.
        name: as it stands in the file.

    Returns:
        ``None`` unless all frames are as usual and exactly one section has the name:
        :class:`~wasmstate.binary.Module` looks closer, and says what is wrong.
    """
    if data[:PREAMBLE_SIZE] != MAGIC + MODULE_LAYER:
        return None
    found: list[bytes] = []
    at, size = PREAMBLE_SIZE, len(data)
    try:
        while at < size:
            id = data[at]
            length, start = read_unsigned(data, at + 1)
            at = start + length
            if id not in MODULE_SECTIONS or at > size:
                return None
            if id == CUSTOM_ID:
                length, start = read_unsigned(data, start)
                end = start + length
                if end > at:
                    return None
                if data[start:end] == name:
                    found.append(data[end:at])
                else:
                    data[start:end].decode()  # a name that is not UTF-8 is malformed
    except (UnusualError, IndexError, UnicodeDecodeError):
        return None
    return found[0] if len(found) == 1 else None
