"""What looks at every byte of a module, in a process of its own."""

from __future__ import annotations

from wasmstate.binary.module import Module
from wasmstate.runtime.validate import invalid
from wasmstate.state.damage.check import check_module
from wasmstate.state.damage.finding import Finding
from wasmstate_gui.core.calls.module_transfer import source_of
from wasmstate_gui.core.calls.protocol import Load
from wasmstate_gui.core.wizards.plan import Say


class Verification:
    """Made in the window and done elsewhere: it would take every second frame.

    Args:
        module: how to get at it.
    """

    def __init__(self, module: Load) -> None:
        self._module = module

    def findings(self, *, say: Say) -> list[Finding]:
        """Everything that is wrong with the module.

        Raises:
            WasmstateError, OSError: if it cannot be read.
        """
        source = source_of(self._module)
        size = max(1, source.size)
        module = Module.from_source(source, strict=False)
        found = check_module(module, progress=lambda offset: say("verifying", offset / size))
        if not any(finding.severity == "error" for finding in found):
            found += invalid(module)
        return found
