"""Signals at which S is committed while the run goes on, such as SIGPWR of a failing supply.

A handler may come in the middle of a commit, which no second one of the same thread can wait for.
So a thread of its own flushes: it waits for the call that is under way, and for nothing else.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

import click

from wasmstate import Session
from wasmstate.cli.common import echo
from wasmstate.errors import WasmstateError

_OTHERS = {"SIGKILL", "SIGSTOP", "SIGTERM", "SIGINT", "SIGHUP"}  # which end the run, or cannot be

flush_option = click.option(
    "--flush-on",
    "flush_on",
    type=click.Choice([each.name for each in signal.Signals if each.name not in _OTHERS]),
    multiple=True,
    metavar="SIGNAL",
    help="Commit at this signal, such as SIGPWR, and go on. May be repeated.",
)


@contextmanager
def flushing(session: Session, names: Iterable[str]) -> Iterator[None]:
    """Commit at these signals; at the end, wait for a commit that one of them began."""
    threads: list[threading.Thread] = []

    def begin(number: int, _: FrameType | None) -> None:
        thread = threading.Thread(target=_flush, args=(session, signal.Signals(number).name))
        threads.append(thread)
        thread.start()

    before = {name: signal.signal(signal.Signals[name], begin) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(signal.Signals[name], handler)
        for thread in threads:
            thread.join()


def _flush(session: Session, name: str) -> None:
    try:
        session.flush()
    except WasmstateError as error:
        echo(f"{name}: {error}", err=True)
