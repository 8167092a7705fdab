"""Custom sections that say something of places in the code, after an edit that moved it.

Source: tool-conventions, "Code Metadata Framework", heading "Binary Representation".
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from wasmstate.binary.custom import custom_layout
from wasmstate.binary.custom.code_metadata import CodeMetadata, CodeMetadataFunc
from wasmstate.binary.sections.custom import CustomSection
from wasmstate.errors import MalformedError

_CODE_METADATA = "metadata.code."
_URLS = ("sourceMappingURL", "external_debug_info")


class StaleDebugInfoWarning(UserWarning):
    """A custom section, such as DWARF, gives places in code that an edit has moved."""


def is_code_metadata(section: CustomSection) -> bool:
    """Whether a section says something of single instructions."""
    return section.name.startswith(_CODE_METADATA)


def is_debug_info(section: CustomSection) -> bool:
    """Whether a section gives places in the code that cannot follow an edit."""
    return section.name.startswith(".debug_") or section.name in _URLS


def warn_stale(section: CustomSection) -> None:
    """Warn that a section gives places in the code as it was."""
    warnings.warn(
        f"{section.name} gives places in the code as it was before the edit",
        StaleDebugInfoWarning,
        stacklevel=2,
    )


def moved_metadata(
    value: CodeMetadata,
    positions: Mapping[int, Mapping[int, int]],
    functions: Mapping[int, int] | None = None,
) -> CodeMetadata:
    """Code metadata after an edit; what is said of an instruction that is gone goes.

    Args:
        value: as it was.
        positions: where each instruction went, from the start of its function's locals, by the old
            index of the function.
        functions: what each index became, if indices changed.
    """
    funcs = []
    for each in value.funcs:
        went = positions.get(each.idx)
        if went is not None:
            kept = [
                replace(one, funcpos=went[one.funcpos])
                for one in each.instances
                if one.funcpos in went
            ]
            funcs.append(
                CodeMetadataFunc(each.idx if functions is None else functions[each.idx], kept)
            )
    return CodeMetadata(sorted(funcs, key=lambda each: each.idx))


def recoded(section: CustomSection, change: Callable[[Any], Any]) -> CustomSection:
    """The section with what ``change`` makes of its content; a malformed one warns and stays."""
    layout = custom_layout(section.name)
    assert layout is not None
    try:
        return section.with_content(layout.build(change(section.decode())))
    except MalformedError:
        warn_stale(section)
        return section
