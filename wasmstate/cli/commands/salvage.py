"""``wasmstate salvage``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from wasmstate.binary.module import Module
from wasmstate.cli.common import (
    about,
    as_json,
    columns,
    echo,
    echo_block,
    echo_json,
    existing_file,
    new_file,
    plural,
)
from wasmstate.cli.remedies import in_words


class _Offset(click.ParamType[int]):
    name = "offset"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        try:
            return int(value, 0)
        except ValueError:
            self.fail(f"{value!r} is no offset: write 3781 or 0xec5", param, ctx)


@click.command("salvage")
@click.argument("file", type=existing_file)
@click.option("--donor", type=existing_file, help="A file with the same code, or an older copy.")
@click.option("-o", "--output", type=new_file, help="Write what is saved here.")
@click.option(
    "--fill",
    type=click.Choice(["prev", "init", "donor", "leftover", "zeros"]),
    help="Where tensors that are lost are filled from.",
)
@click.option(
    "--accept",
    multiple=True,
    type=click.Choice(["values", "code"]),
    help="Take it as it stands, though nothing proves it; may be repeated.",
)
@click.option("--record", type=_Offset(), help="Take the record at this offset, of several.")
@click.option("--repair", "repair", metavar="NAME", help="Make one repair only, one check named.")
@click.option("--force", is_flag=True, help="Replace the output file if there is one.")
@as_json
def command(
    file: Path,
    donor: Path | None,
    output: Path | None,
    fill: str | None,
    accept: tuple[str, ...],
    record: int | None,
    repair: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Take from a damaged FILE what is proven, and write it to another.

    Each tensor is named with what proves it: its own CRC-32, or the state digest where something
    had to be mended. Nothing is filled in, and nothing unproven is taken, unless you say so.
    Without -o nothing is written. FILE itself is never written to.

    With --repair, only that repair is made, and every byte and cell that it changes is shown.

    Exit status 1 if something is lost, or not proven.

    \b
    Examples:  wasmstate salvage broken.wasm
               wasmstate salvage broken.wasm --donor backup.wasm -o saved.wasm
               wasmstate salvage broken.wasm --fill prev -o saved.wasm
               wasmstate salvage broken.wasm --repair mend-record -o saved.wasm
    """
    if repair is not None:
        _repair(file, repair, output, force=force, as_json=as_json)
        return

    from wasmstate.storage import write_apart  # noqa: PLC0415 (needs NumPy)
    from wasmstate.storage.salvage import salvage  # noqa: PLC0415

    if donor is not None:
        with about(donor):
            Module.open(donor)  # so that what is wrong with it is not said of FILE
    with about(file):
        saved = salvage(file, donor=donor, fill=fill, accept=accept, record=record)  # type: ignore[arg-type]
    if output is not None and saved.data is not None:
        with about(output):
            inputs = [file] if donor is None else [file, donor]
            write_apart(saved.data, output, *inputs, overwrite=force)
    if as_json:
        echo_json(
            {
                "records": [asdict(each) for each in saved.records],
                "generation": saved.generation,
                "tensors": [asdict(each) for each in saved.tensors],
                "proven": saved.proven,
                "code": saved.code,
                "mended": saved.mended,
                "obstacles": saved.obstacles,
                "size": None if saved.data is None else len(saved.data),
            }
        )
    else:
        _show(saved, output)
    if saved.data is None or saved.proven < len(saved.tensors) or not saved.code:
        sys.exit(1)


def _show(saved: Any, output: Path | None) -> None:
    for each in saved.records:
        generation = "?" if each.generation is None else each.generation
        digest = f"state {each.digest[:12]}" if each.digest else "not whole"
        echo(f"record at {each.offset:#x}: generation {generation}, {digest}")
    for step in saved.mended:
        echo(f"mended: {step}")
    if saved.tensors:
        rows = [(each.name, each.status, each.by) for each in saved.tensors]
        echo_block(columns([("tensor", "status", "by"), *rows]))
    echo(f"code: {'proven by ' + saved.code if saved.code else 'not proven'}")
    echo(f"{saved.proven} of {plural(len(saved.tensors), 'tensor')} proven")
    for obstacle in saved.obstacles:
        echo(f"not written: {obstacle}", err=True)
    if saved.remedies:
        echo(f"What helps: {in_words(saved.remedies)}", err=True)
    if saved.data is not None:
        _say_written(output, len(saved.data))


def _repair(file: Path, name: str, output: Path | None, *, force: bool, as_json: bool) -> None:
    from wasmstate.storage import write_apart  # noqa: PLC0415
    from wasmstate.storage.salvage import preview_repair  # noqa: PLC0415

    with about(file):
        preview = preview_repair(file, name)
    if output is not None:
        with about(output):
            write_apart(preview.data, output, file, overwrite=force)
    if as_json:
        echo_json(
            {
                "repair": preview.name,
                "proof": preview.proof,
                "changes": [
                    {"offset": c.offset, "before": c.before.hex(), "after": c.after.hex()}
                    for c in preview.changes
                ],
                "tensors": [asdict(each) for each in preview.tensors],
            }
        )
        return
    echo(f"{preview.name}: {preview.title}")
    echo(f"proven by {preview.proof}" if preview.proof else "NOT proven by anything")
    for change in preview.changes:
        echo(f"  {change.offset:#x}: {_bytes(change.before)} -> {_bytes(change.after)}")
    for tensor in preview.tensors:
        for cell in tensor.changes:
            index = f"[{','.join(map(str, cell.index))}]" if cell.index else ""
            echo(f"  {tensor.name}{index}: {cell.before!r} -> {cell.after!r}")
    _say_written(output, len(preview.data))


def _say_written(output: Path | None, size: int) -> None:
    if output is None:
        echo("nothing was written: give -o OUT to write it", err=True)
    else:
        echo(f"{output}: {plural(size, 'byte')}")


def _bytes(data: bytes) -> str:
    shown = data[:16].hex(" ") or "nothing"
    return shown if len(data) <= 16 else f"{shown} ... ({plural(len(data), 'byte')})"
