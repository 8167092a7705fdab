"""A whole memory is stored without its zeros, in one way only."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasmstate.state.memory_image import (
    BLOCK,
    MAX_SIZE,
    address_of_stored,
    decode_image,
    encode_image,
    sparse_bytes,
    with_part,
)


def stored(*runs: tuple[int, bytes]) -> bytes:
    table = b"".join(struct.pack("<QQ", address, len(content)) for address, content in runs)
    return struct.pack("<Q", len(runs)) + table + b"".join(content for _, content in runs)


def block(at: int = 0, size: int = BLOCK) -> bytes:
    return bytes(at) + b"\x01" + bytes(size - at - 1)


def test_blocks_of_zeros_are_left_out() -> None:
    memory = bytes(BLOCK) + block(3) + block(9) + bytes(5 * BLOCK) + block(255) + bytes(BLOCK)
    assert encode_image(memory) == stored((BLOCK, block(3) + block(9)), (8 * BLOCK, block(255)))
    assert encode_image(bytes(65536)) == stored()
    assert encode_image(b"") == stored()


def test_a_last_block_may_be_shorter() -> None:
    memory = block() + bytes(BLOCK) + b"\0\0\1"
    assert encode_image(memory) == stored((0, block()), (2 * BLOCK, b"\0\0\1"))
    assert encode_image(memory[:-1]) == stored((0, block()))


def test_a_stored_byte_has_an_address() -> None:
    image = stored((BLOCK, block()), (3 * BLOCK, block()))
    first = 8 + 2 * 16
    found = [address_of_stored(image, 1024, at) for at in (0, first - 1, first, first + BLOCK + 2)]
    assert found == [None, None, BLOCK, 3 * BLOCK + 2]


@given(st.lists(st.sampled_from([bytes(BLOCK), block(), block(200)])), st.binary(max_size=5))
def test_what_was_stored_comes_back(blocks: list[bytes], rest: bytes) -> None:
    memory = b"".join(blocks) + rest
    assert decode_image(encode_image(memory), len(memory)) == memory


@given(
    st.lists(st.sampled_from([bytes(BLOCK), block(), block(200)]), min_size=1),
    st.binary(max_size=5),
    st.data(),
)
def test_a_part_is_written_as_into_the_memory_itself(
    blocks: list[bytes], rest: bytes, data: st.DataObject
) -> None:
    memory = b"".join(blocks) + rest
    at = data.draw(st.integers(0, len(memory)))
    size = data.draw(st.integers(0, min(len(memory) - at, 3 * BLOCK)))
    part = data.draw(st.sampled_from([bytes(size), b"\1" * size]))
    after = memory[:at] + part + memory[at + size :]
    assert with_part(encode_image(memory), len(memory), at, part) == encode_image(after)


def test_a_part_of_a_memory_that_is_only_claimed_is_written_among_its_runs() -> None:
    image = stored((0, block()), (3 << 30, block()))
    assert with_part(image, MAX_SIZE, (1 << 31) + 7, b"\5") == stored(
        (0, block()), (1 << 31, bytes(7) + b"\5" + bytes(BLOCK - 8)), (3 << 30, block())
    )


@given(st.binary(max_size=80), st.integers(0, 2000))
def test_any_bytes_are_one_memory_or_an_error(content: bytes, size: int) -> None:
    try:
        memory = decode_image(content, size)
    except ValueError:
        return
    assert encode_image(memory) == content


@pytest.mark.parametrize(
    ("content", "size", "reason"),
    [
        (stored(), MAX_SIZE + 1, "a memory of 4294967297 bytes, at most 4294967296 can be"),
        (bytes(7), 512, "cut short in the number of runs"),
        (struct.pack("<Q", 1 << 60), 512, "1152921504606846976 runs do not fit into 8 bytes"),
        (stored((1, block())), 512, "run 0 is out of place"),
        (stored((0, b"")), 512, "run 0 is out of place"),
        (stored((512, block())), 512, "run 0 is out of place"),
        (stored((0, block()), (256, block())), 512, "run 1 is out of place"),
        (stored((0, b"\1")), 512, "run 0 does not end with a block"),
        (stored((0, block())) + b"x", 512, "its runs have 280 bytes, 281 are there"),
        (stored((0, block() + bytes(BLOCK))), 512, "run 0 has a block of zeros"),
    ],
)
def test_what_cannot_be_is_named(content: bytes, size: int, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        decode_image(content, size)


@given(st.binary(max_size=40), st.integers(0, 20), st.integers(0, 20))
def test_sparse_bytes_are_zeros_with_pieces(piece: bytes, before: int, after: int) -> None:
    size = before + len(piece) + after
    expected = bytes(before) + piece + bytes(after)
    assert sparse_bytes(size, [(before, piece)]) == expected
    assert sparse_bytes(size, []) == bytes(size)
    assert bytes(1) == b"\0", "what the interpreter shares is as it was"


@pytest.mark.parametrize(("size", "offset"), [(4, -1), (4, 3), (0, 0), (1, 0)])
def test_a_piece_is_never_written_beyond_the_bytes(size: int, offset: int) -> None:
    with pytest.raises(ValueError, match=f"2 bytes at {offset} of {size}"):
        sparse_bytes(size, [(offset, b"ab")])
