"""What a caller wants a model to do, beside predicting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wasmstate.errors import SchemaError

UPDATES = ("auto", "none")


@dataclass(frozen=True)
class Request:
    """What a caller wants.

    Attributes:
        update: ``auto`` if the model is to learn by the rule of its estimator, if it has one;
            ``none`` if it is not to learn.
        options: by name.
    """

    update: str
    options: Mapping[str, float]

    @property
    def learns(self) -> bool:
        """Whether the model is to learn if it can."""
        return self.update == "auto"

    def check(self) -> None:
        """Check that there is such an update. Raises SchemaError."""
        if self.update not in UPDATES:
            raise SchemaError(f"no update {self.update!r}; there are {', '.join(UPDATES)}")

    def only(self, kind: str, *names: str) -> None:
        """Check that options are among those of a model.

        Raises:
            SchemaError: naming the first that is not.
        """
        for name in self.options:
            if name not in names:
                known = ", ".join(names) or "none"
                raise SchemaError(f"a model of {kind} has no option {name!r}; it has {known}")
