"""The tensors of a state in files of other packages: npz and safetensors, without a bit lost.

Sources: NumPy, "numpy.lib.format"; safetensors, README, "Format".
"""

from __future__ import annotations

import io
import itertools
import json

import numpy as np

from wasmstate.errors import SchemaError
from wasmstate.state.state import State

_ALIGNED = 8  # safetensors: the values begin at a multiple


def _to_npz(state: State) -> bytes:
    """An archive of NumPy, an array for each tensor."""
    archive = io.BytesIO()
    np.savez(archive, allow_pickle=False, **dict(state))
    return archive.getvalue()


def _to_safetensors(state: State) -> bytes:
    """A file of safetensors; metadata are left out, for they may have texts alone."""
    contents = [state[tensor.name].tobytes() for tensor in state.tensors]
    ends = list(itertools.accumulate((len(each) for each in contents), initial=0))
    header = json.dumps(
        {
            tensor.name: {
                "dtype": tensor.dtype.upper(),
                "shape": list(tensor.shape),
                "data_offsets": [first, last],
            }
            for tensor, (first, last) in zip(state.tensors, itertools.pairwise(ends), strict=True)
        }
    ).encode()
    header += b" " * (-len(header) % _ALIGNED)
    return b"".join([len(header).to_bytes(8, "little"), header, *contents])


_FORMATS = {"npz": _to_npz, "safetensors": _to_safetensors}


def export_state(state: State, format: str) -> bytes:
    """The tensors of a state as a file of another package, without a bit lost.

    Args:
        state: as :meth:`State.open` or a session gives it.
        format: ``npz`` or ``safetensors``.

    Returns:
        The content of the file.

    Raises:
        SchemaError: for an unknown format.
    """
    if format not in _FORMATS:
        raise SchemaError(f"no format {format!r}; there are {', '.join(_FORMATS)}")
    return _FORMATS[format](state)
