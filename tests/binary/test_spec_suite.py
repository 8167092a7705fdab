"""The official test suite: what is well-formed is kept, what is malformed is refused."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import tarfile
from pathlib import Path
from typing import NamedTuple

import pytest

from wasmstate.binary import Module
from wasmstate.binary.sections.base import DecodedSection
from wasmstate.binary.sections.code import CodeSection
from wasmstate.errors import MalformedError

ROOT = Path(__file__).parents[2]
ARCHIVE = ROOT.parent / "shared" / "spec" / "spec-open.tar.gz"
# A clone of https://github.com/WebAssembly/testsuite, and what makes modules of its text.
SUITE = os.environ.get("WASM_TESTSUITE", "")
WASM_TOOLS = ROOT / "build" / "spec" / "bin" / "wasm-tools"
KINDS = {
    ("module", "binary"): "valid",
    ("assert_invalid", "binary"): "assert_invalid",
    ("assert_malformed", "binary"): "assert_malformed binary",
}

pytestmark = pytest.mark.skipif(
    not (SUITE or ARCHIVE.exists()),
    reason="the official suite is not there: WASM_TESTSUITE=folder make spec",
)


class Case(NamedTuple):
    path: str
    kind: str
    expected: str
    proposal: str
    data: bytes


def archived(folder: Path) -> list[Case]:
    """The cases of an archive of modules that were made before."""
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
                (manifest.parent / row["path"]).read_bytes(),
            )
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]


def converted(suite: Path, folder: Path) -> list[Case]:
    """The cases of the suite's core, made from its text by wasm-tools."""
    scripts = [
        script
        for script in sorted(suite.rglob("*.wast"))
        if not {"proposals", "legacy"} & set(script.relative_to(suite).parts)
    ]
    assert scripts, f"no *.wast in {suite}"
    cases = []
    for number, script in enumerate(scripts):
        modules = folder / str(number)
        modules.mkdir()
        command = [str(WASM_TOOLS), "json-from-wast", str(script), "--wasm-dir", str(modules)]
        made = subprocess.run(command, check=True, capture_output=True)
        for each in json.loads(made.stdout)["commands"]:
            # Since version 3.0 of the suite a module may be defined first, instantiated later.
            form = "module" if each["type"] == "module_definition" else each["type"]
            kind = KINDS.get((form, each.get("module_type", "binary")))
            if kind and "filename" in each:
                path = f"{script.relative_to(suite)}:{each['line']}"
                data = (modules / each["filename"]).read_bytes()
                cases.append(Case(path, kind, each.get("text", ""), "core", data))
    return cases


@pytest.fixture(scope="session")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    folder = tmp_path_factory.mktemp("spec")
    return converted(Path(SUITE), folder) if SUITE else archived(folder)


def refusal(case: Case) -> MalformedError | None:
    """Why a module is not accepted; nothing but MalformedError may come out."""
    try:
        Module.from_bytes(case.data).verify()
    except MalformedError as error:
        return error
    return None


def test_every_well_formed_module_is_accepted_and_written_back_the_same(cases: list[Case]) -> None:
    well_formed = [case for case in cases if case.kind in ("valid", "assert_invalid")]
    assert len(well_formed) > 4000
    for case in well_formed:
        assert Module.from_bytes(case.data).verify().to_bytes() == case.data, case.path


def test_every_malformed_module_is_refused(cases: list[Case]) -> None:
    malformed = [case for case in cases if case.kind == "assert_malformed binary"]
    assert len(malformed) > 500
    assert [case.path for case in malformed if refusal(case) is None] == []


def test_95_percent_of_the_refusals_are_worded_as_in_the_suite(cases: list[Case]) -> None:
    # The others: a section that ends inside an integer, whose next byte the suite reads and we do
    # not; and a limits flag that only tables must not have.
    malformed = [case for case in cases if case.kind == "assert_malformed binary"]
    found = [(case, refusal(case)) for case in malformed]
    alike = [case for case, error in found if error and error.reason.startswith(case.expected)]
    assert len(alike) >= 0.95 * len(malformed)


def test_every_refusal_names_a_byte_of_the_file(cases: list[Case]) -> None:
    for case in cases:
        found = refusal(case)
        assert found is None or 0 <= found.offset <= len(case.data), case


def test_the_fields_of_every_decodable_section_leave_no_hole(cases: list[Case]) -> None:
    for case in cases:
        if case.kind == "valid" and case.proposal == "core":
            for section in Module.from_bytes(case.data).sections:
                if isinstance(section, DecodedSection):
                    at = section.content_offset
                    for field in section.fields():
                        assert field.offset == at, (case.path, field)
                        at += field.size
                    assert at == section.end, case.path


def test_skipping_over_code_and_decoding_it_agree(cases: list[Case]) -> None:
    for case in cases:
        if case.kind in ("valid", "assert_invalid"):
            code = Module.from_bytes(case.data).section(CodeSection)
            for func in code.entries if code else ():
                decoded = {instr.mnemonic for _, _, instr in func.instructions()}
                assert func.verify() <= decoded, case.path
