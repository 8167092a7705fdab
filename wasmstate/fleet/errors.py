"""What the package raises beside the errors of :mod:`wasmstate.errors`."""

from __future__ import annotations

from wasmstate.errors import WasmstateError


class FleetError(WasmstateError):
    """A scan, a table or a merge of a fleet that cannot go on."""


class EngineError(FleetError):
    """Work was not done: a process or the cluster failed. What was written stays."""
