"""The limits of a call and of a compilation, as options of the commands that call functions."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

_MIB = 1 << 20


def limit_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options of a command that calls functions; it is called with Limits as ``limits``."""

    @click.option(
        "--timeout",
        type=float,
        metavar="SECONDS",
        default=10.0,
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
        for option, seconds in (("--timeout", timeout), ("--compile-timeout", compile_timeout)):
            if not seconds > 0:  # NaN is not, either
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
