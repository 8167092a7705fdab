"""A model of an estimator in a file of skops, which names the types in it before it makes any.

A pickle runs code when it is loaded, so none is read. Some types of scikit-learn are left out of
those that skops trusts, because their compiled methods believe what a file says; of these a model
takes arrays alone, and calls no method.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Collection
from importlib import import_module
from typing import Any

from wasmstate.binary.module import Module
from wasmstate.errors import SchemaError
from wasmstate.escapes import listed
from wasmstate.models.fitted.from_fitted import from_fitted

_READ_ONLY = {
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
}
_PICKLES = (b"\x80", b"\x78\x01", b"\x78\x9c", b"\x78\xda", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
"""What pickles begin with, and what joblib compresses."""

_MOST_BYTES = 1 << 30
"""The limit of what a file unpacks to: a small file may stand for more than memory holds."""

_UNREADABLE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    NotImplementedError,
    RecursionError,
    SystemError,  # NumPy's, for text that is no Unicode
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What skops, NumPy and scikit-learn raise for files that nobody has written with skops."""


def from_skops(
    path: str | os.PathLike[str],
    *,
    trusted: Collection[str] = (),
    update: str = "auto",
    pages: int = 1,
    **options: float,
) -> Module:
    """A model of a fitted estimator that ``skops.io.dump()`` has saved.

    Args:
        path: of the file.
        trusted: full names of types that may be made beside those of scikit-learn, NumPy and SciPy.
        update: as of :func:`from_fitted`.
        pages: as of :func:`from_fitted`.
        **options: as of :func:`from_fitted`.

    Raises:
        SchemaError: as of :func:`from_fitted`; or the file is not of skops, unpacks to more than
            1 GiB, or holds a type that is not trusted; or skops is not installed.
        StateBoundsError: what was fitted is not finite.
        OSError: the file cannot be read.
    """
    _check_archive(path)
    estimator = _loaded(path, trusted)
    try:
        return from_fitted(estimator, update=update, pages=pages, **options)
    except _UNREADABLE as error:  # arrays that no fit leaves behind
        raise SchemaError(
            f"its estimator is not as scikit-learn fits it: {type(error).__name__}: {error}"
        ) from error


def _loaded(path: str | os.PathLike[str], trusted: Collection[str]) -> Any:
    io = _skops_io()
    try:
        unknown = set(io.get_untrusted_types(file=path)) - _READ_ONLY - set(trusted)
        if not unknown:
            return io.load(path, trusted=[*_READ_ONLY, *trusted])
    except _UNREADABLE as error:
        raise SchemaError(f"skops cannot read it: {type(error).__name__}: {error}") from error
    raise SchemaError(
        f"it holds types that may run code when they are made: {listed(sorted(unknown))}; "
        "trust them if you know where the file comes from"
    ).helped_by("trusted")


def _check_archive(path: str | os.PathLike[str]) -> None:
    with open(path, "rb") as file:
        start = file.read(8)
    if not zipfile.is_zipfile(path):
        kind = "a pickle" if start.startswith(_PICKLES) else "not a file of skops"
        reason = ", which runs code when it is loaded" if kind == "a pickle" else ""
        raise SchemaError(f"it is {kind}{reason}: save the estimator with skops.io.dump()")
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(each.file_size for each in archive.infolist())
    except _UNREADABLE as error:
        raise SchemaError(f"its archive is damaged: {error}") from error
    if size > _MOST_BYTES:
        raise SchemaError(f"it unpacks to {size} bytes, at most {_MOST_BYTES} are read")


def _skops_io() -> Any:
    try:
        return import_module("skops.io")
    except ImportError as error:
        raise SchemaError(
            "reading it needs skops and scikit-learn: pip install 'wasmstate[sklearn]'"
        ) from error
