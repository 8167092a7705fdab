"""Damaged records, all checksums right: the runtimes open the same files, or name one error."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import struct
import subprocess
import zlib
from contextlib import suppress
from typing import Any

from conformance.test_vectors import RUNNERS, VECTORS
from node import needs_package

MUTANTS = 3000
MODULES = ("halves", "whole", "rows", "values", "globals", "matrix", "start")
BYTES = b"\x00\x01\x02\x7f\x80\xff" + b'0129 ",-.:[]{}e'


def mutant(order: random.Random) -> bytes:
    """A file with one byte of its record changed, and the checksums of what is there."""
    data = (VECTORS / f"modules/{order.choice(MODULES)}.wasm").read_bytes()
    start = data.index(b"\x89WST")
    record = bytearray(data[start:])  # the last section
    (count,), (schema,) = (struct.unpack_from("<I", record, at) for at in (36, 44))
    end = 256 + 40 * count
    part = order.choice([(0, 256), (256, end), (end, end + schema), (0, len(record))])
    at = order.randrange(*part)
    record[at] = order.choice([order.choice(BYTES), order.randrange(256)])
    with suppress(struct.error, IndexError):  # of a length that leads out of the record
        repair(record)
    return data[:start] + record


def repair(record: bytearray) -> None:
    """Make all checksums those of the bytes that the header leads to."""

    def number(at: int, size: int = 4) -> int:
        return int.from_bytes(record[at : at + size], "little")

    length, end = number(20), number(56, 8) + number(64, 8)
    table = slice(length, length + 40 * number(36))
    schema = slice(table.stop, table.stop + number(44))
    payload = slice(number(56, 8), end)
    if end + 32 > len(record):
        return
    for at in range(table.start, min(table.stop, len(record) - 40), 40):
        first = payload.start + number(at + 24, 8)
        stored = record[first : first + number(at + 16, 8)]
        struct.pack_into("<I", record, at + 32, zlib.crc32(stored))
    for at, part in ((40, table), (48, schema), (52, payload)):
        struct.pack_into("<I", record, at, zlib.crc32(record[part]))
    record[112:144] = hashlib.sha256(record[table] + record[schema] + record[payload]).digest()
    struct.pack_into("<I", record, length - 4, zlib.crc32(record[: length - 4]))
    record[end + 8 : end + 16] = record[24:32]
    struct.pack_into("<Q", record, end + 16, end + 32)
    record[end + 24 : end + 28] = record[length - 4 : length]
    struct.pack_into("<I", record, end + 28, zlib.crc32(record[end : end + 28]))


def answers(runner: str, files: list[bytes]) -> list[Any]:
    """What a runtime says when it opens each file."""
    lines = [{"file": base64.b64encode(f).decode(), "steps": [{"do": "open"}]} for f in files]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run(RUNNERS[runner], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line)[0] for line in done.stdout.splitlines()]


@needs_package
def test_the_runtimes_agree_about_each_file() -> None:
    order = random.Random(1)
    files = [mutant(order) for _ in range(MUTANTS)]
    both = zip(answers("python", files), answers("javascript", files), strict=True)
    found = [(ours, theirs) for ours, theirs in both if ours != theirs]
    assert found == []
