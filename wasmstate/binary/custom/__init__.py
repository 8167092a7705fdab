"""One file a custom section, and the table that knows them all."""

from __future__ import annotations

from typing import Any

from construct import Construct

from wasmstate.binary.custom.build_id import build_id
from wasmstate.binary.custom.code_metadata import branch_hint, code_metadata, trace_inst
from wasmstate.binary.custom.coredump import core, coreinstances, coremodules, corestack
from wasmstate.binary.custom.dylink import dylink, dylink0
from wasmstate.binary.custom.linking import linking
from wasmstate.binary.custom.name import name_section
from wasmstate.binary.custom.producers import producers
from wasmstate.binary.custom.reloc import reloc
from wasmstate.binary.custom.target_features import target_features
from wasmstate.binary.custom.url import url

CUSTOM_LAYOUTS: dict[str, Construct[Any, Any]] = {
    "build_id": build_id,
    "core": core,
    "coreinstances": coreinstances,
    "coremodules": coremodules,
    "corestack": corestack,
    "dylink": dylink,
    "dylink.0": dylink0,
    "external_debug_info": url,
    "linking": linking,
    "metadata.code.": code_metadata,
    "metadata.code.branch_hint": branch_hint,
    "metadata.code.trace_inst": trace_inst,
    "name": name_section,
    "producers": producers,
    "reloc.": reloc,
    "sourceMappingURL": url,
    "target_features": target_features,
}
"""Custom sections whose content is known, by name; a key that ends in a dot begins names."""

_PREFIXES = tuple(key for key in CUSTOM_LAYOUTS if key.endswith("."))


def custom_layout(name: str) -> Construct[Any, Any] | None:
    """How the content of the custom sections of this name is laid out, if that is known."""
    if name in CUSTOM_LAYOUTS:
        return CUSTOM_LAYOUTS[name]
    for prefix in _PREFIXES:
        if name.startswith(prefix):
            return CUSTOM_LAYOUTS[prefix]
    return None
