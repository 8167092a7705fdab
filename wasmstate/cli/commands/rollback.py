"""``wasmstate rollback``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast

import click

from wasmstate.binary.module import Module
from wasmstate.cli.common import (
    about,
    as_json,
    break_links,
    echo,
    echo_json,
    existing_file,
    keep_option,
)
from wasmstate.state.state import State
from wasmstate.storage.rollback import rollback


class _Generation(click.ParamType[int | str]):
    name = "generation"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        text = str(value)
        if text == "init":
            return text
        if not text.isdecimal():
            self.fail(f"{text!r} is neither a generation nor init", param, ctx)
        return int(text)


@click.command("rollback")
@click.argument("file", type=existing_file)
@click.option(
    "--to", type=_Generation(), metavar="N|init", help="Which; the one before if not given."
)
@click.option("--expect", type=int, help="Only if the file is at this generation.")
@keep_option
@click.option("--out-of-bounds", is_flag=True, help="Also values that the schema's bounds forbid.")
@break_links
@as_json
def command(
    file: Path,
    to: int | str | None,
    expect: int | None,
    keep: int | None,
    out_of_bounds: bool,
    break_links: bool,
    as_json: bool,
) -> None:
    """Bring back an older generation that is in the file, as a new one.

    Nothing is overwritten: the state that is replaced goes to the history, so that another rollback
    brings it back. 'wasmstate history' lists what is there.

    \b
    Examples:  wasmstate rollback model.wasm
               wasmstate rollback model.wasm --to 12
               wasmstate rollback model.wasm --to init
    """
    with about(file):
        before = State.of(Module.open(file)).generation
        after = rollback(
            file,
            cast("int | Literal['init'] | None", to),
            expected_generation=expect,
            allow_break_links=break_links,
            keep=keep,
            check_bounds=not out_of_bounds,
        )
    if as_json:
        echo_json(
            {
                "generation": after.generation,
                "replaced": after.generation - 1,
                "digest": after.digest.hex(),
            }
        )
    else:
        echo(f"{file}: generation {before} -> {after.generation}")
