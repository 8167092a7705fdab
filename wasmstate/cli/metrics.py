"""Figures of a run in a file for Prometheus, which the node exporter's textfile collector reads.

Source: Prometheus documentation, "Exposition formats", "Text-based format".
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wasmstate import Session
from wasmstate.cli.common import echo
from wasmstate.errors import CommitError
from wasmstate.storage.commit import write_apart

_SECONDS = 5.0  # between two writes of the file; more often nobody reads it


@contextmanager
def metrics(session: Session, path: Path | None) -> Iterator[None]:
    """Write the figures when the run begins, at commits, and when the session was closed.

    Raises:
        NotCommittedError: if the file cannot be written when the run begins.
    """
    if path is None:
        yield
        return
    written = time.monotonic()
    _write(session, path, session.state.update_count)

    def at_commit(updates: int) -> None:
        # Of the committing thread: whatever takes the lock of the session would wait for it.
        nonlocal written
        if time.monotonic() - written >= _SECONDS:
            written = time.monotonic()
            _try(session, path, updates)

    session.before_commit(at_commit)
    try:
        yield
    finally:
        _try(session, path, session.state.update_count)


def _try(session: Session, path: Path, updates: int) -> None:
    try:
        _write(session, path, updates)
    except (CommitError, OSError) as error:  # the model counts more than its figures
        echo(f"Warning: {error}", err=True)


def _write(session: Session, path: Path, updates: int) -> None:
    write_apart(_text(session, updates).encode(), path, session.path, overwrite=True)


def _text(session: Session, updates: int) -> str:
    name = str(session.path).replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    figures = [
        ("generation", "gauge", "Generation of the state in the file.", session.generation),
        ("updates_total", "counter", "Calls of update() that the state has seen.", updates),
        ("commits_total", "counter", "Commits of this run.", session.commits),
        ("commit_bytes_total", "counter", "Bytes that they wrote.", session.bytes_written),
        ("last_commit_seconds", "gauge", "Time of the file, since 1970.", _time(session.path)),
    ]
    lines = []
    for key, kind, text, value in figures:
        lines += [f"# HELP wasmstate_{key} {text}", f"# TYPE wasmstate_{key} {kind}"]
        lines.append(f'wasmstate_{key}{{file="{name}"}} {value}')
    return "\n".join(lines) + "\n"


def _time(path: Path) -> float:
    try:
        return round(path.stat().st_mtime, 3)
    except OSError:
        return 0.0
