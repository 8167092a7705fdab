"""``wasmstate layout``."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from wasmstate.binary.module import Module
from wasmstate.binary.sections import CUSTOM_ID
from wasmstate.binary.sections.base import Section
from wasmstate.binary.sections.nested import MAX_DEPTH, NestedSection
from wasmstate.cli.common import (
    about,
    as_json,
    columns,
    echo,
    echo_block,
    echo_json,
    existing_file,
    plural,
)

Row = dict[str, Any]


@click.command("layout")
@click.argument("file", type=existing_file)
@as_json
def command(file: Path, as_json: bool) -> None:
    """List the sections of a module or component, in file order.

    SIZE counts the content; of a custom section, what follows its name. The core modules and
    components in a component are listed below it, and so are older records of a state. A damaged
    file is listed up to the damage.

    \b
    Example:  wasmstate layout model.wasm --json
    """
    with about(file):
        module = Module.open(file, strict=False)
        rows = tree(module)
        if as_json:
            echo_json(rows)
        elif module.sections or module.damage is None:
            kind = "component" if module.is_component else "module"
            echo(f"{kind}, {plural(module.size, 'byte')}")
            echo_block(table(rows) if rows else "no sections")
        if module.damage is not None:
            raise module.damage
        deque(module.modules(), maxlen=0)  # a nested one that is damaged is told, too


def tree(module: Module, base: int = 0, depth: int = 0) -> list[Row]:
    """The sections of a module; what is nested in them under the key ``sections``.

    Args:
        module: of any kind.
        base: where it begins in the file.
        depth: how many components it is nested in.
    """
    rows = []
    for section in module.sections:
        rows.append(row(section, base))
        if section.id == CUSTOM_ID and section.name in ("wasmstate.prev", "wasmstate.init"):
            rows[-1]["records"] = _records(section, base)
        if isinstance(section, NestedSection) and depth < MAX_DEPTH:
            start = base + section.content_offset
            rows[-1]["sections"] = tree(section.open(strict=False), start, depth + 1)
    return rows


def _records(section: Section, base: int) -> list[Row]:
    from wasmstate.state.older import generations  # noqa: PLC0415 (needs NumPy)

    return [
        {
            "generation": generation,
            "offset": base + section.content_offset + part.offset,
            "size": part.end - part.offset,
        }
        for part, generation in generations(section.content)
    ]


def row(section: Section, base: int = 0) -> Row:
    """A section as JSON shows it; ``base`` is where its module begins in the file."""
    return {
        "index": section.index,
        "id": section.id,
        "name": section.name,
        "offset": base + section.offset,
        "size": section.size,
        "content_offset": base + section.content_offset,
    }


def table(rows: Iterable[Row]) -> str:
    """Rows as aligned lines, nested ones indented."""
    head = ("#", "id", "section", "offset", "size")
    return columns([head, *_lines(rows, "")], right=(0, 1, 3, 4))


def _lines(rows: Iterable[Row], indent: str, outer: str = "") -> Iterator[tuple[str, ...]]:
    for each in rows:
        index = f"{outer}{each['index']}"
        name, offset, size = indent + each["name"], f"{each['offset']:#x}", f"{each['size']:,}"
        yield index, str(each["id"]), name, offset, size
        for i, record in enumerate(each.get("records", ())):
            generation = record["generation"]
            what = "no record" if generation is None else f"generation {generation}"
            offset, size = f"{record['offset']:#x}", f"{record['size']:,}"
            yield f"{index}.{i}", "", f"{indent}  {what}", offset, size
        yield from _lines(each.get("sections", ()), indent + "  ", f"{index}.")
