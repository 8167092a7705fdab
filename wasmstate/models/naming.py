"""Names of the features and labels of the classes of a model: given, checked, kept, changed.

They stand in the metadata of the schema (docs/decisions/0014), and sessions call by them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wasmstate.errors import SchemaError
from wasmstate.escapes import listed
from wasmstate.session.class_labels import ClassLabels
from wasmstate.state.metadata_keys import CLASSES_KEY, FEATURES_KEY

KEYS = {"features": FEATURES_KEY, "classes": CLASSES_KEY}
"""The key in the metadata, by what there is a name or a label for."""


def metadata_of(names: Sequence[str] | None, labels: Sequence[Any] | None) -> dict[str, Any]:
    """The metadata that keep the names of features and the labels of classes.

    Raises:
        SchemaError: a name is no text, a label neither a number nor a text, or two are alike.
    """
    kept: dict[str, Any] = {}
    if names is not None:
        kept[FEATURES_KEY] = list(names)
        if not all(isinstance(each, str) and each for each in names):
            raise SchemaError(f"the names of features must be texts, not {list(names)!r}")
        _check_unlike("names of features", list(names))
    if labels is not None:
        found = ClassLabels(labels).labels
        if not all(isinstance(each, (int, float, str)) for each in found):
            raise SchemaError(f"labels must be numbers or texts, not {list(labels)!r}")
        _check_unlike("labels", found)
        kept[CLASSES_KEY] = found
    return kept


def indices_of(metadata: Mapping[str, Any], size: str, leaving: Sequence[Any]) -> list[int]:
    """The indices of what leaves, given by name or label where the metadata keep them.

    Args:
        metadata: of the model.
        size: ``features``, ``classes``, or another one.
        leaving: names of features or indices, labels of classes if there are such, else indices.

    Raises:
        SchemaError: there is no such name or label.
    """
    known = metadata.get(KEYS.get(size, ""))
    labels = ClassLabels.of(metadata) if size == "classes" else None
    found = []
    for each in leaving:
        if isinstance(known, list) and (isinstance(each, str) or labels is not None):
            # A label may be a number, a name on the command line a text of digits.
            if each not in known:
                raise SchemaError(f"there is no {each!r} among the {size}: {_shown(known)}")
            found.append(known.index(each))
        elif isinstance(each, int):
            found.append(each)
        else:
            raise SchemaError(f"the {size} have no names: give the index, not {each!r}")
    return found


def changed(
    metadata: Mapping[str, Any],
    kept: Mapping[str, tuple[list[int], int]],
    added: Mapping[str, Sequence[Any]],
) -> dict[str, Any]:
    """The metadata of a model with other sizes.

    Args:
        metadata: from before.
        kept: the indices that stay, and the new number, for each size that changes.
        added: the names or labels of what is new.

    Raises:
        SchemaError: what is new has no name, one that there is already, or one too many.
    """
    found = dict(metadata)
    for size, (stay, count) in kept.items():
        key, new = KEYS.get(size, ""), list(added.get(size, ()))
        known = metadata.get(key)
        if not isinstance(known, list) or known == list(range(len(known))):
            if new:
                raise SchemaError(f"the {size} of this model have no names: say how many there are")
            if known is not None:  # labels that are the indices
                found[key] = list(range(count))
            continue
        if len(stay) + len(new) != count:
            raise SchemaError(
                f"the {size} have names: {_shown(known)}; name each one that is added"
            )
        names = [known[index] for index in stay] + new
        is_named = size == "features"
        found |= metadata_of(names, None) if is_named else metadata_of(None, names)
    return found


def _check_unlike(what: str, names: Sequence[Any]) -> None:
    twice = [each for i, each in enumerate(names) if each in names[:i]]
    if twice:
        raise SchemaError(f"two {what} are alike: {twice[0]!r}")


def _shown(names: Sequence[Any]) -> str:
    return listed([repr(each) for each in names])
