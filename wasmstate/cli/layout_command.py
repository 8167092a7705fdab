"""``wasmstate layout``."""

from __future__ import annotations

from pathlib import Path

import click

from wasmstate.binary.module import Module
from wasmstate.binary.sections.base import Section
from wasmstate.cli.common import about, as_json, columns, echo_json, existing_file, plural


@click.command("layout")
@click.argument("file", type=existing_file)
@as_json
def command(file: Path, as_json: bool) -> None:
    """List the sections of a module or component, in file order.

    SIZE counts the content; of a custom section, what follows its name. A damaged file is listed
    up to the damage.

    \b
    Example:  wasmstate layout model.wasm --json
    """
    with about(file):
        module = Module.open(file, strict=False)
        if as_json:
            echo_json([row(section) for section in module.sections])
        elif module.sections:
            kind = "component" if module.is_component else "module"
            click.echo(f"{kind}, {plural(module.size, 'byte')}")
            click.echo(table(module.sections))
        if module.damage is not None:
            raise module.damage


def row(section: Section) -> dict[str, int | str]:
    """A section as JSON shows it."""
    return {
        "index": section.index,
        "id": section.id,
        "name": section.name,
        "offset": section.offset,
        "size": section.size,
        "content_offset": section.content_offset,
    }


def table(sections: tuple[Section, ...] | list[Section]) -> str:
    """Sections as aligned lines."""
    head = ("#", "id", "section", "offset", "size")
    rows = [(str(s.index), str(s.id), s.name, f"{s.offset:#x}", f"{s.size:,}") for s in sections]
    return columns([head, *rows], right=(0, 1, 3, 4))
