"""``wasmstate split``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from wasmstate import split
from wasmstate.cli.common import about, existing_file, failed, new_file
from wasmstate.cli.destination import echo_size


@click.command("split")
@click.argument("file", type=existing_file)
@click.option("-o", "--output", type=new_file, required=True, help="The code, without a state.")
@click.option("--state", "beside", type=new_file, required=True, help="The state file.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
def command(file: Path, output: Path, beside: Path, force: bool) -> None:
    """Put the code and the state of FILE in two files, for code that is read-only.

    The state file is tied to the code by its digest, and holds the history, too. 'wasmstate run
    --state' uses the two; 'wasmstate join' makes one file of them again.

    \b
    Example:  wasmstate split model.wasm -o code.wasm --state model.state
    """
    if os.path.realpath(output) == os.path.realpath(beside):
        raise click.UsageError("-o and --state need two files")
    for path in () if force else (output, beside):  # before the first of them is written
        if os.path.lexists(path):
            raise failed(f"{path}: not written, there is such a file already")
    with about(file):
        code, state = split(file)
    for path, half in ((beside, state), (output, code)):
        with about(path):
            half.save(path, overwrite=force)
        echo_size(path)
