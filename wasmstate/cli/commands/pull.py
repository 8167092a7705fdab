"""``wasmstate pull``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from wasmstate.cli.common import (
    Unusable,
    about,
    as_json,
    break_links,
    echo,
    echo_json,
    existing_file,
    plural,
)


@click.command("pull")
@click.argument("source", metavar="URL|FOLDER")
@click.argument("file", type=existing_file)
@click.option("--root", type=existing_file, help="The root metadata; only the first time.")
@click.option("--device", metavar="ID", help="Of this device; if not given, that in FILE.")
@break_links
@as_json
def command(
    source: str,
    file: Path,
    root: Path | None,
    device: str | None,
    break_links: bool,
    as_json: bool,
) -> None:
    """Take the model of the newest round, and keep what FILE has learned by itself.

    The repository is one of 'wasmstate fleet publish'. What is not signed by a trusted key, or is
    older than what was seen before, is refused; so are other code that no round planned for, and a
    model that does not fulfil the check of its round. FILE is replaced so that a crash leaves the
    old model or the new one. FILE.rounds keeps what is trusted.

    \b
    Examples:  wasmstate pull https://example.org/fleet model.wasm --root 1.root.json
               wasmstate pull https://example.org/fleet model.wasm
    """
    try:
        from wasmstate import rounds  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError as error:
        raise Unusable(str(error)) from error
    with about(file):
        done = rounds.pull(source, file, root=root, device=device, allow_break_links=break_links)
    if as_json:
        echo_json({"is_new": done.is_new, **asdict(done)})
        return
    if done.is_new:
        own = plural(done.updates, "update")
        echo(f"{file}: round {done.before} -> {done.round}, goes on with {own} of its own")
    else:
        echo(f"{file}: is of round {done.round}")
    if done.waiting is not None:
        echo(f"round {done.waiting} is not for this device yet")
