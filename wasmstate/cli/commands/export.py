"""``wasmstate export``."""

from __future__ import annotations

from pathlib import Path

import click

from wasmstate import State, export_state
from wasmstate.cli.common import about, echo, existing_file, new_file, plural

_FORMATS = ("npz", "safetensors")


@click.command("export")
@click.argument("file", type=existing_file)
@click.option("-o", "--output", type=new_file, required=True, help="The file to write.")
@click.option("--force", is_flag=True, help="Replace the output file if there is one.")
@click.option(
    "--format",
    "name",
    type=click.Choice(_FORMATS),
    help="Of the output; if it is not given, the suffix of its name says it.",
)
def command(file: Path, output: Path, force: bool, name: str | None) -> None:
    """Write the tensors of the state to a file of NumPy (npz) or safetensors.

    Types, shapes and bits are those of the state. 'wasmstate set FILE --from' reads both back.

    \b
    Examples:  wasmstate export model.wasm -o model.npz
               wasmstate export model.wasm -o model.safetensors
    """
    name = name or output.suffix.removeprefix(".")
    if name not in _FORMATS:
        raise click.UsageError(
            f"{output}: end its name with .{' or .'.join(_FORMATS)}, or --format"
        )
    with about(file):
        state = State.open(file)
        content = export_state(state, name)
    with about(output), output.open("wb" if force else "xb") as out:
        out.write(content)
    echo(f"{output}: {plural(len(state), 'tensor')}, {plural(len(content), 'byte')}")
