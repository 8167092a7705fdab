"""``wasmstate models``: what can learn, and new files that do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wasmstate.binary.module import Module
from wasmstate.cli.common import (
    about,
    as_json,
    columns,
    echo,
    echo_block,
    echo_json,
    existing_file,
    new_file,
    plural,
)
from wasmstate.cli.families import family_params
from wasmstate.cli.groups import Group
from wasmstate.errors import SchemaError
from wasmstate.models import Family, describe, names, resize
from wasmstate.models.resize import SIZES
from wasmstate.state.state import State


@click.group("models", cls=Group)
def command() -> None:
    """List the models that come with wasmstate, and make files of them.

    \b
    Examples:  wasmstate models list
               wasmstate models show thompson
               wasmstate models new thompson --arms 10 -o ads.wasm
    """


@command.command("list")
@as_json
def list_(as_json: bool) -> None:
    """List the models, a line each."""
    families = [describe(name) for name in names()]
    if as_json:
        echo_json([_document(family) for family in families])
        return
    echo_block(columns([(family.name, family.summary) for family in families]))


@command.command("show")
@click.argument("name")
@as_json
def show(name: str, as_json: bool) -> None:
    """Show a model: its options, functions, and the tensors of its state.

    \b
    Example:  wasmstate models show thompson
    """
    try:
        family = describe(name)
    except SchemaError as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        echo_json(_document(family))
        return
    echo(f"{family.name}: {family.summary}")
    echo(f"Source: {family.source}")
    _head("Options")
    rows = [
        (f"  --{option.name}", ", ".join(option.bounds), _default(option.default), option.help)
        for option in family.options
    ]
    if family.takes_seed:
        rows.append(("  --seed", ">= 0", "by chance", "of the random numbers"))
    echo_block(columns(rows))
    _head("Functions")
    echo_block(columns([(f"  {name}", text) for name, text in family.entry_points.items()]))
    _head("Tensors, how two devices' are merged, and what they must be")
    echo_block(
        columns(
            [
                (f"  {tensor.spec}", tensor.merge, ", ".join(tensor.bounds))
                for tensor in family.tensors
            ]
        )
    )


def _head(text: str) -> None:
    echo("")
    echo(text)


def _default(value: float | None) -> str:
    return "needed" if value is None else f"{value:g}"


def _document(family: Family) -> dict[str, Any]:
    return {
        "name": family.name,
        "summary": family.summary,
        "source": family.source,
        "options": [
            {
                "name": option.name,
                "type": "integer" if option.integer else "number",
                "default": option.default,
                "bounds": list(option.bounds),
                "help": option.help,
            }
            for option in family.options
        ],
        "takes_seed": family.takes_seed,
        "entry_points": dict(family.entry_points),
        "tensors": [
            {"spec": tensor.spec, "merge": tensor.merge, "bounds": list(tensor.bounds)}
            for tensor in family.tensors
        ],
    }


def _size_params() -> list[click.Parameter]:
    params: list[click.Parameter] = []
    for name in SIZES:
        one = {"classes": "class"}.get(name, name.removesuffix("s"))
        params += [
            click.Option([f"--{name}"], type=int, help=f"How many {name} there are to be."),
            click.Option(
                [f"--drop-{one}", f"drop_{name}"],
                type=int,
                multiple=True,
                metavar="INDEX",
                help=f"The index of a {one} that leaves; may be repeated.",
            ),
        ]
    return params


def _resize(file: Path, **given: Any) -> None:
    """Give the model in FILE more or fewer arms, features or classes; it keeps what it learned.

    What is added begins as in a new model, a feature as one that was 0 in all rows so far. What
    leaves is named by its index, and those behind it move up. The generation before stays in the
    file.

    \b
    Examples:  wasmstate models resize ads.wasm --arms 5
               wasmstate models resize ads.wasm --drop-arm 1
    """
    from wasmstate.storage.commit import rewrite  # noqa: PLC0415 (--help does not need it)

    sizes = {name: given[name] for name in SIZES if given[name] is not None}
    drop = {name: given[f"drop_{name}"] for name in SIZES if given[f"drop_{name}"]}
    if not sizes and not drop:
        raise click.UsageError("say what is to be resized: --arms, --drop-arm, and so on")
    with about(file):
        rewrite(file, lambda module: resize(module, sizes, drop=drop))
        state = State.of(Module.open(file))
    left = [f"{int(state[name])} {name}" for name in SIZES if name in state]
    echo(f"{file}: generation {state.generation}, {', '.join(left)}")


command.add_command(
    click.Command(
        "resize",
        params=[click.Argument(["file"], type=existing_file), *_size_params()],
        callback=_resize,
        help=_resize.__doc__,
        short_help="Change how many arms, features or classes a model has.",
    )
)


class _Families(Group):
    """A command a family, with its options."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _new_command(describe(cmd_name)) if cmd_name in names() else None


@command.group("new", cls=_Families)
def new() -> None:
    """Make a file with a model that has learned nothing yet.

    \b
    Examples:  wasmstate models new thompson --arms 10 -o ads.wasm
               wasmstate models new linear --help
    """


def _new_command(family: Family) -> click.Command:
    def make(output: Path, force: bool, seed: int | None, **options: float | None) -> None:
        from wasmstate.storage.commit import write_new  # noqa: PLC0415 (--help does not need it)

        given = {name: value for name, value in options.items() if value is not None}
        try:
            module = family.make(seed, given)
        except SchemaError as error:
            raise click.UsageError(str(error)) from error
        with about(output):
            write_new(output, module, overwrite=force)
        size = output.stat().st_size
        echo(f"{output}: {family.name}, {plural(size, 'byte')}")

    params = family_params(family)
    if family.takes_seed:
        params.append(
            click.Option(["--seed"], type=int, help="Of the random numbers; else by chance.")
        )
    params.append(click.Option(["-o", "--output"], type=new_file, required=True, help="The file."))
    params.append(
        click.Option(["--force"], is_flag=True, help="Replace the output file if there is one.")
    )
    callback = make if family.takes_seed else (lambda **given: make(seed=None, **given))
    return click.Command(
        family.name,
        params=params,
        callback=callback,
        help=f"{family.summary[0].upper()}{family.summary[1:]}.\n\nSource: {family.source}.",
        short_help=family.summary,
    )
