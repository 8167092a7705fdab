"""``wasmstate inspect``."""

from __future__ import annotations

import runpy
import sys
from importlib.util import find_spec

import click


@click.command("inspect", context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> None:
    """Open the window on a file, or draw it to a picture.

    \b
    Examples:  wasmstate inspect model.wasm
               wasmstate inspect model.wasm --screenshot window.png
               wasmstate inspect --help
    """
    if find_spec("PySide6") is None or find_spec("wasmstate_gui") is None:
        raise click.UsageError("the window needs Qt: pip install 'wasmstate[gui]'")
    # A program of its own, run in this process: the command line does not import the window, nor
    # the window it, and yet nothing is started twice.
    sys.argv[1:] = arguments
    runpy.run_module("wasmstate_gui", run_name="__main__")
