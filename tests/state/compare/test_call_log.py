"""Call logs: what was recorded is read again, and what is damaged is named."""

from __future__ import annotations

import contextlib
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import state_of, write_counter
from support import fewer_examples, message
from wasmstate import State, StateCorruptError, StateError
from wasmstate.state.compare.call_log import (
    Entry,
    EntryKind,
    LogEncoder,
    contents_digest,
    read_log,
)

DIGEST = bytes(range(32))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> State:
    path: Path = tmp_path_factory.mktemp("log") / "model.wasm"
    return state_of(write_counter(path))


ENTRIES = (
    Entry(EntryKind.CALL, "update", (b"\1\0\0\0\0\0\0\0",), DIGEST),
    Entry(EntryKind.ROWS, "update_many", (bytes(48), bytes(16)), bytes(32)),
    Entry(EntryKind.STATE, "", (b"", b"abc"), DIGEST),
    Entry(EntryKind.CALL, "größer", (), DIGEST),
)


def encoded(base: State, *entries: Entry) -> list[bytes]:
    encoder = LogEncoder(base)
    return [encoder.head, *(encoder.encode(each) for each in entries)]


def test_what_was_written_is_read(base: State) -> None:
    log = read_log(b"".join(encoded(base, *ENTRIES)))
    assert log.base.to_content() == base.to_content()
    assert (log.entries, log.torn) == (ENTRIES, 0)


def test_the_digest_is_that_of_all_regions_in_order() -> None:
    assert contents_digest([b"ab", b"c"]).hex() == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4, "abc"
    )


def test_an_entry_that_was_never_finished_is_passed_over(base: State) -> None:
    pieces = encoded(base, *ENTRIES)
    whole = b"".join(pieces[:-1])
    for cut in range(len(pieces[-1])):
        log = read_log(whole + pieces[-1][:cut])
        assert (log.entries, log.torn) == (ENTRIES[:-1], cut)


def test_an_entry_that_is_missing_or_stands_elsewhere_is_noticed(base: State) -> None:
    head, first, second, third, fourth = encoded(base, *ENTRIES)
    for content in (
        head + second + third,
        head + first + third + second,
        head + first + first + second,
        head + first + third + fourth,
    ):
        with pytest.raises(StateCorruptError, match="checksum mismatch"):
            read_log(content)


@pytest.mark.parametrize("arrived", [0, 40])
def test_an_end_of_zeros_is_of_an_entry_that_did_not_arrive(base: State, arrived: int) -> None:
    whole = b"".join(encoded(base, *ENTRIES))
    start = len(b"".join(encoded(base, *ENTRIES[:-1])))
    content = whole[: start + arrived].ljust(len(whole) + 100, b"\0")
    log = read_log(content)
    assert (log.entries, log.torn) == (ENTRIES[:-1], len(content) - start)


def test_every_bit_that_flips_is_noticed(base: State) -> None:
    pieces = encoded(base, *ENTRIES)
    content = b"".join(pieces)
    starts = [sum(map(len, pieces[:i])) for i in range(1, len(pieces))]
    flips = [(at, at % 8) for at in range(len(content))]
    flips += [(at + byte, bit) for at in starts for byte in range(8) for bit in range(8)]
    for at, bit in flips:
        damaged = bytearray(content)
        damaged[at] ^= 1 << bit
        with pytest.raises(StateError):
            read_log(bytes(damaged))


def test_a_length_that_a_flip_made_too_long_is_named_with_the_true_one(base: State) -> None:
    head, *entries = encoded(base, *ENTRIES)
    damaged = bytearray(head + b"".join(entries))
    damaged[len(head) + 5] ^= 1
    size = len(entries[0])
    with pytest.raises(StateCorruptError) as caught:
        read_log(bytes(damaged))
    assert str(caught.value).endswith(f"{size + (1 << 40)}, its checksum fits {size}")


def forged(base: State, body: str, *, kind: int = 0, name: int = 1, count: int = 0) -> bytes:
    """A log of one entry with the right checksum, its body behind the head in hex."""
    head = LogEncoder(base).head
    content = bytes.fromhex(body)
    data = (16 + len(content)).to_bytes(8, "little")
    data += bytes([kind, name]) + count.to_bytes(2, "little") + content
    return head + data + zlib.crc32(head + data).to_bytes(4, "little")


def test_what_is_wrong_is_named(base: State) -> None:
    head = LogEncoder(base).head
    size, digest = len(head), "00" * 32

    def wrong(content: bytes) -> str:
        return message(StateCorruptError, lambda: read_log(content))

    assert wrong(b"\0asm") == "log.magic at content offset 0x0: this is no call log"
    assert wrong(b"\0" * 100) == "log.magic at content offset 0x0: this is no call log"
    assert wrong(head[:20] + b"\1" + head[21:]).endswith("checksum mismatch")
    newer = head[:8] + b"\2" + head[9:24]
    newer += zlib.crc32(newer).to_bytes(4, "little") + head[28:]
    assert wrong(newer) == "log.major at content offset 0x8: version 2 is not known"
    assert wrong(head[:-1]) == "log.record at content offset 0x1c: unexpected end"
    short = (10).to_bytes(8, "little") + bytes(40)
    assert wrong(head + short).endswith(f"at content offset {size:#x}: too short for an entry")
    assert wrong(forged(base, "61" + digest, kind=3)) == (
        f"log.entries[0].kind at content offset {size + 8:#x}: no kind 3"
    )
    assert wrong(forged(base, "ff" + digest)) == (
        f"log.entries[0].name at content offset {size + 12:#x}: malformed UTF-8 encoding"
    )
    assert wrong(forged(base, "61" + digest, count=1)) == (
        f"log.entries[0].arguments[0] at content offset {size + 45:#x}: length out of bounds"
    )
    assert wrong(forged(base, "61" + digest + "02" + "00" * 7 + "aa", count=1)).endswith(
        "length out of bounds"
    )
    assert wrong(forged(base, "61" + digest + "aa")) == (
        f"log.entries[0] at content offset {size + 45:#x}: an entry that is longer than what is "
        "in it"
    )
    assert "an entry that is longer" in wrong(forged(base, "61" + digest, name=2))


@fewer_examples
@given(st.binary(max_size=200), st.integers(0, 255), st.integers(0, 255), st.integers(0, 3))
def test_no_bytes_raise_anything_but_state_errors(
    base: State, body: bytes, kind: int, name: int, count: int
) -> None:
    for content in (
        body,
        LogEncoder(base).head + body,
        forged(base, body.hex(), kind=kind % 4, name=name, count=count),
    ):
        with contextlib.suppress(StateError):
            read_log(content)
