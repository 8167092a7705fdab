"""``wasmstate new``."""

from __future__ import annotations

import re
from pathlib import Path

import click

from wasmstate import templates
from wasmstate.cli.common import about, echo, quoted

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


@click.command("new")
@click.argument("name")
@click.option(
    "--lang",
    "language",
    type=click.Choice(list(templates.LANGUAGES)),
    default="c",
    show_default=True,
    help="What the model is written in.",
)
@click.option(
    "--into",
    "parent",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="Where the folder is made; where you are if not given.",
)
def command(name: str, language: str, parent: Path) -> None:
    """Make a folder with a model of your own: code, build file, schema, test and README.

    The model is a linear regression that is ready to be built and changed.

    \b
    Examples:  wasmstate new mine
               wasmstate new mine --lang rust
    """
    if not _NAME.fullmatch(name):
        raise click.UsageError(
            f"{name!r}: a name has letters, digits, - and _, and begins with a letter"
        )
    folder = parent / name
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise click.UsageError(f"{folder} is there already; nothing was written")

    from wasmstate.storage.commit import write_apart  # noqa: PLC0415 (for --help)

    with about(folder, is_module=False):
        folder.mkdir(exist_ok=True)
    for file, content in templates.project_files(name, language).items():
        with about(folder / file, is_module=False):
            write_apart(content, folder / file)
        echo(folder / file)
    install = templates.LANGUAGES[language].install
    echo(f"next: cd {quoted(folder)}; {install}; python build.py", err=True)
