"""Options such as ``--record-limit 10MB``."""

from __future__ import annotations

import click

from wasmstate.session.byte_size import parse_size


class _ByteSize(click.ParamType[int]):
    name = "size"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        try:
            return parse_size(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


byte_size = _ByteSize()
