"""Custom sections of others that are not what they were when their checksums were kept."""

from __future__ import annotations

from collections.abc import Iterator

from wasmstate.binary.module import Module
from wasmstate.state.damage.finding import Finding
from wasmstate.state.sums import SUMS_SECTION, is_as_kept, paired


def check_sums(module: Module) -> Iterator[Finding]:
    """Each section that differs from its checksum, if there are checksums."""
    sections = module.custom_sections(SUMS_SECTION)
    if not sections:
        return
    try:
        entries = paired(module)
    except ValueError as error:
        at = sections[0].content_offset
        reason = f"the checksums of other custom sections cannot be read: {error}"
        yield Finding("warning", sections[0].path, at, reason, "remove them, or keep new ones")
        return
    for entry, section in entries:
        if section is None:
            reason = f"the custom section {entry.name!r} is gone, or has lost its name"
            yield Finding("warning", SUMS_SECTION, None, reason, "restore it from a copy")
        elif not is_as_kept(entry, section):
            reason = (
                f"{entry.name}: its CRC-32 is not the one that was kept: it is damaged, or a tool "
                "rewrote it"
            )
            advice = "restore it from a copy; if a tool wrote it, keep new checksums"
            yield Finding("warning", section.path, section.content_offset, reason, advice)
