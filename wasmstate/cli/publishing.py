"""``wasmstate fleet init`` and ``wasmstate fleet publish``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from wasmstate.cli.common import (
    Unusable,
    about,
    as_json,
    echo,
    echo_json,
    existing_file,
)
from wasmstate.cli.migration_options import migration_options

_folder = click.Path(path_type=Path, file_okay=False)


@click.command("init")
@click.argument("repository", type=_folder)
@click.option("--keys", type=_folder, required=True, help="The folder for the private keys.")
def init(repository: Path, keys: Path) -> None:
    """Make a repository for models, and the keys that sign them.

    Each role of The Update Framework has an Ed25519 key of its own. Keep that of root on a machine
    without a network: publishing does not need it. Devices get the root metadata once, with the
    model or by hand.

    \b
    Example:  wasmstate fleet init fleet-repo --keys keys
    """
    with _rounds() as rounds, about(repository, is_module=False):
        root = rounds.create_repository(repository, keys)
    echo(f"{root}: give it to the devices")


class _Percent(click.ParamType[float]):
    name = "percent"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            return float(str(value).removesuffix("%"))
        except ValueError:
            self.fail(f"{value!r}: give a share such as 5%", param, ctx)


@click.command("publish")
@click.argument("model", type=existing_file)
@click.option("--to", "repository", type=_folder, required=True, help="Made by 'fleet init'.")
@click.option("--keys", type=_folder, required=True, help="The folder with the private keys.")
@click.option("--canary", type=_Percent(), default="100%", help="The share of devices; all.")
@click.option(
    "--merged",
    type=existing_file,
    metavar="JSON",
    help="What 'wasmstate fleet merge --json' wrote: the devices that are in MODEL.",
)
@click.option("--check", metavar="CONDITION", help="On accuracy or loss; needs --rows.")
@click.option("--rows", type=existing_file, help="The table for the check.")
@click.option(
    "--from",
    "upgrade_from",
    type=click.IntRange(1),
    metavar="ROUND",
    help="MODEL is new code, which takes over the state of this round.",
)
@click.option("--days", type=click.FloatRange(0), default=30, help="It is fresh for; 30.")
@migration_options
@as_json
def publish(
    model: Path,
    repository: Path,
    keys: Path,
    canary: float,
    merged: Path | None,
    check: str | None,
    rows: Path | None,
    upgrade_from: int | None,
    days: float,
    carrying: dict[str, Any],
    as_json: bool,
) -> None:
    """Offer MODEL to the devices of a fleet as the next round.

    MODEL is what a merge wrote whose base was the model of a round. With --canary only a share of
    the devices takes it, chosen by their ids; the same MODEL again with a greater share gives it to
    more. With --check a device keeps its old model unless the new one fulfils the condition on
    --rows. Other code is a round of its own, with --from.

    \b
    Examples:  wasmstate fleet publish next.wasm --merged merge.json --to repo --keys keys
               wasmstate fleet publish next.wasm --canary 50% --to repo --keys keys
               wasmstate fleet publish v2.wasm --from 3 --to repo --keys keys
    """
    if (check is None) != (rows is None):
        raise click.UsageError("--check and --rows belong together")
    with _rounds() as rounds, about(model):
        acceptance = None
        if check is not None and rows is not None:
            acceptance = rounds.Acceptance(check, rows)
        made = rounds.publish(
            repository,
            keys,
            model,
            canary=canary,
            merged=[] if merged is None else _digests(merged),
            acceptance=acceptance,
            upgrade_from=upgrade_from,
            days=days,
            **{name: value for name, value in carrying.items() if value},
        )
    if as_json:
        echo_json({"round": made.number, "parent": made.parent, "canary": made.canary})
    else:
        echo(f"round {made.number}, for {made.canary:g} % of the devices")


def _digests(path: Path) -> list[str]:
    try:
        devices = json.loads(path.read_text())["devices"]
        return [str(each["digest"]) for each in devices]
    except (KeyError, TypeError, ValueError) as error:
        raise click.UsageError(f"--merged {path}: this is no output of a merge") from error


@contextmanager
def _rounds() -> Iterator[ModuleType]:
    """The package behind, which is an extra."""
    try:
        from wasmstate import rounds  # noqa: PLC0415 (an extra)

        yield rounds
    except ModuleNotFoundError as error:
        raise Unusable(str(error)) from error
