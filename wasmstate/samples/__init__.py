"""Small files to try the commands with: the models and tables that the documentation uses.

The binaries are those of ``fixtures/``. A wheel has copies of them here; in a checkout there is one
of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_IN_WHEEL = Path(__file__).parent
_IN_CHECKOUT = _IN_WHEEL.parents[1] / "fixtures"
_SCAILABLE = ("churn", "houses", "intsum", "logistic", "rent")


@dataclass(frozen=True)
class Sample:
    """Files that belong together.

    Attributes:
        summary: what they are, in one clause.
        binaries: their paths in ``fixtures/``, and where they are written.
        others: the content of the other files.
    """

    summary: str
    binaries: tuple[str, ...]
    others: Mapping[str, bytes]

    def files(self) -> dict[str, bytes]:
        """The content of each file, by its path.

        Raises:
            OSError: one cannot be read.
        """
        return {path: _content(path) for path in self.binaries} | dict(self.others)


def _content(path: str) -> bytes:
    in_wheel = _IN_WHEEL / path
    return (in_wheel if in_wheel.exists() else _IN_CHECKOUT / path).read_bytes()


# (module (import "host" "successes" (global $at i32))
#   (func (export "where") (result i32) (global.get $at)))
_COUNTS = bytes.fromhex(
    "0061736d01000000 0105016000017f 021301 04686f7374 09737563636573736573 037f00"
    "03020100 0709010577686572650000 0a0601040023000b 000c046e616d65070501000261 74"
)

SAMPLES = {
    "bandit": Sample(
        "a bandit of four arms that learns, and a table of clicks for it",
        ("bandit.wasm",),
        {"clicks.csv": b"arm,reward\n1,1\n2,0\n2,1\n0,0\n"},
    ),
    "rain": Sample(
        "a table of days for a model of two features, which says in the last column if it rained",
        (),
        {"days.csv": "".join(f"{i % 2},0.5,{i % 2}\n" for i in range(20)).encode()},
    ),
    "counts": Sample(
        "a module to graft to the bandit: it uses the bandit's address of the successes",
        (),
        {"counts.wasm": _COUNTS},
    ),
    "scailable": Sample(
        "five binaries with Scailable's interface, in its three dialects",
        tuple(f"scailable/{name}.wasm" for name in _SCAILABLE),
        {},
    ),
}
"""By their names, in the order in which they are listed."""
