"""``wasmstate upgrade``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from wasmstate import (
    CallLog,
    GrantOptions,
    Limits,
    Module,
    State,
    compare_versions,
    join,
    migrate,
    plan_migration,
    relearn,
    upgrade,
)
from wasmstate.cli.common import (
    about,
    as_json,
    break_links,
    echo,
    echo_json,
    existing_file,
    new_file,
    state_option,
)
from wasmstate.cli.grant_options import grant_options
from wasmstate.cli.limit_options import limit_options
from wasmstate.cli.logs import log_file, open_log
from wasmstate.cli.migration_options import migration_options
from wasmstate.cli.versions import show_versions, versions_json


@click.command("upgrade")
@click.argument("old", type=existing_file)
@click.argument("new", type=existing_file)
@click.option("--plan", "is_plan", is_flag=True, help="Only say what would become of the state.")
@click.option(
    "--replay",
    "log_path",
    type=log_file,
    metavar="LOG",
    help="Let the new code learn what 'run --record' wrote; else tensors are converted.",
)
@state_option
@click.option("-o", "--output", type=new_file, help="Write a copy, and leave OLD as it is.")
@click.option("--force", is_flag=True, help="Replace the output file if there is one.")
@migration_options
@break_links
@grant_options
@limit_options()
@as_json
def command(
    old: Path,
    new: Path,
    is_plan: bool,
    log_path: Path | None,
    beside: Path | None,
    output: Path | None,
    force: bool,
    carrying: dict[str, Any],
    break_links: bool,
    grants: GrantOptions,
    limits: Limits,
    as_json: bool,
) -> None:
    """Give the model in OLD the code of NEW, and keep what it has learned.

    NEW carries a state of its own, as 'wasmstate attach' gave it. The old code is never run:
    tensors are converted as 'wasmstate migrate' does, or with --replay the new code learns again
    what a log has recorded. OLD is replaced so that a crash leaves the old model or the new one;
    with --state, the old pair of files or the new one. Exit status 1 if NEW cannot take the state.

    \b
    Examples:  wasmstate upgrade model.wasm model-v2.wasm --plan
               wasmstate upgrade model.wasm model-v2.wasm --map w=weights --drop n
               wasmstate upgrade model.wasm model-v2.wasm --replay calls.log
               wasmstate upgrade code.wasm model-v2.wasm --state model.state
    """
    if is_plan and output is not None:
        raise click.UsageError("give --plan, or -o, not both")
    with about(old):
        before = Module.open(old) if beside is None else join(old, beside)
        held = State.of(before)
    with about(new):
        after = Module.open(new)
        wanted = State.of(after)
    log: CallLog | None = None
    if log_path is not None:
        with about(log_path, is_module=False):
            log = open_log(log_path)
    with about(new):
        is_whole = held.is_whole_memory or wanted.is_whole_memory  # only a log carries that over
        plan = None if is_whole else plan_migration(held, wanted, **carrying)
        versions = compare_versions(before, after, plan)
        is_refused = log is None and versions.plan.verdict == "refused"
        if not is_plan and not is_refused:
            if output is None:
                upgrade(
                    old,
                    after,
                    state=beside,
                    log=log,
                    limits=limits,
                    grants=grants,
                    allow_break_links=break_links,
                    **carrying,
                )
            else:
                module = (
                    migrate(before, after, **carrying)
                    if log is None
                    else relearn(before, after, log, limits=limits, grants=grants, **carrying)
                )
                module.save(output, overwrite=force)
    if as_json:
        echo_json({"written": not (is_plan or is_refused), **versions_json(versions)})
    elif log is None or is_plan:
        show_versions(versions, as_json=False)
    if is_refused:
        sys.exit(1)
    if not is_plan and not as_json:
        generation = held.generation
        echo(f"{output or old}: generation {generation} -> {generation + 1}, new code", err=True)
