"""``wasmstate compat``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from wasmstate import Module, State, compare_versions
from wasmstate.cli.common import about, as_json, existing_file
from wasmstate.cli.versions import show_versions


@click.command("compat")
@click.argument("old", type=existing_file)
@click.argument("new", type=existing_file)
@as_json
def command(old: Path, new: Path, as_json: bool) -> None:
    """Compare two versions of a model: what becomes of its state, and of its callers.

    Each tensor is kept, converted, lost or new: by name, type, shape and unit, and by the names of
    features and classes. Functions are the same, changed, removed or added. Neither file is run or
    written. Exit status 1 if a tensor is lost, or a call may mean another thing.

    \b
    Example:  wasmstate compat model.wasm model-v2.wasm
    """
    with about(old):
        before = Module.open(old)
        State.of(before)
    with about(new):
        versions = compare_versions(before, Module.open(new))
    show_versions(versions, as_json=as_json)
    if versions.verdict == "lost" or versions.breaks_callers:
        sys.exit(1)
