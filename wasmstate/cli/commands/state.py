"""``wasmstate state``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from wasmstate.binary.module import Module
from wasmstate.cli.common import (
    about,
    as_json,
    columns,
    echo,
    echo_block,
    echo_json,
    existing_file,
    plural,
)
from wasmstate.errors import StateError
from wasmstate.session.value_files import json_values
from wasmstate.state.compare.history import history, state_at
from wasmstate.state.state import State
from wasmstate.state.tensor import shape_text, values_text


@click.command("state")
@click.argument("file", type=existing_file)
@click.option("--tensor", "names", multiple=True, help="Only this tensor, whole; may be repeated.")
@click.option("--generation", type=int, metavar="N", help="An older one that is in the file.")
@as_json
def command(file: Path, names: tuple[str, ...], generation: int | None, as_json: bool) -> None:
    """Show the state S that a module carries: its generation and its tensors.

    \b
    Examples:  wasmstate state model.wasm
               wasmstate state model.wasm --tensor weights
               wasmstate state model.wasm --generation 3
               wasmstate state model.wasm --json
    """
    with about(file):
        module = Module.open(file, strict=False)
        state = _state(module, generation)
        shown = [state.tensor(name).name for name in names] or list(state)
        if as_json:
            echo_json(document(state, shown))
        else:
            _show(state, shown, whole=bool(names))
        if module.damage is not None:
            raise module.damage


def _state(module: Module, generation: int | None) -> State:
    try:
        return State.of(module) if generation is None else state_at(history(module), generation)
    except StateError:
        if module.damage is not None:  # which explains it
            raise module.damage from None
        raise


def _show(state: State, shown: list[str], *, whole: bool) -> None:
    size = sum(region.size for region in state.regions)
    echo(
        f"generation {state.generation}, {plural(state.update_count, 'update')}, "
        f"{plural(size, 'byte')} in {plural(len(state.regions), 'region')}, "
        f"state {state.digest.hex()[:12]}"
    )
    rows = [
        (name, _type(state, name), state.place(name), _values(state[name], whole=whole))
        for name in shown
    ]
    echo_block(columns([("tensor", "type", "place", "values"), *rows]))


def document(state: State, names: list[str]) -> dict[str, Any]:
    """A state as JSON shows it."""
    return {
        "generation": state.generation,
        "tensors": {
            name: {
                "dtype": state.tensor(name).dtype,
                "shape": list(state.tensor(name).shape),
                "values": json_values(state[name]),
                "place": state.place(name),
            }
            for name in names
        },
    }


def _type(state: State, name: str) -> str:
    return state.tensor(name).dtype + shape_text(state.tensor(name).shape)


def _values(values: Any, *, whole: bool) -> str:
    if not whole:
        return values_text(values)
    return np.array2string(values, threshold=values.size + 1, precision=6, separator=" ")
