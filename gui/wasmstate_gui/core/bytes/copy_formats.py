"""The selected bytes as text for the clipboard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wasmstate_gui.core.tensors.tensor_table import TensorRow

MOST = 1 << 20
"""Bytes that are copied at most; whoever needs more wants a file."""

_WIDTH = 16
_NUMPY = {
    **{
        f"{sign}{bits}": f"{word}{bits}"
        for sign, word in (("i", "int"), ("u", "uint"))
        for bits in (8, 16, 32, 64)
    },
    "f32": "float32",
    "f64": "float64",
}


def copied(kind: str, data: bytes, offset: int, tensors: Sequence[TensorRow]) -> str:
    """Bytes as ``hex``, ``c``, ``python`` or ``array``."""
    if kind == "c":
        return as_c(data, offset)
    if kind == "python":
        return as_python(data)
    return as_array(data, offset, tensors) if kind == "array" else as_hex(data)


def as_hex(data: bytes) -> str:
    """``DE AD BE EF``, 16 bytes a line."""
    return "\n".join(line.hex(" ").upper() for line in _lines(data))


def as_c(data: bytes, offset: int) -> str:
    """An array in C."""
    lines = ",\n".join(
        "    " + ", ".join(f"0x{byte:02x}" for byte in line) for line in _lines(data)
    )
    return f"static const unsigned char at_0x{offset:x}[{len(data)}] = {{\n{lines}\n}};\n"


def as_python(data: bytes) -> str:
    """A bytes literal of Python; in parentheses if it takes several lines."""
    literals = ['b"' + "".join(f"\\x{byte:02x}" for byte in line) + '"' for line in _lines(data)]
    if len(literals) == 1:
        return literals[0]
    return "(\n" + "\n".join(f"    {literal}" for literal in literals) + "\n)\n"


def as_array(data: bytes, offset: int, tensors: Sequence[TensorRow]) -> str:
    """A NumPy array: of whole elements of a tensor if that is what is selected, else of bytes."""
    for row in tensors:
        size = row.values.itemsize
        start, end = offset - row.offset, offset - row.offset + len(data)
        if start >= 0 and end <= row.values.nbytes and start % size == 0 == end % size:
            values = row.values.reshape(-1)[start // size : end // size].tolist()
            return _array(map(repr, values), _NUMPY[row.tensor.dtype])
    return _array((f"0x{byte:02x}" for byte in data), "uint8")


def _array(items: Iterable[str], dtype: str) -> str:
    # NaN and infinity are names that NumPy has, too.
    words = [
        {"nan": "np.nan", "inf": "np.inf", "-inf": "-np.inf"}.get(each, each) for each in items
    ]
    lines = [", ".join(words[i : i + _WIDTH]) for i in range(0, len(words), _WIDTH)]
    return "np.array([" + ",\n          ".join(lines) + f"], dtype=np.{dtype})"


def _lines(data: bytes) -> list[bytes]:
    return [data[i : i + _WIDTH] for i in range(0, len(data), _WIDTH)]
