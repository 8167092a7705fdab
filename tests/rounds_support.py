"""A fleet with a repository of rounds in a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wasmstate import Module, State, merge, models
from wasmstate.rounds import Pull, create_repository, publish, pull
from wasmstate.rounds.round import Round
from wasmstate.state.change.personalize import personalize
from wasmstate.state.older import with_next
from wasmstate.state.record import successor


@dataclass
class Fleet:
    """A repository, and the folder of its devices.

    Attributes:
        folder: that holds all.
        root: the root metadata.
    """

    folder: Path
    root: Path

    @classmethod
    def new(cls, folder: Path, model: Module | None = None) -> Fleet:
        """A fleet whose first round is published; a sum and a count are learned."""
        root = create_repository(folder / "repository", folder / "keys")
        fleet = cls(folder, root)
        start = models.new("linucb", arms=2, features=1) if model is None else model
        fleet.publish(merge(start, []).module)
        return fleet

    @property
    def repository(self) -> str:
        """The folder of the repository."""
        return str(self.folder / "repository")

    def model(self, number: int) -> Module:
        """The model of a round."""
        found = next((self.folder / "repository" / "targets").glob(f"*.{number}.wasm"))
        return Module.from_bytes(found.read_bytes())

    def publish(self, model: Module, merged: Sequence[str] = (), **options: Any) -> Round:
        """Publish a model."""
        return publish(self.repository, self.folder / "keys", model, merged=merged, **options)

    def merge(self, number: int, devices: Mapping[str, Module], **options: Any) -> Round:
        """Publish the merge of devices with the model of a round as their base."""
        merged = merge(self.model(number), devices)
        return self.publish(merged.module, [each.digest for each in merged.devices], **options)

    def device(self, name: str, number: int = 1, folder: str = "") -> Path:
        """A device that begins with the model of a round."""
        path = self.folder / folder / f"{name}.wasm"
        path.parent.mkdir(exist_ok=True)
        personalize(self.model(number), name).save(path)
        return path

    def pull(self, path: Path, **options: Any) -> Pull:
        """What the device does from time to time."""
        return pull(self.repository, path, root=self.root, **options)


def learn(path: Path, rows: int) -> None:
    """Let a device learn rows, each of reward 1, in one commit."""
    Path(path).write_bytes(learned(Module.open(path), rows).to_bytes())


def learned(module: Module, rows: int) -> Module:
    """The next generation with more rows, each of reward 1 by the first arm."""
    before = State.of(module)
    values = {name: before[name].copy() for name in ("count", "pulls", "xy")}
    values["count"] += rows
    values["pulls"][0] += rows
    values["xy"][0] += rows
    state = before.with_values(values)
    state = state.with_contents(state.contents(), updates=rows)
    record = successor(state.record, before.record)
    return with_next(module, replace(record, keep=1).encode(), 1)


def rows_of(path: Path) -> int:
    """How many rows are in a device's model."""
    state = State.open(path)
    assert int(state["xy"][0].sum()) == int(state["count"]) == state.update_count
    return int(state["count"])


def digest(path: Path) -> str:
    """Of the whole file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
