"""``wasmstate uses``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wasmstate.binary.module import Module
from wasmstate.binary.names import function_names, read_names
from wasmstate.binary.strings import find_strings
from wasmstate.binary.uses import Use, find_uses
from wasmstate.cli.common import about, as_json, echo, echo_json, echo_lines, existing_file
from wasmstate.cli.nested import opened
from wasmstate.errors import SectionError

_LONGEST = 60


@click.command("uses")
@click.argument("file", type=existing_file)
@click.option(
    "--function", metavar="NAME|INDEX", help="Calls of this function, and tables with it."
)
@click.option("--global", "global_", metavar="NAME|INDEX", help="Reads and writes of this global.")
@click.option("--address", metavar="N", help="Constants, loads and pointers with this address.")
@click.option("--string", metavar="TEXT", help="Addresses of the strings that contain this text.")
@click.option(
    "--module", "nested", metavar="N", help="Of a component, the module that layout lists as N."
)
@as_json
def command(
    file: Path,
    function: str | None,
    global_: str | None,
    address: str | None,
    string: str | None,
    nested: str | None,
    as_json: bool,
) -> None:
    """Show where a module uses a function, a global, an address or a string.

    Each line has the offset in the file, the function, and the instruction or what else it is. What
    calls a function through a table is not known. Exit status 1 if nothing uses it.

    \b
    Examples:  wasmstate uses model.wasm --function update
               wasmstate uses model.wasm --string "out of memory"
               wasmstate uses model.wasm --address 0x410
    """
    given = (("function", function), ("global", global_), ("address", address), ("string", string))
    asked = [(kind, text) for kind, text in given if text is not None]
    if len(asked) != 1:
        raise click.UsageError("give one of --function, --global, --address and --string")
    ((kind, text),) = asked
    with about(file):
        module, base = opened(file, nested)
        if module.damage is not None:
            raise module.damage
        names = function_names(module)
        found: list[tuple[str, list[Use]]] = [
            (title, list(find_uses(module, used, index)))
            for title, used, index in _wanted(module, kind, text, names)
        ]
    if as_json:
        rows = [_row(title, each, base, names) for title, uses in found for each in uses]
        echo_json(rows)
    else:
        for title, uses in found:
            echo(f"{title}: {len(uses):,} {'use' if len(uses) == 1 else 'uses'}")
            if uses:
                echo_lines([_line(each, base, names) for each in uses])
    if not any(uses for _, uses in found):
        raise SystemExit(1)


def _wanted(
    module: Module, kind: str, text: str, names: dict[int, str]
) -> list[tuple[str, Any, int]]:
    """What to look for: a title, the kind and the index."""
    if kind == "address":
        try:
            value = int(text, 0)
        except ValueError:
            raise click.UsageError(f"{text!r} is no address: write 1040 or 0x410") from None
        return [(f"address {value:#x}", "address", value)]
    if kind == "string":
        strings = [each for each in find_strings(module, 1) if text in each.text]
        placed = [each for each in strings if each.address is not None]
        if not placed:
            reason = "are in passive segments only" if strings else "are in no data segment"
            raise SectionError(f"strings with {text!r} {reason}")
        return [
            (f'"{_short(each.text)}" at address {each.address:#x}', "address", each.address or 0)
            for each in placed
        ]
    known = names if kind == "function" else read_names(module).globals
    indices = [index for index, name in known.items() if name == text]
    if not indices and not text.isdecimal():
        raise SectionError(f"no {kind} {text!r}: give a name, or an index")
    index = indices[0] if indices else int(text)
    name = f" {known[index]}" if index in known else ""
    return [(f"{kind} {index}{name}", "function" if kind == "function" else "global", index)]


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}.."


def _line(use: Use, base: int, names: dict[int, str]) -> str:
    where = ""
    if use.function is not None:
        name = f" <{names[use.function]}>" if use.function in names else ""
        where = f"func {use.function}{name}  "
    return f"  {base + use.offset:#08x}  {where}{use.text}"


def _row(title: str, use: Use, base: int, names: dict[int, str]) -> dict[str, Any]:
    name = None if use.function is None else names.get(use.function)
    return {"of": title, "name": name, **use._replace(offset=base + use.offset)._asdict()}
