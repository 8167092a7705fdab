"""Each custom section that has a convention: its bytes, what they mean, and the same bytes."""

from __future__ import annotations

from typing import Any

import pytest

from support import custom_of, field_rows, unhex
from wasmstate.binary.custom import custom_layout
from wasmstate.binary.custom.build_id import BuildId
from wasmstate.binary.custom.code_metadata import (
    CodeMetadata,
    CodeMetadataFunc,
    CodeMetadataInstance,
)
from wasmstate.binary.custom.coredump import (
    Core,
    CoreInstance,
    CoreInstances,
    CoreModule,
    CoreModules,
    CoreStack,
    Frame,
    Value,
)
from wasmstate.binary.custom.dylink import Dylink, Dylink0, ExportInfo, ImportInfo, MemInfo
from wasmstate.binary.custom.linking import (
    Comdat,
    ComdatSym,
    DataSymbol,
    InitFunc,
    Linking,
    ObjectSymbol,
    SectionSymbol,
    Segment,
    SymInfo,
)
from wasmstate.binary.custom.producers import Producers, ProducersField, VersionedName
from wasmstate.binary.custom.reloc import Reloc, RelocationEntry
from wasmstate.binary.custom.subsections import Subsection
from wasmstate.binary.custom.target_features import TargetFeature, TargetFeatures
from wasmstate.binary.custom.url import Url
from wasmstate.errors import MalformedError

SECTIONS: list[tuple[str, str, Any]] = [
    (
        "producers",
        """
        02                          # two fields
        08 6c 61 6e 67 75 61 67 65  # language
        01  01 43  00               # C, of no version
        03 73 64 6b  00             # sdk: none
        """,
        Producers(
            [ProducersField("language", [VersionedName("C", "")]), ProducersField("sdk", [])]
        ),
    ),
    (
        "target_features",
        """
        03
        2b 04 73 69 6d 64  # + simd
        2d 01 61           # - a
        3d 01 62           # = b
        """,
        TargetFeatures(
            [TargetFeature("+", "simd"), TargetFeature("-", "a"), TargetFeature("=", "b")]
        ),
    ),
    (
        "dylink",
        """
        80 01  04  02  00  # 128 bytes aligned to 16, two elements
        01  02 6c 69       # needs li
        """,
        Dylink(128, 4, 2, 0, ["li"]),
    ),
    (
        "dylink.0",
        """
        01 05  80 01 04 02 00     # memory: 128 bytes aligned to 16; table: two elements
        02 04  01 02 6c 69        # needs li
        03 04  01 01 66 10        # the export f is undefined
        04 06  01 01 6d 01 66 01  # the import m.f is weak
        05 03  01 01 2e           # looks for libraries in .
        09 01  ff                 # not known
        """,
        Dylink0(
            [
                Subsection(1, MemInfo(128, 4, 2, 0)),
                Subsection(2, ["li"]),
                Subsection(3, [ExportInfo("f", 0x10)]),
                Subsection(4, [ImportInfo("m", "f", 1)]),
                Subsection(5, ["."]),
                Subsection(9, b"\xff"),
            ]
        ),
    ),
    (
        "linking",
        """
        02                         # version
        05 05  01 01 64 02 01      # a segment d aligned to 4, of strings
        06 03  01 07 03            # a constructor of priority 7: symbol 3
        07 07  01 01 67 00 01 05 09  # a group g: the section 9
        """,
        Linking(
            2,
            [
                Subsection(5, [Segment("d", 2, 1)]),
                Subsection(6, [InitFunc(7, 3)]),
                Subsection(7, [Comdat("g", 0, [ComdatSym("section", 9)])]),
            ],
        ),
    ),
    (
        "linking",
        """
        02
        08 28                      # the symbol table
        09                         # nine symbols
        00 00  03  01 66           # function 3: f
        00 10  00                  # function 0, imported under its name
        00 50  01  01 67           # function 1, imported under another name than g
        01 00  01 64  00 80 01 04  # data d: 4 bytes of segment 0 from 128 on
        01 10  01 65               # data e, not defined here
        02 00  00  01 73           # global 0: s
        03 02  05                  # section 5
        04 10  00                  # tag 0
        05 10  00                  # table 0
        """,
        Linking(
            2,
            [
                Subsection(
                    8,
                    [
                        SymInfo("function", 0, ObjectSymbol(3, "f")),
                        SymInfo("function", 0x10, ObjectSymbol(0, None)),
                        SymInfo("function", 0x50, ObjectSymbol(1, "g")),
                        SymInfo("data", 0, DataSymbol("d", 0, 128, 4)),
                        SymInfo("data", 0x10, DataSymbol("e", None, None, None)),
                        SymInfo("global", 0, ObjectSymbol(0, "s")),
                        SymInfo("section", 2, SectionSymbol(5)),
                        SymInfo("tag", 0x10, ObjectSymbol(0, None)),
                        SymInfo("table", 0x10, ObjectSymbol(0, None)),
                    ],
                )
            ],
        ),
    ),
    (
        "reloc.CODE",
        """
        03  04                                       # of section 3, four
        00  06  01                                   # function index: symbol 1 at 6
        04  80 01  02  7c                            # address of symbol 2 less 4, at 128
        10  00  02  80 80 80 80 80 80 80 80 80 7f    # address of 64 bits: the least addend
        09  01  02  00                               # offset in a section
        """,
        Reloc(
            3,
            [
                RelocationEntry("R_WASM_FUNCTION_INDEX_LEB", 6, 1, None),
                RelocationEntry("R_WASM_MEMORY_ADDR_SLEB", 128, 2, -4),
                RelocationEntry("R_WASM_MEMORY_ADDR_I64", 0, 2, -(2**63)),
                RelocationEntry("R_WASM_SECTION_OFFSET_I32", 1, 2, 0),
            ],
        ),
    ),
    ("build_id", "02  ff 00", BuildId(b"\xff\0")),
    ("sourceMappingURL", "05  61 2e 6d 61 70", Url("a.map")),
    ("external_debug_info", "01  62", Url("b")),
    (
        "metadata.code.branch_hint",
        """
        02
        00  02  05 01 01  81 01 01 00  # function 0: at 5 likely, at 129 unlikely
        07  00                         # function 7: nothing
        """,
        CodeMetadata(
            [
                CodeMetadataFunc(
                    0, [CodeMetadataInstance(5, "likely"), CodeMetadataInstance(129, "unlikely")]
                ),
                CodeMetadataFunc(7, []),
            ]
        ),
    ),
    (
        "metadata.code.trace_inst",
        "01  00  01  05 02 80 01  # at 5 the mark 128",
        CodeMetadata([CodeMetadataFunc(0, [CodeMetadataInstance(5, 128)])]),
    ),
    (
        "metadata.code.hotness",
        "01  00  02  05 02 ff fe  06 00  # at 5 two bytes, at 6 none",
        CodeMetadata(
            [
                CodeMetadataFunc(
                    0, [CodeMetadataInstance(5, b"\xff\xfe"), CodeMetadataInstance(6, b"")]
                )
            ]
        ),
    ),
    ("core", "00  01 70  # the process p", Core(0, "p")),
    (
        "coremodules",
        "02  00 01 61  00 00  # a, and one without a name",
        CoreModules([CoreModule(0, "a"), CoreModule(0, "")]),
    ),
    (
        "coreinstances",
        "01  00  01  02 00 03  01 80 01  # of module 1: memories 0 and 3, global 128",
        CoreInstances([CoreInstance(0, 1, [0, 3], [128])]),
    ),
    (
        "corestack",
        """
        00  01 74                       # the thread t
        01                              # one frame
        00  01  2a  33                  # of instance 1, function 42, at 51
        02  01  7f 7e                   # locals: optimized out, i32 -2
        03  7e 40                       # stack: i64 -64,
            7d 00 00 80 3f              # f32 1
            7c 00 00 00 00 00 00 f0 3f  # f64 1
        """,
        CoreStack(
            0,
            "t",
            [
                Frame(
                    0,
                    1,
                    42,
                    51,
                    [Value("missing", None), Value("i32", -2)],
                    [
                        Value("i64", -64),
                        Value("f32", bytes.fromhex("0000803f")),
                        Value("f64", bytes.fromhex("000000000000f03f")),
                    ],
                )
            ],
        ),
    ),
]


@pytest.mark.parametrize(("name", "text", "expected"), SECTIONS)
def test_a_section_is_decoded_and_built_again(name: str, text: str, expected: Any) -> None:
    section = custom_of(name, text)
    layout = custom_layout(name)
    assert layout is not None
    assert section.is_known
    assert section.decode() == expected
    assert layout.build(expected) == unhex(text)


@pytest.mark.parametrize(("name", "text", "expected"), SECTIONS)
def test_the_fields_follow_each_other_without_a_hole(name: str, text: str, expected: Any) -> None:
    assert field_rows(custom_of(name, text))


@pytest.mark.parametrize(("name", "text", "expected"), SECTIONS)
def test_every_truncation_is_malformed(name: str, text: str, expected: Any) -> None:
    whole = unhex(text)
    section = custom_of(name, text)
    # where a subsection ends, nothing tells that more should follow
    begins = {
        offset - section.content_offset
        for path, offset, _, _ in field_rows(section)
        if path.startswith("subsections") and path.endswith(".id")
    }
    for length in set(range(len(whole))) - begins:
        with pytest.raises(MalformedError):
            custom_of(name, whole[:length].hex()).decode()
