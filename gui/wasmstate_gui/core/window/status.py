"""The sentences of title, status bar, banner and conflict bar."""

from __future__ import annotations

from wasmstate_gui.core.document.document import Document
from wasmstate_gui.core.document.edited_source import shown_bytes
from wasmstate_gui.core.document.snapshot import Snapshot
from wasmstate_gui.core.module.heading import first_repair
from wasmstate_gui.core.problems.places import place_text
from wasmstate_gui.core.texts import Notice, counted, sentence

WAITING = "waiting for a whole file"
"""What is said while another program has only begun to write the file."""


def title(document: Document | None) -> str:
    """The window's title; ``[*]`` is where Qt marks unwritten changes."""
    return "wasmstate" if document is None else f"{document.disk.path.name}[*] - wasmstate"


def validity(document: Document) -> str:
    """``well-formed``, ``valid`` (after a verification), ``2 errors``, ``not WebAssembly``."""
    snapshot = document.base
    if not snapshot.is_wasm:
        return "not WebAssembly"
    errors = sum(finding.severity == "error" for finding in snapshot.findings)
    if errors:
        return counted(errors, "error")
    if not snapshot.is_checked:
        return "checking\u2026"
    if not snapshot.is_verified:
        return "code not checked"
    if snapshot.module.is_component:
        return "component"
    return "valid" if snapshot.is_validated else "well-formed"


def verdict(snapshot: Snapshot) -> str:
    """What came of looking at every byte of a file."""
    if snapshot.findings:
        return f"Verified: {counted(len(snapshot.findings), 'problem')} found, see Problems"
    return f"Verified: all {counted(snapshot.source.size, 'byte')} are valid, instructions included"


def disk_state(document: Document) -> str:
    """How memory and disk stand to each other."""
    if document.is_lost:
        return "not on disk any more"
    if document.state is None:
        return "state unreadable" if document.base.has_state_section else "no state"
    if document.theirs is not None:
        return "disk and memory differ"
    if document.steps:
        relation = "ahead of" if document.steps > 0 else "behind"
        return f"{counted(abs(document.steps), 'step')} {relation} disk"
    if document.patches:
        edited = sum(len(run) for _, run in document.patches)
        return f"{counted(edited, 'byte')} edited, not on disk"
    return "changed in memory" if document.is_dirty else "as on disk"


def following(document: Document, *, is_on: bool, looks_back: bool) -> str:
    """What becomes of the versions that other programs write.

    Args:
        document: what is shown.
        is_on: whether they are followed.
        looks_back: whether the user looks at an older step, so that none is shown now.
    """
    if document.is_lost:
        return "waiting for the file" if is_on else "not following"
    if not is_on:
        return "not following" if document.newest is None else "newer on disk"
    if document.half is not None:
        return WAITING
    if document.newer is not None:
        return f"{document.newer.count:,} newer"
    return "following, paused" if looks_back else "following"


def generation(document: Document) -> str:
    """Which generation is on disk, and how many updates S has seen."""
    if document.state is None:
        return ""
    updates = counted(document.state.update_count, "update")
    return f"generation {document.state.generation}, {updates}"


def damage_notice(document: Document) -> Notice | None:
    """The banner of a damaged file; ``None`` for a sound one."""
    snapshot = document.base
    errors = [finding for finding in snapshot.findings if finding.severity == "error"]
    if not errors:
        return None
    first = errors[0]
    repair = (("repair", "Repair…"),) if first_repair(snapshot) else ()
    actions = (*repair, ("problems", "Show problems"))
    if not snapshot.is_wasm:
        magic = shown_bytes(snapshot.source, 0, 8).hex(" ").upper()
        found = f"this file with {magic}" if magic else "this file is empty"
        text = f"A module starts with 00 61 73 6D 01 00 00 00; {found}."
        return Notice("damage", "This is not WebAssembly.", text, actions)
    part = "State section damaged." if "wasmstate.state" in first.path else "Module damaged."
    place = "" if first.offset is None else f" at 0x{first.offset:X}"
    more = len(snapshot.findings) - 1
    others = f" {counted(more, 'more problem')}." if more else ""
    where = place_text(first.path, snapshot.module)
    text = f"{sentence(first.reason)} ({where}{place}).{others} {_what_is_on_disk(document)}"
    return Notice("damage", part, text, actions)


def _what_is_on_disk(document: Document) -> str:
    """Whether the damage of the banner is in the file, or in bytes that were typed here."""
    if document.edited is None:
        return "Nothing has been changed."
    if document.disk.findings:
        return "What was edited here is not on disk yet."
    return "It comes with bytes edited here, not on disk yet: Ctrl+Z undoes them."


def conflict_notice(document: Document) -> Notice | None:
    """The bar that appears when the file changed on disk and S changed here."""
    if document.is_lost:
        text = "What is shown is in memory only. The file is shown again when it comes back."
        copy = (("copy", "Save a copy…"),)
        return Notice("conflict", "The file cannot be read any more.", text, copy)
    if document.theirs is None:
        return None
    theirs = document.theirs.state
    found = "" if theirs is None else f": generation {theirs.generation}"
    verb = "is" if document.steps == 1 else "are"
    mine = f"{sentence(disk_changes(document))} here {verb} not written."
    text = f"Another program has written it{found}. {mine}"
    actions = [("theirs", "Take theirs")]
    if document.can_compare_theirs:
        actions.insert(0, ("diff", "End diff" if document.is_beside_theirs else "Diff"))
    if document.is_beside_theirs:
        text += " Compared now: S1 is the state on disk, S2 the one here."
    if document.can_keep_mine:
        text += " If you keep yours, the next write replaces theirs."
        actions.append(("mine", "Keep mine"))
    else:
        what = "edited bytes do" if document.edited is not None else "state does"
        text += f" Your {what} not fit the new file."
    return Notice("conflict", "The file changed on disk.", text, tuple(actions))


def revert_notice(document: Document) -> Notice:
    """What can be undone after Revert; ``document`` is the one that was left."""
    steps = disk_changes(document)
    return Notice(
        "info", "Reverted.", f"Went back to the file: dropped {steps}.", (("undo", "Undo"),)
    )


def disk_changes(document: Document) -> str:
    """``3 steps`` that are in memory only."""
    return counted(document.steps, "step") if document.steps > 0 else "your changes"
