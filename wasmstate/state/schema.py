"""The schema: what the regions of a state mean, as canonical JSON.

Source: docs/format.md, "Schema". It describes the regions and never overrides them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any, NoReturn

from wasmstate.errors import SchemaError
from wasmstate.state.bounds_fast_path import broken
from wasmstate.state.layout import MAX_SCHEMA_SIZE
from wasmstate.state.record import Region, RegionKind
from wasmstate.state.signature import Param, Signature, check_param, parse_default
from wasmstate.state.tensor import Tensor, check_name, check_tensor

MAX_TENSORS = 65_536
MAX_DEPTH = 16
"""Deepest nesting of lists and objects, the outermost counted."""
_TENSOR_KEYS = {
    "name",
    "dtype",
    "shape",
    "region",
    "offset",
    "symbol",
    "unit",
    "merge",
    "bounds",
}


@dataclass(frozen=True, slots=True)
class Schema:
    """The meaning of a state.

    Attributes:
        tensors: in the order in which they are shown.
        entry_points: signatures by the name of the exported function.
        metadata: whatever else the author wants to keep: JSON, free of meaning here.
    """

    tensors: tuple[Tensor, ...]
    entry_points: Mapping[str, Signature] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Canonical JSON: keys sorted, no spaces, UTF-8, no NaN.

        Raises:
            SchemaError: if it is larger than 1 MiB, or the metadata is not JSON.
        """
        document = {
            "entry_points": {
                name: {
                    "params": [_encode_param(param) for param in signature.params],
                    "results": list(signature.results),
                }
                for name, signature in self.entry_points.items()
            },
            "metadata": dict(self.metadata),
            "tensors": [_encode_tensor(tensor) for tensor in self.tensors],
        }
        try:
            encoded = _canonical(document)
        except (TypeError, ValueError) as error:
            raise SchemaError(f"the schema cannot be written as JSON: {error}") from error
        if len(encoded) > MAX_SCHEMA_SIZE:
            raise SchemaError(
                f"the schema has {len(encoded)} bytes, at most {MAX_SCHEMA_SIZE} can be"
            )
        return encoded

    def broken_bounds(self, contents: Sequence[bytes]) -> list[tuple[str, str]]:
        """For each bound that the bytes of the regions break: the tensor, and what is wrong."""
        return broken(self.tensors, contents)

    @classmethod
    def decode(cls, encoded: bytes, regions: Sequence[Region]) -> Schema:
        """Read a schema and hold it against the regions that it describes.

        The generations of a file, and the files of a fleet, have one schema: it is kept.

        Raises:
            SchemaError: naming what is wrong.
        """
        return _decoded(encoded, tuple(regions))

    @classmethod
    def decode_new(cls, encoded: bytes, regions: Sequence[Region]) -> Schema:
        """Read a schema as :meth:`decode` does, whether or not it was read before."""
        try:
            document = json.loads(
                encoded.decode("utf-8"),
                object_pairs_hook=_unique,
                parse_constant=_no_constant,
            )
            canonical = _canonical(document)
        except RecursionError as error:  # some versions of Python get as far as _check_depth
            raise SchemaError(f"the schema is not JSON: nested deeper than {MAX_DEPTH}") from error
        except ValueError as error:
            raise SchemaError(f"the schema is not JSON: {error}") from error
        if canonical != encoded:
            raise SchemaError("the schema is not canonical JSON (sorted keys, no spaces)")
        _expect(document, dict, "the schema")
        _check_keys(document, {"entry_points", "metadata", "tensors"}, "the schema")
        tensors = _expect(document.get("tensors"), list, "tensors")
        if len(tensors) > MAX_TENSORS:
            raise SchemaError(f"{len(tensors)} tensors, at most {MAX_TENSORS} can be")
        schema = cls(
            tuple(_decode_tensor(each, f"tensors[{i}]") for i, each in enumerate(tensors)),
            {
                name: _decode_signature(each, f"entry_points[{name!r}]")
                for name, each in _expect(
                    document.get("entry_points", {}), dict, "entry_points"
                ).items()
            },
            _expect(document.get("metadata", {}), dict, "metadata"),
        )
        check_schema(schema, regions)
        return schema


@lru_cache(maxsize=64)
def _decoded(encoded: bytes, regions: tuple[Region, ...]) -> Schema:
    return Schema.decode_new(encoded, regions)


def check_schema(schema: Schema, regions: Sequence[Region]) -> None:
    """Check that tensors are well described, inside their regions, and do not overlap.

    Raises:
        SchemaError: naming the tensor or the parameter.
    """
    for signature in schema.entry_points.values():
        for param in signature.params:
            check_param(param)
        for result in signature.results:
            check_name(result, "type")
    names: set[str] = set()
    spans: list[tuple[int, int, int, str]] = []
    for tensor in schema.tensors:
        check_tensor(tensor)
        if tensor.name in names:
            raise SchemaError(f"two tensors are named {tensor.name!r}")
        names.add(tensor.name)
        if not 0 <= tensor.region < len(regions):
            raise SchemaError(f"{tensor.name}: there is no region {tensor.region}")
        region = regions[tensor.region]
        if tensor.offset < 0 or tensor.offset + tensor.nbytes > region.size:
            raise SchemaError(
                f"{tensor.name}: its {tensor.nbytes} bytes at {tensor.offset} "
                f"do not lie in region {tensor.region}, which has {region.size}"
            )
        if region.kind is RegionKind.GLOBAL and tensor.nbytes != region.length:
            raise SchemaError(f"{tensor.name}: does not fill its global of {region.length} bytes")
        spans.append((tensor.region, tensor.offset, tensor.offset + tensor.nbytes, tensor.name))
    spans.sort()
    for first, second in pairwise(spans):
        if first[0] == second[0] and first[2] > second[1]:
            raise SchemaError(f"the tensors {first[3]!r} and {second[3]!r} overlap")


def _check_depth(document: Any) -> None:
    """Refuse what is nested deeper than any tool needs to go; without recursion."""
    level = [document]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for each in level
            if isinstance(each, (dict, list))
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return
    raise ValueError(f"nested deeper than {MAX_DEPTH}")


def _canonical(document: Any) -> bytes:
    _check_depth(document)
    text = json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode("utf-8")


def _encode_tensor(tensor: Tensor) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": tensor.name,
        "dtype": tensor.dtype,
        "shape": list(tensor.shape),
        "region": tensor.region,
        "offset": tensor.offset,
    }
    for key in ("symbol", "unit", "merge"):
        if getattr(tensor, key) is not None:
            document[key] = getattr(tensor, key)
    if tensor.bounds:
        document["bounds"] = list(tensor.bounds)
    return document


def _encode_param(param: Param) -> dict[str, Any]:
    document: dict[str, Any] = {"name": param.name, "type": param.type}
    if param.place is not None:
        document["place"] = param.place
    if param.bounds:
        document["bounds"] = list(param.bounds)
    if param.default is not None:
        document["default"] = repr(param.default)
    return document


def _decode_tensor(document: Any, path: str) -> Tensor:
    _expect(document, dict, path)
    _check_keys(document, _TENSOR_KEYS, path)
    texts = {
        key: _expect(document[key], str, f"{path}.{key}")
        for key in ("symbol", "unit", "merge")
        if key in document
    }
    return Tensor(
        name=_expect(document.get("name"), str, f"{path}.name"),
        dtype=_expect(document.get("dtype"), str, f"{path}.dtype"),
        shape=tuple(
            _expect(size, int, f"{path}.shape")
            for size in _expect(document.get("shape"), list, f"{path}.shape")
        ),
        region=_expect(document.get("region"), int, f"{path}.region"),
        offset=_expect(document.get("offset"), int, f"{path}.offset"),
        bounds=tuple(
            _expect(bound, str, f"{path}.bounds")
            for bound in _expect(document.get("bounds", []), list, f"{path}.bounds")
        ),
        **texts,
    )


def _decode_signature(document: Any, path: str) -> Signature:
    _expect(document, dict, path)
    _check_keys(document, {"params", "results"}, path)
    params = tuple(
        _decode_param(each, f"{path}.params[{i}]")
        for i, each in enumerate(_expect(document.get("params"), list, f"{path}.params"))
    )
    results = _expect(document.get("results"), list, f"{path}.results")
    return Signature(params, tuple(_expect(each, str, f"{path}.results") for each in results))


def _decode_param(document: Any, path: str) -> Param:
    _expect(document, dict, path)
    _check_keys(document, {"name", "type", "place", "bounds", "default"}, path)
    return Param(
        _expect(document.get("name"), str, f"{path}.name"),
        _expect(document.get("type"), str, f"{path}.type"),
        _expect(document["place"], str, f"{path}.place") if "place" in document else None,
        tuple(
            _expect(bound, str, f"{path}.bounds")
            for bound in _expect(document.get("bounds", []), list, f"{path}.bounds")
        ),
        default=_decode_default(document, path) if "default" in document else None,
    )


def _decode_default(document: dict[str, Any], path: str) -> int | float:
    text = _expect(document["default"], str, f"{path}.default")
    found = parse_default(str(document["name"]), str(document["type"]), text)
    if repr(found) != text:
        raise SchemaError(f"{path}.default is not in its canonical form: {found!r}")
    return found


def _check_keys(document: dict[str, Any], known: set[str], path: str) -> None:
    unknown = set(document) - known
    if unknown:
        raise SchemaError(f"{path} has an unknown key {min(unknown)!r}")


def _expect(value: Any, kind: type, path: str) -> Any:
    if type(value) is not kind:  # not isinstance: True is no integer here
        words = {dict: "an object", list: "a list", str: "a text", int: "an integer"}
        raise SchemaError(f"{path} must be {words[kind]}")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return document


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")
