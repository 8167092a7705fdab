"""Schema files: tensors and entry points as a user writes them, in TOML or JSON.

Source: docs/cli.md, "Schema files".
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wasmstate.errors import SchemaError
from wasmstate.state.signature import Signature
from wasmstate.state.tensor import TensorSpec

_LARGEST = 64 << 20  # bytes of a file
_KEYS = {"tensors", "entry_points", "metadata"}
_TENSOR_KEYS = {"name", "dtype", "shape", "place", "unit", "merge", "bounds", "values"}


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """What a schema file says: the arguments of :func:`wasmstate.attach`."""

    tensors: tuple[TensorSpec, ...]
    entry_points: Mapping[str, Signature] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)


def read_schema_file(path: str | os.PathLike[str]) -> SchemaFile:
    """Read a schema file; ``.json`` is JSON, anything else TOML.

    Raises:
        SchemaError: naming the file and what is wrong.
        OSError: if it cannot be read.
    """
    with Path(path).open("rb") as file:
        raw = file.read(_LARGEST + 1)
    if len(raw) > _LARGEST:
        raise SchemaError(f"{path}: it has more than {_LARGEST} bytes: it is no schema file")
    try:
        text = raw.decode("utf-8")
        document = json.loads(text) if Path(path).suffix == ".json" else tomllib.loads(text)
        return _schema_file(document)
    except (ValueError, RecursionError) as error:
        raise SchemaError(f"{path}: cannot be read: {error}") from error
    except SchemaError as error:
        raise SchemaError(f"{path}: {error}") from error


def _schema_file(document: Any) -> SchemaFile:
    _check_keys(document, _KEYS, "the file")
    tensors = document.get("tensors")
    if not isinstance(tensors, list) or not tensors:
        raise SchemaError("it needs a list 'tensors' with one entry at least")
    specs, values = [], {}
    for i, entry in enumerate(tensors):
        spec = TensorSpec.parse(entry) if isinstance(entry, str) else _tensor(entry, i)
        specs.append(spec)
        if isinstance(entry, dict) and "values" in entry:
            values[spec.name] = entry["values"]
    entry_points = document.get("entry_points", {})
    _check_keys(entry_points, None, "entry_points")
    metadata = document.get("metadata", {})
    _check_keys(metadata, None, "metadata")
    parsed = {}
    for name, text in entry_points.items():
        if not isinstance(text, str):
            raise SchemaError(f"entry_points.{name} must be a text")
        parsed[name] = Signature.parse(text)
    return SchemaFile(tuple(specs), parsed, metadata, values)


def _tensor(entry: Any, index: int) -> TensorSpec:
    where = f"tensors[{index}]"
    _check_keys(entry, _TENSOR_KEYS, where)
    for key in ("name", "dtype", "place"):
        if key not in entry:
            raise SchemaError(f"{where} has no {key!r}")
    shape, bounds = entry.get("shape", []), entry.get("bounds", [])
    if not isinstance(shape, list) or not isinstance(bounds, list):
        raise SchemaError(f"{where}: shape and bounds must be lists")
    return TensorSpec(
        str(entry["name"]),
        str(entry["dtype"]),
        tuple(shape),
        str(entry["place"]),
        entry.get("unit"),
        entry.get("merge"),
        tuple(map(str, bounds)),
    )


def _check_keys(document: Any, known: set[str] | None, where: str) -> None:
    if not isinstance(document, dict):
        raise SchemaError(f"{where} must be a table of keys and values")
    unknown = set(document) - known if known is not None else set()
    if unknown:
        raise SchemaError(f"{where} has an unknown key {min(unknown)!r}")
