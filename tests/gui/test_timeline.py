"""The tree of steps: every state is there again, bit for bit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasmstate_gui.core.document.delta import apply_delta, changed_bytes, decode_delta, encode_delta
from wasmstate_gui.core.timeline.timeline import Event, Timeline

OPENED = Event("opened", "opened", 0)


def called(updates: int) -> Event:
    return Event("call", f"update({updates})", updates)


def timeline_of(states: list[bytes], **most: int) -> Timeline:
    timeline = Timeline([states[0][:3], states[0][3:]], OPENED, **most)
    for i, state in enumerate(states[1:], 1):
        timeline.add(called(i), [state[:3], state[3:]])
    return timeline


def whole(timeline: Timeline, id: int) -> bytes:
    return b"".join(timeline.contents(id))


@given(st.tuples(st.binary(max_size=100), st.binary(max_size=100)))
def test_a_delta_leads_there_and_back(states: tuple[bytes, bytes]) -> None:
    before, after = states
    delta = encode_delta(before, after)
    state = np.frombuffer(before, np.uint8).copy()
    state = apply_delta(state, delta, len(after))
    assert state.tobytes() == after
    assert apply_delta(state, delta, len(before)).tobytes() == before
    pairs = itertools.zip_longest(before, after, fillvalue=0)
    assert changed_bytes(delta) == sum(a != b for a, b in pairs)


def test_a_delta_of_few_bytes_of_a_large_state_is_small() -> None:
    before = bytes(1 << 20)
    after = bytearray(before)
    after[5] = after[500_000] = 1
    assert len(encode_delta(before, bytes(after))) < 40
    assert encode_delta(before, before) == b""


@pytest.mark.parametrize("every", [1, 30, 200])
def test_a_delta_of_many_runs_leads_there_and_back(every: int) -> None:
    after = np.zeros(300_000, np.uint8)
    after[::every] = 7
    delta = encode_delta(bytes(len(after)), after.tobytes())
    state = apply_delta(np.zeros(len(after), np.uint8), delta, len(after))
    assert np.array_equal(state, after)
    shorter = apply_delta(np.zeros(1000, np.uint8), delta, 1000)
    assert np.array_equal(shorter, after[:1000])
    runs = decode_delta(delta)
    for start, stop in ((0, 8), (196, 204), (299_990, 300_000), (299_801, 299_802)):
        assert runs.between(start, stop).tobytes() == after[start:stop].tobytes()


@given(st.lists(st.binary(min_size=8, max_size=8), min_size=2, max_size=40))
def test_every_state_is_there_again_bit_for_bit(states: list[bytes]) -> None:
    timeline = timeline_of(states)
    assert [whole(timeline, id) for id in timeline.path] == states
    assert [len(each) for each in timeline.contents()] == [3, 5]


def test_ten_thousand_steps_are_reached_over_states_that_were_kept_whole() -> None:
    generator = np.random.default_rng(1)
    states = [bytes(64)]
    for _ in range(10_000):
        state = bytearray(states[-1])
        at = int(generator.integers(0, 64))
        state[at] ^= int(generator.integers(1, 256))
        states.append(bytes(state))
    timeline = timeline_of(states)
    for id in (0, 1, 499, 500, 501, 5_000, 9_999, 10_000):
        timeline.go(id)
        assert b"".join(timeline.contents()) == states[id]
        assert timeline.position == id


def test_stepping_from_an_older_state_starts_a_branch_and_the_other_stays() -> None:
    timeline = timeline_of([b"aaaaaaaa", b"baaaaaaa", b"bbaaaaaa", b"bbbaaaaa"])
    timeline.go(1)
    id = timeline.add(called(2), [b"bxa", b"aaaaa"])
    assert timeline.path == [0, 1, id]
    assert timeline.forks() == [1]
    assert timeline.branches(id) == [2, id]
    assert timeline.other_branch(1) == 2
    timeline.go(2)
    assert timeline.path == [0, 1, 2, 3]
    assert timeline.position == 2
    timeline.go(3)
    assert timeline.other_branch(-1) == id
    assert whole(timeline, 3) == b"bbbaaaaa"
    assert whole(timeline, id) == b"bxaaaaaa"


def test_going_forward_takes_the_branch_that_was_shown_last() -> None:
    timeline = timeline_of([b"aaaaaaaa", b"baaaaaaa"])
    timeline.go(0)
    other = timeline.add(called(1), [b"caa", b"aaaaa"])
    timeline.go(0)
    assert timeline.path == [0, other]
    timeline.go(1)
    timeline.go(0)
    assert timeline.path == [0, 1]


def test_without_a_fork_there_is_no_other_branch() -> None:
    assert timeline_of([b"aaaaaaaa", b"baaaaaaa"]).other_branch(1) is None


def numbers(first: float, second: float) -> list[bytes]:
    return [np.float64(first).tobytes(), np.float64(second).tobytes()]


def values_of(timeline: Timeline) -> list[float]:
    (found,) = timeline.series([(8, "float64")])
    return found.tolist()


def test_a_cells_values_are_followed_along_the_branch() -> None:
    timeline = Timeline(numbers(0, 0), OPENED)
    ids = [timeline.add(called(i), numbers(i, 2 * i)) for i in range(1, 20)]
    assert values_of(timeline) == [2 * i for i in range(20)]
    timeline.add(called(20), numbers(20, 40))
    timeline.add(called(21), numbers(21, 40))
    assert values_of(timeline) == [*(2 * i for i in range(21)), 40]
    found = timeline.series([(0, "float64"), (8, "float64"), (0, "float64")])
    assert [each[-1] for each in found] == [21, 40, 21]
    timeline.go(ids[4])
    timeline.add(called(6), numbers(6, 7))
    timeline.add(called(7), numbers(7, 8))
    assert values_of(timeline) == [0, 2, 4, 6, 8, 10, 7, 8]
    timeline.go(ids[5])
    timeline.go(timeline.path[-1])
    timeline.add(called(22), numbers(22, 41))
    assert values_of(timeline) == [*(2 * i for i in range(21)), 40, 41]


def test_a_cells_values_are_those_of_the_steps_that_are_left() -> None:
    timeline = Timeline(numbers(0, 0), OPENED, most_steps=100)
    found = []
    for i in range(1, 300):
        timeline.add(called(i), numbers(i, i))
        found.append(values_of(timeline))
    lengths = {len(each) for each in found}
    assert max(lengths) == 100
    assert found == [[*map(float, range(i + 1 - len(f), i + 1))] for i, f in enumerate(found, 1)]


@pytest.mark.parametrize("most", [{"most_steps": 100}, {"most_bytes": 30_000}])
def test_with_too_many_steps_the_oldest_are_left_out(most: dict[str, int]) -> None:
    states = [i.to_bytes(8, "little") for i in range(1000)]
    timeline = timeline_of(states, **most)
    assert 50 < len(timeline) <= 150
    assert timeline.position == len(timeline.path) - 1
    assert [whole(timeline, id) for id in timeline.path] == states[-len(timeline.path) :]
    assert timeline.number(timeline.here) == 999
    assert timeline.on_disk is None
    assert timeline.parent(timeline.path[0]) is None
    assert 0 not in timeline


def test_a_memory_that_grows_is_kept_with_each_of_its_sizes() -> None:
    states = [[b"a", b"1"], [b"ab\0", b"2"], [b"abc", b"2"], [b"abc" + bytes(9), b"3"]]
    timeline = Timeline(states[0], OPENED)
    for i, state in enumerate(states[1:], 1):
        timeline.add(called(i), state)
    assert [timeline.contents(id) for id in timeline.path] == states
    timeline.go(0)
    assert timeline.contents() == states[0]
    timeline.add(called(1), states[3])
    assert timeline.contents() == states[3]


def test_a_trouble_is_noted_where_it_was_met() -> None:
    timeline = timeline_of([b"aaaaaaaa", b"baaaaaaa"])
    timeline.note_trouble("update() trapped")
    assert (timeline.trouble(0), timeline.trouble(1)) == ("", "update() trapped")
