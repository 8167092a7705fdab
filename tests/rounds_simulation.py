"""A fleet over time: each device has its own pace, some die, some send twice or late.

Device ``i`` learns in cell ``i`` of ``xx`` only, so a model says how many rows of each device it
holds, and that is held against the number that the device did learn.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp

from rounds_support import Fleet
from wasmstate import Module, State, models, rename_exports
from wasmstate.fleet import FleetError, merge_table, scan
from wasmstate.rounds import push
from wasmstate.state.digest import module_digest
from wasmstate.state.older import STATE_SECTION, with_next
from wasmstate.state.record import successor

_FEATURES = 4  # of the model: it has no more than 256 arms


@dataclass
class Device:
    """A device: the file of its model, and what it did."""

    number: int
    path: Path
    pace: float
    rows: int = 0
    is_dead: bool = False

    def learn(self, rows: int) -> None:
        """Learn rows of its own cell, in one commit."""
        module = Module.from_bytes(self.path.read_bytes())
        before = State.of(module)
        values = {name: before[name].copy() for name in ("count", "xx")}
        values["count"] += rows
        values["xx"].reshape(-1)[self.number] += rows
        state = before.with_values(values)
        state = state.with_contents(state.contents(), updates=rows)
        record = replace(successor(state.record, before.record), keep=1)
        self.path.write_bytes(with_next(module, record.encode(), 1).to_bytes())
        self.rows += rows


@dataclass
class Simulation:
    """A fleet that lives; each pull is checked.

    Args:
        folder: an empty one.
        number: of devices.
        seed: of all chances.
        versions: modules of :func:`version`; the code changes from one to the next on the way.
    """

    folder: Path
    number: int
    seed: int
    versions: Sequence[Module]

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._fleet = Fleet.new(self.folder, self.versions[0])
        self._newest = 1
        self._canary: tuple[int, Path] | None = None  # the round before it, and what was merged
        self._inbox = self.folder / "inbox"
        self._inbox.mkdir()
        self._waiting = list(self.versions[1:])
        self.devices = [
            Device(i, self._fleet.device(str(i), folder="devices"), self._chance.uniform(0.2, 1))
            for i in range(self.number)
        ]

    @property
    def living(self) -> list[Device]:
        """The devices that neither died nor were left out of a round as poisoned."""
        return [each for each in self.devices if not each.is_dead]

    def run(self, hours: int) -> list[tuple[int, int]]:
        """Let hours pass; then all that live send what they have.

        Returns:
            For each living device its rows in the newest model, and those that it learned.
        """
        for hour in range(1, hours + 1):
            for device in self.living:
                if self._chance.random() < device.pace:
                    self._act(device)
            if hour % 4 == 0:
                self._publish()
        self._canary = None
        self._fleet.publish(self._fleet.model(self._newest))
        for device in self.living:
            self._pull(device)
            push(device.path, self._inbox / f"{device.number}.wasm")
        self._merge(self._newest, self._inbox, 100)
        cells = State.of(self._fleet.model(self._newest))["xx"].reshape(-1).tolist()
        return [(cells[each.number], each.rows) for each in self.living]

    def _act(self, device: Device) -> None:
        match self._chance.choices(
            ("learn", "push", "duplicate", "pull", "die"), (50, 20, 5, 30, 1)
        )[0]:
            case "learn":
                device.learn(self._chance.randint(1, 9))
            case "push":
                push(device.path, self._inbox / f"{device.number}.wasm")
            case "duplicate":
                push(device.path, self._inbox / f"{device.number}.wasm")
                push(device.path, self._inbox / f"{device.number}-again.wasm")
            case "pull":
                self._pull(device)
            case "die":
                device.is_dead = True

    def _pull(self, device: Device) -> None:
        self._fleet.pull(device.path)
        state = State.open(device.path)
        cells = state["xx"].reshape(-1).tolist()
        assert cells[device.number] == device.rows, f"device {device.number}"
        assert all(cells[each.number] <= each.rows for each in self.devices)
        assert sum(cells) == int(state["count"]) == state.update_count

    def _publish(self) -> None:
        if self._canary is not None:
            parent, merged = self._canary
            self._canary = None
            if self._chance.random() < 0.5:
                self._fleet.publish(self._fleet.model(self._newest))
                return
            if not self.living:
                return
            poisoned = self._chance.choice(self.living)
            poisoned.is_dead = True
            for name in (f"{poisoned.number}.wasm", f"{poisoned.number}-again.wasm"):
                (merged / name).unlink(missing_ok=True)
            self._merge(parent, merged, 100)
        elif self._waiting and self._chance.random() < 0.3:
            made = self._fleet.publish(self._waiting.pop(0), upgrade_from=self._newest)
            self._newest = made.number
        else:
            merged = Path(mkdtemp(dir=self.folder))
            shutil.copytree(self._inbox, merged, dirs_exist_ok=True)
            share = self._chance.choice((20, 50, 100))
            parent = self._newest
            if self._merge(parent, merged, share) and share < 100:
                self._canary = parent, merged

    def _merge(self, base: int, inbox: Path, share: float) -> bool:
        """Publish what the devices sent; false if nobody did that could be merged."""
        table, start = self.folder / "fleet.parquet", self.folder / "base.wasm"
        scan([str(inbox)], table, overwrite=True)
        self._fleet.model(base).save(start, overwrite=True)
        try:
            merged = merge_table(table, start).merge
        except FleetError:
            return False
        digests = [each.digest for each in merged.devices]
        self._newest = self._fleet.publish(merged.module, digests, canary=share).number
        return True


def version(number: int, devices: int) -> Module:
    """Code of a version: all have the same tensors, with cells for this number of devices."""
    module = models.new("linucb", arms=max(2, -(-devices // _FEATURES**2)), features=_FEATURES)
    if number == 1:
        return module
    renamed = rename_exports(module, {"memory": f"memory{number}"})
    state = State.of(module)
    lineage = replace(state.record.lineage, module_digest=module_digest(renamed))
    return renamed.with_custom(
        STATE_SECTION, replace(state.record, lineage=lineage).encode(), force=True
    )
