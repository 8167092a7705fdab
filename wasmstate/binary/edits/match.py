"""Whether what a host has is what an import asks for.

Source: WebAssembly Core 3.0, Validation, "Matching".
"""

from __future__ import annotations

from typing import Any

from wasmstate.binary.types import GlobalType, Limits, MemType, TableType


def matches(there: Any, wanted: Any) -> bool:
    """Whether an item of the type ``there`` can be imported as ``wanted``.

    References have to be of the same type: subtypes are not looked for.
    """
    if isinstance(there, MemType) and isinstance(wanted, MemType):
        same = there.page_size == wanted.page_size
        return same and _limits(there.limits, wanted.limits)
    if isinstance(there, TableType) and isinstance(wanted, TableType):
        return there.reftype == wanted.reftype and _limits(there.limits, wanted.limits)
    if isinstance(there, GlobalType) and isinstance(wanted, GlobalType):
        return there == wanted
    return type(there) is type(wanted) and there == wanted


def _limits(there: Limits, wanted: Limits) -> bool:
    return (
        there.is_64_bit == wanted.is_64_bit
        and there.is_shared == wanted.is_shared
        and there.min >= wanted.min
        and (wanted.max is None or (there.max is not None and there.max <= wanted.max))
    )
