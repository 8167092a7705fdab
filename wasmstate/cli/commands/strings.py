"""``wasmstate strings``."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import click

from wasmstate.binary.strings import FoundString, find_strings
from wasmstate.cli.common import about, as_json, echo_json, echo_lines, existing_file
from wasmstate.cli.nested import opened

_LINES_AT_ONCE = 500


@click.command("strings")
@click.argument("file", type=existing_file)
@click.option(
    "--least", type=click.IntRange(1), default=4, show_default=True, help="Characters of a text."
)
@click.option(
    "--module", "nested", metavar="N", help="Of a component, the module that layout lists as N."
)
@as_json
def command(file: Path, least: int, nested: str | None, as_json: bool) -> None:
    """List the texts in the data segments of a module.

    Each line has the offset in the file, the address in memory, and the text. A passive segment has
    no address until code puts it somewhere.

    \b
    Examples:  wasmstate strings model.wasm
               wasmstate strings model.wasm --least 8 --json
    """
    with about(file):
        module, base = opened(file, nested)
        found = (each._replace(offset=base + each.offset) for each in find_strings(module, least))
        if as_json:
            echo_json([each._asdict() for each in found])
        else:
            while lines := [_line(each) for each in islice(found, _LINES_AT_ONCE)]:
                echo_lines(lines)
        if module.damage is not None:
            raise module.damage


def _line(found: FoundString) -> str:
    address = "-" if found.address is None else f"{found.address}"
    return f"{found.offset:#08x}  {address:>10}  {found.text}"
