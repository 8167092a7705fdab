"""What the package raises beside the errors of :mod:`wasmstate.errors`."""

from __future__ import annotations

from wasmstate.errors import WasmstateError


class RoundError(WasmstateError):
    """A round that cannot be published, or that a device does not take. No model was changed."""


class UntrustedError(RoundError):
    """What a repository offers is not signed by a trusted key, expired, or older than before."""
