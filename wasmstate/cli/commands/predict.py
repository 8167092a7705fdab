"""``wasmstate predict``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from wasmstate.cli.common import about, as_json, echo, echo_json_line, existing_file
from wasmstate.cli.limit_options import limit_options
from wasmstate.errors import ArgumentError
from wasmstate.session.strict_json import check_numbers, parse_json

if TYPE_CHECKING:
    from wasmstate.runtime.limits import Limits


@click.command("predict")
@click.argument("file", type=existing_file)
@click.argument("inputs", nargs=-1, required=True)
@click.option(
    "--dialect", type=click.Choice(["json", "raw"]), help="How the input is passed; found out."
)
@limit_options()
@as_json
def command(
    file: Path, inputs: tuple[str, ...], dialect: str | None, limits: Limits, as_json: bool
) -> None:
    """Predict with a binary that has Scailable's interface (pred, malloc_buffer, ...).

    Each INPUT is a list of numbers, or of rows of numbers, as JSON; a line is printed for each. The
    binary gets nothing of WASI but stubs: no files, no clock. Models with predict() are called with
    'wasmstate run'.

    \b
    Examples:  wasmstate predict houses.wasm '[1, 2, 3]'
               wasmstate predict intsum.wasm '[[1, 2, 3]]' '[[4, 5]]'
    """
    from wasmstate.session.scailable import (  # noqa: PLC0415 (--help does not need it)
        Dialect,
        ScailableModel,
    )

    given = [_list(text) for text in inputs]
    with about(file):
        chosen = cast("Dialect | None", dialect)
        with ScailableModel.open(file, dialect=chosen, limits=limits) as model:
            for each in given:
                output = model.predict(each)
                if as_json:
                    echo_json_line({"output": output})
                else:
                    echo(" ".join(map(str, output)))


def _list(text: str) -> list[Any]:
    try:
        found = parse_json(text)
    except ArgumentError as error:
        raise click.UsageError(f"{text!r} is not JSON: {error}") from error
    if not isinstance(found, list):
        raise click.UsageError(f"{text!r} is no list: write [1, 2, 3]")
    try:
        check_numbers(found, "the input")
    except ArgumentError as error:
        raise click.UsageError(str(error)) from error
    return found
