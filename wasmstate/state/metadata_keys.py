"""Keys of a schema's metadata that mean something to more than one part of the library."""

from __future__ import annotations

FEATURES_KEY = "feature_names_in"
"""Names of the features, in the order of the model: docs/decisions/0014."""

CLASSES_KEY = "classes"
"""Labels of the classes, in the order of their indices: docs/decisions/0014."""

MERGE_KEY = "merge"
"""What was merged into the state: docs/format.md, "Merging"."""
