"""Publishing: who is listed as merged was merged, and each round follows from one before."""

from __future__ import annotations

import pytest

from rounds_support import Fleet, learn
from wasmstate import Module, merge, models
from wasmstate.rounds import RoundError, create_repository


def test_the_devices_that_were_merged_have_to_be_listed(fleet: Fleet) -> None:
    device = fleet.device("a")
    learn(device, 3)
    merged = merge(fleet.model(1), [device])
    with pytest.raises(RoundError, match="merged from 1 devices, and the 0 listed are not those"):
        fleet.publish(merged.module)
    with pytest.raises(RoundError, match="merged from 1 devices, and the 1 listed are not those"):
        fleet.publish(merged.module, ["00" * 32])
    with pytest.raises(RoundError, match="a state digest is 64 hexadecimal digits"):
        fleet.publish(merged.module, ["x"])
    assert fleet.publish(merged.module, [merged.devices[0].digest]).parent == 1


def test_a_model_that_no_merge_gave_cannot_be_a_base(fleet: Fleet) -> None:
    with pytest.raises(RoundError, match=r"^the model is not what a merge gave"):
        fleet.publish(models.new("linucb", arms=2, features=1))
    device = fleet.device("a")
    learn(device, 1)
    with pytest.raises(RoundError, match=r"^the model is not what a merge gave"):
        fleet.publish(Module.open(device))


def test_an_older_round_and_an_impossible_share_are_refused(fleet: Fleet) -> None:
    fleet.publish(merge(fleet.model(1), []).module)
    with pytest.raises(RoundError, match=r"^this is round 1, and there is round 2$"):
        fleet.publish(fleet.model(1))
    with pytest.raises(RoundError, match=r"^the canary share is 0 to 100 percent, not 101$"):
        fleet.publish(fleet.model(2), canary=101)
    with pytest.raises(RoundError, match=r"^there is no round 9$"):
        fleet.publish(models.new("linucb", arms=3, features=1), upgrade_from=9)


def test_a_repository_and_its_keys_are_never_replaced(fleet: Fleet) -> None:
    with pytest.raises(FileExistsError):
        create_repository(fleet.repository, fleet.folder / "keys")
    with pytest.raises(FileExistsError):
        create_repository(fleet.folder / "other", fleet.folder / "keys")
    assert {path.stat().st_mode & 0o777 for path in (fleet.folder / "keys").iterdir()} == {0o600}


def test_a_key_that_is_none_is_named(fleet: Fleet) -> None:
    key = fleet.folder / "keys" / "targets.pem"
    key.write_text("no key")
    with pytest.raises(RoundError, match=r"targets.pem: this is no private key"):
        fleet.publish(merge(fleet.model(1), []).module)
