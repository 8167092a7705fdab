"""``wasmstate merge``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from wasmstate.binary.module import Module
from wasmstate.cli.common import (
    about,
    as_json,
    columns,
    echo_block,
    echo_json,
    existing_file,
    failed,
    new_file,
    plural,
)
from wasmstate.cli.remedies import help_lines
from wasmstate.errors import StateError
from wasmstate.state.merge.merge import merge
from wasmstate.state.merge.result import Merge
from wasmstate.state.state import State
from wasmstate.storage.commit import write_new


@click.command("merge")
@click.argument("base", type=existing_file)
@click.argument("devices", type=existing_file, nargs=-1)
@click.option("-o", "--output", type=new_file, help="The file to write; else only tell.")
@click.option("--force", is_flag=True, help="Replace the output file if there is one.")
@click.option(
    "--keep-base", multiple=True, metavar="TENSOR", help="Stays as in BASE, whatever devices have."
)
@click.option("--allow-equal", is_flag=True, help="Devices may have equal states by chance.")
@click.option(
    "--assume-base", is_flag=True, help="Devices came from BASE, though none can prove it."
)
@click.option(
    "--robust",
    metavar="RULE",
    help="Average against poisoned devices: median, trimmed:0.1 or clip:5.",
)
@as_json
def command(
    base: Path,
    devices: tuple[Path, ...],
    output: Path | None,
    force: bool,
    keep_base: tuple[str, ...],
    allow_equal: bool,
    assume_base: bool,
    robust: str | None,
    as_json: bool,
) -> None:
    """Join what DEVICES have learned since they started from copies of BASE.

    Each tensor is joined by the merge rule in its schema, what the devices have in common from
    their start counted once; rules that give an average are told to be heuristics. Devices that
    started from something else, or have other code, are refused. OUT is the generation after BASE,
    and the base of the next round: send it to the devices. Without -o nothing is written.

    \b
    Examples:  wasmstate merge base.wasm a.wasm b.wasm c.wasm -o merged.wasm
               wasmstate merge trained.wasm -o base.wasm     # devices are to start from it
    """
    modules: dict[str, Module] = {}
    for path in devices:
        if str(path) in modules:
            raise click.UsageError(f"{path} is listed twice")
        with about(path):
            modules[str(path)] = _opened(path)
    with about(base):
        start = _opened(base)
    try:
        merged = merge(
            start,
            modules,
            keep_base=keep_base,
            allow_equal=allow_equal,
            assume_base=assume_base,
            robust=robust,
        )
    except StateError as error:
        raise failed(f"{base}: not merged: {error}", help_lines(error)) from error
    if output is not None:
        with about(output):
            write_new(output, merged.module, overwrite=force)
    if as_json:
        echo_json(_document(merged))
    else:
        echo_block(_text(merged))


def _opened(path: Path) -> Module:
    """A module whose state can be read, so that what is wrong with it is said of this file."""
    module = Module.open(path)
    State.of(module)
    return module


def _document(merged: Merge) -> dict[str, object]:
    state = State.of(merged.module)
    return {
        "generation": state.generation,
        "update_count": state.update_count,
        "exact": merged.is_exact,
        "devices": [asdict(each) for each in merged.devices],
        "tensors": [asdict(each) for each in merged.tensors],
    }


def _text(merged: Merge) -> str:
    generation = State.of(merged.module).generation
    lines = [f"generation {generation}, from {plural(len(merged.devices), 'device')}"]
    if merged.devices:
        lines.append(
            columns(
                [
                    (
                        f"  {each.name}",
                        f"generation {each.generation}",
                        plural(each.updates, "update"),
                        f"{each.share:.1%}",
                        f"clipped to {each.clipped:.2g}" if each.clipped < 1 else "",
                    )
                    for each in merged.devices
                ],
                right=(2, 3),
            )
        )
        lines.append(
            columns(
                [(f"  {each.name}", each.rule or "none", each.precision) for each in merged.tensors]
            )
        )
    return "\n".join(lines)
