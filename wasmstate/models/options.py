"""Options and tensors that several families have."""

from __future__ import annotations

from wasmstate.models.family import Option, TensorTemplate

NOT_NEGATIVE = (">= 0",)
FINITE = ("finite",)
SQUARES = ("finite", ">= 0")

COUNT = TensorTemplate("count:i64", "counts", NOT_NEGATIVE, unit="updates")
RNG = TensorTemplate("rng:u64[2]", "none", value=lambda _, numbers: [next(numbers), next(numbers)])
"""The state of xoroshiro128**; its authors, too, fill it from SplitMix64."""

WITHIN = "finite >= -1e50 <= 1e50"
"""Bounds of the numbers in rows, and of rewards: see LARGEST in kernels/kernel.h."""

FEATURES_PARAM = f"x: f64[features]@sym:x {WITHIN}"
FEATURES_PARAMS = f"x: f64[rows,features]@sym:x {WITHIN}"
ROWS_PARAM = "rows: i32 >= 0 <= rows"


def dimension(name: str, most: int, help: str, default: int | None = None) -> Option:
    """A size of tensors."""
    return Option(name, help, default, integer=True, bounds=(">= 1", f"<= {most}"))


def switch(name: str, help: str, default: int) -> Option:
    """Something that is on (1) or off (0)."""
    return Option(name, help, default, integer=True, bounds=(">= 0", "<= 1"))


def kept(option: str, dtype: str = "f64") -> TensorTemplate:
    """The tensor that keeps an option; devices that are merged must agree on it."""
    return TensorTemplate(f"{option}:{dtype}", "none")
