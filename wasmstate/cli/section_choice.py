"""What the commands of ``wasmstate section`` have in common: how a section is chosen."""

from __future__ import annotations

import click

from wasmstate.binary.module import Module
from wasmstate.binary.sections.custom import CustomSection
from wasmstate.cli.common import plural
from wasmstate.errors import SectionError

index = click.option(
    "--index", type=int, metavar="N", help="The section of this index, if NAME does not tell."
)
nested = click.option(
    "--module", "nested", metavar="N", help="Of a component, the module that layout lists as N."
)


def chosen(module: Module, name: str | None, index: int | None) -> CustomSection:
    """The one custom section of this name or index."""
    if index is not None:
        section = next((s for s in module.custom_sections() if s.index == index), None)
        if section is None:
            raise SectionError(f"section {index} is no custom section")
        if name is not None and section.name != name:
            raise SectionError(f"section {index} is named {section.name!r}, not {name!r}")
        return section
    if name is None:
        raise click.UsageError("give NAME, or --index")
    found = module.custom_sections(name)
    if not found:
        raise SectionError(f"no custom section is named {name!r}")
    if len(found) > 1:
        places = ", ".join(str(each.index) for each in found)
        raise SectionError(
            f"{plural(len(found), 'custom section')} named {name!r}: give --index, one of {places}"
        )
    return found[0]
