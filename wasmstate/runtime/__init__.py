"""The running instance: compiled, limited, called; its S read and written."""

from wasmstate.runtime.instance import Instance
from wasmstate.runtime.limits import Limits
from wasmstate.runtime.program import Program

__all__ = ["Instance", "Limits", "Program"]
