"""Many devices, three versions of their code: whatever comes in between, nothing is lost.

Devices learn, skip a version, are offered an older one, and lose power in the middle of an upgrade.
What each must hold is counted beside it, by the names of the features. Files are bytes here; that
a crash leaves none of other bytes is proved in tests/storage/proof.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from models import from_wat
from support import THOROUGH
from wasmstate import Module, SchemaError, State, StateError, attach, join, migrate, split
from wasmstate.state.beside import held_for
from wasmstate.state.digest import module_digest
from wasmstate.state.older import with_next
from wasmstate.state.record import successor

DEVICES = 1000 if THOROUGH else 60
VERSIONS = {
    1: (("wind", "sun"), ("sums:f32[2]@0", "count:i32@64")),
    2: (("sun", "wind"), ("sums:f64[2]@0", "n:i32@64")),
    3: (("sun", "fog", "wind"), ("sums:f64[3]@128", "n:i64@0", "rate:f64@8")),
}
PLANS: dict[tuple[int, int], dict[str, Any]] = {
    (1, 2): {"names": {"count": "n"}, "by_name": ["sums"]},
    (1, 3): {"names": {"count": "n"}, "by_name": ["sums"]},
    (2, 3): {"by_name": ["sums"]},
    (3, 2): {"drop": ["rate"], "by_name": ["sums"]},  # which would lose what was learned of fog
}


def released(version: int) -> Module:
    features, tensors = VERSIONS[version]
    code = f'(module (memory (export "memory") 1) (func (export "v{version}")))'
    return attach(from_wat(code), tensors, metadata={"feature_names_in": list(features)})


RELEASES = {version: released(version) for version in VERSIONS}


@dataclass
class Device:
    """Code and state in one file, or in two, of which an upgrade may replace one only."""

    files: tuple[Module, ...]
    learned: Counter[str] = field(default_factory=Counter)
    updates: int = 0

    @property
    def module(self) -> Module:
        return self.files[0] if len(self.files) == 1 else join(*self.files)

    @property
    def version(self) -> int:
        digest = module_digest(self.files[0])
        return next(v for v, each in RELEASES.items() if module_digest(each) == digest)

    def save(self, module: Module) -> None:
        self.files = (module,) if len(self.files) == 1 else split(module)

    def learn(self, feature: str, amount: int) -> None:
        module, state = self.module, State.of(self.module)
        features = VERSIONS[self.version][0]
        if feature not in features:
            return
        count = "count" if "count" in state else "n"
        sums = state["sums"].copy()
        sums[features.index(feature)] += amount
        values = {"sums": sums, count: state[count] + 1}
        now = state.with_values(values).with_contents(
            state.with_values(values).contents(), updates=1
        )
        record = successor(now.record, state.record)
        self.save(with_next(module, record.encode(), record.keep))
        self.learned[feature] += amount
        self.updates += 1

    def upgrade(self, version: int, *, cut: bool) -> None:
        after = migrate(self.module, RELEASES[version], **PLANS[self.version, version])
        if not cut:
            self.save(after)
        elif len(self.files) == 2:  # the state file is in place, the code is not
            self.files = (self.files[0], split(after)[1])

    def check(self) -> None:
        state = State.of(self.module)
        features = VERSIONS[self.version][0]
        held = dict(zip(features, state["sums"].tolist(), strict=True))
        assert {name: amount for name, amount in held.items() if amount} == self.learned
        assert state.update_count == int(state["count" if "count" in state else "n"])
        assert state.update_count == self.updates


def test_devices_lose_nothing_over_three_versions() -> None:
    random = Random(1)
    starts = (RELEASES[1],), split(RELEASES[1])
    devices = [Device(starts[i % 2]) for i in range(DEVICES)]
    refused = 0
    for device in devices:
        for _ in range(6):
            version = random.choice((2, 3, 3, 2))
            if random.random() < 0.5 or (device.version, version) not in PLANS:
                device.learn(random.choice(("wind", "sun", "fog")), random.randint(1, 1000))
                continue
            try:
                device.upgrade(version, cut=random.random() < 0.4)
            except SchemaError as error:
                refused += "the values of fog would be lost" in str(error)
        device.check()
    versions = Counter(device.version for device in devices)
    assert min(versions.values()) > DEVICES / 20, versions
    assert refused > DEVICES / 20


def test_the_state_file_of_a_cut_upgrade_holds_for_both_codes_and_no_third() -> None:
    device = Device(split(RELEASES[1]))
    device.learn("sun", 5)
    device.upgrade(2, cut=True)
    device.check()
    new = split(RELEASES[2])[0]
    assert State.of(join(new, device.files[1]))["sums"].tolist() == [5, 0]
    with pytest.raises(StateError, match="the state belongs to other code"):
        held_for(device.files[1], module_digest(RELEASES[3]))
