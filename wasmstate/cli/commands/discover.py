"""``wasmstate discover``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wasmstate.cli.common import (
    about,
    as_json,
    columns,
    echo,
    echo_block,
    echo_json,
    existing_file,
    new_file,
    quoted,
)
from wasmstate.cli.constants import echo_left_out
from wasmstate.cli.functions import function_option, signatures_of
from wasmstate.cli.grant_options import grant_options
from wasmstate.cli.limit_options import limit_options
from wasmstate.cli.progress import bar

_SHARES = 1000  # that a bar is drawn of

if TYPE_CHECKING:
    from wasmstate import GrantOptions
    from wasmstate.binary.module import Module
    from wasmstate.explore.find_constants import Constant
    from wasmstate.explore.rank_constants import RankedConstant
    from wasmstate.runtime.limits import Limits


@click.command("discover")
@click.argument("file", type=existing_file)
@click.option(
    "--call", "calls", multiple=True, required=True, metavar="NAME:ARGUMENTS", help="Repeatable."
)
@function_option
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option(
    "--constants", "of_constants", is_flag=True, help="Rank constants of the code instead."
)
@click.option(
    "-o",
    "--output",
    type=new_file,
    help="Write a schema file for attach --schema, or names for unfold --names.",
)
@click.option("--force", is_flag=True, help="Replace the output file if there is one.")
@grant_options
@limit_options(seconds=2.0)
@as_json
def command(
    file: Path,
    calls: tuple[str, ...],
    functions: tuple[str, ...],
    rounds: int,
    of_constants: bool,
    output: Path | None,
    force: bool,
    grants: GrantOptions,
    limits: Limits,
    as_json: bool,
) -> None:
    """Propose what the state of FILE is: run calls, and see what they change and read.

    The calls are made several times in memory; FILE is not changed. The stack, scratch buffers and
    padding are left out. Give calls that change all that can be learned, with other numbers each.
    What is printed can be given to attach as it is.

    With --constants the floats that the code of these calls has are changed one by one: those that
    change the results most stand first. They can become state: see 'wasmstate unfold'.

    \b
    Examples:  wasmstate discover model.wasm --call update:1.0,0.5 --call predict:1.0
               wasmstate discover model.wasm --call 'update:[1,2],0.5' \\
                   --function 'update(x: f64[2]@sym:x, y: f64)' -o model.toml
               wasmstate attach model.wasm --schema model.toml
               wasmstate discover model.wasm --constants --call predict:1,2 -o names.toml
    """
    from wasmstate.binary.module import Module  # noqa: PLC0415 (--help needs none of these)
    from wasmstate.explore.discover import discover  # noqa: PLC0415
    from wasmstate.storage import write_apart  # noqa: PLC0415

    with about(file):
        module = Module.open(file)
        signatures = signatures_of(module, functions)
        with bar("discovering", _SHARES) as progress:

            def show(what: str, share: float | None) -> None:
                progress.show(int((share or 0) * _SHARES), what)

            if of_constants:
                ranked, left = _ranked(
                    module, calls, entry_points=signatures, progress=show, limits=limits, **grants
                )
                progress.stop()
                _show_ranked(file, ranked, left, output, force=force, as_json=as_json)
                return
            found = discover(
                module,
                calls,
                entry_points=signatures,
                rounds=rounds,
                limits=limits,
                progress=show,
                **grants,
            )
    if output is not None:
        with about(output):
            write_apart(found.to_toml().encode(), output, file, overwrite=force)
    if as_json:
        echo_json(
            {
                "tensors": [
                    {
                        "spec": str(each.spec),
                        "changed": each.is_changed,
                        "certainty": each.certainty,
                        "reasons": list(each.reasons),
                    }
                    for each in found.tensors
                ],
                "left_out": [
                    {"address": each.address, "size": each.size, "reason": each.reason}
                    for each in found.left_out
                ],
                "needs_whole_memory": found.needs_whole_memory,
            }
        )
        return
    if found.tensors:
        rows = [
            [f"--tensor '{each.spec}'", each.certainty, "; ".join(each.reasons)]
            for each in found.tensors
        ]
        echo_block(columns(rows))
    else:
        echo("These calls change nothing that they read.")
    for each in found.left_out:
        echo(f"left out: {each}")
    if found.needs_whole_memory:
        echo("State lies on a heap. Keep all of memory: wasmstate attach --whole-memory")
    if output is not None:
        echo(f"{output}: wasmstate attach {quoted(file)} --schema {quoted(output)}")


def _ranked(
    module: Module, calls: Sequence[str], **options: Any
) -> tuple[list[RankedConstant], list[Constant]]:
    """The constants that may be weights, ranked, and those that may not."""
    from wasmstate.explore.find_constants import find_constants  # noqa: PLC0415 (for --help)
    from wasmstate.explore.rank_constants import rank_constants  # noqa: PLC0415
    from wasmstate.explore.trial import Call  # noqa: PLC0415

    names = list(dict.fromkeys(Call.parse(each).name for each in calls))
    found = find_constants(module, reached_from=names)
    chosen = [each for each in found if each.is_weight]
    return rank_constants(module, chosen, calls, **options), [each for each in found if each.role]


def _show_ranked(
    file: Path,
    ranked: Sequence[RankedConstant],
    left: Sequence[Constant],
    output: Path | None,
    *,
    force: bool,
    as_json: bool,
) -> None:
    from wasmstate.explore.name_constants import (  # noqa: PLC0415 (for --help)
        constant_names_text,
        name_constants,
    )
    from wasmstate.storage import write_apart  # noqa: PLC0415

    if output is not None:
        chosen = sorted((r.constant for r in ranked if r.effect), key=lambda each: each.offset)
        text = constant_names_text(name_constants(chosen), chosen)
        with about(output):
            write_apart(text.encode(), output, file, overwrite=force)
    if as_json:
        rows = [(each.constant, each.effect) for each in ranked]
        echo_json([_json_row(each, effect) for each, effect in [*rows, *((e, None) for e in left)]])
        return
    if ranked:
        echo_block(columns([[str(each.constant), f"{each.effect:.3g}"] for each in ranked]))
    else:
        echo("The code that these calls reach has no floats as constants.")
    echo_left_out(left)
    if output is not None:
        echo(f"{output}: wasmstate unfold {quoted(file)} --names {quoted(output)}")


def _json_row(constant: Constant, effect: float | None) -> dict[str, Any]:
    return {
        "offset": constant.offset,
        "function": constant.function_name,
        "type": constant.valtype,
        "values": constant.values,
        "role": constant.role,
        "effect": effect,
    }
