"""Constants of the code, as commands show them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from wasmstate.cli.common import echo
from wasmstate.escapes import listed

if TYPE_CHECKING:
    from wasmstate.explore.find_constants import Constant


def echo_left_out(constants: Iterable[Constant]) -> None:
    """Say which constants are no weights, and why, by their role."""
    roles = Counter(each.role for each in constants if each.role)
    if roles:
        shown = [f"{role} ({count})" for role, count in roles.most_common()]
        echo(f"left out: constants that are {listed(shown, 20)}")
