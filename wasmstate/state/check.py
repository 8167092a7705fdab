"""What is wrong with a module and its state: every finding, with its place and what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wasmstate.binary.baking import is_baked
from wasmstate.binary.module import Module
from wasmstate.binary.sections.base import Section
from wasmstate.binary.verify import custom_findings
from wasmstate.errors import MalformedError, SchemaError, SectionError, StateCorruptError
from wasmstate.state.baking import bake_state
from wasmstate.state.digest import module_digest
from wasmstate.state.layout import field_offsets, header
from wasmstate.state.state import SECTION_NAME, State


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a file.

    Attributes:
        severity: ``error`` if the file cannot be used as it is, else ``warning``.
        path: where, as a reader would index it.
        offset: of the byte, from the start of the file; ``None`` if no byte is to blame.
        reason: one clause, no capital, no full stop.
        advice: what to do about it.
    """

    severity: str
    path: str
    offset: int | None
    reason: str
    advice: str

    def __str__(self) -> str:
        where = self.path if self.offset is None else f"{self.path} at {self.offset:#x}"
        return f"{self.severity}: {where}: {self.reason}; {self.advice}"


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
    malformed = module.findings(instructions=instructions, progress=progress)
    findings = [_malformed(module, each) for each in malformed]
    findings += [_warning(each) for each in custom_findings(module)]
    findings += _check_states(module)
    return findings


def _malformed(module: Module, found: MalformedError) -> Finding:
    if not found.path.startswith("sections"):
        advice = "restore the file from a copy"
    elif found is module.damage:
        advice = f"the {len(module.sections)} sections before it are readable"
    else:
        advice = "this part cannot be used; the other sections are not concerned"
    return _error(found.path, found.offset, found.reason, advice)


def _warning(error: MalformedError) -> Finding:
    advice = "only what reads this custom section is concerned"
    return Finding("warning", error.path, error.offset, error.reason, advice)


def _check_states(module: Module) -> list[Finding]:
    sections = module.custom_sections(SECTION_NAME)
    if not sections:
        if module.damage is not None and module.damage.path in ("magic", "version"):
            return []
        advice = "attach one with 'wasmstate attach'"
        if module.is_component:
            advice = "it is a component; a state goes into the core module inside it"
        return [Finding("warning", SECTION_NAME, None, "the file carries no state", advice)]
    findings = []
    for section in sections:
        findings += _check_state(section, module)
    if len(sections) > 1:
        last = sections[-1]
        reason = f"{len(sections)} sections are named {SECTION_NAME}"
        findings.append(_error(last.path, last.offset, reason, "keep the right one only"))
    return findings


def _check_state(section: Section, module: Module) -> list[Finding]:
    path, offset = f"{section.path}.{SECTION_NAME}", section.content_offset
    try:
        state = State.from_content(section.content)
    except StateCorruptError as error:
        advice = "the state cannot be trusted: restore the file from a copy, or attach a new state"
        return [_error(f"{path}.{error.path}", offset + error.offset, error.reason, advice)]
    except SchemaError as error:
        return [_error(f"{path}.schema", offset, str(error), "attach a new state")]
    findings = []
    try:
        digest = module_digest(module)
    except MalformedError as error:
        return [_error(error.path, error.offset, error.reason, "bake a copy of the model again")]
    if state.record.lineage.module_digest != digest:
        findings.append(
            _error(
                f"{path}.header.module_digest",
                offset + field_offsets(header)["module_digest"],
                "the code is not the one that the state was attached to",
                "attach a new state, or put the right code back",
            )
        )
    elif is_baked(module) and not _is_in_step(module, state):
        reason = "what is baked is not the state: other runtimes start from another one"
        findings.append(_error(path, offset, reason, "bake it with 'wasmstate bake'"))
    for name, wrong in state.broken_bounds():
        at = offset + state.content_offset(name)
        advice = "set other values with 'wasmstate set'"
        findings.append(_error(f"{path}.{name}", at, f"{name}{wrong}", advice))
    return findings


def _is_in_step(module: Module, state: State) -> bool:
    try:
        baked = bake_state(module, state)
    except (SectionError, MalformedError):  # it could be baked once: something was changed since
        return False
    return _standard(baked) == _standard(module)


def _standard(module: Module) -> list[tuple[int, bytes]]:
    return [(section.id, section.content) for section in module.sections if section.id]


def _error(path: str, offset: int, reason: str, advice: str) -> Finding:
    return Finding("error", path, offset, reason, advice)
