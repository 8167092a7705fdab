"""The target features section: what an engine must have, or what must not be linked in.

Source: tool-conventions, "WebAssembly Object File Linking", heading "Target Features Section".
"""

from __future__ import annotations

from dataclasses import dataclass

from construct import Struct

from wasmstate.binary.values import Choice, List, name, record


@dataclass(frozen=True, slots=True)
class TargetFeature:
    """A feature.

    Attributes:
        prefix: ``+`` if it is used, ``-`` if it must not be, ``=`` if all that is linked must use
            it (no longer written).
        feature: its name.
    """

    prefix: str
    feature: str


@dataclass(frozen=True, slots=True)
class TargetFeatures:
    """The target features section."""

    features: list[TargetFeature]


_PREFIXES = {0x2B: "+", 0x2D: "-", 0x3D: "="}

target_feature = record(
    TargetFeature,
    Struct("prefix" / Choice("malformed feature prefix", names=_PREFIXES), "feature" / name),
)
target_features = record(TargetFeatures, Struct("features" / List(target_feature)))
