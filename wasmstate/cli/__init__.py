"""The command line: one file a command, and the table that knows them all.

A command is loaded when it is called: ``wasmstate layout`` needs neither NumPy nor wasmtime, and
does not wait for them.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from wasmstate import __version__
from wasmstate.cli.common import Unusable, echo, unusable
from wasmstate.cli.groups import Group
from wasmstate.escapes import visible
from wasmstate.frozen import run_child

COMMANDS = {
    "example": "Write files to try the commands with.",
    "layout": "List the sections of a module.",
    "dump": "Show every field, and the code as instructions.",
    "strings": "List the texts in the data segments.",
    "uses": "Show where a function, a global, an address or a string is used.",
    "state": "Show the state S that a module carries.",
    "new": "Make a folder with a model of your own.",
    "models": "List the models that come with wasmstate, and make files of them.",
    "from": "Make a model of an estimator that scikit-learn has fitted.",
    "discover": "Find the state of a module: what its calls change.",
    "attach": "Give a module a state section.",
    "probe": "Say which tensors are alive, and which are folded into the code.",
    "unfold": "Make constants of the code tensors of the state.",
    "fold": "Undo what unfold did.",
    "learn": "Let a model that only predicts learn.",
    "set": "Change values of the state.",
    "export": "Write the state to a file of NumPy or safetensors.",
    "run": "Call a function, and keep what it learns.",
    "predict": "Predict with a binary of Scailable's.",
    "replay": "Do again what was recorded.",
    "why": "Say what a call writes to a cell of the state, and from where.",
    "bisect": "Find the call that spoiled the state.",
    "wear": "Say what commits cost flash memory.",
    "check": "Say what is wrong with files.",
    "drift": "Tell where a model began to be wrong more often.",
    "rollback": "Bring back an older generation that is in the file.",
    "history": "List the generations that a file keeps.",
    "salvage": "Take from a damaged file what is proven.",
    "diff": "Show what changed from one state to another.",
    "bake": "Let any runtime start from the state.",
    "unbake": "Undo what bake did.",
    "graft": "Add the functions of a small module, such as update().",
    "migrate": "Let new code go on with an old state.",
    "compat": "Say what a new version changes for the state, and for callers.",
    "upgrade": "Give a model in use new code, and keep what it has learned.",
    "split": "Put code and state in two files.",
    "join": "Put code and state in one file again.",
    "merge": "Join what devices have learned from one start.",
    "personalize": "Give a copy of a model random numbers of its own.",
    "fleet": "Scan files of many devices, query them, merge them, publish the result.",
    "pull": "Take the model of a fleet, and keep what this device has learned.",
    "push": "Send a model to its fleet.",
    "rename": "Give an export or an import another name.",
    "section": "List, extract, edit or strip custom sections.",
    "inspect": "Open the window, or draw it to a picture.",
}


def _flush_output() -> None:
    if sys.stdout is None:  # closed by whoever started the command
        return
    try:
        sys.stdout.flush()
    except OSError:
        # What is left in the buffer must not be tried again when the interpreter ends (Python
        # documentation, library "signal", "Note on SIGPIPE").
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


@contextmanager
def _flushed() -> Iterator[None]:
    """Write all output before the exit status is settled.

    The interpreter's own flush at the end comes too late: its errors give status 120.
    """
    try:
        yield
    finally:
        _flush_output()


@contextmanager
def _told(ctx: click.Context) -> Iterator[None]:
    """Tell what ends a command, whatever it is, and by an exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what it has no bytes for is shown as an escape
            stream.reconfigure(errors="backslashreplace")
    try:
        with _flushed():
            yield
    except click.UsageError as error:
        # click shows what was typed as it is, and has no other place to change that.
        error.message = visible(error.message)  # type: ignore[misc]
        raise
    except BrokenPipeError:  # the reader has seen enough
        ctx.exit(128 + 13)  # as a shell says it of SIGPIPE
    except KeyboardInterrupt:
        echo("interrupted", err=True)
        ctx.exit(128 + 2)  # as a shell says it of SIGINT
    except OSError as error:
        raise unusable(error, "the output") from error
    except MemoryError as error:
        raise Unusable("there is not enough memory for files of this size") from error


class _Commands(Group):
    def main(self, *args: Any, **options: Any) -> Any:
        if not run_child(sys.argv[1:]):
            return super().main(*args, **options)
        return None

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with _told(ctx):  # --help and --version print while they are parsed
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        with _told(ctx):
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        gc.disable()  # modules leave no garbage, and are imported a tenth quicker without a look
        try:
            module = import_module(f"wasmstate.cli.commands.{cmd_name}")
        finally:
            gc.enable()
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="wasmstate")
def main() -> None:
    """Make a WebAssembly binary remember.

    A model compiled to WebAssembly is y = f(x; S). Its state S lives in the same file, in the
    custom section wasmstate.state, and every change is written so that no crash leaves anything
    but the old state or the new one.

    \b
    Try:  wasmstate layout model.wasm
          wasmstate run model.wasm update 2 1.0
          wasmstate state model.wasm

    Exit status: 0 if all is well, 1 if something was found (a damaged file, a difference, a call
    that trapped), 2 for a usage error or a file that cannot be read.
    """
