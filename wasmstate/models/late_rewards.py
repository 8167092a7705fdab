"""What the bandits have that keep decisions: options, tensors and functions of the ring.

Source: kernels/decisions.h.
"""

from __future__ import annotations

from wasmstate.models.family import Option, TensorTemplate
from wasmstate.models.options import FINITE, NOT_NEGATIVE, kept

OPTION = "decisions"
"""How many there is room for; a model without any has none of the tensors and functions."""

STATUSES = ("empty", "rewarded", "timed out", "waiting")
"""By their number in the tensor ``decision_status``."""


def late_rewards(most: int, *bounds: str, integer: bool = False) -> tuple[Option, ...]:
    """The options of a family that has room for so many decisions, with bounds of a reward."""
    room = (">= 0", f"<= {most}")
    return (
        Option(OPTION, "how many can wait for their rewards", 0, integer=True, bounds=room),
        Option(
            "default_reward",
            "what a decision is worth that times out",
            0.0,
            integer=integer,
            bounds=bounds,
        ),
    )


RING = (
    kept(OPTION, "u32"),
    kept("default_reward"),
    TensorTemplate("decided:i64", "max", NOT_NEGATIVE, unit="decisions"),
    TensorTemplate("decision_arm:u32[decisions]", "own"),
    TensorTemplate(
        "decision_status:u32[decisions]",
        "own",
        ("<= 3",),
        unit=", ".join(f"{i} {status}" for i, status in enumerate(STATUSES)),
    ),
    TensorTemplate("decision_reward:f64[decisions]", "own", FINITE),
)
PROPENSITY = TensorTemplate("decision_propensity:f64[decisions]", "own", ("finite", ">= 0", "<= 1"))
CONTEXT = TensorTemplate("decision_x:f64[decisions,features]", "own", FINITE)


def functions(reward: str, context: str = "") -> dict[str, str]:
    """The functions of a family, with the type and bounds of a reward, and what a choice takes."""
    return {
        "decide": f"({context}) -> i64",
        "chosen": "(id: i64 >= 0) -> i32",
        "reward": f"(id: i64 >= 0, reward: {reward}) -> i32",
    }


ONLY_WITH = {
    OPTION: (
        *(tensor.name for tensor in (*RING, PROPENSITY, CONTEXT)),
        *functions(""),
    )
}
