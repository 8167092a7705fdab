"""Trees as tensors: nodes, leaves, and where each tree begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wasmstate.errors import SchemaError
from wasmstate.models.fitted.arena import ArenaModel, Placed, fixed, outputs
from wasmstate.models.fitted.links import LINKS

Array = NDArray[Any]

SINGLE = "finite >= -3.4028234663852886e38 <= 3.4028234663852886e38"
"""Bounds of numbers that single precision has, in which many trees compare."""

_MOST_FEATURES = 32_767
"""The bit above says where NaN goes."""

_LARGEST = 1e300
"""The bound of a sum in a leaf: adding any target, which is at most 1e50, leaves them finite."""


@dataclass(frozen=True)
class Tree:
    """A tree as scikit-learn keeps it: arrays with an element for each node, leaves too.

    Attributes:
        left, right: the children; those of a leaf do not matter.
        is_leaf: whether it has none.
        feature: whose number is compared.
        threshold: rows go left that are not above it.
        missing_left: whether NaN goes left.
        values: of leaves, a row for each node.
        weight: of what a leaf was fitted on; ones if leaves are not to move.
    """

    left: Array
    right: Array
    is_leaf: Array
    feature: Array
    threshold: Array
    missing_left: Array
    values: Array
    weight: Array

    @classmethod
    def of(cls, tree: Any, values: Array, weight: Array | None = None) -> Tree:
        """The ``tree_`` of an estimator, with values of its nodes."""
        missing = getattr(tree, "missing_go_to_left", np.zeros(tree.node_count))
        return cls(
            tree.children_left,
            tree.children_right,
            tree.children_left < 0,
            tree.feature,
            tree.threshold,
            missing,
            values,
            np.ones(tree.node_count) if weight is None else weight,
        )

    def fixed(self) -> Tree:
        """The tree with leaves that are not to move."""
        return replace(self, weight=np.ones_like(self.weight))


def tree_model(
    kernel: str,
    features: int,
    trees: Sequence[Tree],
    points: Mapping[str, str],
    *,
    base: Array,
    single: bool = True,
    missing: bool = False,
    link: str = "identity",
    more: Sequence[Placed] = (),
) -> ArenaModel:
    """The model of a kernel of trees.

    Args:
        kernel: its name.
        features: numbers in a row.
        trees: in the order in which they are added up.
        points: the entry points, as of :class:`ArenaModel`.
        base: of each output, what is predicted without the trees.
        single: whether features are compared in single precision.
        missing: whether features may be NaN.
        link: of outputs.
        more: variables of the kernel, beside those of all.

    Raises:
        SchemaError: there are too many features, or a tree is out of order.
    """
    sizes, arena = placed(trees, features, base)
    return ArenaModel(
        kernel,
        (
            fixed("features", features),
            outputs(len(base)),
            fixed("link", LINKS[link]),
            Placed("count", np.array(0, "<i8"), "counts", (">= 0",), "updates"),
            fixed("single", int(single)),
            fixed("missing", int(missing)),
            *sizes,
            *more,
        ),
        arena,
        points,
        features,
        "trees that were fitted",
        {"output": "predict"} if any("output:" in each for each in points.values()) else {},
    )


def placed(trees: Sequence[Tree], features: int, base: Array) -> tuple[list[Placed], list[Placed]]:
    """The sizes that a kernel of trees declares, and the tensors of its arena.

    Args:
        trees: in the order in which they are added up.
        features: numbers in a row.
        base: of each output, what is predicted without the trees.

    Raises:
        SchemaError: there are too many features.
    """
    if features > _MOST_FEATURES:
        raise SchemaError(f"{features} features; a model of trees has {_MOST_FEATURES} at most")
    parts = []
    nodes = leaves = 0
    for tree in trees:
        parts.append(_numbered(tree, nodes, leaves))
        nodes += int((~tree.is_leaf).sum())
        leaves += int(tree.is_leaf.sum())
    thresholds, children, feature, roots, sums, weight = (
        np.concatenate(part) for part in zip(*parts, strict=True)
    )
    within = ("finite", f">= -{_LARGEST}", f"<= {_LARGEST}")
    sizes = [
        Placed(name, np.array(size, "<u4"), bounds=(f">= {size}", f"<= {size}"))
        for name, size in (("trees", len(trees)), ("nodes", nodes), ("leaves", leaves))
    ]
    arena = [
        Placed("thresholds", thresholds),
        Placed("sums", sums if sums.shape[1] > 1 else sums[:, 0], "sum", within),
        Placed("weight", weight, "sum", ("finite", "> 0")),
        Placed("base", np.asarray(base, float), bounds=("finite",)),
        Placed("children", children, bounds=(f">= {-leaves}", f"< {nodes}")),
        Placed("roots", roots, bounds=(f">= {-leaves}", f"< {nodes}")),
        Placed("feature", feature),
    ]
    # A tensor has no dimension of 0: trees without nodes are leaves alone.
    return sizes, [each for each in arena if each.values.size]


def _numbered(tree: Tree, nodes: int, leaves: int) -> tuple[Array, ...]:
    """Its nodes and leaves, numbered behind those of the trees before."""
    leaf, node = tree.is_leaf, ~tree.is_leaf
    inner = np.flatnonzero(node)
    if (np.minimum(tree.left[node], tree.right[node]) <= inner).any():
        raise SchemaError("a child of a tree stands before its node, or is the node itself")
    place = np.where(leaf, -np.cumsum(leaf) - leaves, np.cumsum(node) - 1 + nodes).astype("<i4")
    pair = np.stack([place[tree.left[node]], place[tree.right[node]]], axis=1)
    which = tree.feature[node].astype("<u2") | (tree.missing_left[node].astype("<u2") << 15)
    weight = np.asarray(tree.weight[leaf], float)
    values = np.asarray(tree.values[leaf], float).reshape(len(weight), -1)
    return (
        np.asarray(tree.threshold[node], float),
        pair.astype("<i4"),
        which.astype("<u2"),
        place[:1],
        _counts(values * weight[:, np.newaxis]),
        weight,
    )


def _counts(sums: Array) -> Array:
    """Sums that are whole but for rounding as whole numbers: fractions of classes are counts."""
    whole = np.rint(sums)
    return np.where(np.abs(sums - whole) <= 1e-9 * np.maximum(np.abs(whole), 1.0), whole, sums)
