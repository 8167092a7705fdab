"""``make fuzz``, second part: damaged states raise nothing but errors of the library.

    python tests/slow/fuzz_state.py [SECONDS] [SEED]

Mutations know the structure: checksums are made right again half of the time, so that what is
behind them is reached. A mutant of which the library says something new joins the pool that
mutants are made of. (atheris 3.0.0 can be installed, but saw no coverage of this package: in 6,000
runs no input was of interest to it.) What is found is kept in ``build/fuzz``, and belongs into
tests/state/test_regressions.py.
"""

from __future__ import annotations

import hashlib
import random
import re
import struct
import sys
import time
import zlib
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOUND = ROOT / "build" / "fuzz"
_NUMBERS = re.compile(r"(0x)?[0-9a-f]*\d[0-9a-f]*")
sys.path.insert(0, str(ROOT / "tests"))

from state.records import record_bytes  # noqa: E402 (found by the path above)
from wasmstate import Module, State, WasmstateError  # noqa: E402
from wasmstate.state.damage.check import check_module  # noqa: E402
from wasmstate.state.damage.repair import REPAIRS, preview  # noqa: E402
from wasmstate.state.damage.salvage import salvage_bytes  # noqa: E402
from wasmstate.state.older import PREV_SECTION, STATE_SECTION  # noqa: E402

BANDIT = Module.open(ROOT / "fixtures" / "bandit.wasm")
CODE = BANDIT.without_custom(STATE_SECTION)


def seeds() -> list[bytes]:
    """Contents of a state section to begin with."""
    real = [
        Module.open(path).custom_sections(STATE_SECTION)[0].content
        for path in sorted((ROOT / "fixtures").glob("*.wasm"))
    ]
    return [record_bytes(), *real, real[0] + real[1]]


def use(content: bytes) -> tuple[str, ...]:
    """Ask all that can be asked of a content; only errors of the library may come out.

    Returns:
        What the library says, numbers left out.
    """
    answers: list[str] = []
    with suppress(WasmstateError):
        state = State.from_content(content)
        assert state.to_content() == content
        state.violations()
        for name in state:
            state[name].tolist()
    module = CODE.with_custom(STATE_SECTION, content, force=True)
    with suppress(WasmstateError):
        State.of(module)
    for each in (module, BANDIT.with_custom(PREV_SECTION, content, index=0)):
        data = each.to_bytes()
        findings = check_module(Module.from_bytes(data, strict=False), instructions=False)
        answers += (_NUMBERS.sub("#", finding.path + finding.reason) for finding in findings)
        for finding in findings:
            assert finding.offset is None or 0 <= finding.offset <= len(data), finding
            if finding.repair in REPAIRS:
                with suppress(WasmstateError):
                    preview(finding.repair, data)
        saved = salvage_bytes(data, fill="zeros", accept=["values", "code"])
        if saved.data is not None:
            assert State.of(Module.from_bytes(saved.data)).to_content()
        answers += (tensor.status for tensor in saved.tensors)
    return tuple(answers)


def summed(content: bytes) -> bytes:
    """The content with the checksums that its parts ought to have, wherever they say they are."""
    data = bytearray(content)
    if len(data) < 288:
        return content
    (length,) = struct.unpack_from("<I", data, 20)
    region_at, count = struct.unpack_from("<II", data, 32)
    (schema_size,) = struct.unpack_from("<I", data, 44)
    payload_at, payload_size = struct.unpack_from("<QQ", data, 56)
    for i in range(min(count, 64)):
        at = region_at + 40 * i
        if at + 40 <= len(data):
            size, start = struct.unpack_from("<QQ", data, at + 16)
            region = data[payload_at + start : payload_at + start + size]
            struct.pack_into("<I", data, at + 32, zlib.crc32(region))
    table = data[region_at : region_at + 40 * count]
    schema_at = region_at + 40 * count
    schema = data[schema_at : schema_at + schema_size]
    payload = data[payload_at : payload_at + payload_size]
    struct.pack_into("<I", data, 40, zlib.crc32(table))
    struct.pack_into("<II", data, 48, zlib.crc32(schema), zlib.crc32(payload))
    data[112:144] = hashlib.sha256(table + schema + payload).digest()
    length = length if 256 <= length <= len(data) else 256
    struct.pack_into("<I", data, length - 4, zlib.crc32(data[: length - 4]))
    data[-8:-4] = data[length - 4 : length]
    struct.pack_into("<I", data, len(data) - 4, zlib.crc32(data[-32:-4]))
    return bytes(data)


def mutated(content: bytes, dice: random.Random) -> bytes:
    """A mutation of the content, half of the time with right checksums."""
    data = bytearray(content)
    for _ in range(dice.choice((1, 1, 2, 4))):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(7):
            case 0 | 1 if at < len(data):
                data[at] ^= 1 << dice.randrange(8)
            case 2 if at < len(data):
                data[at] = dice.choice((0x00, 0x22, 0x5B, 0x7B, 0x7F, 0x80, 0xFF))
            case 3:
                size = dice.choice((1, 8, 64, 512))
                data[at : at + size] = bytes(len(data[at : at + size]))
            case 4:
                data[at : at + 4] = dice.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\1\0"))
            case 5:
                data[at:at] = data[at : at + dice.randrange(300)]
            case 6:
                del data[at : at + dice.choice((1, 40, 64, len(data)))]
    return summed(bytes(data)) if dice.random() < 0.5 else bytes(data)


def fuzz(seconds: int, seed: int) -> int:
    """Mutate; gives how many problems there were."""
    dice = random.Random(seed)
    started, tried, problems = time.monotonic(), 0, 0
    pool = seeds()
    said = {use(content) for content in pool}
    while time.monotonic() - started < seconds:
        content = mutated(dice.choice(pool), dice)
        tried += 1
        try:
            new = use(content)
        except Exception as error:  # noqa: BLE001 (any exception at all is what is looked for)
            problems += 1
            FOUND.mkdir(parents=True, exist_ok=True)
            path = FOUND / f"state-{seed}-{tried}"
            path.write_bytes(content)
            print(f"{path}: {type(error).__name__}: {error}")
        else:
            if new not in said:
                said.add(new)
                pool.append(content)
    print(f"{tried:,} mutants in {seconds} s, {len(said)} kinds of answers: {problems} problems")
    return problems


def main() -> None:
    """Fuzz for some seconds."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    sys.exit(bool(fuzz(seconds, seed)))


if __name__ == "__main__":
    main()
