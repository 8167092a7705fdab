"""What is wrong with a module and its state: every finding, with its place and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wasmstate.binary.edits.fold import unfolded_record
from wasmstate.binary.edits.unfold import is_unfolded
from wasmstate.binary.module import Module
from wasmstate.binary.spaces import Spaces
from wasmstate.binary.verify import custom_findings
from wasmstate.errors import MalformedError, UnsupportedError
from wasmstate.state.damage.explain_frames import damaged_frames, flipped_frame
from wasmstate.state.damage.explain_states import check_states
from wasmstate.state.damage.explain_sums import check_sums
from wasmstate.state.damage.finding import Finding

__all__ = ["Finding", "check_module"]


def check_module(
    module: Module, *, instructions: bool = True, progress: Callable[[int], object] | None = None
) -> list[Finding]:
    """Everything that is found wrong with a module that was opened with ``strict=False``.

    Args:
        module: the module.
        instructions: whether to look at every instruction, too, which takes longest: see
            docs/benchmarks.md.
        progress: is called now and then with the offset that has been reached.
    """
    found = module.findings(instructions=instructions, progress=progress)
    malformed = [each for each in found if not isinstance(each, UnsupportedError)]
    findings = [_malformed(module, each) for each in malformed]
    findings += [_unsupported(each) for each in found if isinstance(each, UnsupportedError)]
    findings += [] if found else _invalid(module)
    custom = list(custom_findings(module))
    findings += [_warning(each) for each in custom]
    findings += [] if custom or not is_unfolded(module) else _unfolded(module)
    findings += check_sums(module)
    states = check_states(module)
    if malformed and module.damage is None and any(each.severity == "error" for each in states):
        findings[:0] = flipped_frame(module)
    return findings + states


def _invalid(module: Module) -> Iterator[Finding]:
    """Find exported functions of an invalid type: the signatures of the state need it."""
    if not module.is_component:
        try:
            Spaces(module).exported_functions()
        except MalformedError as error:
            advice = "no engine loads such a module"
            yield Finding("error", error.path, error.offset, error.reason, advice)


def _malformed(module: Module, found: MalformedError) -> Finding:
    for fault in module.faults:
        if (fault.path, fault.offset) == (found.path, found.offset):
            return damaged_frames(module, found)
    advice = "this part cannot be used; the other sections are not concerned"
    return Finding("error", found.path, found.offset, found.reason, advice)


def _unsupported(error: UnsupportedError) -> Finding:
    advice = "the file is newer than this program, not damaged: these bytes are kept as they are"
    return Finding("warning", error.path, error.offset, error.reason, advice)


def _unfolded(module: Module) -> Iterator[Finding]:
    """Find damage of what was kept of constants that became tensors."""
    try:
        unfolded_record(module)
    except MalformedError as error:
        advice = "the constants cannot be folded back; the model is not concerned otherwise"
        yield Finding("warning", error.path, error.offset, error.reason, advice)


def _warning(error: MalformedError) -> Finding:
    advice = "only what reads this custom section is concerned"
    return Finding("warning", error.path, error.offset, error.reason, advice)
