"""What the outputs of a kernel go through, by the numbers of ``kernels/fitted/arena.h``."""

from __future__ import annotations

LINKS = {
    name: index
    for index, name in enumerate(
        ("identity", "logistic", "softmax", "exponential", "one_vs_rest", "clipped")
    )
}
