"""The official test suite: what is well-formed is kept, what is malformed is refused."""

from __future__ import annotations

import csv
import tarfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from wasmstate.binary import Module
from wasmstate.binary.sections.base import DecodedSection
from wasmstate.errors import MalformedError

ARCHIVE = Path(__file__).parents[3] / "shared" / "spec" / "spec-open.tar.gz"
pytestmark = pytest.mark.skipif(
    not ARCHIVE.exists(), reason="the official suite is not there: ../shared/spec"
)

# Opening a module looks at one frame after the other, not at their order.
GAPS = {"unexpected content after last section": 45}
# Not constant, so invalid; whatever else of Core 3.0 is in a section can be decoded.
NOT_CONSTANT = "illegal opcode"
BAD_ID = "malformed section id (128)"
# What the suite calls a bad LEB128 in the place of the id byte is a bad id to us.
OUR_WORDS = {
    "integer representation too long": ("integer representation too long", BAD_ID),
    "integer too large": ("integer too large", BAD_ID),
}


class Case(NamedTuple):
    path: str
    kind: str
    expected: str
    proposal: str
    level: str
    data: bytes


@pytest.fixture(scope="session")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    folder = tmp_path_factory.mktemp("spec")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    (manifest,) = folder.rglob("manifest.tsv")
    with manifest.open(encoding="utf-8", newline="") as file:
        return [
            Case(
                row["path"],
                row["kind"],
                row["expected"],
                row["proposal"],
                row["level"],
                (manifest.parent / row["path"]).read_bytes(),
            )
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]


def refusal(case: Case, *, frames_only: bool = False) -> MalformedError | None:
    """Why a module cannot be opened and decoded; nothing but MalformedError may come out."""
    try:
        module = Module.from_bytes(case.data)
        for section in () if frames_only else module.sections:
            section.decode()
    except MalformedError as error:
        return error
    return None


def test_every_well_formed_module_opens_and_is_written_back_the_same(cases: list[Case]) -> None:
    well_formed = [case for case in cases if case.kind in ("valid", "assert_invalid")]
    assert len(well_formed) > 4000
    for case in well_formed:
        assert Module.from_bytes(case.data).to_bytes() == case.data, case.path


def test_every_section_of_a_valid_core_module_is_decoded_and_its_fields_leave_no_hole(
    cases: list[Case],
) -> None:
    for case in cases:
        if case.kind == "valid" and case.proposal == "core":
            for section in Module.from_bytes(case.data).sections:
                section.decode()
                if isinstance(section, DecodedSection):
                    at = section.content_offset
                    for field in section.fields():
                        assert field.offset == at, (case.path, field)
                        at += field.size
                    assert at == section.end, case.path


def test_of_an_invalid_core_module_only_expressions_that_are_not_constant_are_refused(
    cases: list[Case],
) -> None:
    for case in cases:
        if case.kind == "assert_invalid" and case.proposal == "core":
            found = refusal(case)
            assert found is None or found.reason.startswith(NOT_CONSTANT), (case.path, found)


def test_every_malformed_frame_is_refused_in_the_words_of_the_suite(cases: list[Case]) -> None:
    accepted: Counter[str] = Counter()
    for case in cases:
        if case.kind == "assert_malformed binary" and case.level == "0":
            found = refusal(case, frames_only=True)
            if found is None:
                accepted[case.expected] += 1
            elif case.data != b"\1":  # too short for the suite, no WebAssembly at all for us
                assert found.reason.startswith(OUR_WORDS.get(case.expected, case.expected)), case
    assert accepted == GAPS


def test_every_malformed_section_is_refused_when_it_is_decoded(cases: list[Case]) -> None:
    malformed = [c for c in cases if c.kind == "assert_malformed binary" and c.level == "1"]
    # Counts of two sections that must agree are for whoever compares sections.
    assert Counter(case.expected for case in malformed if refusal(case) is None) == {
        "function and code section have inconsistent lengths": 9,
        "data count and data section have inconsistent lengths": 6,
    }


def test_every_refusal_names_a_byte_of_the_file(cases: list[Case]) -> None:
    for case in cases:
        found = refusal(case)
        assert found is None or 0 <= found.offset <= len(case.data), case
