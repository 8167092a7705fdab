"""What the commands share: files, errors, columns, JSON."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from wasmstate.cli.remedies import with_help
from wasmstate.errors import MalformedError, StateCorruptError, WasmstateError

existing_file = click.Path(exists=True, dir_okay=False, path_type=Path)
new_file = click.Path(dir_okay=False, path_type=Path)
keep_option = click.option(
    "--keep",
    type=click.IntRange(0, 64),
    help="How many older generations the file keeps from now on; 1 if never said.",
)
break_links = click.option(
    "--break-links", is_flag=True, help="Also if FILE has other names (hard links)."
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@contextmanager
def about(path: Path) -> Iterator[None]:
    """Turn errors and warnings about a file into messages that name it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default", UserWarning)
            warnings.showwarning = _show_warning
            yield
    except WasmstateError as error:
        message = str(error)
        if not message.startswith(str(path)):
            message = f"{path}: {message}"
        if isinstance(error, (MalformedError, StateCorruptError)):
            message += f"\nSee all that is wrong with it: wasmstate check {path}"
        raise click.ClickException(with_help(message, error.remedies)) from error
    except BrokenPipeError:  # of the output, never of a file
        raise
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror or error}") from error


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    click.echo(f"Warning: {message}", err=True)


def columns(rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Rows as lines of text with their columns aligned, those in ``right`` to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def echo_json(document: Any) -> None:
    """Print JSON; numbers that JSON lacks become the texts ``nan``, ``inf`` and ``-inf``."""
    click.echo(json.dumps(_plain(document), indent=2, ensure_ascii=False, allow_nan=False))


def echo_json_line(document: Any) -> None:
    """Print JSON on one line."""
    click.echo(json.dumps(_plain(document), ensure_ascii=False, allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def plural(count: int, word: str) -> str:
    """``1 section``, ``2,000 sections``."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"
