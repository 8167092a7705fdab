"""Files: small ones are read at once, large ones piece by piece from one open descriptor."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from support import custom_bytes, message, module_bytes, section_bytes
from wasmstate.binary import Module, source
from wasmstate.binary.source import BytesSource, FileSource, open_source
from wasmstate.errors import MalformedError

DATA = module_bytes(
    section_bytes(1, b"\0"), custom_bytes("note", b"hello" * 100, width=5), section_bytes(3, b"\0")
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "model.wasm"
    file.write_bytes(DATA)
    return file


@pytest.fixture
def large(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file, above the size up to which files are read at once."""
    monkeypatch.setattr(source, "READ_WHOLE", len(DATA) - 1)
    return path


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="neither a file nor a link to one"):
        Module.open(tmp_path / "pipe")


def test_a_small_file_is_read_at_once(path: Path) -> None:
    assert isinstance(open_source(path), BytesSource)
    module = Module.open(path)
    path.write_bytes(b"")
    assert module.to_bytes() == DATA


def test_a_large_file_is_read_piece_by_piece(large: Path) -> None:
    assert isinstance(open_source(large), FileSource)
    module = Module.open(str(large))
    assert module.sections[1].content == b"hello" * 100
    assert module.to_bytes() == DATA


def test_a_large_file_stays_that_of_one_moment_when_another_is_renamed_into_its_place(
    large: Path,
) -> None:
    module = Module.open(large)
    other = large.with_name("other")
    other.write_bytes(b"something else")
    other.replace(large)
    assert module.to_bytes() == DATA


def test_a_file_that_became_shorter_is_an_unexpected_end_where_it_now_ends(large: Path) -> None:
    module = Module.open(large)
    os.truncate(large, 20)
    expected = "module at 0x14: unexpected end (the file became shorter)"
    assert message(MalformedError, module.to_bytes) == expected
    section = module.sections[2]
    expected = f"module at {section.content_offset:#x}: unexpected end (the file became shorter)"
    assert message(MalformedError, section.decode) == expected


def test_a_system_that_gives_fewer_bytes_than_asked_is_asked_again(
    large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, size, at: pread(fd, min(size, 7), at))
    assert Module.open(large).to_bytes() == DATA


def test_the_descriptor_is_closed_with_the_last_user(large: Path) -> None:
    file = open_source(large)
    assert isinstance(file, FileSource)
    fd = file.fd
    module = Module.from_source(file)
    del file
    os.fstat(fd)
    del module
    gc.collect()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_a_file_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Module.open(tmp_path / "nothing.wasm")


def test_a_folder_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        Module.open(tmp_path)
