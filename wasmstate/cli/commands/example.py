"""``wasmstate example``."""

from __future__ import annotations

from pathlib import Path

import click

from wasmstate.cli.common import about, as_json, columns, echo, echo_block, echo_json
from wasmstate.samples import SAMPLES


@click.command("example")
@click.argument("names", nargs=-1, metavar="[NAME]...", type=click.Choice(list(SAMPLES)))
@click.option(
    "--into",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="The folder; the one where you are if not given.",
)
@click.option("--force", is_flag=True, help="Replace files that are there.")
@as_json
def command(names: tuple[str, ...], folder: Path, force: bool, as_json: bool) -> None:
    """Write the files of examples, to try the commands with them.

    Without NAME the examples are listed.

    \b
    Examples:  wasmstate example
               wasmstate example bandit
               wasmstate run bandit.wasm update --from clicks.csv
    """
    if not names:
        if as_json:
            echo_json([{"name": name, "summary": each.summary} for name, each in SAMPLES.items()])
        else:
            echo_block(columns([(name, each.summary) for name, each in SAMPLES.items()]))
        return

    from wasmstate.storage.commit import write_apart  # noqa: PLC0415 (a list does not need it)

    files: dict[Path, bytes] = {}
    with about(folder, is_module=False):
        for name in names:
            files |= {folder / path: content for path, content in SAMPLES[name].files().items()}
    present = [path for path in files if path.exists()]
    if present and not force:
        shown = ", ".join(map(str, present))
        raise click.UsageError(f"{shown}: there already, --force replaces; nothing was written")
    for path, content in files.items():
        with about(path, is_module=False):
            path.parent.mkdir(exist_ok=True)
            write_apart(content, path, overwrite=force)
    if as_json:
        echo_json([str(path) for path in files])
    else:
        for path in files:
            echo(path)
