"""Damaged states that once raised what they should not; most were found by ``make fuzz``."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from state.damaged import after_update, fixture_model, real_model, state_at, zeroed
from state.records import record_bytes
from support import custom_bytes, fewer_examples, module_bytes
from wasmstate.binary import Module
from wasmstate.errors import WasmstateError
from wasmstate.state.damage.check import check_module
from wasmstate.state.damage.repair import REPAIRS, preview
from wasmstate.state.damage.salvage import salvage_bytes
from wasmstate.state.older import STATE_SECTION
from wasmstate.state.state import State

BANDIT = fixture_model("bandit")
DATA = after_update(BANDIT, {"count": 3}, init=True).to_bytes()
VT = real_model("vt100wasm")
LATER = after_update(VT, {"w": State.of(VT)["w"] + 1, "n": 3}, init=True)
START = BANDIT.sections[-1].offset


def ask(data: bytes) -> None:
    """Ask all that can be asked of a file."""
    module = Module.from_bytes(data, strict=False)
    with suppress(WasmstateError):
        State.of(module)
    for finding in check_module(module, instructions=False):
        assert finding.offset is None or 0 <= finding.offset <= len(data), finding
        if finding.repair in REPAIRS:
            with suppress(WasmstateError):
                preview(finding.repair, data)
    saved = salvage_bytes(data, fill="zeros", accept=["values", "code"])
    assert saved.data is None or State.of(Module.from_bytes(saved.data)).generation >= 0


def test_a_payload_that_begins_behind_the_file_is_missing_at_its_end() -> None:
    claims = record_bytes(header={"payload_offset": 1 << 35})
    ask(module_bytes(custom_bytes(STATE_SECTION, claims, width=5)))


def test_a_header_made_again_keeps_the_rules_of_headers() -> None:
    content = record_bytes(header={"keep": 1025})
    ask(module_bytes(custom_bytes(STATE_SECTION, b"\0" + content[1:], width=5)))


def test_a_record_of_other_rules_with_the_digest_of_the_generation_before() -> None:
    later = after_update(BANDIT, {"count": 3})
    ask(zeroed(later.to_bytes(), state_at(later) + 208, 4))


@fewer_examples
@given(st.data())
def test_no_mutation_of_a_file_raises_anything_else(data: st.DataObject) -> None:
    mutant = bytearray(DATA)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(START, len(mutant)))
        size = data.draw(st.sampled_from([1, 4, 40, 64, 300]))
        match data.draw(st.sampled_from(["set", "zero", "insert", "delete"])):
            case "set":
                mutant[at : at + size] = data.draw(st.binary(min_size=1, max_size=8))
            case "zero":
                mutant[at : at + size] = bytes(len(mutant[at : at + size]))
            case "insert":
                mutant[at:at] = mutant[at - size : at]
            case "delete":
                del mutant[at : at + size]
    ask(bytes(mutant))


@fewer_examples
@given(st.binary(max_size=300))
def test_no_bytes_whatever_raise_anything_else(data: bytes) -> None:
    ask(data)
    ask(module_bytes(custom_bytes(STATE_SECTION, data, width=5)))
    ask(b"\x89WST\r\n\x1a\n" + data + b"WSTEND\r\n")


@fewer_examples
@given(st.data())
def test_what_is_called_proven_is_what_it_was(data: st.DataObject) -> None:
    state = State.of(LATER)
    mutant = bytearray(LATER.to_bytes())
    start = state_at(LATER)
    for _ in range(data.draw(st.integers(1, 4))):
        at = start + data.draw(st.integers(0, 400) | st.integers(0, len(mutant) - start))
        size = data.draw(st.sampled_from([1, 8, 16, 64, 512]))
        with_what = data.draw(st.sampled_from([b"\0", b"\xaa", b"\x17"]))
        mutant[at : at + size] = with_what * len(mutant[at : at + size])
    saved = salvage_bytes(bytes(mutant), fill="zeros")
    if saved.state is None or saved.generation != state.generation:
        return
    for tensor in saved.tensors:
        if tensor.status in ("proven", "mended"):
            assert saved.state[tensor.name].tobytes() == state[tensor.name].tobytes(), tensor
