"""``wasmstate migrate``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from wasmstate.binary.module import Module
from wasmstate.cli.common import about, as_json, echo_block, echo_json, existing_file, new_file
from wasmstate.cli.migration_options import migration_options
from wasmstate.state.change.migrate import migrate, plan_migration
from wasmstate.state.state import State
from wasmstate.storage.commit import write_new


@click.command("migrate")
@click.argument("old", type=existing_file)
@click.argument("new", type=existing_file)
@click.option("-o", "--output", type=new_file, help="The file to write; else only tell the plan.")
@click.option("--force", is_flag=True, help="Replace the output file if there is one.")
@migration_options
@as_json
def command(
    old: Path,
    new: Path,
    output: Path | None,
    force: bool,
    carrying: dict[str, Any],
    as_json: bool,
) -> None:
    """Let the code of NEW go on with the state that OLD has learned.

    NEW carries a state section of its own, as 'wasmstate attach' gave it. Tensors are found by
    their names: one that is new gets its initial value, one of a wider type is converted; whatever
    would be lost has to be asked for. Without -o nothing is written. Exit status 1 if NEW cannot
    take the state.

    \b
    Examples:  wasmstate migrate model.wasm model-v2.wasm
               wasmstate migrate model.wasm model-v2.wasm --map w=weights --drop n -o learned.wasm
    """
    with about(old):
        before = Module.open(old)
        state = State.of(before)
    with about(new):
        after = Module.open(new)
        wanted = State.of(after)
    with about(new):
        plan = plan_migration(state, wanted, **carrying)
        if output is not None and plan.verdict != "refused":
            module = migrate(before, after, **carrying)
            write_new(output, module, overwrite=force)
    if as_json:
        steps = [asdict(step) for step in plan.steps]
        echo_json({"verdict": plan.verdict, "tensors": steps})
    else:
        echo_block("\n".join([plan.verdict, *(f"  {step}" for step in plan.steps)]))
    if plan.verdict == "refused":
        sys.exit(1)
