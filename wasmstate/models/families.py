"""Every family of models, by name.

They are built when somebody asks: who runs a model needs none of them.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from wasmstate.models.family import Family

_TABLES = ("bandits", "episodes", "regression", "classification", "streams")


@cache
def families() -> dict[str, Family]:
    """The families, in the order of the documentation."""
    tables = [import_module(f"wasmstate.models.{table}") for table in _TABLES]
    return {family.name: family for table in tables for family in table.FAMILIES}
