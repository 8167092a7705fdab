"""Custom sections of a host that has got functions of a donor: names, features, tools.

Source: WebAssembly Core 3.0, Appendix, "Name Section"; tool-conventions, "Linking", heading "Target
Features Section", and "Producers Section".
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from wasmstate.binary.content import Content
from wasmstate.binary.custom import name as names
from wasmstate.binary.custom.producers import Producers, ProducersField, VersionedName, producers
from wasmstate.binary.custom.target_features import TargetFeatures, target_features
from wasmstate.binary.module import Module
from wasmstate.binary.names import read_names
from wasmstate.binary.remap import Indices
from wasmstate.binary.section_list import read_count
from wasmstate.binary.sections import CUSTOM_ID
from wasmstate.binary.sections.custom import CustomSection
from wasmstate.binary.spaces import Spaces
from wasmstate.binary.values import u32
from wasmstate.errors import MalformedError

_TOOL = "wasmstate"


def with_donor_customs(module: Module, donor: Module, indices: Indices) -> Module:
    """The module with names and features of what was grafted, and with the tool that did it.

    A custom section that is malformed stays as it is. ``build_id`` goes: it is another build now.
    """
    if not module.custom_sections("name") and donor.custom_sections("name"):
        place = 1 + max(section.index for section in module.sections if section.id != CUSTOM_ID)
        module = module.with_custom("name", b"", index=place)
    edits: dict[str, Callable[[CustomSection], bytes]] = {
        "name": lambda section: _named(section, donor, indices),
        "target_features": lambda section: _featured(section, donor),
        "producers": _produced,
    }
    for name, edit in edits.items():
        sections = module.custom_sections(name)
        if len(sections) == 1:
            with suppress(MalformedError):
                module = module.with_custom(name, edit(sections[0]))
    return module.without_custom("build_id") if module.custom_sections("build_id") else module


def _named(section: CustomSection, donor: Module, indices: Indices) -> bytes:
    given = read_names(donor)
    # Those that the donor imports have their names in the host.
    imported = sum(isinstance(each.type, int) for each in Spaces(donor).imports)
    added = {
        names.FUNCTIONS: [
            names.name_assoc.build(names.NameAssoc(indices.functions[i], name))
            for i, name in sorted(given.functions.items())
            if i >= imported
        ],
        names.LOCALS: [
            names.indirect_name.build(names.IndirectNameAssoc(indices.functions[i], locals_))
            for i, locals_ in sorted(given.locals.items())
            if i >= imported
        ],
    }
    content = Content(section.content, section.content_offset, section.path)
    parts = {id: inner.getvalue() for _, id, inner in names.subsections.frames(content, "")}
    for id, entries in added.items():
        if entries:
            old = parts.get(id, b"\0")
            count, width = read_count(old)
            parts[id] = u32.encode(count + len(entries)) + old[width:] + b"".join(entries)
    return b"".join(
        bytes([id]) + u32.encode(len(part)) + part for id, part in sorted(parts.items())
    )


def _featured(section: CustomSection, donor: Module) -> bytes:
    found = list(section.decode().features)
    for each in donor.custom_sections("target_features"):
        known = {feature.feature for feature in found}
        used = [f for f in each.decode().features if f.prefix == "+" and f.feature not in known]
        found += used
    return target_features.build(TargetFeatures(found))


def _produced(section: CustomSection) -> bytes:
    found = section.decode()
    by_name = {field.field_name: list(field.field_values) for field in found.fields}
    tools = by_name.setdefault("processed-by", [])
    if all(tool.name != _TOOL for tool in tools):
        tools.append(VersionedName(_TOOL, ""))
    return producers.build(Producers([ProducersField(*each) for each in by_name.items()]))
