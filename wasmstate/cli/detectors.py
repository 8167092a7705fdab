"""Detectors on the command line: one that comes with wasmstate, by its name, or a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from wasmstate import models
from wasmstate.binary.module import Module
from wasmstate.cli.common import about
from wasmstate.cli.families import family_params
from wasmstate.errors import SchemaError
from wasmstate.session.session import Session
from wasmstate.state.signature import Param
from wasmstate.state.state import State

NAMES = ("ddm", "page_hinkley", "ewma")


def fitting(learned: Sequence[Param]) -> str:
    """The detector for a model whose ``update`` takes this, if none is named."""
    is_class = bool(learned) and learned[-1].dtype.startswith("i")
    return "ddm" if is_class else "page_hinkley"


@contextmanager
def detector(name: str, options: Sequence[str] = (), **how: Any) -> Iterator[Session | Module]:
    """A detector.

    Args:
        name: of a file that keeps it, or of a detector of wasmstate, of which a new one is made
            that is kept in memory only.
        options: of a new one, as ``wasmstate models new`` takes them.
        how: a file is opened: see :meth:`Session.open`.
    """
    path = Path(name)
    if not path.exists():
        yield _made(name, options)
        return
    if options:
        raise click.UsageError(
            f"{' '.join(options)}: {name} has its options in its state, see wasmstate set"
        )
    with about(path):
        keep = max(State.open(path).keep, 1)  # to go back if a power cut leaves it ahead
        opened = Session.open(path, keep=keep, **how)
    with opened:
        yield opened


def _made(name: str, options: Sequence[str]) -> Module:
    if name not in NAMES:
        raise click.UsageError(
            f"no detector {name!r}: there are {', '.join(NAMES)}, or give a file"
        )
    family = models.describe(name)
    parser = click.Command(name, params=family_params(family), add_help_option=False)
    given = parser.make_context(name, list(options)).params
    try:
        return family.make(None, {key: each for key, each in given.items() if each is not None})
    except SchemaError as error:
        raise click.UsageError(str(error)) from error
