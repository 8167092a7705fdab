"""From places in a module to regions and tensors."""

from __future__ import annotations

import pytest

from state.modules import COUNT, FUNCTIONS, MEMORY, WEIGHTS, wat
from support import custom_bytes, message, module_of, section_bytes, unhex
from wasmstate.binary import Module
from wasmstate.binary.spaces import Spaces
from wasmstate.errors import SchemaError, StateBoundsError
from wasmstate.state.attach.describe import describe, region_of, signatures, with_state
from wasmstate.state.attach.initial import initial_contents
from wasmstate.state.digest import module_digest
from wasmstate.state.record import Lineage, Region, RegionKind
from wasmstate.state.signature import Param, Signature
from wasmstate.state.state import State
from wasmstate.state.tensor import Tensor, TensorSpec

MODULE = wat(MEMORY, COUNT, WEIGHTS, FUNCTIONS)
RANGE = "do not lie in the memory, which starts with 1 pages (65536 bytes)"


def refusal(module: Module, *tensors: str | TensorSpec) -> str:
    return message(SchemaError, lambda: describe(module, tensors))


def test_where_a_tensor_is_can_be_asked_before_it_is_attached() -> None:
    spaces = Spaces(MODULE)
    spec = TensorSpec.parse("w:f32[4]@sym:w")
    assert region_of(spaces, spec) == Region(RegionKind.MEMORY, 0, 1024, 16, 0)
    text = message(SchemaError, lambda: region_of(spaces, TensorSpec.parse("n:f32@global:count")))
    assert "so it holds a scalar of i64 or u64, not f32" in text


def test_a_tensor_lives_at_an_address_a_symbol_or_in_a_global() -> None:
    state = describe(MODULE, ["w:f32[4]@sym:w", "b:u8@0x10", "n:i64@global:count"])
    assert state.regions == (
        Region(RegionKind.MEMORY, 0, 16, 1, 0),
        Region(RegionKind.MEMORY, 0, 1024, 16, 16),
        Region(RegionKind.GLOBAL, 0, 0, 8, 32),
    )
    assert state.tensors == (
        Tensor("w", "f32", (4,), 1, 0, "w"),
        Tensor("b", "u8", (), 0, 0),
        Tensor("n", "i64", (), 2, 0, "count"),
    )
    assert [state.place(name) for name in state] == ["sym:w", "16", "global:count"]


def test_a_described_state_is_zeros_at_generation_0_and_bound_to_the_code() -> None:
    state = describe(MODULE, ["w:f32[4]@sym:w"], metadata={"author": "me"})
    assert state["w"].tolist() == [0, 0, 0, 0]
    assert state.record.lineage == Lineage(0, 0, module_digest(MODULE))
    assert state.metadata == {"author": "me"}
    carried = State.of(with_state(MODULE, state))
    assert (carried.record, carried.schema) == (state.record, state.schema)


def test_a_large_tensor_is_a_region_of_its_own() -> None:
    tensors = ["a:f64[2]@0", "b:u8[4096]@16", "c:i32[3]@4112", "d:f64@4128", "e:u8[8]@4136"]
    state = describe(wat(MEMORY), tensors)
    assert [(r.address, r.length) for r in state.regions] == [
        (0, 16),
        (16, 4096),
        (4112, 12),
        (4128, 16),
    ]


def test_ranges_that_touch_become_one_region_whatever_their_order() -> None:
    state = describe(MODULE, ["c:u8[4]@12", "a:f32@0", "b:f32[2]@4", "d:u8@17"])
    assert [(region.address, region.length) for region in state.regions] == [(0, 16), (17, 1)]
    assert [(t.name, t.region, t.offset) for t in state.tensors] == [
        ("c", 0, 12),
        ("a", 0, 0),
        ("b", 0, 4),
        ("d", 1, 0),
    ]


def test_a_tensor_may_end_with_the_memory_and_no_further() -> None:
    assert describe(MODULE, ["b:u8[65536]@0"])["b"].shape == (65_536,)
    found = message(StateBoundsError, lambda: describe(MODULE, ["b:u8[2]@65535"]))
    assert found == f"b: bytes 65535 to 65537 {RANGE}"
    found = message(StateBoundsError, lambda: describe(MODULE, ["b:u8@-1"]))
    assert found == f"b: bytes -1 to 0 {RANGE}"


@pytest.mark.parametrize(
    ("specs", "expected"),
    [
        ([], "a state needs one tensor at least"),
        (["w:f32[2]@0", "w:f32@64"], "two tensors are named 'w'"),
        (["a:f32[2]@0", "b:f32@4"], "the tensors 'a' and 'b' overlap"),
        (["a:u8[16]@0", "b:f32@4"], "the tensors 'a' and 'b' overlap"),
        (["a:i64@global:count", "b:u64@global:count"], "b: another tensor is the same global"),
        (["w:f32@here"],
         "w: cannot read the place 'here': write an address, sym:NAME or global:NAME"),
        (["w:f32@010"],
         "w: cannot read the place '010': write an address, sym:NAME or global:NAME"),
        (["w:f32@sym:v"], "w: the module exports no global 'v'; it exports the globals count, w"),
        (["w:f32@sym:memory"],
         "w: the module exports no global 'memory'; it exports the globals count, w"),
        (["n:i64@sym:count"],
         ("n: the global 'count' can change, so it is no symbol's address; "
         "is it the value itself? Then write global:count")),
        (["n:i64@global:counts"],
         "n: no mutable global is exported as 'counts'; there are count"),
        (["n:i32@global:w"],
         "n: the global 'w' cannot change; is it the address of the tensor? Then write sym:w"),
        (["n:i32@global:count"],
         "n: the global 'count' is of type i64, so it holds a scalar of i64 or u64, not i32"),
        (["n:i64[2]@global:count"],
         "n: the global 'count' is of type i64, so it holds a scalar of i64 or u64, not i64[2]"),
        (["n:i64[1]@global:count"],
         "n: the global 'count' is of type i64, so it holds a scalar of i64 or u64, not i64[1]"),
    ],
)  # fmt: skip
def test_a_tensor_that_cannot_be_there_is_refused(specs: list[str], expected: str) -> None:
    assert refusal(MODULE, *specs) == expected


@pytest.mark.parametrize(
    ("module", "spec", "expected"),
    [
        (wat(COUNT), "w:f32@0", "w: the module has no memory"),
        (wat(MEMORY), "w:f32@sym:w", "w: the module exports no global 'w'; it exports none"),
        (wat(MEMORY, WEIGHTS), "w:f32@global:c",
         "w: no mutable global is exported as 'c'; there is none"),
        (wat('(import "env" "w" (global i32)) (export "w" (global 0))', MEMORY),
         "w:f32@sym:w", "w: the global 'w' does not hold a known address"),
        (wat('(global (export "w") f32 (f32.const 8))', MEMORY),
         "w:f32@sym:w", "w: the global 'w' does not hold a known address"),
        (wat('(global (export "v") (mut v128) (v128.const i64x2 0 0))'), "v:f32@global:v",
         "v: the global 'v' is of type v128, so it holds a scalar of no tensor, not f32"),
        (wat('(global (export "r") (mut funcref) (ref.null func))'), "r:i32@global:r",
         "r: the global 'r' is of type funcref, so it holds a scalar of no tensor, not i32"),
        (module_of(section_bytes(7, unhex("01 01 67 03 05"))), "w:f32@sym:g",
         "w: the module exports no global 'g'; it exports the globals g"),
        (module_of(section_bytes(7, unhex("01 01 67 03 05"))), "w:f32@global:g",
         "w: no mutable global is exported as 'g'; there is none"),
        (Module.from_bytes(b"\0asm\x0d\0\1\0"), "w:f32@0",
         "this is a component; attach the state to the core module inside it"),
        (module_of(custom_bytes("wasmstate.state")), "w:f32@0",
         "the module has a wasmstate.state section already: change its values, or remove it"),
    ],
)  # fmt: skip
def test_a_module_that_has_no_such_place_is_told(module: Module, spec: str, expected: str) -> None:
    assert refusal(module, spec) == expected


def test_an_address_above_2_gib_is_written_as_a_negative_constant() -> None:
    module = wat("(memory 65536)", '(global (export "w") i32 (i32.const -4))')
    assert describe(module, ["w:u8[4]@sym:w"]).regions[0].address == 2**32 - 4


def test_a_symbol_of_a_64_bit_memory_has_a_64_bit_address() -> None:
    module = wat("(memory i64 1)", '(global (export "w") i64 (i64.const 8))')
    assert describe(module, ["w:u8[4]@sym:w"]).regions[0].address == 8


def test_entry_points_have_the_names_that_the_module_gives_its_parameters() -> None:
    assert describe(MODULE, ["w:f32@0"]).entry_points == {
        "predict": Signature((Param("x", "f32"),), ("f32",)),
        "update": Signature((Param("x", "f32"), Param("p1", "f64")), ()),
    }
    assert signatures(MODULE, ["nothing"]) == {}


def test_a_name_that_no_schema_can_hold_is_not_taken_over() -> None:
    # the locals of function 0: local 0 is "a\nb"
    names = custom_bytes("name", unhex("02 08  01 00  01 00 03 61 0a 62"))
    module = Module.from_bytes(MODULE.without_custom("name").to_bytes() + names)
    state = describe(module, ["w:f32@0"])
    assert state.entry_points["predict"].params == (Param("p0", "f32"),)
    assert State.from_content(state.to_content()).entry_points == state.entry_points


def test_given_signatures_name_parameters_and_must_have_the_types_of_the_module() -> None:
    given = Signature.parse("(reward: f32, weight: f64) -> ()")
    state = describe(MODULE, ["w:f32@0"], entry_points={"update": given})
    assert state.entry_points["update"] == given
    wrong = Signature.parse("(reward: f32) -> ()")
    found = message(
        SchemaError, lambda: describe(MODULE, ["w:f32@0"], entry_points={"update": wrong})
    )
    assert found == (
        "update is (f32 f64) -> () in the module, the signature given is (reward: f32) -> ()"
    )
    found = message(
        SchemaError, lambda: describe(MODULE, ["w:f32@0"], entry_points={"learn": wrong})
    )
    assert found == "the module exports no function 'learn'; it exports predict, update"
    found = message(
        SchemaError, lambda: describe(wat(MEMORY), ["w:f32@0"], entry_points={"learn": wrong})
    )
    assert found == "the module exports no function 'learn'; it exports none"


def contents(module: Module, *tensors: str) -> list[bytes]:
    return initial_contents(module, describe(module, tensors).regions)


def test_initial_values_are_those_of_globals_and_data_segments() -> None:
    module = wat(
        MEMORY, COUNT, '(global (export "f") (mut f32) (f32.const 1.5))',
        r'(data (i32.const 2) "\01\02\03\04") (data (i32.const 4) "\09") (data "passive")',
    )  # fmt: skip
    assert contents(module, "a:u8[4]@0", "b:u8[4]@4", "n:i64@global:count", "f:f32@global:f") == [
        bytes([0, 0, 1, 2, 9, 4, 0, 0]),  # the later segment wins
        (-5 % 2**64).to_bytes(8, "little"),
        b"\0\0\xc0\x3f",
    ]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("t:u8[2]@0", [0, 0]),  # before the segment
        ("t:u8[4]@8", [0, 0, 1, 2]),  # its start
        ("t:u8[2]@11", [2, 3]),  # inside it
        ("t:u8[4]@12", [3, 4, 0, 0]),  # its end
        ("t:u8[8]@8", [0, 0, 1, 2, 3, 4, 0, 0]),  # around it
        ("t:u8[2]@14", [0, 0]),  # behind it
    ],
)
def test_data_segments_may_overlap_a_tensor_in_part(spec: str, expected: list[int]) -> None:
    module = wat(MEMORY, r'(data (i32.const 10) "\01\02\03\04")')
    assert contents(module, spec) == [bytes(expected)]


def test_segments_of_another_memory_do_not_count() -> None:
    module = wat(MEMORY, "(memory 1)", r'(data (memory 1) (i32.const 0) "\07")')
    assert contents(module, "b:u8@mem:0:0", "c:u8@mem:1:0") == [b"\0", b"\7"]


def test_the_address_of_a_segment_may_be_computed_and_is_unsigned() -> None:
    module = wat(
        "(memory 65536)", "(global $base i32 (i32.const -8))",
        r'(data (offset (i32.add (global.get $base) (i32.const 4))) "\07")',
    )  # fmt: skip
    assert contents(module, f"b:u8@{2**32 - 4}") == [b"\x07"]


def test_in_a_64_bit_memory_addresses_of_segments_have_64_bits() -> None:
    module = wat("(memory i64 65537)", rf'(data (i64.const {2**32}) "\07")')
    assert contents(module, "b:u8@0", f"c:u8@{2**32}") == [b"\0", b"\7"]


RUNS = (
    "the module runs code when it is instantiated (a start function or _initialize), "
    "so its bytes do not tell the initial values: give them, or have it run once"
)


@pytest.mark.parametrize(
    ("module", "tensor", "expected"),
    [
        (wat(MEMORY, "(func $f) (start $f)"), "b:u8@0", RUNS),
        (wat(MEMORY, '(func (export "_initialize"))'), "b:u8@0", RUNS),
        (wat('(import "e" "g" (global (mut i32))) (export "g" (global 0))'), "g:i32@global:g",
         "the initial value of global 0 comes from the host: give it"),
        (wat('(import "e" "b" (global i32))', MEMORY, '(data (global.get 0) "x")'), "b:u8@0",
         "where data segment 0 goes is for the host to say: give the initial values"),
    ],
)  # fmt: skip
def test_what_the_bytes_do_not_say_is_not_guessed(
    module: Module, tensor: str, expected: str
) -> None:
    assert message(SchemaError, lambda: contents(module, tensor)) == expected
