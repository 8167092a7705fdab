"""Index spaces: what is imported comes first."""

from __future__ import annotations

import pytest

from support import message, module_of, section_bytes, unhex
from wasmstate.binary import Module
from wasmstate.binary.spaces import GlobalEntry, Spaces
from wasmstate.binary.types import FuncType, GlobalType, Limits, MemType
from wasmstate.errors import MalformedError

I32 = GlobalType("i32", mut=False)
TYPES = section_bytes(1, unhex("03  60 00 00  60 02 7f 7c 01 7e  5f 00"))  # the last: a struct
IMPORTS = section_bytes(
    2,
    unhex("""
        04
        01 68 01 67  03 7f 00   # "h" "g" an i32
        01 68 01 66  00 01      # "h" "f" a function of type 1
        01 68 01 6d  02 00 01   # "h" "m" a memory of one page
        01 68 01 74  04 00 00   # "h" "t" a tag
    """),
)
FUNCTIONS = section_bytes(3, unhex("02  00 01"))
MEMORIES = section_bytes(5, unhex("01  00 02"))
GLOBALS = section_bytes(
    6,
    unhex("""
        05
        7f 00  41 2a 0b               # 1: 42
        7f 01  23 01 41 01 6a 0b      # 2: mutable, that + 1
        7f 00  23 02 0b               # 3: the value of a global that can change
        7f 00  23 00 0b               # 4: the value of the imported one
        7d 00  43 00 00 80 3f 0b      # 5: 1.0
    """),
)
EXPORTS = section_bytes(
    7,
    unhex("""
        04
        01 61  00 00   # "a" the imported function
        01 62  00 02   # "b" the last
        01 63  03 01   # "c" a global
        01 64  00 09   # "d" a function that is not there
    """),
)
DATA = section_bytes(11, unhex("01  01 02 68 69"))


def test_imports_come_first_in_every_space() -> None:
    spaces = Spaces(module_of(TYPES, IMPORTS, FUNCTIONS, MEMORIES, GLOBALS, EXPORTS, DATA))
    assert [each.name for each in spaces.imports] == ["g", "f", "m", "t"]
    assert spaces.functions == [1, 0, 1]
    assert spaces.memories == [MemType(Limits(0, 1)), MemType(Limits(0, 2))]
    assert list(spaces.exports) == ["a", "b", "c", "d"]
    assert [segment.init for segment in spaces.data] == [b"hi"]


def test_globals_have_the_value_that_the_module_says() -> None:
    spaces = Spaces(module_of(IMPORTS, GLOBALS))
    assert spaces.globals[0] == GlobalEntry(I32, None, None)
    assert [each.value for each in spaces.globals] == [None, 42, 43, None, None, b"\0\0\x80\x3f"]
    assert [each.type.mut for each in spaces.globals] == [False, False, True, False, False, False]


def test_exported_functions_have_types_and_those_that_are_not_there_are_left_out() -> None:
    spaces = Spaces(module_of(TYPES, IMPORTS, FUNCTIONS, EXPORTS))
    assert spaces.exported_functions() == {
        "a": FuncType(("i32", "f64"), ("i64",)),
        "b": FuncType(("i32", "f64"), ("i64",)),
    }


def test_an_empty_module_has_empty_spaces() -> None:
    spaces = Spaces(module_of())
    assert (spaces.imports, spaces.exports, spaces.memories) == ([], {}, [])
    assert (spaces.globals, spaces.functions, spaces.data) == ([], [], [])
    assert spaces.exported_functions() == {}
    assert not spaces.runs_code_at_start


@pytest.mark.parametrize(
    ("module", "typeidx", "expected"),
    [
        (module_of(TYPES), 2, "sections[0] at 0x8: type 2 is not a function type"),
        (module_of(TYPES), 3, "sections[0] at 0x8: type 3 is not a function type"),
        (module_of(), 0, "module at 0x0: type 0 is not a function type"),
    ],
)
def test_an_index_that_is_no_function_type_is_reported(
    module: Module, typeidx: int, expected: str
) -> None:
    assert message(MalformedError, lambda: Spaces(module).func_type(typeidx)) == expected


def test_a_start_function_runs_code_at_start() -> None:
    assert Spaces(module_of(section_bytes(8, b"\0"))).runs_code_at_start


def test_an_initialize_export_runs_code_at_start() -> None:
    exports = section_bytes(7, unhex("01  0b") + b"_initialize" + unhex("00 00"))
    functions = section_bytes(3, unhex("01 00"))
    assert Spaces(module_of(TYPES, functions, exports)).runs_code_at_start
