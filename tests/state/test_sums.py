"""Damage in the custom sections of other tools is noticed where checksums of them are kept."""

from __future__ import annotations

import zlib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from state.damaged import fixture_model, flipped
from wasmstate import Module, State, commit
from wasmstate.state.damage.check import check_module
from wasmstate.state.older import STATE_SECTION
from wasmstate.state.sums import SUMS_SECTION, Sum, carried_sums, paired, with_sums
from wasmstate.storage.commit import replace_section, rewrite

BANDIT = fixture_model("bandit").with_custom("note", b"first", index=0)
KEPT = with_sums(BANDIT)
NAME = KEPT.custom_sections("name")[0]


def warnings(module: Module | bytes) -> list[str]:
    data = module if isinstance(module, bytes) else module.to_bytes()
    return [str(each) for each in check_module(Module.from_bytes(data, strict=False))]


def summed(body: bytes) -> Module:
    """A module with these checksums, whose own is right."""
    content = body + zlib.crc32(body).to_bytes(4, "little")
    return KEPT.with_custom(SUMS_SECTION, content)


def test_a_module_with_checksums_that_are_right_has_no_findings() -> None:
    assert warnings(KEPT) == []
    assert KEPT.sections[-1].name == STATE_SECTION
    assert [entry.name for entry, _ in paired(KEPT)] == ["note", "name", "producers"]
    assert paired(KEPT)[0][0] == Sum("note", 5, zlib.crc32(b"first"))


def test_the_bytes_are_those_of_the_format() -> None:
    plain = Module.from_bytes(b"\0asm\1\0\0\0").with_custom("a", b"xyz")
    body = bytes.fromhex("01000000 01000000 01000000 61 0300000000000000") + (
        zlib.crc32(b"xyz").to_bytes(4, "little")
    )
    kept = with_sums(plain).custom_sections(SUMS_SECTION)
    assert [each.content for each in kept] == [body + zlib.crc32(body).to_bytes(4, "little")]


def test_a_flipped_bit_in_the_section_of_another_tool_is_a_warning() -> None:
    (warning,) = warnings(flipped(KEPT.to_bytes(), NAME.end - 2))
    assert warning == (
        f"warning: sections[{NAME.index}] at {NAME.content_offset:#x}: name: its CRC-32 is not the "
        "one that was kept: it is damaged, or a tool rewrote it; restore it from a copy; if a "
        "tool wrote it, keep new checksums"
    )


def test_a_section_that_is_gone_is_a_warning_and_one_that_was_added_is_none() -> None:
    (warning,) = warnings(KEPT.without_custom("note").with_custom("other", b""))
    assert warning == (
        "warning: wasmstate.sums: the custom section 'note' is gone, or has lost its name; "
        "restore it from a copy"
    )


def test_checksums_that_are_damaged_themselves_say_so() -> None:
    kept = KEPT.custom_sections(SUMS_SECTION)[0]
    where = f"warning: sections[{kept.index}] at {kept.content_offset:#x}: the checksums of other"
    for module, reason in (
        (flipped(KEPT.to_bytes(), kept.content_offset + 9), "its own CRC-32 is wrong"),
        (KEPT.with_custom(SUMS_SECTION, b"1234567"), "its own CRC-32 is wrong"),
        (summed(bytes([2]) + bytes(7)), "version 2 is not known"),
        (summed(bytes([1]) + bytes(8)), "1 bytes are left over"),
        (summed(bytes([1, 0, 0, 0, 1, 0, 0, 0])), "entry at content offset 0x8: "),
        (summed(bytes([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 255])), "entry at content offset 0xc: "),
    ):
        (warning,) = warnings(module)
        assert warning.startswith(f"{where} custom sections cannot be read: {reason}")
        read = Module.from_bytes(module) if isinstance(module, bytes) else module
        assert carried_sums(read, read.with_custom("note", b"2")).custom_sections(SUMS_SECTION)
    index = len(KEPT.sections)
    twice = KEPT.with_custom(SUMS_SECTION, kept.content, index=index)
    assert "2 sections have this name" in warnings(twice)[0]
    assert carried_sums(twice, twice) is twice


@given(st.binary(max_size=40))
def test_any_bytes_are_checksums_or_are_refused(body: bytes) -> None:
    for module in (summed(body), summed(bytes([1, 0, 0, 0]) + body)):
        assert len(warnings(module)) >= 1


def test_an_edit_keeps_its_own_checksum_and_makes_no_damage_right(tmp_path: Path) -> None:
    path = tmp_path / "model.wasm"
    path.write_bytes(flipped(KEPT.to_bytes(), NAME.end - 2))
    replace_section(path, "note", b"second")
    replace_section(path, "more", b"third")
    (warning,) = warnings(path.read_bytes())
    assert "name: its CRC-32" in warning
    entries = paired(Module.open(path))
    assert Sum("more", 5, zlib.crc32(b"third")) in [entry for entry, _ in entries]
    rewrite(path, lambda module: module.without_custom("note"))
    assert len(warnings(path.read_bytes())) == 1
    rewrite(path, with_sums)
    assert warnings(path.read_bytes()) == []


def test_a_section_that_another_tool_added_is_not_taken_for_right_by_an_edit(
    tmp_path: Path,
) -> None:
    path = tmp_path / "model.wasm"
    path.write_bytes(KEPT.with_custom("alien", b"x").to_bytes())
    replace_section(path, "note", b"second")
    assert "alien" not in [entry.name for entry, _ in paired(Module.open(path))]


def test_a_commit_carries_the_checksums_on_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / "model.wasm"
    path.write_bytes(KEPT.to_bytes())
    commit(path, State.of(KEPT).with_values({"count": 1}))
    (after,) = Module.open(path).custom_sections(SUMS_SECTION)
    assert after.content == KEPT.custom_sections(SUMS_SECTION)[0].content
    assert warnings(path.read_bytes()) == []


def test_a_module_without_custom_sections_of_its_own_gets_them_at_its_end() -> None:
    plain = Module.from_bytes(b"\0asm\1\0\0\0")
    assert [each.name for each in with_sums(plain).sections] == [SUMS_SECTION]
    assert paired(with_sums(plain)) == []
    assert carried_sums(plain, plain) is plain
