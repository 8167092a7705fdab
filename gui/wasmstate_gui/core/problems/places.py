"""Where a problem is, with the names of sections in the place of their indices."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from wasmstate.binary.module import Module
from wasmstate.state.damage.finding import Finding

_PLACE = re.compile(r"sections\[(\d+)\]\.?(.*)", re.DOTALL)


def place_text(path: str, module: Module) -> str:
    """A place as the window writes it.

    ``sections[10].wasmstate.state.regions[0]`` is ``wasmstate.state: regions[0]``, and the size of
    a section that cannot be read is ``section 10: size``.
    """
    found = _PLACE.fullmatch(path)
    if found is None:
        return path
    index, rest = int(found[1]), found[2]
    name = f"section {index}"
    if index < len(module.sections):
        name = module.sections[index].name or name
        rest = rest.removeprefix(name).removeprefix(".")
    return f"{name}: {rest}" if rest else name


def named(findings: Iterable[Finding], module: Module) -> list[Finding]:
    """The same findings, at places with names."""
    return [replace(each, path=place_text(each.path, module)) for each in findings]
