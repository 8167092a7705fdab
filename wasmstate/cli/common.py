"""What the commands share: files, errors, columns, JSON."""

from __future__ import annotations

import math
import os
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import click

from wasmstate.cli.remedies import help_lines
from wasmstate.errors import CallError, MalformedError, StateCorruptError, WasmstateError
from wasmstate.escapes import is_hostile, visible

_NO_PIPE = "it is read here and there, a pipe will not do: save it first"


class _ExistingFile(click.Path):
    """A file that is there; click would say of a pipe and of a broken link that they are not.

    Args:
        once: whether it is read once only, from start to end, so that a named pipe will do.
    """

    def __init__(self, *, once: bool = False) -> None:
        super().__init__(exists=True, dir_okay=False, path_type=Path)
        self._once = once

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if os.fspath(value) == "-":
            self.fail(_NO_PIPE, param, ctx)
        if os.path.islink(value) and not os.path.exists(value):
            target = os.readlink(value)
            self.fail(f"{value} is a link to {target}, which leads nowhere", param, ctx)
        path = super().convert(value, param, ctx)
        if not self._once and not os.path.isfile(value):
            reason = _NO_PIPE if Path(value).is_fifo() else "a device and a socket are no files"
            self.fail(f"{value}: {reason}", param, ctx)
        return path


class _NewLog(click.Path):
    """A new file; a number is rather an argument of the call, behind an option without its file."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if re.fullmatch(r"[+-]?[\d.,]+", os.fsdecode(value)):
            self.fail(f"{value!r} is a number: name the file to write, or ./{value}", param, ctx)
        return super().convert(value, param, ctx)


existing_file = _ExistingFile()
readable_file = _ExistingFile(once=True)
new_log = _NewLog()
new_file = click.Path(dir_okay=False, path_type=Path)
keep_option = click.option(
    "--keep",
    type=click.IntRange(0, 64),
    help="How many older generations the file keeps from now on; 1 if never said.",
)
state_option = click.option(
    "--state",
    "beside",
    type=existing_file,
    metavar="STATE",
    help="The state file beside FILE, which is only read then: see 'wasmstate split'.",
)
break_links = click.option(
    "--break-links", is_flag=True, help="Also if FILE has other names (hard links)."
)
no_validate = click.option(
    "--no-validate", is_flag=True, help="Write also what no engine would load."
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class Unusable(click.ClickException):
    """What is wrong lies with the system, not with a file that was looked at."""

    exit_code = 2


class AfterCallsError(CallError):
    """A call that failed after others.

    Attributes:
        kept: what became of those.
    """

    def __init__(self, message: str, kept: str) -> None:
        super().__init__(message, kept)
        self.kept = kept

    def __str__(self) -> str:
        return str(self.args[0])


def failed(message: str, below: Sequence[str] = ()) -> click.ClickException:
    """An error with lines below it; only lines that begin with two spaces may be in a message."""
    lines = [*re.split(r"\n(?=  )", message), *below]
    return click.ClickException("\n".join(map(visible, lines)))


@contextmanager
def about(path: Path, *, is_module: bool = True) -> Iterator[None]:
    """Turn errors and warnings about a file into messages that name it.

    Args:
        path: of the file; one that an error of the system names is named instead.
        is_module: whether ``wasmstate check`` says more of it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default", UserWarning)
            warnings.showwarning = _show_warning
            yield
    except WasmstateError as error:
        message = str(error)
        if not message.startswith((f"{path}:", f"{os.path.abspath(path)}:")):
            message = f"{path}: {message}"
        below = [error.kept] if isinstance(error, AfterCallsError) else []
        if is_module and isinstance(error, (MalformedError, StateCorruptError)):
            below.append(f"See all that is wrong with it: wasmstate check {quoted(path)}")
        raise failed(message, [*below, *help_lines(error)]) from error
    except BrokenPipeError:  # of the output, never of a file
        raise
    except OSError as error:
        raise unusable(error, path) from error


def unusable(error: OSError, path: Path | str) -> Unusable:
    """What the system says, of the file that it names, else of ``path``."""
    named = error.filename
    where = os.fsdecode(named) if isinstance(named, (str, bytes, os.PathLike)) else path
    return Unusable(visible(f"{where}: {error.strerror or error}"))


def quoted(path: Path) -> str:
    """A path as a shell takes it."""
    import shlex  # noqa: PLC0415 (only messages need it)

    return shlex.quote(str(path))


def echo(line: object, *, err: bool = False) -> None:
    """Print one line; what a name in it would do to the terminal is escaped."""
    _print(visible(str(line)), err=err)


def echo_lines(lines: Iterable[str]) -> None:
    """Print lines together, each as :func:`echo` does."""
    _print("\n".join(map(visible, lines)))


def echo_block(text: str) -> None:
    """Print lines of text whose line feeds are meant, as :func:`columns` gives them."""
    echo_lines(text.split("\n"))


def echo_bytes(content: bytes) -> None:
    """Print bytes as they are, and nothing behind them."""
    _print(content, nl=False)


def _print(text: str | bytes, *, err: bool = False, nl: bool = True) -> None:
    try:
        click.echo(text, err=err, nl=nl)
    except BrokenPipeError:
        raise
    except OSError as error:  # which around this would be taken for one of the file
        raise unusable(error, "the output") from error


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    echo(f"Warning: {message}", err=True)


def columns(rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Rows as lines of text with their columns aligned, those in ``right`` to the right."""
    rows = [[visible(cell) for cell in row] for row in rows]
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
    _print(_json(document, indent=2))


def echo_json_line(document: Any) -> None:
    """Print JSON on one line."""
    _print(_json(document))


def json_text(document: Any) -> str:
    """What :func:`echo_json_line` prints."""
    return _json(document)


def echo_json_texts(texts: Iterable[str]) -> None:
    """Print texts of :func:`json_text` together, each on its line."""
    _print("\n".join(texts))


def _json(document: Any, indent: int | None = None) -> str:
    """JSON that the output's encoding has, without a character that a terminal would obey."""
    import json  # noqa: PLC0415 (the help does without)

    plain = _plain(document)
    text: str = _encoder(indent).encode(plain)
    if text.isascii() and "\x7f" not in text:
        return text
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        text = json.dumps(plain, indent=indent, allow_nan=False)
    # What is left of them stands inside of strings: json escapes the first 32 itself.
    return "".join(json.dumps(c)[1:-1] if c != "\n" and is_hostile(c) else c for c in text)


@cache
def _encoder(indent: int | None) -> Any:
    from json import JSONEncoder  # noqa: PLC0415

    return JSONEncoder(indent=indent, ensure_ascii=False, allow_nan=False)


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
