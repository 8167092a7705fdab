"""What a module is granted of what it imports, as options of the commands that call functions."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from wasmstate.runtime.grants import GrantOptions

Command = Callable[..., None]


def grant_options(command: Command) -> Command:
    """Options of a command that calls functions; it is called with them as ``grants``."""

    @click.option(
        "--wasi",
        type=click.Choice(["none", "stub"]),
        default="none",
        show_default=True,
        help="What is granted to a module that imports WASI: nothing, or a stub: an empty system.",
    )
    @click.option(
        "--allow",
        multiple=True,
        metavar="MODULE[.NAME]",
        help="Functions that may be imported, such as env.abort; a call of one traps. Repeatable.",
    )
    @click.option(
        "--single-thread",
        is_flag=True,
        help="Take a memory that is shared between threads as one that is not.",
    )
    @wraps(command)
    def with_grants(
        *args: Any, wasi: Any, allow: tuple[str, ...], single_thread: bool, **options: Any
    ) -> None:
        grants: GrantOptions = {"wasi": wasi, "allow": allow, "single_thread": single_thread}
        command(*args, grants=grants, **options)

    return with_grants


def grant_words(grants: Mapping[str, Any]) -> str:
    """Grants as options: ``--wasi stub --allow env``."""
    words = [f"--wasi {grants['wasi']}"] if grants.get("wasi", "none") != "none" else []
    words += [f"--allow {shlex.quote(each)}" for each in grants.get("allow", ())]
    words += ["--single-thread"] if grants.get("single_thread") else []
    return " ".join(words)
