"""The models of a crash: which files may be there after which operations."""

from __future__ import annotations

from collections.abc import Sequence

from crash.image import File
from crash.models import ALL, MODELS, crash_points, posix, subsets
from crash.operations import (
    Attributes,
    Create,
    Link,
    Operation,
    Rename,
    Resize,
    SetAttributes,
    Sync,
    SyncFolder,
    Unlink,
    Write,
)
from crash.recording import CrashState, Recording

PLAIN = Attributes(0o644, 0, 0)
OLD = {"f": File(b"old", PLAIN)}
WRITTEN = (Create(1, "t", PLAIN), Write(1, 0, b"new"))
RENAMED = (*WRITTEN, Rename(1, "t", "f"))


def after(model: str, *operations: Operation) -> set[tuple[tuple[str, bytes], ...]]:
    """The names and bytes that there may be when all operations have been made."""
    recording = Recording(OLD, operations)
    return {
        tuple((path, file.data) for path, file in recording.image(state).items())
        for state in MODELS[model](recording)
        if state.done == len(operations)
    }


def contents(model: str, *operations: Operation) -> set[bytes]:
    """The bytes that the file ``f`` may have."""
    return {dict(files).get("f", b"gone") for files in after(model, *operations)}


def test_when_only_the_process_dies_all_is_there() -> None:
    assert after("kill", *RENAMED) == {(("f", b"new"),)}
    assert after("kill", *RENAMED[:2]) == {(("f", b"old"), ("t", b"new"))}


def test_ext4_writes_the_data_before_a_rename_over_another_file() -> None:
    assert contents("ext4", *RENAMED) == {b"old", b"new"}
    assert contents("journal", *RENAMED) == {b"old", b"new", b""}


def test_ext4_does_not_do_so_for_a_name_that_was_free() -> None:
    assert contents("ext4", *WRITTEN, Unlink("f"), Rename(1, "t", "f")) == {
        b"old",
        b"gone",
        b"",
        b"new",
    }


def test_without_a_journal_a_size_may_come_without_its_data() -> None:
    zeros, garbage = bytes(3), b"\xa5" * 3
    assert contents("posix", *RENAMED) == {b"old", b"new", b"", zeros, garbage}


def test_a_synced_file_is_whole_wherever_its_name_is() -> None:
    for model in ("ext4", "journal", "posix"):
        synced = (*WRITTEN, Sync(1), Rename(1, "t", "f"))
        assert contents(model, *synced) == {b"old", b"new"}
        assert contents(model, *synced, SyncFolder("")) == {b"new"}


def test_what_a_failed_sync_has_not_written_no_later_one_writes() -> None:
    failed = (*WRITTEN, Sync(1, succeeded=False), Sync(1), Rename(1, "t", "f"), SyncFolder(""))
    assert contents("ext4", *failed) == {b"new", b""}
    assert contents("posix", *failed) == {b"new", b"", bytes(3), b"\xa5" * 3}
    folder = (*WRITTEN, Sync(1), Rename(1, "t", "f"), SyncFolder("", succeeded=False))
    assert contents("posix", *folder, SyncFolder("")) == {b"old", b"new"}


def test_a_journal_keeps_the_order_of_names_and_posix_does_not() -> None:
    made = (Create(1, "a", PLAIN), Create(2, "b", PLAIN))
    names = {tuple(path for path, _ in files) for files in after("journal", *made)}
    assert names == {("f",), ("a", "f"), ("a", "b", "f")}
    names = {tuple(path for path, _ in files) for files in after("posix", *made)}
    assert names == {("f",), ("a", "f"), ("b", "f"), ("a", "b", "f")}


def test_a_sync_of_any_file_writes_all_of_a_journal() -> None:
    assert contents("journal", *RENAMED, Sync(0)) == {b"new", b""}
    assert b"old" in contents("posix", *RENAMED, Sync(0))


def test_a_rename_to_another_folder_lasts_when_both_are_synced() -> None:
    away = (Rename(0, "f", "sub/f"), SyncFolder("sub"))
    assert contents("posix", *away) == {b"old", b"gone"}
    assert contents("posix", *away, SyncFolder("")) == {b"gone"}


def test_a_second_name_is_a_change_of_names() -> None:
    link = Link(0, "g")
    assert after("posix", link) == {(("f", b"old"),), (("f", b"old"), ("g", b"old"))}


def test_attributes_that_were_not_synced_may_be_lost() -> None:
    recording = Recording(OLD, (SetAttributes(0, Attributes(0o600, 0, 0)), Sync(0)))
    modes = [
        (state.done, recording.image(state)["f"].attributes.mode) for state in posix(recording)
    ]
    assert modes == [(0, 0o644), (1, 0o600), (1, 0o644), (2, 0o600)]


def test_a_size_that_was_set_is_a_change_of_its_own() -> None:
    assert contents("journal", Resize(0, 1)) == {b"o", b"old"}
    assert contents("journal", Resize(0, 0), Write(0, 0, b"new")) == {b"old", b"", b"new"}
    assert contents("kill", Resize(0, 5)) == {b"old\0\0"}
    assert contents("kill", Write(0, 5, b"!")) == {b"old\0\0!"}


def test_a_block_is_torn_at_a_sector() -> None:
    sectors = [bytes([each]) * 512 for each in range(1, 5)]
    before = {"f": File(bytes(2048), PLAIN)}
    recording = Recording(before, (Write(0, 0, b"".join(sectors)),))
    found = {recording.image(state)["f"].data for state in posix(recording)}
    zeros = bytes(512)
    assert found == {
        bytes(2048),
        b"".join(sectors),
        b"".join([sectors[0], zeros, zeros, zeros]),
        b"".join([zeros, *sectors[1:]]),
        b"".join([sectors[0], zeros, sectors[2], zeros]),
    }


def test_of_many_parts_those_are_lost_that_find_most() -> None:
    many = list(range(ALL + 1))
    chosen = subsets(many, lambda i: i % 2)
    assert len(chosen) == len(set(chosen)) < 2 ** len(many)
    tail, all_but_one, only_one = (ALL - 1, ALL), (*many[:3], *many[4:]), (5,)
    for each in ((), tuple(many), tail, all_but_one, only_one, tuple(many[::2]), tuple(many[1::2])):
        assert each in chosen
    assert len(subsets(many[:ALL], lambda i: i)) == 2**ALL


def test_in_a_long_run_of_writes_the_crash_comes_at_its_ends_and_in_its_middle() -> None:
    run: Sequence[Operation] = [Write(0, i * 10, bytes(10)) for i in range(20)]
    assert crash_points(Recording(OLD, [*run, Sync(0)])) == [0, 1, 2, 11, 19, 20, 21]
    two_files = (Create(1, "t", PLAIN), *run[:2], Write(1, 0, b"x"), Sync(1))
    assert crash_points(Recording(OLD, two_files)) == [0, 1, 2, 3, 4, 5]


def test_the_states_come_in_the_same_order_each_time() -> None:
    first, second = (list(posix(Recording(OLD, RENAMED))) for _ in range(2))
    assert first == second
    assert eval(repr(first[-1])) == first[-1]  # the literal of a regression test
    assert isinstance(first[-1], CrashState)
