"""Validation: whether an engine would load a module, by wasmtime's own validator.

A module can be well-formed and not valid: it decodes, and breaks a rule, such as a function that
leaves another type on the stack than its own. Decoding is this library's, validation wasmtime's.

Source: WebAssembly Core 3.0, "Validation".
"""

from __future__ import annotations

import re
from functools import cache

import wasmtime

from wasmstate.binary.module import Module
from wasmstate.errors import InvalidError
from wasmstate.state.damage.finding import Finding

LARGEST = 256 << 20
"""Bytes of a module that is validated; about a second for each 100 MB."""

_OFFSET = re.compile(r" \(at offset (0x[0-9a-f]+)\)")
# wasmtime's words for what it knows of a proposal and does not have turned on.
_LACKS = ("not enabled", "not supported", "proposal", "support", "feature", "unimplemented")


def why_not_validated(module: Module) -> str:
    """The reason why a module cannot be validated here; empty if it can."""
    if module.is_component:
        return "a component"
    if module.size > LARGEST:
        return f"more than {LARGEST >> 20} MiB"
    return ""


def validate(module: Module) -> Module:
    """Check that a module is valid; gives it back.

    A component, a module of more than :data:`LARGEST` bytes, and one that uses a proposal that
    wasmtime does not know are let through: nothing is known of them.

    Raises:
        InvalidError: with the offset of the first fault.
    """
    error = _first_fault(module)
    if error is not None and not _is_of_a_feature(error):
        raise error
    return module


def invalid(module: Module) -> list[Finding]:
    """What keeps an engine from loading a well-formed module, as :func:`validate`.

    A module that uses a feature that wasmtime lacks has a warning.
    """
    error = _first_fault(module)
    if error is None:
        return []
    if _is_of_a_feature(error):
        advice = "wasmtime lacks it, an engine that has it may load the module"
        reason = f"not validated from here on: {error.reason}"
        return [Finding("warning", "module", error.offset, reason, advice)]
    advice = "no engine loads such a module: compile it again"
    return [Finding("error", "module", error.offset, f"not valid: {error.reason}", advice)]


def _first_fault(module: Module) -> InvalidError | None:
    if why_not_validated(module):
        return None
    try:
        wasmtime.Module.validate(_engine(), module.to_bytes())
    except wasmtime.WasmtimeError as error:
        text = str(error)
        place = _OFFSET.search(text)
        reason = _OFFSET.sub("", text).strip().splitlines()[0]
        return InvalidError(int(place[1], 16) if place else 0, reason)
    return None


def _is_of_a_feature(error: InvalidError) -> bool:
    return any(word in error.reason for word in _LACKS)


@cache
def _engine() -> wasmtime.Engine:
    config = wasmtime.Config()
    for feature in ("gc", "function_references", "exceptions", "wide_arithmetic", "memory64"):
        setattr(config, f"wasm_{feature}", True)
    config.wasm_custom_page_sizes = True
    return wasmtime.Engine(config)
