"""``--persist``: when a changed state is written."""

from __future__ import annotations

import click

from wasmstate.session.policy import Policy


class _Persist(click.ParamType[str]):
    name = "policy"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        try:
            Policy.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return str(value)


persist_option = click.option(
    "--persist",
    type=_Persist(),
    default="every-change",
    show_default=True,
    help="When a changed state is written: every-change, every:100, every:5s, budget:20MB/day, "
    "on-close, or manual: never. With every:N a kill costs at most 20 N updates.",
)
