"""A value typed into a cell."""

from __future__ import annotations

from dataclasses import replace

from wasmstate.errors import SchemaError
from wasmstate.state.state import State


def with_cell(state: State, name: str, index: int, text: str) -> State:
    """The state with another value of one element.

    Args:
        state: S now.
        name: of the tensor.
        index: of the element, counted row after row.
        text: a number as people write it.

    Raises:
        SchemaError: it is no number.
        StateBoundsError: it does not fit the element's type.
    """
    tensor, values = state.tensor(name), state[name]
    text = text.strip().replace("\u2212", "-")
    is_integer = values.dtype.kind in "iu"
    try:
        number = int(text, 0) if is_integer else float(text)
    except ValueError as error:
        wanted = (
            "an integer such as 12, -3 or 0x1F" if is_integer else "a number such as 1.5 or nan"
        )
        raise SchemaError(f"'{text}' is not {wanted}") from error
    # By the tensor's own rules: too large is refused, not cut. All others keep their bits.
    encoded = replace(tensor, shape=()).encode(number)
    contents = state.contents()
    at = tensor.offset + index * values.itemsize
    old = contents[tensor.region]
    contents[tensor.region] = old[:at] + encoded + old[at + len(encoded) :]
    return state.with_contents(contents)
