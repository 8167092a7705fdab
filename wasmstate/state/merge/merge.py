"""What devices have learned that started from one state, in one state.

Source: docs/format.md, "Merging".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from wasmstate.binary.module_like import ModuleLike
from wasmstate.state.merge.merger import Merger
from wasmstate.state.merge.result import Merge


def merge(
    base: ModuleLike,
    devices: Mapping[str, ModuleLike] | Sequence[ModuleLike],
    *,
    keep_base: Collection[str] = (),
    allow_equal: bool = False,
    assume_base: bool = False,
    robust: str | None = None,
) -> Merge:
    """Join what devices have learned since they started from copies of one file.

    Each tensor is joined as its merge rule says: ``base + sum(device - base)`` where that is right,
    else an average weighted by updates. Sums are exact and rounded once, so the bits of the result
    do not depend on the order of the devices. The merged module is the generation after that of
    ``base``; devices that start from copies of it are merged with it as their base. With no
    devices, it only becomes such a base. :class:`Merger` does the same in parts.

    Args:
        base: what all devices started from: a path, bytes or a Module.
        devices: likewise, by their names, or in any order; a path is then a device's name.
        keep_base: tensors without a merge rule that stay as in the base although devices have
            changed them.
        allow_equal: whether two devices may have the same state, or had: small counts can be equal
            by chance. If not, it is taken for one device that is listed twice.
        assume_base: whether the base may be a later generation of the devices' common history of
            which their files do not prove that they have gone through it.
        robust: for tensors with the rule ``mean``, in place of the weighted average: ``median`` of
            the devices by cell; ``trimmed:0.1``, the mean by cell without a tenth of the devices at
            each end; ``clip:5``, the average of steps from the base that are no longer than 5, as a
            Euclidean norm by tensor.

    Raises:
        SchemaError: a device has other tensors; or has changed a tensor that has no merge rule; or
            no such robust rule.
        StateBoundsError: a sum overflows, a value that would be added is not finite, or the merged
            values break the bounds of the schema.
        StateError: a device has other code, or did not start from the base, or is listed twice; or
            a module carries no state, or a damaged one.
        MalformedError: a section that is needed cannot be decoded.
    """
    merger = Merger(base, keep_base=keep_base, assume_base=assume_base, robust=robust)
    return merger.finish(merger.partial(devices), allow_equal=allow_equal)
