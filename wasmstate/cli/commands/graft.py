"""``wasmstate graft``."""

from __future__ import annotations

from pathlib import Path

import click

from wasmstate.binary.module import Module
from wasmstate.cli.common import about, echo, existing_file, new_file, no_validate, plural
from wasmstate.cli.functions import function_option, signatures_of
from wasmstate.cli.pairs import pairs
from wasmstate.donors import donor as shipped
from wasmstate.donors import names as shipped_names
from wasmstate.errors import SectionError
from wasmstate.runtime.validate import validate
from wasmstate.state.change.graft import graft
from wasmstate.storage.commit import write_new


@click.command("graft")
@click.argument("host", type=existing_file)
@click.argument("donor")
@click.option("-o", "--output", type=new_file, required=True, help="The file to write.")
@click.option("--force", is_flag=True, help="Replace the output file if there is one.")
@click.option(
    "--map", "names", multiple=True, metavar="IMPORT=EXPORT", help="The host calls it EXPORT."
)
@function_option
@no_validate
@click.option("--replace", is_flag=True, help="Export the donor's where the host has one, too.")
def command(
    host: Path,
    donor: str,
    output: Path,
    force: bool,
    names: tuple[str, ...],
    functions: tuple[str, ...],
    replace: bool,
    no_validate: bool,
) -> None:
    """Add the functions of DONOR to HOST: an update() for a model that only predicts.

    DONOR is a small module that imports memory, globals and functions of the host by the names of
    its exports, or one of those that come with wasmstate: bandit-counts, running-mean, sgd-linear.
    The host's own functions keep their bytes. --function is kept in the state that the host has.

    \b
    Examples:  wasmstate graft model.wasm sgd-linear -o learning.wasm
               wasmstate graft model.wasm sgd-linear --map weights=coef -o learning.wasm
               wasmstate graft model.wasm my-update.wasm -o learning.wasm
    """
    with about(Path(donor)):
        module = shipped(donor) if donor in shipped_names() else _opened(Path(donor))
    with about(host):
        before = Module.open(host)
        grafted = graft(
            before,
            module,
            names=pairs("--map", names),
            replace_exports=replace,
            entry_points=signatures_of(module, functions),
        )
        write_new(output, grafted if no_validate else validate(grafted), overwrite=force)
    added = grafted.size - before.size
    echo(f"{output}: {plural(added, 'byte')} more than {host}")


def _opened(path: Path) -> Module:
    if not path.exists():
        known = ", ".join(shipped_names())
        raise SectionError(f"there is no such file, and no donor of that name; there are {known}")
    return Module.open(path).verify()  # so that what is wrong with it is not said of the host
