"""``predict()`` must not change S; if it does, the session says so."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence

from wasmstate.state.tensor import Tensor


class PredictChangedStateWarning(UserWarning):
    """``predict()`` changed S. The change counts, as that of any other call."""


def warn_of_change(
    tensors: Iterable[Tensor], before: Sequence[bytes], after: Sequence[bytes]
) -> None:
    """Warn the caller of the caller if the regions of S are other lists, naming the tensors."""
    if after is before:
        return
    names = [
        tensor.name
        for tensor in tensors
        if after[tensor.region][tensor.offset : tensor.offset + tensor.nbytes]
        != before[tensor.region][tensor.offset : tensor.offset + tensor.nbytes]
    ]
    warnings.warn(
        f"predict() changed S, in {', '.join(names)}", PredictChangedStateWarning, stacklevel=3
    )
