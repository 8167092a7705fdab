"""Options of families of models, on the command line."""

from __future__ import annotations

import click

from wasmstate.models import Family


def family_params(family: Family) -> list[click.Parameter]:
    """An option for each of a family's; one that is not given is ``None``."""
    return [
        click.Option(
            [f"--{option.name}"],
            type=int if option.integer else float,
            required=option.default is None and option.name not in ("features", "classes"),
            help=f"{option.help[0].upper()}{option.help[1:]}"
            + ("." if option.default is None else f"; {option.default:g} if not given."),
        )
        for option in family.options
    ]
