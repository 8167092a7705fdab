"""``wasmstate probe``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

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
from wasmstate.cli.functions import function_option, signatures_of
from wasmstate.cli.grant_options import grant_options
from wasmstate.cli.limit_options import limit_options

if TYPE_CHECKING:
    from wasmstate import GrantOptions
    from wasmstate.runtime.limits import Limits


@click.command("probe")
@click.argument("file", type=existing_file)
@click.option("--call", "calls", multiple=True, metavar="NAME:ARGUMENTS", help="Repeatable.")
@click.option(
    "--tensor", "tensors", multiple=True, metavar="NAME:TYPE[SHAPE]@PLACE", help="Repeatable."
)
@function_option
@click.option(
    "--sample", type=click.IntRange(1), default=16, show_default=True, help="Elements of a tensor."
)
@grant_options
@limit_options(seconds=2.0)
@as_json
def command(
    file: Path,
    calls: tuple[str, ...],
    tensors: tuple[str, ...],
    functions: tuple[str, ...],
    sample: int,
    grants: GrantOptions,
    limits: Limits,
    as_json: bool,
) -> None:
    """Say which tensors of FILE are alive: change each, call, and see what comes out differently.

    \b
    live           predictions change with it
    update only    what update() learns changes with it, predictions do not
    written only   calls write it, and none reads it
    dead           no call reads or writes it: the compiler folded it into the code, perhaps

    Calls of update learn, all others predict; without --call arguments are made up. FILE is not
    changed; one without a state can be tried with --tensor. Exit status 1 if a tensor is dead.

    \b
    Examples:  wasmstate probe model.wasm
               wasmstate probe model.wasm --call predict:1.0,0.5 --call update:1.0,0.5,2
    """
    from wasmstate.binary.module import Module  # noqa: PLC0415 (--help needs none of these)
    from wasmstate.explore.probe import probe  # noqa: PLC0415

    with about(file):
        module = Module.open(file)
        signatures = signatures_of(module, functions)
        found = probe(
            module,
            calls,
            tensors=tensors,
            entry_points=signatures,
            sample=sample,
            limits=limits,
            **grants,
        )
    if as_json:
        echo_json(
            {
                "tensors": {
                    each.name: {
                        "verdict": each.verdict,
                        "tried": each.tried,
                        "live": each.live,
                        "written": each.is_written,
                        "folded": [
                            {"cell": f.cell, "value": f.value, "offset": f.offset}
                            for f in each.folded
                        ],
                    }
                    for each in found.tensors
                },
                "calls": [str(call) for call in found.calls],
            }
        )
    else:
        echo(f"tried with {', '.join(map(str, found.calls))}")
        rows = [
            [each.name, each.verdict, f"{each.live} of {plural(each.tried, 'element')} live"]
            for each in found.tensors
        ]
        echo_block(columns(rows))
        for each in found.tensors:
            for folded in each.folded[:10]:
                echo(f"warning: {folded}")
            if len(each.folded) > 10:
                echo(f"warning: and {len(each.folded) - 10} more of {each.name}")
    if found.dead:
        raise SystemExit(1)
