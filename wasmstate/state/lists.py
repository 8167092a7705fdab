"""Lists as arguments.

A text is a sequence of characters, so that one given where a list of texts is meant would be read
letter by letter: the error would be about a tensor ``w`` of the text ``w:f64@0``.
"""

from __future__ import annotations


def check_list(argument: str, value: object) -> None:
    """Check that an argument is no single text.

    Raises:
        TypeError: naming the argument, and how to write a list.
    """
    if isinstance(value, (str, bytes)):
        raise TypeError(f"{argument} must be a list, not {value!r}: write [{value!r}]")
