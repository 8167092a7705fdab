"""Options such as ``--function 'update(x: f64[3]@sym:x, y: f64)'``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from wasmstate.binary.module import Module
    from wasmstate.state.signature import Signature

_FUNCTION = re.compile(r"\s*(?P<name>[^()]*?)\s*(?P<params>\(.*\))\s*(?P<results>->.*)?", re.DOTALL)

function_option = click.option(
    "--function",
    "functions",
    multiple=True,
    metavar="NAME(PARAM: TYPE, ...)",
    help="Parameters of a function, arrays above all: 'update(x: f64[3]@sym:x, y: f64)'. "
    "Repeatable.",
)


def signatures_of(module: Module, functions: Iterable[str]) -> dict[str, Signature]:
    """The signature of each function; results that are not given are those of its type.

    Raises:
        SchemaError: if a signature cannot be read.
        MalformedError: if the types of the module cannot be decoded.
    """
    from wasmstate.binary.spaces import Spaces  # noqa: PLC0415 (--help needs none of these)
    from wasmstate.state.signature import Signature  # noqa: PLC0415

    found: dict[str, Signature] = {}
    exported = None
    for text in functions:
        match = _FUNCTION.fullmatch(text)
        if match is None or not match["name"]:
            raise click.UsageError(f"--function {text}: write NAME(PARAM: TYPE, ...)")
        name, results = match["name"], match["results"]
        if name in found:
            raise click.UsageError(f"--function {text}: {name} stands there twice")
        if results is None:
            if exported is None:
                exported = Spaces(module).exported_functions()
            types = exported[name].results if name in exported else ()
            results = f"-> ({', '.join(map(str, types))})"
        found[name] = Signature.parse(f"{match['params']} {results}")
    return found
