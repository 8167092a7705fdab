"""Agents that learn from episodes of steps, in states that are numbers."""

from __future__ import annotations

from wasmstate.models.family import Family, Option, TensorTemplate
from wasmstate.models.options import (
    COUNT,
    FINITE,
    NOT_NEGATIVE,
    RNG,
    ROWS_PARAM,
    WITHIN,
    dimension,
    kept,
)

_X = f"x: f64[observations]@sym:x {WITHIN}"
_ACTION = "action: i32 >= 0 < actions"
_REWARD = f"reward: f64 {WITHIN}"
_SHARE = (">= 0", "<= 1")

FAMILIES = (
    Family(
        "sarsa",
        "SARSA(lambda) with a Fourier basis: what to do in states that are numbers",
        'G. Konidaris, S. Osentoski, P. Thomas, "Value Function Approximation in Reinforcement '
        'Learning using the Fourier Basis" (2011)',
        (
            dimension("observations", 8, "numbers in an observation"),
            dimension("actions", 64, "how many there are to choose from"),
            dimension("order", 31, "the largest frequency of the basis", 2),
            Option("lr", "the learning rate", 0.005, bounds=("> 0", "<= 1")),
            Option("discount", "what a reward is worth a step later", 0.99, bounds=_SHARE),
            Option("trace", "how much a step counts a step later (lambda)", 0.9, bounds=_SHARE),
            Option("epsilon", "how often to try any action, at first", 0.3, bounds=_SHARE),
            Option("epsilon_decay", "its factor an episode", 0.98, bounds=("> 0", "<= 1")),
        ),
        (
            kept("observations", "u32"),
            kept("actions", "u32"),
            kept("order", "u32"),
            COUNT,
            TensorTemplate("episodes:i64", "counts", NOT_NEGATIVE, unit="episodes"),
            kept("lr"),
            kept("discount"),
            kept("trace"),
            kept("epsilon"),
            kept("epsilon_decay"),
            RNG,
            TensorTemplate(
                "low:f64[observations]",
                "none",
                FINITE,
                value=lambda values, _: [-1.0] * int(values["observations"]),
            ),
            TensorTemplate(
                "high:f64[observations]",
                "none",
                FINITE,
                value=lambda values, _: [1.0] * int(values["observations"]),
            ),
            TensorTemplate("running:u32", "own", ("<= 1",)),
            TensorTemplate("last_action:u32", "own"),
            TensorTemplate("last_x:f64[observations]", "own", FINITE),
            TensorTemplate("weights:f64[actions,terms]", "mean", FINITE),
            TensorTemplate("traces:f64[actions,terms]", "own", FINITE),
        ),
        {
            "predict": f"({_X}) -> i32",
            "best": f"({_X}) -> i32",
            "value": f"({_X}, {_ACTION}) -> f64",
            "update": (
                f"({_X}, {_ACTION}, {_REWARD}, next_x: f64[observations]@sym:next_x {WITHIN}, "
                "next_action: i32 >= 0 < actions, done: i32 >= 0 <= 1) -> ()"
            ),
            "update_many": (
                f"(x: f64[rows,observations]@sym:x {WITHIN}, "
                "action: i32[rows]@sym:action >= 0 < actions, "
                f"reward: f64[rows]@sym:reward {WITHIN}, "
                f"next_x: f64[rows,observations]@sym:next_x {WITHIN}, "
                "next_action: i32[rows]@sym:next_action >= 0 < actions, "
                f"done: i32[rows]@sym:done >= 0 <= 1, {ROWS_PARAM}) -> ()"
            ),
            "start": f"({_X}) -> i32",
            "step": f"({_REWARD}, {_X}) -> i32",
            "end": f"({_REWARD}) -> ()",
        },
        max_rows=96,
        buffers={"observations": 384},
        room={"terms": 729, "terms*actions": 2304},
        derived={"terms": lambda values: (values["order"] + 1) ** values["observations"]},
        takes_seed=True,
    ),
)
