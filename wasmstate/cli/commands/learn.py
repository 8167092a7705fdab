"""``wasmstate learn``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wasmstate.cli.common import about, echo, existing_file, new_file, quoted, readable_file
from wasmstate.cli.destination import Destination, destination_options, echo_size
from wasmstate.cli.functions import function_option, signatures_of
from wasmstate.cli.grant_options import grant_options
from wasmstate.cli.limit_options import limit_options
from wasmstate.cli.progress import bar

if TYPE_CHECKING:
    from wasmstate import GrantOptions, LearnCheck, LearnPlan, Limits
    from wasmstate.binary.module import Module

_SHARES = 1000


@click.command("learn")
@click.argument("file", type=existing_file)
@function_option
@click.option("--features", type=click.IntRange(1), help="How many; for Scailable's interface.")
@click.option(
    "--rows", type=readable_file, help="A table to check it with: the features, then the target."
)
@click.option("--plan", "plan_file", type=readable_file, help="Do what this plan says.")
@click.option("--save-plan", type=new_file, help="Write the plan, and leave FILE as it is.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@destination_options()
@grant_options
@limit_options(seconds=2.0)
def command(
    file: Path,
    functions: tuple[str, ...],
    features: int | None,
    rows: Path | None,
    plan_file: Path | None,
    save_plan: Path | None,
    yes: bool,
    to: Destination,
    grants: GrantOptions,
    limits: Limits,
) -> None:
    """Let a model that only predicts learn: find its weights, and give it an update().

    Found are the weights of linear and logistic models, in the code or in the data. Constants are
    unfolded; update() takes what predict() takes, the target y and a rate. It is checked that
    the model predicts as before, and that updates make its error smaller: on your rows, or on
    made-up ones. Then the plan is shown, and you are asked. --function says what predicts, and
    what it takes, if it is not predict() of floats, or Scailable's interface.

    \b
    Examples:  wasmstate learn model.wasm -o learning.wasm
               wasmstate learn model.wasm --function 'score(x: f64[3]@sym:x)'
               wasmstate learn edge.wasm --wasi stub --features 3 --rows rows.csv --yes
    """
    if plan_file and (functions or features):
        raise click.UsageError("--plan says what predicts: leave out --function and --features")

    from wasmstate import LearnPlan, Module, make_learning  # noqa: PLC0415 (for --help)
    from wasmstate.storage import write_apart  # noqa: PLC0415

    with about(file):
        module = Module.open(file)
        options: dict[str, Any] = {**grants, "limits": limits}
        if plan_file is None:
            plan = _plan(module, functions, features, options)
        else:
            with about(plan_file, is_module=False):
                plan = LearnPlan.read(plan_file)
        learning = make_learning(module, plan, **options)
        checked = _checked(module, learning, plan, rows, options)
    _show(file, plan, checked)
    if save_plan is not None:
        with about(save_plan, is_module=False):
            write_apart(plan.to_toml().encode(), save_plan, file, overwrite=to.force)
        echo(f"{save_plan}: wasmstate learn {quoted(file)} --plan {quoted(save_plan)}")
        return
    if not yes:
        click.confirm(f"Write {to.output or file}?", abort=True, err=True)
    with about(file):
        echo_size(to.write(file, lambda _: learning))


def _plan(
    module: Module, functions: tuple[str, ...], features: int | None, options: dict[str, Any]
) -> LearnPlan:
    from wasmstate import plan_learning  # noqa: PLC0415 (for --help)

    signatures = signatures_of(module, functions)
    if len(signatures) > 1:
        raise click.UsageError("--function: one function predicts")
    signature = next(iter(signatures.items()), None)
    with bar("looking for weights", _SHARES) as progress:

        def show(what: str, share: float | None) -> None:
            progress.show(int((share or 0) * _SHARES), what)

        return plan_learning(
            module, signature=signature, features=features, progress=show, **options
        )


def _checked(
    module: Module, learning: Module, plan: LearnPlan, rows: Path | None, options: dict[str, Any]
) -> LearnCheck:
    import numpy as np  # noqa: PLC0415 (for --help)

    from wasmstate import Param, check_learning  # noqa: PLC0415
    from wasmstate.session.table import Block, Table  # noqa: PLC0415

    table = None
    if rows is not None:
        params = [Param("x", f"f64[{plan.features}]"), Param("y", "f64")]
        with about(rows, is_module=False), rows.open("rb") as stream:
            parts = Table(rows.name, params).file_parts(stream)
            table = np.array([[*x, y] for _, (x, y) in Block.each_row(parts)])
    return check_learning(module, learning, plan, table, **options)


def _show(file: Path, plan: LearnPlan, checked: LearnCheck) -> None:
    echo(f"{file}: {plan.function}() is {plan.model} of {plan.features} features")
    for weight in plan.weights:
        echo(f"  {weight}")
    for feature in plan.fixed:
        echo(f"  x[{feature}]: no weight was found, what the model makes of it stays")
    echo(f"update{plan.update}")
    rows = f"{checked.rows} {'made-up ' if checked.are_made_up else ''}rows"
    loss = "log loss" if plan.link == "logistic" else "squared error"
    echo(
        f"On {rows} it predicts as before; {checked.passes} passes over them bring the mean {loss} "
        f"from {checked.before:.4g} to {checked.after:.4g}."
    )
