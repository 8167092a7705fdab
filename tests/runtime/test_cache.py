"""The compile cache never loads what it did not write, and never fails."""

from __future__ import annotations

import os
import random
import stat
import sys
from pathlib import Path

import pytest
import wasmtime

from models import from_wat
from wasmstate import Module
from wasmstate.runtime import cache as cache_module
from wasmstate.runtime.cache import Cache, entry_name, user_cache
from wasmstate.runtime.instance import Instance
from wasmstate.runtime.program import Program

TEXT = '(module (func $f (export "predict") (result i32) (i32.const 42)))'
OTHER = '(module (func $f (export "predict") (result i32) (i32.const 43)))'

posix = pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the user's that keeps small modules, too, its key elsewhere."""
    monkeypatch.setenv("WASMSTATE_CACHE", str(tmp_path / "cache"))
    for variable in ("XDG_STATE_HOME", "LOCALAPPDATA", "HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path / "private"))
    monkeypatch.setattr("wasmstate.runtime.program.LEAST", 0)
    return tmp_path / "cache"


@pytest.fixture
def deserialized(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes wasmtime was given, for each time that it was."""
    sizes: list[int] = []
    original = wasmtime.Module.deserialize

    def counted(engine: wasmtime.Engine, encoded: bytes) -> wasmtime.Module:
        sizes.append(len(encoded))
        return original(engine, encoded)

    monkeypatch.setattr(wasmtime.Module, "deserialize", staticmethod(counted))
    return sizes


def run(module: Module) -> object:
    return Instance(Program(module)).call("predict", [])


def entries(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.code"))


def key_of(folder: Path) -> Path:
    (key,) = folder.parent.rglob("cache.key")
    return key


def test_the_second_time_nothing_is_compiled(folder: Path, deserialized: list[int]) -> None:
    assert run(from_wat(TEXT)) == 42
    assert deserialized == []
    assert run(from_wat(TEXT)) == 42
    assert len(deserialized) == 1
    assert run(from_wat(OTHER)) == 43
    assert len(deserialized) == 1
    assert len(entries(folder)) == 2


def test_a_change_of_state_compiles_nothing(folder: Path, deserialized: list[int]) -> None:
    run(from_wat(TEXT))
    for state in (b"S1", b"S2"):
        run(from_wat(TEXT).with_custom("wasmstate.state", state, force=True))
    assert len(deserialized) == 2
    assert len(entries(folder)) == 1


def test_names_belong_to_the_code_because_traps_tell_them() -> None:
    module = from_wat(TEXT)
    assert entry_name(module) != entry_name(module.without_custom("name"))
    assert entry_name(module, True) != entry_name(module, False)


def test_no_flipped_bit_reaches_wasmtime(folder: Path, deserialized: list[int]) -> None:
    run(from_wat(TEXT))
    (path,) = entries(folder)
    whole = path.read_bytes()
    chance = random.Random(7)
    places = [*range(60), *(chance.randrange(len(whole)) for _ in range(140))]
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        assert run(from_wat(TEXT)) == 42
        assert path.read_bytes()[:48] == whole[:48]  # compiled again, and kept
    for size in (0, 10, 48, len(whole) - 1):
        path.write_bytes(whole[:size])
        assert run(from_wat(TEXT)) == 42
    assert deserialized == []


def test_another_modules_entry_under_this_name_is_none(
    folder: Path, deserialized: list[int]
) -> None:
    run(from_wat(OTHER))
    (other,) = entries(folder)
    run(from_wat(TEXT))
    (mine,) = set(entries(folder)) - {other}
    mine.write_bytes(other.read_bytes())
    assert run(from_wat(TEXT)) == 42
    assert deserialized == []


def test_an_entry_of_another_key_is_none(folder: Path, deserialized: list[int]) -> None:
    run(from_wat(TEXT))
    key_of(folder).unlink()
    assert run(from_wat(TEXT)) == 42
    assert deserialized == []
    assert run(from_wat(TEXT)) == 42
    assert len(deserialized) == 1


@posix
def test_a_key_that_others_may_read_or_that_is_none_is_not_used(
    folder: Path, deserialized: list[int]
) -> None:
    run(from_wat(TEXT))
    key = key_of(folder)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(entries(folder)[0].stat().st_mode) == 0o600
    key.chmod(0o644)
    assert run(from_wat(TEXT)) == 42
    key.chmod(0o600)
    key.write_bytes(b"short")
    assert run(from_wat(TEXT)) == 42
    assert deserialized == []


def test_what_wasmtime_does_not_take_is_compiled_again(folder: Path) -> None:
    run(from_wat(TEXT))
    (path,) = entries(folder)
    cache = user_cache()
    assert cache is not None
    cache.store(path.stem, b"of another build")  # authentic, and not usable
    assert run(from_wat(TEXT)) == 42
    assert len(path.read_bytes()) > 100


def test_the_cache_is_bounded_and_forgets_what_was_used_longest_ago(tmp_path: Path) -> None:
    engine = wasmtime.Engine()
    compiled = bytes(wasmtime.Module(engine, bytes(wasmtime.wat2wasm(TEXT))).serialize())
    size = len(compiled) + 48
    cache = Cache(tmp_path / "cache", tmp_path / "key", most=2 * size)
    cache.store("a", compiled)
    cache.store("b", compiled)
    os.utime(tmp_path / "cache" / "a.code", (1, 1))
    os.utime(tmp_path / "cache" / "b.code", (2, 2))
    assert cache.load(engine, "a") is not None  # and so used last
    cache.store("c", compiled)
    assert [path.stem for path in entries(tmp_path / "cache")] == ["a", "c"]
    small = Cache(tmp_path / "cache", tmp_path / "key", most=size // 2)
    small.store("d", compiled)
    assert cache.load(engine, "d") is None


def test_leftovers_count_and_go_first(tmp_path: Path) -> None:
    module = wasmtime.Module(wasmtime.Engine(), bytes(wasmtime.wat2wasm(TEXT)))
    compiled = bytes(module.serialize())
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / ".dead.tmp").write_bytes(bytes(1 << 20))
    os.utime(folder / ".dead.tmp", (1, 1))
    Cache(folder, tmp_path / "key", most=1 << 20).store("a", compiled)
    assert [path.name for path in folder.iterdir()] == ["a.code"]


def test_a_folder_that_cannot_be_is_no_error(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("WASMSTATE_CACHE", str(tmp_path / "file" / "cache"))
    assert run(from_wat(TEXT)) == 42
    monkeypatch.setenv("WASMSTATE_CACHE", str(folder))
    monkeypatch.setattr(cache_module, "_folders", lambda: (folder, tmp_path / "file" / "private"))
    assert run(from_wat(TEXT)) == 42


def test_a_write_that_fails_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert run(from_wat(TEXT)) == 42
    assert list(folder.iterdir()) == []


def test_it_can_be_switched_off(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WASMSTATE_CACHE", "off")
    assert user_cache() is None
    run(from_wat(TEXT))
    assert not folder.exists()


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        (
            "linux",
            {"XDG_CACHE_HOME": "/c", "XDG_STATE_HOME": "/s"},
            ("/c/wasmstate", "/s/wasmstate"),
        ),
        (
            "linux",
            {"XDG_CACHE_HOME": "relative"},
            ("/home/me/.cache/wasmstate", "/home/me/.local/state/wasmstate"),
        ),
        (
            "darwin",
            {},
            (
                "/home/me/Library/Caches/wasmstate",
                "/home/me/Library/Application Support/wasmstate",
            ),
        ),
        ("win32", {"LOCALAPPDATA": "/local"}, ("/local/wasmstate/Cache", "/local/wasmstate")),
    ],
)
@posix
def test_the_folders_are_those_of_the_platform(
    platform: str,
    variables: dict[str, str],
    expected: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert tuple(map(str, cache_module._folders())) == expected


@posix
def test_without_a_home_there_is_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WASMSTATE_CACHE", "")
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr(sys, "platform", "win32")
    assert user_cache() is None


@posix
@pytest.mark.parametrize("which", ["entry", "key"])
@pytest.mark.parametrize("kind", ["pipe", "endless", "huge", "folder"])
def test_what_is_no_regular_file_of_a_sane_size_is_not_read(
    folder: Path, deserialized: list[int], which: str, kind: str
) -> None:
    run(from_wat(TEXT))
    path = entries(folder)[0] if which == "entry" else key_of(folder)
    path.unlink()
    match kind:
        case "pipe":
            os.mkfifo(path, 0o600)
        case "endless":
            path.symlink_to("/dev/zero")
        case "huge":
            with path.open("wb") as file:
                file.truncate(6 << 30)
            path.chmod(0o600)
        case "folder":
            path.mkdir()
    assert run(from_wat(TEXT)) == 42
    assert deserialized == []
