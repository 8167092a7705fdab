"""``wasmstate unfold``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wasmstate.cli.common import (
    about,
    echo,
    existing_file,
    no_validate,
    plural,
    readable_file,
)
from wasmstate.cli.constants import echo_left_out
from wasmstate.cli.destination import Destination, destination_options
from wasmstate.cli.grant_options import grant_options

if TYPE_CHECKING:
    from wasmstate import GrantOptions
    from wasmstate.binary.module import Module


@click.command("unfold")
@click.argument("file", type=existing_file)
@click.option(
    "--from", "reached_from", multiple=True, metavar="EXPORT", help="What it can call. Repeatable."
)
@click.option(
    "--in", "functions", multiple=True, metavar="FUNCTION", help="A name or index. Repeatable."
)
@click.option(
    "--type",
    "types",
    multiple=True,
    type=click.Choice(["f32", "f64", "i32", "i64", "v128"]),
    help="Of the constants; floats if not given. Repeatable.",
)
@click.option("--between", type=(float, float), metavar="LOW HIGH", help="Their values.")
@click.option("--names", "names_file", type=readable_file, help="A file of names, in TOML.")
@click.option("--probed", is_flag=True, help="Those of tensors that probe finds dead.")
@click.option("--join-equal", is_flag=True, help="Equal constants become one element.")
@click.option(
    "--globals",
    "as_globals",
    is_flag=True,
    default=None,
    help="Keep each constant in a global, also where memory serves.",
)
@destination_options()
@grant_options
@no_validate
def command(
    file: Path,
    reached_from: tuple[str, ...],
    functions: tuple[str, ...],
    types: tuple[str, ...],
    between: tuple[float, float] | None,
    names_file: Path | None,
    probed: bool,
    join_equal: bool,
    as_globals: bool | None,
    to: Destination,
    grants: GrantOptions,
    no_validate: bool,
) -> None:
    """Make constants of the code tensors of the state, so that they can be learned.

    Each chosen constant becomes a load from memory; calls give the same bits as before, and
    'wasmstate fold' undoes it. Without a choice these are the floats that predict reaches.
    'wasmstate discover --constants' shows which of them matter, and writes a file of names.

    \b
    Examples:  wasmstate unfold model.wasm -o learning.wasm
               wasmstate unfold model.wasm --in predict --between 0.01 1 -o learning.wasm
               wasmstate unfold model.wasm --names names.toml -o learning.wasm
               wasmstate unfold model.wasm --probed
    """
    choice = bool(reached_from or functions or types or between)
    if choice + (names_file is not None) + probed > 1:
        raise click.UsageError("choose by --names, by --probed, or by the other options, not both")
    if join_equal and (names_file is not None or probed):
        raise click.UsageError("--join-equal is for names that are proposed")

    from wasmstate.explore.find_constants import find_constants  # noqa: PLC0415 (for --help)
    from wasmstate.explore.name_constants import read_constant_names  # noqa: PLC0415
    from wasmstate.explore.probe import probe  # noqa: PLC0415
    from wasmstate.explore.unfold import probed_constants, unfold  # noqa: PLC0415
    from wasmstate.runtime.validate import validate  # noqa: PLC0415
    from wasmstate.state.state import State  # noqa: PLC0415
    from wasmstate.state.tensor import values_text  # noqa: PLC0415

    written = None
    if names_file is not None:
        with about(names_file, is_module=False):
            written = read_constant_names(names_file)

    def edit(module: Module) -> Module:
        if not no_validate:
            module = validate(module)
        if written is not None:
            return unfold(module, written, as_globals=as_globals)
        if probed:
            return unfold(
                module,
                probed_constants(module, probe(module, **grants)),
                as_globals=as_globals,
            )
        low, high = between or (None, None)
        found = find_constants(
            module,
            reached_from=reached_from,
            functions=functions,
            types=types,
            low=low,
            high=high,
        )
        chosen = [each for each in found if each.is_weight or (types and not each.role)]
        echo_left_out(found)
        return unfold(module, constants=chosen, join_equal=join_equal, as_globals=as_globals)

    with about(file):
        path = to.write(file, edit)
        state = State.open(path)
    for name, values in state.items():
        echo(f"{state.spec(name)}  {values_text(values)}")
    echo(f"{path}: carries {plural(len(state), 'tensor')}")
