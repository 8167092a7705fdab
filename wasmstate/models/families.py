"""Every family of models, by name."""

from __future__ import annotations

from wasmstate.models import bandits, classification, episodes, regression, streams
from wasmstate.models.family import Family

FAMILIES: dict[str, Family] = {
    family.name: family
    for table in (bandits, episodes, regression, classification, streams)
    for family in table.FAMILIES
}
