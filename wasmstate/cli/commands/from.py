"""``wasmstate from``."""

from __future__ import annotations

from pathlib import Path

import click

from wasmstate import State, from_dump, from_onnx, from_skops
from wasmstate.cli.common import about, echo, existing_file, new_file, plural
from wasmstate.storage.commit import write_new


@click.command("from")
@click.argument("fitted", metavar="FILE", type=existing_file)
@click.option("-o", "--output", type=new_file, required=True, help="The file to write.")
@click.option("--force", is_flag=True, help="Replace the output file if there is one.")
@click.option(
    "--update",
    type=click.Choice(["auto", "none"]),
    default="auto",
    show_default=True,
    help="How the model goes on: by the rule of the estimator, or not at all.",
)
@click.option(
    "--pages",
    type=click.IntRange(1, 65_536),
    default=1,
    show_default=True,
    help="Pages of memory, 64 KiB each.",
)
@click.option("--lr", type=float, help="The learning rate of a model that descends.")
@click.option(
    "--trust", "trusted", multiple=True, metavar="TYPE", help="A type that FILE may hold, too."
)
def command(
    fitted: Path,
    output: Path,
    force: bool,
    update: str,
    pages: int,
    lr: float | None,
    trusted: tuple[str, ...],
) -> None:
    """Make a model of the estimator in FILE.

    skops.io.dump() writes estimators of scikit-learn, save_model() boosted trees of xgboost (JSON)
    and of LightGBM (text); a file of ONNX must be a line or a neural network. The model predicts
    alike, and goes on learning. Pickles are refused: they run code when they are loaded. A type
    that is not of scikit-learn, NumPy or SciPy is named, and read only if --trust names it.

    \b
    Examples:  wasmstate from forest.skops -o forest.wasm --pages 4
               wasmstate from line.skops -o line.wasm --lr 0.001
               wasmstate from line.skops -o frozen.wasm --update none
               wasmstate from xgboost.json -o trees.wasm --pages 2
               wasmstate from network.onnx -o network.wasm --lr 0.01
    """
    options = {} if lr is None else {"lr": lr}
    with about(fitted, is_module=False):
        start = _start_of(fitted)
        if start in (b"{", b"t"):
            module = from_dump(fitted, update=update, pages=pages, **options)
        elif start == b"\x08":  # the version, the first field of an ONNX model
            module = from_onnx(fitted, update=update, pages=pages, **options)
        else:
            module = from_skops(fitted, trusted=trusted, update=update, pages=pages, **options)
    with about(output):
        write_new(output, module, overwrite=force)
    state = State.of(module)
    kind = f"{state.metadata['model']} of {state.metadata['estimator']}"
    learns = "" if "update" in state.entry_points else ", predicts alone"
    echo(f"{output}: {kind}, {plural(module.size, 'byte')}{learns}")


def _start_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(1)
