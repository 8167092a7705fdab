"""The name section: what is readable of it, whatever stands in the rest."""

from __future__ import annotations

from support import custom_bytes, module_of, unhex
from wasmstate.binary.names import Names, read_names

MODULE = "00 02  01 6d            # the module: m"
FUNCTIONS = "01 07  02  00 01 66  05 01 67  # functions 0: f, 5: g"
LOCALS = "02 0a  02  00 01  00 01 78  05 01  01 00  # locals of 0: 0 x; of 5: 1 without a name"
MEMORIES = "06 04  01 00 01 68     # memories: not read"


def names(*subsections: str) -> Names:
    return read_names(module_of(custom_bytes("name", unhex("\n".join(subsections)))))


def test_names_of_module_functions_and_locals_are_read() -> None:
    assert names(MODULE, FUNCTIONS, LOCALS, MEMORIES) == Names(
        "m", {0: "f", 5: "g"}, {0: {0: "x"}, 5: {1: ""}}
    )


def test_a_module_without_a_name_section_has_no_names() -> None:
    assert read_names(module_of(custom_bytes("named"))) == Names()


def test_only_the_first_name_section_counts() -> None:
    first, second = unhex(MODULE), unhex("00 02 01 6e")
    module = module_of(custom_bytes("name", first), custom_bytes("name", second))
    assert read_names(module) == Names("m")


def test_names_before_the_damage_are_kept_and_the_damage_is_told() -> None:
    found = names(MODULE, FUNCTIONS, "02 09  02 00 01 00 01 78 05 01 01  # cut short")
    assert (found.module, found.functions, found.locals) == ("m", {0: "f", 5: "g"}, {})
    # 8 of preamble, id and size, the name: the content begins at 0xf; 4 + 9 bytes come before
    assert str(found.damage) == "sections[0][1].names[0].name at 0x27: unexpected end"


def test_a_subsection_that_claims_too_much_is_told() -> None:
    found = names(MODULE, "01 08 00")
    assert (found.module, found.functions) == ("m", {})
    assert str(found.damage) == "sections[0].content at 0x14: length out of bounds"


def test_a_module_name_that_is_not_utf8_is_told() -> None:
    found = names("00 02 01 ff", FUNCTIONS)
    assert (found.module, found.functions) == (None, {})
    assert str(found.damage) == "sections[0].module at 0x12: malformed UTF-8 encoding"
