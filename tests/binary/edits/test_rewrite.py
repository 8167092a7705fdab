"""Instructions are rewritten, all other bytes stay, and positions in code metadata follow."""

from __future__ import annotations

import pytest

from models import from_wat
from stock import Stock
from support import custom_bytes
from wasmstate import Module, StaleDebugInfoWarning
from wasmstate.binary.code.instructions import Instr, instruction
from wasmstate.binary.edits.rewrite import Rewrite, rewrite
from wasmstate.binary.sections.code import CodeSection, Locals

TEXT = """(module
  (import "env" "f" (func))
  (func (export "other") (result i32) (i32.const 7))
  (func (export "pick") (param i32) (result i32)
    (i32.const 1)
    (if (param i32) (result i32) (local.get 0)
      (then (i32.add (i32.const 2)))
      (else (i32.add (i32.const 3))))))"""


def offset_of(module: Module, index: int, text: str) -> int:
    section = module.section(CodeSection)
    assert section is not None
    return next(at for at, _, instr in section.entries[index].instructions() if str(instr) == text)


def host() -> Module:
    return from_wat(TEXT.replace('(import "env" "f" (func))', ""))


def test_an_instruction_becomes_another_of_any_length() -> None:
    module = host()
    longer = instruction.encode(Instr("i32.const", (1_000_000,)))
    edited = rewrite(module, {1: Rewrite({offset_of(module, 1, "i32.const 3"): longer})})
    assert Stock(edited).call("pick", 0) == 1_000_001
    assert (Stock(edited).call("pick", 1), Stock(edited).call("other")) == (3, 7)


def test_locals_and_a_prologue_come_before_what_is_there() -> None:
    module = host()
    prologue = b"".join(
        map(instruction.encode, [Instr("i32.const", (40,)), Instr("local.set", (1,))])
    )
    at = offset_of(module, 1, "i32.const 2")
    reads = Rewrite(
        {at: instruction.encode(Instr("local.get", (1,)))}, prologue, (Locals(1, "i32"),)
    )
    assert Stock(rewrite(module, {1: reads})).call("pick", 1) == 41


def test_nothing_to_rewrite_gives_the_module_itself() -> None:
    module = host()
    assert rewrite(module, {}) is module


def test_branch_hints_follow_their_instruction() -> None:
    plain = from_wat(TEXT)
    section = plain.section(CodeSection)
    assert section is not None
    func = section.entries[1]
    position = next(
        at - func.offset for at, _, instr in func.instructions() if instr.mnemonic == "if"
    )
    hints = bytes([2, 1, 1, 0, 1, 0, 2, 1, position, 1, 1])  # functions 1 and 2, a hint each
    module = Module.from_bytes(plain.to_bytes() + custom_bytes("metadata.code.branch_hint", hints))
    longer = instruction.encode(Instr("i32.const", (1_000_000,)))
    edited = rewrite(module, {1: Rewrite({offset_of(module, 1, "i32.const 1"): longer})})
    found = edited.custom_sections("metadata.code.branch_hint")[0].decode().funcs
    assert [(each.idx, each.instances[0].funcpos) for each in found] == [(1, 0), (2, position + 2)]


def test_debug_information_that_cannot_follow_is_warned_of() -> None:
    module = Module.from_bytes(host().to_bytes() + custom_bytes(".debug_line", b"x"))
    with pytest.warns(StaleDebugInfoWarning, match="debug_line gives places in the code"):
        rewrite(module, {0: Rewrite({offset_of(module, 0, "i32.const 7"): b"\x41\x08"})})
