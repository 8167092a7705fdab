"""What is wrong with the states that a module carries: none, several, stale, out of bounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wasmstate.binary.edits.bake import is_baked
from wasmstate.binary.module import Module
from wasmstate.binary.sections.base import Section
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import (
    MalformedError,
    Remedy,
    SchemaError,
    StateCorruptError,
    UnsupportedError,
    WasmstateError,
)
from wasmstate.state.beside import is_state_file
from wasmstate.state.compare.history import HistoryEntry, history
from wasmstate.state.damage.damaged_file import DamagedFile, fill_of
from wasmstate.state.damage.explain_baked import is_in_step
from wasmstate.state.damage.explain_records import damaged_record, restoring
from wasmstate.state.damage.find_records import sites
from wasmstate.state.damage.finding import Certainty, Finding
from wasmstate.state.damage.other_records import records_in, sources_of
from wasmstate.state.damage.survey_parts import Source
from wasmstate.state.digest import module_digest
from wasmstate.state.layout import MAGIC, MAX_COUNT, field_offsets, header
from wasmstate.state.older import INIT_SECTION, PREV_SECTION, STATE_SECTION
from wasmstate.state.record import Record
from wasmstate.state.state import State

_CLAIMED, _SPARE = 64, 64 << 20
"""So many bytes of memory for each that is stored are nothing unusual, and so many in any case."""
_FIELDS = field_offsets(header)

LOST_RECORD = f"{STATE_SECTION} record"
"""The path of the finding of a record outside every section."""


def check_states(module: Module) -> list[Finding]:
    """Everything wrong with the records of a module."""
    sections = module.custom_sections(STATE_SECTION)
    sources = sources_of(module)
    findings = list(_histories(module))
    if not sections:
        return findings + _lost(module, sources)
    for section in sections:
        findings += _check(section, module, sources)
    if len(sections) > 1:
        findings.append(_several(sections))
    if not any(each.severity == "error" for each in findings):
        findings += _links(module)
    return findings


def _check(section: Section, module: Module, sources: Sequence[Source]) -> list[Finding]:
    path, offset = f"{section.path}.{section.name}", section.content_offset
    content = section.content
    try:
        state = State.from_content(content)
    except StateCorruptError as error:
        return damaged_record(path, offset, content, error, sources)
    except SchemaError as error:
        return [_error(f"{path}.schema", offset, str(error), "attach a new state")]
    findings = list(_ends(path, offset, state))
    try:
        # What a state file is tied to is looked at with the code.
        tied = state.record.lineage.module_digest
        digest = tied if is_state_file(module) else module_digest(module)
    except MalformedError as error:
        advice = "bake a copy of the model again"
        return [*findings, _error(error.path, error.offset, error.reason, advice)]
    if state.record.lineage.module_digest != digest:
        findings.append(_foreign(path, offset, state, module, digest, sources))
    elif is_baked(module) and not is_in_step(module, state):
        reason = "what is baked is not the state: other runtimes start from another one"
        advice = "bake it again"
        findings.append(Finding("error", path, offset, reason, advice, remedies=("bake()",)))
    size = sum(region.size for region in state.regions)
    if size > _CLAIMED * len(content) + _SPARE:
        reason = f"its bounds were not looked at: {len(content)} bytes claim to be {size} of memory"
        advice = "such a state cannot be told from an attack; look at it with care"
        return [*findings, Finding("warning", path, offset, reason, advice)]
    for name, wrong in state.broken_bounds():
        findings.append(_broken(path, offset, state, name, wrong, sources))
    return findings


def _ends(path: str, offset: int, state: State) -> Iterator[Finding]:
    """Counters that have reached their end."""
    lineage = state.record.lineage
    for field, count, what in (
        ("generation", lineage.generation, "nothing can be committed after it"),
        ("update_count", lineage.update_count, "no update can be committed after it"),
    ):
        if count == MAX_COUNT:
            place, at = f"{path}.header.{field}", offset + _FIELDS[field]
            reason = f"{count} is the last possible {field.replace('_', ' ')}: {what}"
            yield Finding("warning", place, at, reason, "attach a new state with these values")


def _broken(
    path: str, offset: int, state: State, name: str, wrong: str, sources: Sequence[Source]
) -> Finding:
    tensor, at = state.tensor(name), offset + state.content_offset(name)
    advice = "set other values"
    repair = None
    if any(_fits(source, state, name) for source in sources):
        repair = "restore-values"
        advice = "take the values of the generation before, or set other values"
    where, reason = f"{path}.{name}", f"{tensor.name}{wrong}"
    helps: tuple[Remedy, ...] = ("State.with_values()",)
    return Finding("error", where, at, reason, advice, repair=repair, remedies=helps)


def _fits(source: Source, state: State, name: str) -> bool:
    try:
        other = State(source.record)
    except SchemaError:
        return False
    return (
        name in other
        and not any(broken == name for broken, _ in state.schema.broken_bounds(other.contents()))
        if other.regions == state.regions
        else False
    )


def _foreign(
    path: str,
    offset: int,
    state: State,
    module: Module,
    digest: bytes,
    sources: Sequence[Source],
) -> Finding:
    reason = "the code is not the one that the state was attached to"
    advice = "attach a new state, or put the right code back"
    certainty: Certainty = "certain"
    repair = None
    for source in sources:
        if source.record.lineage.module_digest == digest:
            reason += f", but it is that of {source.label}: a state of another program was put here"
            advice, repair = "restore the state before it", f"restore-{source.kind}"
            certainty = "likely"
            break
    else:
        misfit = _misfit(state, module)
        if misfit:
            reason += f": {misfit}, so it is the state of another program"
            certainty = "likely"
    place, at = f"{path}.header.module_digest", offset + _FIELDS["module_digest"]
    return Finding("error", place, at, reason, advice, certainty, repair)


def _misfit(state: State, module: Module) -> str:
    """Why the state cannot be one of this module, whatever its version; empty if it could be."""
    try:
        exports = Spaces(module).exports
    except WasmstateError:
        return ""
    missing = [
        tensor.symbol
        for tensor in state.tensors
        if tensor.symbol is not None and tensor.symbol not in exports
    ]
    return f"nothing is exported as {', '.join(missing)}" if missing else ""


def _several(sections: Sequence[Section]) -> Finding:
    last = sections[-1]
    reason = f"{len(sections)} sections are named {STATE_SECTION}"
    records = [_record(section.content) for section in sections]
    known = [record for record in records if record is not None]
    generations = {record.lineage.generation for record in known}
    repair: str | None = "keep-newest"
    advice = "keep the right one only"
    helps: tuple[Remedy, ...] = ()
    if len(known) == len(records):
        reason += f" (generations {', '.join(str(r.lineage.generation) for r in known)})"
    if len(generations) < len(known) and len({record.digest() for record in known}) > 1:
        reason += ": a fork, two states of one generation"
        advice = "look at both: which one holds cannot be told"
        repair, helps = None, ("Section.content",)
    return Finding("error", last.path, last.offset, reason, advice, repair=repair, remedies=helps)


def _record(content: bytes) -> Record | None:
    found = records_in(content)
    return found[0] if found else None


def _lost(module: Module, sources: Sequence[Source]) -> list[Finding]:
    if module.damage is not None and module.damage.path in ("magic", "version"):
        return []
    for section in module.custom_sections():
        if section.frame.source.read(section.frame.content_start, len(MAGIC)) == MAGIC and (
            section.name not in (PREV_SECTION, INIT_SECTION)
        ):
            reason = f"a state stands in a section named {section.name!r}: its name is damaged"
            return [
                Finding(
                    "error",
                    section.path,
                    section.offset,
                    reason,
                    f"name it {STATE_SECTION} again",
                    "likely",
                    "rename-section",
                )
            ]
    found = module.findings(instructions=False)
    helps: tuple[Remedy, ...]
    malformed = sum(not isinstance(each, UnsupportedError) for each in found)
    is_damaged = module.unread is not None or malformed > len(module.faults)
    if malformed:
        data = _searched(module)
        for site in sites(data):
            if site.section == STATE_SECTION and data.startswith(MAGIC, site.start):
                reason = "a record of the state stands where no section is known"
                advice = "what is proven of it can be salvaged"
                helps = ("salvage()",)
                return [Finding("error", LOST_RECORD, site.start, reason, advice, remedies=helps)]
    reason, advice = "the file carries no state", "attach one"
    helps = ("attach()",)
    if module.is_component:
        advice = "it is a component; a state goes into the core module inside it"
        return [Finding("warning", STATE_SECTION, None, reason, advice)]
    if sources:
        reason = f"the state is lost, {sources[0].label} is still there: a tool removed the section"
        advice = "restore it from there, or from a copy"
        return [Finding("error", STATE_SECTION, None, reason, advice, "likely", restoring(sources))]
    if is_damaged:
        reason = "no state is found in what can be read"
        advice = "restore the file from a copy: a new state would begin with nothing learned"
        return [Finding("warning", STATE_SECTION, None, reason, advice)]
    if _learns(module):
        reason += (
            ", but exports update() and predict(): maybe a tool that removes custom sections, as "
            "strip does, took it"
        )
        advice += ", or put one back that was extracted"
        return [Finding("warning", STATE_SECTION, None, reason, advice, "possible", remedies=helps)]
    return [Finding("warning", STATE_SECTION, None, reason, advice, remedies=helps)]


def _searched(module: Module) -> bytes:
    """The bytes that may hold a record: a rest that was never written holds none."""
    rest = module.rest
    if module.unread is None or rest is None:
        return module.to_bytes()
    is_unwritten = fill_of(DamagedFile(module, module.unread).chunks(rest.start)) is not None
    return rest.source.read(0, rest.start) if is_unwritten else module.to_bytes()


def _learns(module: Module) -> bool:
    exports = Spaces(module).exports
    functions = {name for name, export in exports.items() if export.kind == "func"}
    return {"update", "predict"} <= functions and not module.custom_sections()


def _histories(module: Module) -> Iterator[Finding]:
    """Records before the state that cannot be read."""
    for name in (PREV_SECTION, INIT_SECTION):
        for section in module.custom_sections(name):
            content = section.content
            records = records_in(content)
            length = sum(len(record.encode()) for record in records)
            if length != len(content):
                yield Finding(
                    "warning",
                    section.path,
                    section.content_offset,
                    f"{name}: {len(records)} whole records have {length} of {len(content)} bytes",
                    "what is damaged in it cannot be gone back to; the state is not concerned",
                )


def _links(module: Module) -> Iterator[Finding]:
    """Whole records that do not follow from those before them."""
    before: HistoryEntry | None = None
    for entry in history(module):
        if entry.state is None:
            continue
        # Only in wasmstate.prev do neighbours stand side by side: wasmstate.init is kept for good,
        # and a state that was salvaged is a generation on.
        is_beside = before is not None and before.section == entry.section
        if entry.is_wrong or (entry.link == "gap" and is_beside):
            yield _link(entry, before)
        before = entry


def _link(entry: HistoryEntry, before: HistoryEntry | None) -> Finding:
    last = None if before is None else before.generation
    what = {
        "gap": f"follows {last}, those between are missing: records were taken out, or two "
        "histories are mixed",
        "fork": f"does not come from the {last} before it: two histories are mixed",
        "foreign": "did not start from the state that this one started from: it is of another file",
    }[entry.link]
    reason = f"generation {entry.generation} in {entry.section} {what}"
    advice = "what stands before it is not proven to be of this history; the state is not concerned"
    return Finding("warning", entry.section, entry.offset, reason, advice)


def _error(path: str, offset: int, reason: str, advice: str) -> Finding:
    return Finding("error", path, offset, reason, advice)
