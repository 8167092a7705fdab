"""Bytes read when they are looked at, and edits laid over them."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gui_support import bytes_of
from wasmstate.binary.sections.base import Frame
from wasmstate.binary.source import BytesSource, open_source
from wasmstate_gui.core.document.edited_source import (
    JoinedSource,
    PatchedSource,
    Patches,
    same_bytes,
    shown_bytes,
    with_patch,
)

RUNS = st.lists(st.tuples(st.integers(0, 30), st.binary(min_size=1, max_size=9)), max_size=8)


@given(RUNS, st.integers(0, 45), st.integers(0, 45))
def test_patches_are_what_overwriting_one_after_the_other_gives(
    runs: list[tuple[int, bytes]], offset: int, size: int
) -> None:
    base = bytes(range(40))
    expected, patches = bytearray(base), Patches()
    for start, run in runs:
        expected[start : start + len(run)] = run
        patches = with_patch(patches, start, run)
    ends = [start + len(run) for start, run in patches]
    assert all(end < start for end, (start, _) in zip(ends, patches[1:], strict=False))
    source = PatchedSource(BytesSource(base), patches)
    assert source.read(offset, size) == bytes(expected[:40])[offset : offset + size]


@given(st.lists(st.binary(max_size=7), max_size=6), st.integers(0, 45), st.integers(0, 45))
def test_joined_pieces_are_read_as_one(parts: list[bytes], offset: int, size: int) -> None:
    frames = [Frame(BytesSource(b"??" + part), 2, 2, 2 + len(part)) for part in parts]
    joined = JoinedSource(frames)
    whole = b"".join(parts)
    assert joined.size == len(whole)
    assert joined.read(offset, size) == whole[offset : offset + size]


def test_of_a_file_that_became_shorter_the_rest_is_not_there(large: Path) -> None:
    source = open_source(large)
    assert len(shown_bytes(source, source.size - 32, 32)) == 32
    with large.open("r+b") as file:
        file.truncate(1000)
    assert shown_bytes(source, source.size - 32, 32) == b""
    assert len(shown_bytes(source, 0, 32)) == 32


def test_equal_bytes_are_the_same_wherever_they_are(large: Path) -> None:
    source = open_source(large)
    data = bytes_of(source)
    assert same_bytes(source, BytesSource(data))
    assert not same_bytes(source, BytesSource(data[:-1]))
    assert not same_bytes(source, BytesSource(data[:-1] + b"?"))
