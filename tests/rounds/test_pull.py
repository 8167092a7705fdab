"""A device takes a round: nothing counts twice, and what it learned stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rounds_support import Fleet, learn, rows_of
from wasmstate import Module, SchemaError, State, StateError, commit, merge, models, upgrade
from wasmstate.rounds import Acceptance, Pull, RoundError, push

Story = Callable[[Fleet, Path], int]


def sent_and_merged(fleet: Fleet, device: Path) -> int:
    learn(device, 3)
    push(device, fleet.folder / "inbox.wasm")
    fleet.merge(1, {"a": Module.open(device)})
    return 3


def sent_and_merged_and_went_on(fleet: Fleet, device: Path) -> int:
    total = sent_and_merged(fleet, device)
    for _ in range(3):  # more than the file keeps of its history
        learn(device, 2)
    return total + 6


def merged_without_being_sent(fleet: Fleet, device: Path) -> int:
    learn(device, 3)
    fleet.merge(1, {"a": Module.open(device)})
    learn(device, 2)
    return 5


def sent_too_late(fleet: Fleet, device: Path) -> int:
    fleet.merge(1, {"b": Module.open(fleet.device("b"))})
    learn(device, 4)
    push(device, fleet.folder / "inbox.wasm")
    return 4


def slept_through_a_round(fleet: Fleet, device: Path) -> int:
    total = sent_and_merged_and_went_on(fleet, device)
    other = fleet.device("other", 2)
    learn(other, 10)
    fleet.merge(2, {"other": Module.open(other)})
    return total + 10


def was_killed_before_it_forgot_what_it_had_sent(fleet: Fleet, device: Path) -> int:
    total = sent_and_merged(fleet, device)
    (sent,) = (device.with_name("a.wasm.rounds") / "sent").iterdir()
    data = sent.read_bytes()
    fleet.pull(device)
    sent.write_bytes(data)
    learn(device, 2)
    fleet.merge(2, {"a": Module.open(device)})
    return total + 2


def sent_twice(fleet: Fleet, device: Path) -> int:
    total = sent_and_merged(fleet, device)
    learn(device, 2)
    push(device, fleet.folder / "inbox.wasm")
    return total + 2


def learned_nothing(fleet: Fleet, device: Path) -> int:
    other = fleet.device("other")
    learn(other, 7)
    fleet.merge(1, {"other": Module.open(other)})
    return 7


@pytest.mark.parametrize(
    "story",
    [
        sent_and_merged,
        sent_and_merged_and_went_on,
        merged_without_being_sent,
        sent_too_late,
        slept_through_a_round,
        sent_twice,
        was_killed_before_it_forgot_what_it_had_sent,
        learned_nothing,
    ],
    ids=lambda story: story.__name__.replace("_", " "),
)
def test_each_row_is_in_the_model_once(fleet: Fleet, story: Story) -> None:
    device = fleet.device("a")
    total = story(fleet, device)
    done = fleet.pull(device)
    assert rows_of(device) == total
    assert State.open(device).metadata["device"] == "a"
    assert fleet.pull(device) == Pull(done.round, done.round, 0)


def test_what_was_carried_over_is_merged_into_the_next_round(fleet: Fleet) -> None:
    device = fleet.device("a")
    sent_and_merged_and_went_on(fleet, device)
    fleet.pull(device)
    push(device, fleet.folder / "inbox.wasm")
    fleet.merge(2, {"a": Module.open(device)})
    fleet.pull(device)
    assert rows_of(device) == 9


def test_a_canary_takes_the_round_first_and_the_others_are_told(fleet: Fleet) -> None:
    other = fleet.device("other")
    learn(other, 7)
    made = fleet.merge(1, {"other": Module.open(other)}, canary=50)
    chosen = {name: made.is_for(name) for name in "abcdefghijklmnop"}
    yes = next(name for name, is_in in chosen.items() if is_in)
    no = next(name for name, is_in in chosen.items() if not is_in)
    assert fleet.pull(fleet.device(yes)).round == 2
    late, later = fleet.device(no), fleet.device(no, folder="later")
    assert fleet.pull(late) == Pull(1, 1, 0, waiting=2)
    assert fleet.pull(late, device=yes).round == 2
    assert not made.is_for(None)
    assert fleet.publish(fleet.model(2), canary=100) == fleet.publish(fleet.model(2))
    assert fleet.pull(later).round == 2


def test_a_round_that_was_withdrawn_counts_once_for_those_who_took_it(fleet: Fleet) -> None:
    paths = {name: fleet.device(name) for name in "abc"}
    for i, path in enumerate(paths.values()):
        learn(path, 10**i)
        push(path, fleet.folder / f"inbox-{path.name}")
    sent = {name: Module.open(path) for name, path in paths.items()}
    fleet.merge(1, sent)  # c is poisoned
    fleet.pull(paths["a"])
    assert rows_of(paths["a"]) == 111
    learn(paths["a"], 5)
    fleet.merge(1, {name: sent[name] for name in "ab"})
    fleet.pull(paths["a"])
    fleet.pull(paths["b"])
    assert (rows_of(paths["a"]), rows_of(paths["b"])) == (11 + 5, 11)
    late = fleet.device("d")
    learn(late, 1)
    with pytest.raises(RoundError, match=r"round 2 was made from the same round, without 1 of"):
        fleet.merge(1, {"d": Module.open(late)})


def test_a_model_that_fails_the_check_of_its_round_is_not_taken(tmp_path: Path) -> None:
    lines = Fleet.new(tmp_path, models.new("linear", features=1))
    rows = tmp_path / "held_out.csv"
    rows.write_text("1,2\n2,4\n")
    device = lines.device("a")
    before = device.read_bytes()
    next_model = merge(lines.model(1), []).module
    lines.publish(next_model, acceptance=Acceptance("loss < 2.5", rows))
    with pytest.raises(RoundError, match=r"check 'loss < 2.5' does not hold here: loss is 3; the"):
        lines.pull(device)
    assert device.read_bytes() == before
    with pytest.raises(SchemaError, match="there is no 'auc'"):
        lines.publish(merge(lines.model(2), []).module, acceptance=Acceptance("auc > 1", rows))
    lines.publish(merge(lines.model(2), []).module, acceptance=Acceptance("loss < 3.5", rows))
    assert lines.pull(device).round == 3


def test_planned_code_takes_over_what_the_device_learned(tmp_path: Path) -> None:
    lines = Fleet.new(tmp_path, models.new("linear", features=1))
    device = lines.device("a")
    commit(device, State.open(device).with_values({"weights": [0.5]}))
    new = models.new("logistic", features=1)
    with pytest.raises(RoundError, match=r"^the model was not merged with the model of a publ"):
        lines.publish(merge(new, []).module)
    lines.publish(new, upgrade_from=1)
    lines.publish(merge(lines.model(2), []).module)
    assert lines.pull(device).round == 3
    assert State.open(device)["weights"].tolist() == [0.5]
    assert State.open(device).metadata["model"] == "logistic"


def test_code_that_no_round_planned_for_is_refused(tmp_path: Path) -> None:
    lines = Fleet.new(tmp_path, models.new("linear", features=1))
    device = lines.device("a")
    upgrade(device, models.new("logistic", features=1))
    with pytest.raises(RoundError, match=r"of round 1, and its code is other code, which no round"):
        lines.pull(device)


def test_a_device_that_was_set_back_is_refused(fleet: Fleet) -> None:
    device = fleet.device("a")
    backup = device.read_bytes()
    sent_and_merged(fleet, device)
    device.write_bytes(backup)
    with pytest.raises(StateError, match="it was set back to an older state"):
        fleet.pull(device)
    assert device.read_bytes() == backup


def test_a_model_of_no_round_is_refused(fleet: Fleet, tmp_path: Path) -> None:
    other = tmp_path / "other.wasm"
    merge(models.new("ucb1", arms=2), []).module.save(other)
    with pytest.raises(RoundError, match=r"^the model started from none of the published rounds$"):
        fleet.pull(other)
    models.new("ucb1", arms=2).save(other, overwrite=True)
    with pytest.raises(RoundError, match=r"^the model did not start from a merge"):
        push(other, tmp_path / "inbox.wasm")
