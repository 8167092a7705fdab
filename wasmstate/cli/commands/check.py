"""``wasmstate check``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from wasmstate.binary.module import Module
from wasmstate.cli.common import about, as_json, echo, echo_json, existing_file, state_option
from wasmstate.cli.progress import bar
from wasmstate.cli.remedies import in_words
from wasmstate.runtime.validate import invalid, why_not_validated
from wasmstate.storage.check import check


@click.command("check")
@click.argument("files", type=existing_file, nargs=-1, required=True)
@state_option
@as_json
def command(files: tuple[Path, ...], beside: Path | None, as_json: bool) -> None:
    """Say what is wrong with files: where, why, and what to do.

    Every section is decoded, every byte of the state is held against its checksums, and a
    well-formed module is validated. Exit status 1 if a file has an error; warnings alone leave
    it 0. With --state, the state file beside the code is checked, too, and that it belongs to it.

    \b
    Examples:  wasmstate check *.wasm
               wasmstate check code.wasm --state model.state
    """
    if beside is not None and len(files) > 1:
        raise click.UsageError("--state is for one file: each code has its own")
    found = {}
    for file in files:
        with about(file), bar(f"checking {file.name}", file.stat().st_size) as progress:
            found[file] = check(file, state=beside, progress=progress.show)
            if not found[file] or all(each.severity == "warning" for each in found[file]):
                found[file] += invalid(Module.open(file))
    if as_json:
        echo_json(
            [{"file": str(file), **asdict(each)} for file, all_ in found.items() for each in all_]
        )
    else:
        for file, findings in found.items():
            for finding in findings:
                words = in_words(finding.remedies)
                help_ = f" ({words})" if words else ""
                echo(f"{file}: {finding}{help_}")
            if not any(finding.severity == "error" for finding in findings):
                reason = why_not_validated(Module.open(file))
                echo(f"{file}: ok{f', not validated: {reason}' if reason else ''}")
    if any(finding.severity == "error" for findings in found.values() for finding in findings):
        sys.exit(1)
