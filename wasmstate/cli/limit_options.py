"""The limits of a call and of a compilation, as options of the commands that call functions."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

_MIB = 1 << 20

Command = Callable[..., None]


def limit_options(seconds: float = 10.0) -> Callable[[Command], Command]:
    """Options of a command that calls functions; it is called with Limits as ``limits``.

    Args:
        seconds: the time that a call has, if no other is given.
    """

    def decorate(command: Command) -> Command:
        @click.option(
            "--timeout",
            type=float,
            metavar="SECONDS",
            default=seconds,
            show_default=True,
            help="For a call.",
        )
        @click.option(
            "--memory",
            type=click.IntRange(1, 1 << 40),
            metavar="MIB",
            default=1024,
            show_default=True,
            help="For the memories of the module together.",
        )
        @click.option(
            "--compile-timeout",
            type=float,
            metavar="SECONDS",
            default=60.0,
            show_default=True,
            help="To compile a module for the first time.",
        )
        @click.option(
            "--compile-memory",
            type=click.IntRange(1, 1 << 40),
            metavar="MIB",
            default=2048,
            show_default=True,
            help="To compile a module for the first time.",
        )
        @wraps(command)
        def with_limits(
            *args: Any,
            timeout: float,
            memory: int,
            compile_timeout: float,
            compile_memory: int,
            **options: Any,
        ) -> None:
            for option, given in (("--timeout", timeout), ("--compile-timeout", compile_timeout)):
                if not given > 0:  # NaN is not, either
                    raise click.UsageError(f"{option} must be more than 0 seconds")
            from wasmstate.runtime.limits import Limits  # noqa: PLC0415 (--help does not need it)

            limits = Limits(
                seconds=timeout,
                memory=memory * _MIB,
                compile_seconds=compile_timeout,
                compile_memory=compile_memory * _MIB,
            )
            command(*args, limits=limits, **options)

        return with_limits

    return decorate
