"""One file a custom section, and the table that knows them all."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from construct import Construct

CUSTOM_LAYOUTS = {
    "build_id": "build_id.build_id",
    "core": "coredump.core",
    "coreinstances": "coredump.coreinstances",
    "coremodules": "coredump.coremodules",
    "corestack": "coredump.corestack",
    "dylink": "dylink.dylink",
    "dylink.0": "dylink.dylink0",
    "external_debug_info": "url.url",
    "linking": "linking.linking",
    "metadata.code.": "code_metadata.code_metadata",
    "metadata.code.branch_hint": "code_metadata.branch_hint",
    "metadata.code.trace_inst": "code_metadata.trace_inst",
    "name": "name.name_section",
    "producers": "producers.producers",
    "reloc.": "reloc.reloc",
    "sourceMappingURL": "url.url",
    "target_features": "target_features.target_features",
    "wasmstate.baked": "baked.baked",
    "wasmstate.unfolded": "unfolded.unfolded",
}
"""Custom sections whose content is known, by name; a key that ends in a dot begins names.

Each is a file of this package and a layout in it, loaded when such a section is first decoded: to
list the sections of a module takes none of them.
"""

_PREFIXES = tuple(key for key in CUSTOM_LAYOUTS if key.endswith("."))


def custom_layout(name: str) -> Construct[Any, Any] | None:
    """How the content of the custom sections of this name is laid out, if that is known."""
    known = CUSTOM_LAYOUTS.get(name) or next(
        (CUSTOM_LAYOUTS[prefix] for prefix in _PREFIXES if name.startswith(prefix)), None
    )
    return None if known is None else _load(known)


@cache
def _load(place: str) -> Construct[Any, Any]:
    file, layout = place.split(".")
    found: Construct[Any, Any] = getattr(import_module(f"{__name__}.{file}"), layout)
    return found
