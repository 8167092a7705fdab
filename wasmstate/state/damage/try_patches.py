"""Values of a damaged region, tried with a part of them as another record has it.

A tensor that did not change from one generation to the next is still there in the one before. So
is a block of the disk that became zeros. Which try was right the checksum says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from wasmstate.state.tensor import Tensor

_ZEROS = re.compile(rb"\0{16,}")
_BLOCKS = 64


def patched(
    there: bytes, length: int, others: Iterable[tuple[str, bytes]], tensors: Iterable[Tensor]
) -> Iterator[tuple[bytes, str]]:
    """Contents that the region may have had, and how each was made.

    Args:
        there: the bytes of the region; fewer than ``length`` if the file is cut.
        length: of the region.
        others: names of records, and what the region holds in each, of the same length.
        tensors: the tensors in the region.
    """
    tensors = list(tensors)
    for label, other in others:
        yield other, f"as in {label}"
        if len(there) < length:
            yield there + other[len(there) :], f"the end as in {label}"
            continue
        for start, end in blocks(there):
            yield (
                there[:start] + other[start:end] + there[end:],
                (f"{end - start} zeros as in {label}"),
            )
        for tensor in tensors:
            end = tensor.offset + tensor.nbytes
            yield (
                there[: tensor.offset] + other[tensor.offset : end] + there[end:],
                (f"{tensor.name} as in {label}"),
            )


def blocks(there: bytes) -> list[tuple[int, int]]:
    """The longest runs of zeros, where each starts and ends."""
    runs = [match.span() for match in _ZEROS.finditer(there)]
    runs.sort(key=lambda run: run[0] - run[1])
    return runs[:_BLOCKS]
