"""Options of the commands that carry a state over to new code."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from wasmstate.cli.pairs import pairs


def migration_options(command: Callable[..., None]) -> Callable[..., None]:
    """What may become of tensors; the command is called with it as ``carrying``."""

    @click.option("--drop", multiple=True, metavar="TENSOR", help="An old tensor that may be lost.")
    @click.option("--map", "names", multiple=True, metavar="OLD=NEW", help="A tensor's new name.")
    @click.option("--reshape", multiple=True, metavar="TENSOR", help="May have another shape.")
    @click.option(
        "--by-name",
        multiple=True,
        metavar="TENSOR",
        help="Its axes go over features or classes: values go to the index of their name.",
    )
    @click.option(
        "--reinterpret",
        multiple=True,
        metavar="TENSOR",
        help="Takes the numbers as they are, though its unit or the names differ.",
    )
    @wraps(command)
    def with_carrying(
        *args: Any,
        drop: tuple[str, ...],
        names: tuple[str, ...],
        reshape: tuple[str, ...],
        by_name: tuple[str, ...],
        reinterpret: tuple[str, ...],
        **options: Any,
    ) -> None:
        carrying = {
            "drop": drop,
            "names": pairs("--map", names),
            "reshape": reshape,
            "by_name": by_name,
            "reinterpret": reinterpret,
        }
        command(*args, carrying=carrying, **options)

    return with_carrying
