"""The running instance: compiled, limited, called; its S read and written."""

from wasmstate.runtime.program import Instance, Limits, Program

__all__ = ["Instance", "Limits", "Program"]
