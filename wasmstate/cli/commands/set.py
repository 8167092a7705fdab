"""``wasmstate set``."""

from __future__ import annotations

from pathlib import Path

import click

from wasmstate.binary.module import Module
from wasmstate.cli.assignments import assigned
from wasmstate.cli.common import about, break_links, echo, existing_file, keep_option, readable_file
from wasmstate.session.value_files import read_values
from wasmstate.state.state import State
from wasmstate.storage.commit import commit


@click.command("set")
@click.argument("file", type=existing_file)
@click.argument("assignments", nargs=-1, metavar="[TENSOR=VALUES...]")
@click.option(
    "--from",
    "source",
    type=readable_file,
    help="Values of tensors from a file: what 'state --json' prints, npz or safetensors.",
)
@click.option("--expect", type=int, help="Only if the file is at this generation.")
@keep_option
@click.option("--out-of-bounds", is_flag=True, help="Also values that the schema's bounds forbid.")
@break_links
def command(
    file: Path,
    assignments: tuple[str, ...],
    source: Path | None,
    expect: int | None,
    keep: int | None,
    out_of_bounds: bool,
    break_links: bool,
) -> None:
    """Change values of the state, as one new generation.

    VALUES are the tensor's elements, row after row; or one element is named by its index; or a
    .npy file gives them.

    \b
    Examples:  wasmstate set model.wasm bias=0.5 weights=0,0,0,0
               wasmstate set model.wasm 'weights[2]=-1.5'
               wasmstate set model.wasm weights=@weights.npy --expect 12
               wasmstate set model.wasm --from state.json
    """
    if not assignments and source is None:
        raise click.UsageError("give TENSOR=VALUES, or --from")
    with about(file):
        state = State.of(Module.open(file))
        if source is not None:
            state = state.with_values(read_values(source, state))
        state = assigned(state, assignments)
        committed = commit(
            file,
            state,
            expected_generation=expect,
            keep=keep,
            check_bounds=not out_of_bounds,
            allow_break_links=break_links,
        )
    echo(f"{file}: generation {committed.generation}")
