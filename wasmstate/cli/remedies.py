"""What helps, in the words of the command line.

The library says what is wrong, and names what of it helps; each of its names is an option or a
command here.
"""

from __future__ import annotations

from collections.abc import Iterable

import click

from wasmstate.cli.grant_options import grant_words
from wasmstate.errors import LinkError, Remedy, WasmstateError

WORDS: dict[Remedy, str] = {
    "Limits.compile_memory": "wasmstate run --compile-memory",
    "Limits.compile_seconds": "wasmstate run --compile-timeout",
    "Limits.memory": "wasmstate run --memory",
    "Limits.seconds": "wasmstate run --timeout",
    "Module.with_content()": "wasmstate section replace --index",
    "Module.with_name()": "wasmstate section rename --index",
    "Module.without_custom()": "wasmstate section remove",
    "Module.without_section()": "wasmstate section remove --index",
    "ScailableModel": "wasmstate predict",
    "Section.content": "wasmstate section extract",
    "State.with_values()": "wasmstate set",
    "accept": "--accept",
    "allow": "wasmstate run --allow",
    "allow_break_links": "--break-links",
    "allow_equal": "--allow-equal",
    "as_globals": "--globals",
    "assume_base": "--assume-base",
    "attach()": "wasmstate attach",
    "bake()": "wasmstate bake",
    "columns": "--columns",
    "decisions": "wasmstate models new --decisions",
    "donor": "--donor",
    "encoding": "--encoding",
    "entry_points": "wasmstate attach --function",
    "features": "--features",
    "fill": "--fill",
    "fold()": "wasmstate fold",
    "force": "--force",
    "keep_base": "--keep-base",
    "merge()": "wasmstate merge -o",
    "merged": "--merged",
    "migrate()": "wasmstate migrate",
    "pages": "--pages",
    "record": "--record",
    "replace_exports": "--replace",
    "resume": "--resume",
    "rollback()": "wasmstate rollback",
    "root": "--root",
    "salvage()": "wasmstate salvage",
    "separator": "--separator",
    "single_thread": "--single-thread",
    "skip_unlabelled": "--skip-unlabelled",
    "trusted": "--trust",
    "wasi": "--wasi stub",
}


def in_words(remedies: Iterable[Remedy]) -> str:
    """What helps, on one line; empty if nothing is known to.

    An option that the command under way has itself is named alone.
    """
    own = _own_options()
    words = (WORDS[each] for each in remedies)
    return ", ".join(each.split()[-1] if each.split()[-1] in own else each for each in words)


def help_lines(error: WasmstateError) -> list[str]:
    """The line below a message that says what helps, if anything is known to."""
    words = _grants(error) or in_words(error.remedies)
    return [f"What helps: {words}"] if words else []


def _grants(error: WasmstateError) -> str:
    """The grants that an error proposes."""
    words = grant_words(error.grants) if isinstance(error, LinkError) else ""
    if not words or "--wasi" in _own_options():
        return words
    return f"wasmstate run {words}"


def _own_options() -> set[str]:
    """The options of the command under way."""
    context = click.get_current_context(silent=True)
    return set() if context is None else {o for each in context.command.params for o in each.opts}
