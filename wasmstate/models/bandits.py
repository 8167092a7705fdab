"""Bandits and Q-learning: what to do, learned from what was paid for it."""

from __future__ import annotations

import math
from itertools import islice

from wasmstate.models.family import Family, Option, TensorTemplate
from wasmstate.models.late_rewards import (
    CONTEXT,
    ONLY_WITH,
    PROPENSITY,
    RING,
    functions,
    late_rewards,
)
from wasmstate.models.options import (
    COUNT,
    FEATURES_PARAM,
    FEATURES_PARAMS,
    FINITE,
    NOT_NEGATIVE,
    RNG,
    ROWS_PARAM,
    SQUARES,
    WITHIN,
    dimension,
    kept,
)

_ARMS = dimension("arms", 256, "how many there are to choose from")
_PULLS = TensorTemplate("pulls:i64[arms]", "counts", NOT_NEGATIVE, unit="updates")
_TOTALS = TensorTemplate("rewards:f64[arms]", "sum", FINITE)
_SHARES = TensorTemplate("rewards:f64[arms]", "sum", SQUARES)
_PRIOR = TensorTemplate(
    "prior:f64[2]", "none", ("finite", "> 0"), value=lambda _, _numbers: [1.0, 1.0]
)

_ARM = "arm: i32 >= 0 < arms"
_STATE = "state: i32 >= 0 < states"


def _learn(reward: str, bounds: str) -> dict[str, str]:
    return {
        "update": f"({_ARM}, reward: {reward} {bounds}) -> ()",
        "update_many": (
            f"(arm: i32[rows]@sym:arm >= 0 < arms, reward: {reward}[rows]@sym:paid {bounds}, "
            f"{ROWS_PARAM}) -> ()"
        ),
        **functions(f"{reward} {bounds}"),
    }


def _wave(period: int) -> list[float]:
    return [math.cos(2.0 * math.pi * step / period) for step in range(period)]


_LEARN_ANY = _learn("f64", WITHIN)
_LEARN_SHARE = _learn("f64", ">= 0 <= 1")
_CHOOSE = {"predict": "() -> i32", "act": "() -> i32"}
_ESTIMATE = {"estimate": f"({_ARM}) -> f64"}
_PROPENSITY = {"propensity": f"({_ARM}) -> f64"}

_ROWS = 1024
_LATE_SHARE = late_rewards(1024, ">= 0", "<= 1")
_LATE_ANY = late_rewards(1024, ">= -1e50", "<= 1e50")

FAMILIES = (
    Family(
        "thompson",
        "Thompson sampling for rewards between 0 and 1",
        'W. R. Thompson, "On the Likelihood that One Unknown Probability Exceeds Another in View '
        'of the Evidence of Two Samples" (1933)',
        (_ARMS, *_LATE_SHARE),
        (kept("arms", "u32"), COUNT, _PULLS, _SHARES, RNG, _PRIOR, *RING),
        _CHOOSE | _LEARN_SHARE | _ESTIMATE,
        max_rows=_ROWS,
        only_with=ONLY_WITH,
        takes_seed=True,
    ),
    Family(
        "discounted_thompson",
        "Thompson sampling for arms that drift: each pull lets earlier ones count less",
        'V. Raj, S. Kalyani, "Taming Non-stationary Bandits: A Bayesian Approach" (2017)',
        (
            _ARMS,
            Option(
                "discount", "how much a pull counts one pull later", 0.99, bounds=("> 0", "<= 1")
            ),
            *_LATE_SHARE,
        ),
        (
            kept("arms", "u32"),
            kept("discount"),
            COUNT,
            _PULLS,
            TensorTemplate("rewards:f64[arms]", "mean", SQUARES),
            TensorTemplate("seen:f64[arms]", "mean", SQUARES),
            RNG,
            _PRIOR,
            *RING,
        ),
        _CHOOSE | _LEARN_SHARE | _ESTIMATE,
        max_rows=_ROWS,
        only_with=ONLY_WITH,
        takes_seed=True,
    ),
    Family(
        "bootstrap_thompson",
        "Bootstrap Thompson Sampling for rewards 0 and 1",
        'D. Eckles, M. Kaptein, "Bootstrap Thompson Sampling and Sequential Decision Problems in '
        'the Behavioral Sciences" (2019); I. Osband, B. Van Roy, "Bootstrapped Thompson Sampling '
        'and Deep Exploration" (2015)',
        (
            dimension("arms", 6400, "how many there are to choose from"),
            dimension("replicates", 6400, "of the bootstrap, for each arm", 100),
            *late_rewards(512, ">= 0", "<= 1", integer=True),
        ),
        (
            kept("arms", "u32"),
            kept("replicates", "u32"),
            COUNT,
            RNG,
            _PRIOR,
            TensorTemplate(
                "prior_seed:u64", "none", value=lambda _, numbers: [*islice(numbers, 3)][2]
            ),
            TensorTemplate("successes:u32[arms,replicates]", "counts"),
            TensorTemplate("pulls:u32[arms,replicates]", "counts"),
            *RING,
        ),
        _CHOOSE | _learn("i32", ">= 0 <= 1") | _ESTIMATE,
        max_rows=512,
        only_with=ONLY_WITH,
        takes_seed=True,
        room={"arms*replicates": 6400},
    ),
    Family(
        "epsilon_greedy",
        "the best arm so far, with probability epsilon any arm",
        'C. J. C. H. Watkins, "Learning from Delayed Rewards" (1989)',
        (
            _ARMS,
            Option("epsilon", "how often to try any arm", 0.1, bounds=(">= 0", "<= 1")),
            *_LATE_ANY,
        ),
        (kept("arms", "u32"), COUNT, _PULLS, _TOTALS, RNG, kept("epsilon"), *RING, PROPENSITY),
        _CHOOSE | _LEARN_ANY | _ESTIMATE | _PROPENSITY,
        max_rows=_ROWS,
        only_with=ONLY_WITH,
        takes_seed=True,
    ),
    Family(
        "epsilon_first",
        "any arm for a time, then the best so far",
        'L. Tran-Thanh, A. Chapman, E. Munoz de Cote, A. Rogers, N. R. Jennings, "Epsilon-First '
        'Policies for Budget-Limited Multi-Armed Bandits" (2010)',
        (
            _ARMS,
            Option("explore", "how many pulls to try any arm", 100, integer=True, bounds=(">= 0",)),
            *_LATE_ANY,
        ),
        (
            kept("arms", "u32"),
            COUNT,
            _PULLS,
            _TOTALS,
            RNG,
            kept("explore", "i64"),
            *RING,
            PROPENSITY,
        ),
        _CHOOSE | _LEARN_ANY | _ESTIMATE | _PROPENSITY,
        max_rows=_ROWS,
        only_with=ONLY_WITH,
        takes_seed=True,
    ),
    Family(
        "ucb1",
        "the arm whose rate could still be the largest, for rewards between 0 and 1",
        'P. Auer, N. Cesa-Bianchi, P. Fischer, "Finite-time Analysis of the Multiarmed Bandit '
        'Problem" (2002)',
        (
            _ARMS,
            Option("alpha", "scales the confidence bound", 1.0, bounds=(">= 0",)),
            *_LATE_SHARE,
        ),
        (kept("arms", "u32"), COUNT, _PULLS, _SHARES, kept("alpha"), *RING),
        _CHOOSE | _LEARN_SHARE | _ESTIMATE,
        max_rows=_ROWS,
        only_with=ONLY_WITH,
    ),
    Family(
        "softmax",
        "an arm the more often the more it has paid on average",
        'R. D. Luce, "Individual Choice Behavior" (1959)',
        (
            _ARMS,
            Option("temperature", "the larger the more alike", 0.1, bounds=("> 0",)),
            *_LATE_ANY,
        ),
        (kept("arms", "u32"), COUNT, _PULLS, _TOTALS, RNG, kept("temperature"), *RING, PROPENSITY),
        _CHOOSE | _LEARN_ANY | _ESTIMATE | _PROPENSITY,
        max_rows=_ROWS,
        only_with=ONLY_WITH,
        takes_seed=True,
    ),
    Family(
        "exp3",
        "for rewards between 0 and 1 that may be chosen to mislead",
        'P. Auer, N. Cesa-Bianchi, Y. Freund, R. E. Schapire, "The Nonstochastic Multiarmed '
        'Bandit Problem" (2002)',
        (
            _ARMS,
            Option("exploration", "the share of pulls at random", 0.1, bounds=("> 0", "<= 1")),
            *_LATE_SHARE,
        ),
        (
            kept("arms", "u32"),
            COUNT,
            _PULLS,
            _SHARES,
            RNG,
            kept("exploration"),
            TensorTemplate("gains:f64[arms]", "sum", SQUARES),
            *RING,
            PROPENSITY,
        ),
        _CHOOSE | _LEARN_SHARE | _ESTIMATE | _PROPENSITY,
        max_rows=_ROWS,
        only_with=ONLY_WITH,
        takes_seed=True,
    ),
    Family(
        "linucb",
        "LinUCB: the arm whose reward, linear in x, could still be the largest",
        'L. Li, W. Chu, J. Langford, R. E. Schapire, "A Contextual-Bandit Approach to Personalized '
        'News Article Recommendation" (2010)',
        (
            _ARMS,
            dimension("features", 24, "numbers in a row"),
            Option("alpha", "scales the confidence bound", 1.0, bounds=(">= 0",)),
            Option("l2", "the weight of squared weights (ridge)", 1.0, bounds=("> 0",)),
            *late_rewards(256, ">= -1e50", "<= 1e50"),
        ),
        (
            kept("arms", "u32"),
            kept("features", "u32"),
            COUNT,
            kept("alpha"),
            kept("l2"),
            _PULLS,
            TensorTemplate("xy:f64[arms,features]", "sum", FINITE),
            TensorTemplate("xx:f64[arms,features,features]", "sum", FINITE),
            *RING,
            CONTEXT,
        ),
        {
            "predict": f"({FEATURES_PARAM}) -> i32",
            "act": f"({FEATURES_PARAM}) -> i32",
            "update": f"({FEATURES_PARAM}, {_ARM}, reward: f64 {WITHIN}) -> ()",
            "update_many": (
                f"({FEATURES_PARAMS}, arm: i32[rows]@sym:arm >= 0 < arms, "
                f"reward: f64[rows]@sym:paid {WITHIN}, {ROWS_PARAM}) -> ()"
            ),
            "estimate": f"({FEATURES_PARAM}, {_ARM}) -> f64",
            "bound": f"({FEATURES_PARAM}, {_ARM}) -> f64",
            **functions(f"f64 {WITHIN}", FEATURES_PARAM),
        },
        max_rows=256,
        buffers={"features": 512},
        room={
            "arms*features": 512,
            "arms*features*features": 4096,
            "decisions*features": 1024,
        },
        only_with=ONLY_WITH,
    ),
    Family(
        "lock_in_feedback",
        "the best value of a number, by swinging it and climbing along with the rewards",
        'M. C. Kaptein, R. van Emden, D. Iannuzzi, "Tracking the Decoy: Maximizing the Decoy '
        'Effect Through Sequential Experimentation" (2016)',
        (
            dimension("period", 512, "values that make a swing", 50),
            Option("amplitude", "of the swing", 1.0, bounds=("> 0",)),
            Option("gain", "how far the centre moves for a slope, a swing", 0.1, bounds=("> 0",)),
            Option("center", "the value to begin with", 0.0, bounds=("finite",)),
        ),
        (
            kept("period", "u32"),
            kept("amplitude"),
            kept("gain"),
            TensorTemplate("center:f64", "mean", ("finite", "<= 1e50", ">= -1e50")),
            COUNT,
            TensorTemplate("step:u32", "own"),
            TensorTemplate("product:f64", "own", FINITE),
            TensorTemplate(
                "wave:f64[period]",
                "none",
                ("finite", ">= -1", "<= 1"),
                value=lambda values, _: _wave(int(values["period"])),
            ),
        ),
        {
            "predict": "() -> f64",
            "update": f"(reward: f64 {WITHIN}) -> ()",
            "update_many": f"(reward: f64[rows]@sym:paid {WITHIN}, {ROWS_PARAM}) -> ()",
        },
        max_rows=4096,
    ),
    Family(
        "q_learning",
        "Q-learning with a table: what each action is worth in each state",
        'C. J. C. H. Watkins, P. Dayan, "Q-learning" (1992)',
        (
            dimension("states", 4096, "how many there are"),
            dimension("actions", 4096, "how many there are to choose from"),
            Option("lr", "the learning rate", 0.1, bounds=("> 0", "<= 1")),
            Option(
                "discount", "what a reward is worth a step later", 0.99, bounds=(">= 0", "<= 1")
            ),
            Option("epsilon", "how often to try any action", 0.1, bounds=(">= 0", "<= 1")),
        ),
        (
            kept("states", "u32"),
            kept("actions", "u32"),
            COUNT,
            kept("lr"),
            kept("discount"),
            kept("epsilon"),
            RNG,
            TensorTemplate("values:f64[states,actions]", "mean", FINITE),
        ),
        {
            "predict": f"({_STATE}) -> i32",
            "act": f"({_STATE}) -> i32",
            "best": f"({_STATE}) -> i32",
            "update": (
                f"({_STATE}, action: i32 >= 0 < actions, reward: f64 {WITHIN}, "
                "next_state: i32 >= 0 < states, done: i32 >= 0 <= 1) -> ()"
            ),
            "update_many": (
                "(state: i32[rows]@sym:state >= 0 < states, "
                "action: i32[rows]@sym:action >= 0 < actions, "
                f"reward: f64[rows]@sym:reward {WITHIN}, "
                "next_state: i32[rows]@sym:next_state >= 0 < states, "
                f"done: i32[rows]@sym:done >= 0 <= 1, {ROWS_PARAM}) -> ()"
            ),
        },
        max_rows=512,
        room={"states*actions": 4096},
        takes_seed=True,
    ),
)
