"""Each cause that is named is named with its evidence, and never without: the table in the docs."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from state.damaged import after_update, fixture_model, flipped, with_generation, zeroed
from state.modules import MEMORY, wat
from wasmstate import Module, State, check
from wasmstate.binary import source
from wasmstate.state.older import PREV_SECTION, STATE_SECTION
from wasmstate.state.record import successor

BANDIT = fixture_model("bandit")
LATER = after_update(BANDIT, {"count": 3})
DATA, STATE = BANDIT.to_bytes(), State.of(BANDIT)
SECTION = BANDIT.sections[-1]
CONTENT = SECTION.content
VALUES = SECTION.content_offset + STATE.content_offset("successes")
PLAIN = wat('(func (export "run") (result i32) (i32.const 42))').to_bytes()
FOREIGN = fixture_model("welford").sections[-1].content
ERASED = b"\xff"


def carrying(content: bytes, module: Module = BANDIT) -> bytes:
    return module.with_custom(STATE_SECTION, content, force=True).to_bytes()


def twice(other: State) -> bytes:
    index = len(BANDIT.sections)
    return BANDIT.with_custom(STATE_SECTION, other.to_content(), index=index).to_bytes()


def past(*older: State, state: State) -> bytes:
    content = b"".join(each.to_content() for each in older)
    index = LATER.custom_sections(STATE_SECTION)[0].index
    module = LATER.without_custom(PREV_SECTION)
    module = module.with_custom(PREV_SECTION, content, index=index - 1)
    return carrying(state.to_content(), module)


def after(state: State, count: int) -> State:
    return State(successor(state.with_values({"count": count}).record, state.record))


ONE, OTHER = after(STATE, 1), after(STATE, 9)
TWO = after(ONE, 2)
ELSEWHERE = STATE.with_values({"count": 77})
BARE = wat(MEMORY, '(func (export "update"))', '(func (export "predict"))')
TEXT = DATA.decode("latin-1").encode()
LINES = DATA.replace(b"\n", b"\r\n")

EXAMPLES: dict[str, tuple[bytes, bytes]] = {
    "zero: the file was never synced": (bytes(900), bytes(899) + b"\1"),
    "created or cut": (b"", b"\0"),
    "nothing was ever written there": (ERASED * 900, ERASED * 900 + b"\1"),
    "a block that was never synced": (zeroed(DATA, 0, 512), zeroed(DATA, 1, 511)[:400]),
    "a block was erased, and not written again": (
        ERASED * 512 + DATA[512:],
        ERASED * 500 + DATA[500:],
    ),
    "zero: they were never synced": (
        DATA[: SECTION.offset] + bytes(512),
        DATA[: SECTION.offset] + bytes(511),
    ),
    "nothing was written there": (
        DATA[: SECTION.offset] + ERASED * 512,
        DATA[: SECTION.offset] + ERASED * 512 + b"\1",
    ),
    "magic header not detected: this is": (b"\x7fELF" + DATA, b"\x7fELE" + DATA[4:]),
    "re-encoded from Latin-1 to UTF-8, as text": (TEXT, flipped(TEXT, 1500, 6)),
    "line ends were converted, as by text mode": (LINES, flipped(LINES, 1500, 6)),
    "zeros: never synced before a crash": (carrying(bytes(500)), carrying(bytes(499) + b"\1")),
    "re-encoded as UTF-8 text": (
        carrying(CONTENT.decode("latin-1").encode()),
        carrying(b"\xc2\x89"),
    ),
    "line ends were shortened": (
        DATA.replace(b"\r\n", b"\n"),
        DATA[: SECTION.offset].replace(b"\r\n", b"\n") + b"\1",
    ),
    "decoded as UTF-8, with replacement characters": (
        DATA.decode("utf-8", "replace").encode(),
        DATA.replace(b"\x89", b"\xef"),
    ),
    "the eighth bit of each byte is gone": (
        bytes(byte & 0x7F for byte in DATA),
        bytes(byte & 0x7F for byte in PLAIN + b"\0\x90"),
    ),
    "bytes behind the last section": (DATA + b"xyz\0\0", PLAIN + b"xyz\0\0"),
    "were added behind the last section: another module": (PLAIN + PLAIN, PLAIN + PLAIN[1:]),
    "can come behind the last one, so": (PLAIN + b"\x0d\x0a", PLAIN[:-8] + b"\x0d\x0a"),
    "its name is longer than the section": (
        PLAIN + b"\0\3\x09ab",
        PLAIN + b"\0\4\x09ab",
    ),
    "are left): the file is cut": (DATA[:-40], PLAIN + b"\0\x40\4\0\1\2\3"),
    "the size of the section is damaged": (
        flipped(DATA, SECTION.offset + 1, 2),
        flipped(flipped(DATA, SECTION.offset + 1, 2), VALUES),
    ),
    "one flipped bit": (flipped(DATA, VALUES), flipped(flipped(DATA, VALUES), VALUES + 9)),
    "the record is cut": (carrying(CONTENT[:-70]), carrying(zeroed(CONTENT, 4, 90)[:-70])),
    "a linker leaves when it joins": (
        carrying(CONTENT + with_generation(ELSEWHERE, 4).to_content()),
        carrying(CONTENT + b"left"),
    ),
    "its name is damaged": (
        flipped(DATA, SECTION.offset + 8, 2),
        BANDIT.without_custom(STATE_SECTION).with_custom("other", b"x").to_bytes(),
    ),
    "a tool removed the section": (
        LATER.without_custom(STATE_SECTION).to_bytes(),
        BANDIT.without_custom(STATE_SECTION).to_bytes(),
    ),
    "maybe a tool that removes custom sections": (
        BARE.to_bytes(),
        BARE.with_custom("name", b"").to_bytes(),
    ),
    "a state of another program was put here": (carrying(FOREIGN, LATER), carrying(FOREIGN)),
    "so it is the state of another program": (
        carrying(FOREIGN),
        BARE.with_custom(STATE_SECTION, STATE.to_content(), force=True)
        .to_bytes()
        .replace(b"update", b"opdate"),
    ),
    "a fork, two states of one generation": (twice(ELSEWHERE), twice(ONE)),
    "two histories are mixed": (
        past(ONE, OTHER, state=after(OTHER, 4)),
        past(STATE, ONE, state=TWO),
    ),
    "it is of another file": (past(ELSEWHERE, ONE, state=TWO), past(STATE, ONE, state=TWO)),
    "those between are missing": (
        past(STATE, TWO, state=after(TWO, 3)),
        past(TWO, state=after(TWO, 3)),
    ),
}


WRITING = "somebody is writing to it"
LEFT = "left by a writer that was ended"


def causes() -> list[str]:
    """The table in the docs."""
    page = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text()
    table = page.split("### What is said only with evidence")[1].split("| --- | --- |\n")[1]
    rows = table.partition("\n\n")[0].splitlines()
    return [re.split(r" \| ", row.removeprefix("| "))[0] for row in rows]


@pytest.fixture
def told(tmp_path: Path) -> Callable[[bytes], str]:
    """All that is said of a file of these bytes."""

    def told(data: bytes) -> str:
        path = tmp_path / "model.wasm"
        path.write_bytes(data)
        return "\n".join(map(str, check(path)))

    return told


def test_the_docs_list_each_cause_that_has_an_example() -> None:
    assert causes() == [*EXAMPLES, WRITING, LEFT]


@pytest.mark.parametrize("cause", EXAMPLES)
def test_a_cause_is_named_with_its_evidence_and_not_without(
    cause: str, told: Callable[[bytes], str]
) -> None:
    with_evidence, without = EXAMPLES[cause]
    assert cause in told(with_evidence)
    assert cause not in told(without)


def test_whatever_is_not_certain_is_in_the_table(tmp_path: Path) -> None:
    path = tmp_path / "model.wasm"
    for data in [data for pair in EXAMPLES.values() for data in pair]:
        path.write_bytes(data)
        for finding in check(path):
            if finding.certainty == "likely" and "the CRC-32 is wrong" not in finding.reason:
                assert any(cause in finding.reason for cause in EXAMPLES), finding.reason


def test_a_writer_is_named_only_if_the_file_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, changes = tmp_path / "model.wasm", [True]
    real_pread, last = os.pread, SECTION.content_offset

    def pread(fd: int, size: int, offset: int) -> bytes:
        data = real_pread(fd, size, offset)
        if offset >= last and changes[0]:
            os.truncate(path, 100)
        return b"" if offset >= last else data

    monkeypatch.setattr(source, "READ_WHOLE", 0)
    monkeypatch.setattr(os, "pread", pread)
    for changes[0] in (True, False):
        path.write_bytes(DATA)
        assert (WRITING in str(check(path))) is changes[0]


def test_a_dead_writer_is_named_only_by_its_temporary_file(tmp_path: Path) -> None:
    path = tmp_path / "model.wasm"
    path.write_bytes(DATA)
    (tmp_path / ".model.wasm.0123456789abcdef.tmp").touch()
    assert LEFT not in str(check(path))
    (tmp_path / ".model.wasm.0123456789abcdef.wasmstate-tmp").touch()
    assert LEFT in str(check(path))
