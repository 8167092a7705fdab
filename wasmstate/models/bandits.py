"""Bandits: which arm to pull, learned from what arms have paid."""

from __future__ import annotations

from wasmstate.models.family import Family, Option, TensorTemplate
from wasmstate.models.parts import COUNT, FINITE, NOT_NEGATIVE, RNG, SQUARES, dimension, kept

_ARMS = dimension("arms", 256, "how many there are to choose from")
_PULLS = TensorTemplate("pulls:i64[arms]", "counts", NOT_NEGATIVE, unit="updates")
_TOTALS = TensorTemplate("rewards:f64[arms]", "sum", FINITE)
_SHARES = TensorTemplate("rewards:f64[arms]", "sum", SQUARES)
_PRIOR = TensorTemplate("prior:f64[2]", "none", ("finite", "> 0"), value=lambda _: [1.0, 1.0])

_LEARN = {
    "update": "(arm: i32, reward: f64) -> ()",
    "update_many": "(arm: i32[rows]@sym:arm, reward: f64[rows]@sym:reward, rows: i32) -> ()",
}
_CHOOSE = {"predict": "() -> i32"}
_DRAW = _CHOOSE | {"act": "() -> i32"}
_ESTIMATE = {"estimate": "(arm: i32) -> f64"}
_PROPENSITY = {"propensity": "(arm: i32) -> f64"}

_ROWS = 1024

FAMILIES = (
    Family(
        "thompson",
        "Thompson sampling for rewards between 0 and 1",
        'W. R. Thompson, "On the Likelihood that One Unknown Probability Exceeds Another in View '
        'of the Evidence of Two Samples" (1933)',
        (_ARMS,),
        (kept("arms", "u32"), COUNT, _PULLS, _SHARES, RNG, _PRIOR),
        _DRAW | _LEARN | _ESTIMATE,
        max_rows=_ROWS,
    ),
    Family(
        "bootstrap_thompson",
        "Bootstrap Thompson Sampling for rewards 0 and 1",
        'D. Eckles, M. Kaptein, "Bootstrap Thompson Sampling and Sequential Decision Problems in '
        'the Behavioral Sciences" (2019)',
        (
            dimension("arms", 6400, "how many there are to choose from"),
            dimension("replicates", 6400, "of the bootstrap, for each arm", 100),
        ),
        (
            kept("arms", "u32"),
            kept("replicates", "u32"),
            COUNT,
            RNG,
            _PRIOR,
            TensorTemplate("successes:u32[arms,replicates]", "counts"),
            TensorTemplate("pulls:u32[arms,replicates]", "counts"),
        ),
        _DRAW
        | {
            "update": "(arm: i32, reward: i32) -> ()",
            "update_many": (
                "(arm: i32[rows]@sym:arm, reward: i32[rows]@sym:reward, rows: i32) -> ()"
            ),
        }
        | _ESTIMATE,
        max_rows=512,
        room={"arms*replicates": 6400},
    ),
    Family(
        "epsilon_greedy",
        "the best arm so far, with probability epsilon any arm",
        'C. J. C. H. Watkins, "Learning from Delayed Rewards" (1989)',
        (_ARMS, Option("epsilon", "how often to try any arm", 0.1, bounds=(">= 0", "<= 1"))),
        (kept("arms", "u32"), COUNT, _PULLS, _TOTALS, RNG, kept("epsilon")),
        _DRAW | _LEARN | _ESTIMATE | _PROPENSITY,
        max_rows=_ROWS,
    ),
    Family(
        "epsilon_first",
        "any arm for a time, then the best so far",
        'L. Tran-Thanh, A. Chapman, E. Munoz de Cote, A. Rogers, N. R. Jennings, "Epsilon-First '
        'Policies for Budget-Limited Multi-Armed Bandits" (2010)',
        (
            _ARMS,
            Option("explore", "how many pulls to try any arm", 100, integer=True, bounds=(">= 0",)),
        ),
        (kept("arms", "u32"), COUNT, _PULLS, _TOTALS, RNG, kept("explore", "i64")),
        _DRAW | _LEARN | _ESTIMATE | _PROPENSITY,
        max_rows=_ROWS,
    ),
    Family(
        "ucb1",
        "the arm whose rate could still be the largest, for rewards between 0 and 1",
        'P. Auer, N. Cesa-Bianchi, P. Fischer, "Finite-time Analysis of the Multiarmed Bandit '
        'Problem" (2002)',
        (_ARMS, Option("alpha", "scales the confidence bound", 1.0, bounds=(">= 0",))),
        (kept("arms", "u32"), COUNT, _PULLS, _SHARES, kept("alpha")),
        _CHOOSE | _LEARN | _ESTIMATE,
        max_rows=_ROWS,
    ),
    Family(
        "softmax",
        "an arm the more often the more it has paid on average",
        'R. D. Luce, "Individual Choice Behavior" (1959)',
        (_ARMS, Option("temperature", "the larger the more alike", 0.1, bounds=("> 0",))),
        (kept("arms", "u32"), COUNT, _PULLS, _TOTALS, RNG, kept("temperature")),
        _DRAW | _LEARN | _ESTIMATE | _PROPENSITY,
        max_rows=_ROWS,
    ),
    Family(
        "exp3",
        "for rewards between 0 and 1 that may be chosen to mislead",
        'P. Auer, N. Cesa-Bianchi, Y. Freund, R. E. Schapire, "The Nonstochastic Multiarmed '
        'Bandit Problem" (2002)',
        (
            _ARMS,
            Option("exploration", "the share of pulls at random", 0.1, bounds=("> 0", "<= 1")),
        ),
        (
            kept("arms", "u32"),
            COUNT,
            _PULLS,
            _SHARES,
            RNG,
            kept("exploration"),
            TensorTemplate("gains:f64[arms]", "sum", SQUARES),
        ),
        _DRAW | _LEARN | _ESTIMATE | _PROPENSITY,
        max_rows=_ROWS,
    ),
)
