"""``wasmstate personalize``."""

from __future__ import annotations

from pathlib import Path

import click

from wasmstate.cli.common import about, echo, existing_file
from wasmstate.cli.destination import Destination, destination_options


@click.command("personalize")
@click.argument("file", type=existing_file)
@click.argument("device", metavar="ID")
@destination_options()
def command(file: Path, device: str, to: Destination) -> None:
    """Give the model in FILE random numbers of its own, made from the ID of its device.

    Copies of one file draw the same numbers, and so try the same arms. ID is any text that no other
    device has, such as a serial number; the state keeps it, and a merge takes a device once. It
    changes nothing if the file is that device's already.

    \b
    Examples:  wasmstate personalize ads.wasm 4711
               wasmstate personalize base.wasm kiosk-7 -o kiosk-7.wasm
    """
    from wasmstate import Module, State, personalize  # noqa: PLC0415 (--help needs none of these)

    with about(file):
        written = to.write(file, lambda module: personalize(module, device))
        state = State.of(Module.open(written))
    numbers = "" if "rng" in state else ", and the model draws no random numbers"
    echo(f"{written}: generation {state.generation}, of device {device}{numbers}")
