"""``wasmstate models``: what can learn, and new files that do."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import click

from wasmstate import models
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
from wasmstate.errors import ArgumentError, SchemaError
from wasmstate.models.resize import SIZES
from wasmstate.session.names import Names
from wasmstate.session.numerals import parse_number
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
    families = [models.describe(name) for name in models.names()]
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
        family = models.describe(name)
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


def _document(family: models.Family) -> dict[str, Any]:
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


_NAMED = {"features": "name", "classes": "label"}
"""What a model may keep for each of these."""


def _size_params() -> list[click.Parameter]:
    params: list[click.Parameter] = []
    for name in SIZES:
        one = {"classes": "class"}.get(name, name.removesuffix("s"))
        params += [
            click.Option([f"--{name}"], type=int, help=f"How many {name} there are to be."),
            click.Option(
                [f"--drop-{one}", f"drop_{name}"],
                multiple=True,
                metavar="INDEX" if name not in _NAMED else f"INDEX|{_NAMED[name].upper()}",
                help=f"A {one} that leaves; may be repeated.",
            ),
        ]
        if name in _NAMED:
            what = _NAMED[name]
            params.append(
                click.Option(
                    [f"--add-{one}", f"add_{name}"],
                    multiple=True,
                    metavar=what.upper(),
                    help=f"The {what} of a {one} that is added, for a model that keeps {what}s.",
                )
            )
    return params


def _resize(file: Path, **given: Any) -> None:
    """Give the model in FILE more or fewer arms, features or classes; it keeps what it learned.

    What is added begins as in a new model, a feature as one that was 0 in all rows so far. What
    leaves is given by its index, or by its name or label if the model keeps such; those behind it
    move up. The generation before stays in the file.

    \b
    Examples:  wasmstate models resize ads.wasm --arms 5
               wasmstate models resize ads.wasm --drop-arm 1
               wasmstate models resize rain.wasm --drop-feature sun --add-feature fog
    """
    from wasmstate.storage.commit import rewrite  # noqa: PLC0415 (--help does not need it)

    sizes = {name: given[name] for name in SIZES if given[name] is not None}
    dropped = {name: given[f"drop_{name}"] for name in SIZES if given[f"drop_{name}"]}
    added = {name: given[f"add_{name}"] for name in _NAMED if given[f"add_{name}"]}
    if not sizes and not dropped and not added:
        raise click.UsageError("say what is to be resized: --arms, --drop-arm, and so on")
    with about(file):
        state = State.open(file)
        drop = {name: [_given(state, name, each) for each in dropped[name]] for name in dropped}
        add = {name: [_new_label(state, name, each) for each in added[name]] for name in added}
        rewrite(file, lambda module: models.resize(module, sizes, add=add, drop=drop))
        state = State.open(file)
    left = [f"{int(state[name])} {name}" for name in SIZES if name in state]
    echo(f"{file}: generation {state.generation}, {', '.join(left)}")


def _given(state: State, size: str, text: str) -> Any:
    """What leaves: a name or a label that the model keeps, else an index."""
    names = state.metadata.get("feature_names_in", []) if size == "features" else []
    labels = Names(state.metadata).classes if size == "classes" else None
    if labels is not None:
        return labels.parse(text)
    if text in names:
        return text
    try:
        return int(text)
    except ValueError:
        return text


def _new_label(state: State, size: str, text: str) -> Any:
    """A label of the kind that the model has: a number if all are numbers."""
    labels = state.metadata.get("classes", [])
    if size == "classes" and labels and not any(isinstance(each, str) for each in labels):
        return parse_number(text)
    return text


command.add_command(
    click.Command(
        "resize",
        params=[click.Argument(["file"], type=existing_file), *_size_params()],
        callback=_resize,
        help=_resize.__doc__,
        short_help="Change how many arms, features or classes a model has.",
    )
)


class _List(click.ParamType[list[Any]]):
    """Names or labels, written as a row of CSV; labels are numbers if all of them are."""

    name = "list"

    def __init__(self, *, labels: bool) -> None:
        self._are_labels = labels

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[Any]:
        given = [each.strip() for each in next(csv.reader([str(value)], skipinitialspace=True))]
        if not self._are_labels:
            return given
        try:
            return [parse_number(each) for each in given]
        except ArgumentError:
            return given


def _naming_params(family: models.Family) -> list[click.Parameter]:
    """Names for features and labels for classes, where the family has such."""
    params: list[click.Parameter] = []
    if any(option.name == "features" for option in family.options):
        text = "The names of the features, in order; then --features need not be given."
        params.append(
            click.Option(["--names"], type=_List(labels=False), metavar="A,B,...", help=text)
        )
    if " label: i" in family.entry_points.get("update", ""):
        text = "The labels of the classes, numbers or texts, in the order of their indices."
        params.append(
            click.Option(["--labels"], type=_List(labels=True), metavar="A,B,...", help=text)
        )
    return params


class _Families(Group):
    """A command a family, with its options."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return models.names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _new_command(models.describe(cmd_name)) if cmd_name in models.names() else None


@command.group("new", cls=_Families)
def new() -> None:
    """Make a file with a model that has learned nothing yet.

    \b
    Examples:  wasmstate models new thompson --arms 10 -o ads.wasm
               wasmstate models new linear --help
    """


def _new_command(family: models.Family) -> click.Command:
    def make(
        output: Path,
        force: bool,
        seed: int | None,
        names: list[str] | None = None,
        labels: list[Any] | None = None,
        **options: float | None,
    ) -> None:
        from wasmstate.storage.commit import write_new  # noqa: PLC0415 (--help does not need it)

        given = {name: value for name, value in options.items() if value is not None}
        try:
            module = family.make(seed, given, names, labels)
        except SchemaError as error:
            raise click.UsageError(str(error)) from error
        with about(output):
            write_new(output, module, overwrite=force)
        size = output.stat().st_size
        echo(f"{output}: {family.name}, {plural(size, 'byte')}")

    params = [*family_params(family), *_naming_params(family)]
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
