"""Resolve the names of docstrings that Sphinx does not find by itself.

A docstring says ``SchemaError`` whatever module it stands in. The reference has it as
``wasmstate.SchemaError``; types that the library keeps to itself have no page at all.
"""

from __future__ import annotations

from docutils.nodes import Element
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

import wasmstate

INSIDE = {
    "Source",
    "collections.abc.Callable[[]",  # cut short by the parser of docstrings
    "wasmstate.binary.module.SectionType",
    "wasmstate.binary.source.Source",
    "wasmstate.errors._LocatedError",
    "wasmstate.runtime.instance.Instance",
    "wasmstate.runtime.program.Program",
    "wasmstate.session.foreign_detector.FlagDetector",
    "wasmstate.session.loss.Learner",
    "wasmstate.session.names.Names",
    "wasmstate.state.merge.accumulate.Accumulator",
    "wasmstate.state.compare.call_log.EntryKind",
    "wasmstate.state.merge.ancestry.Device",
    "wasmstate.state.record.Lineage",
    "wasmstate.state.record.RegionKind",
    "wasmstate.storage.replace.Durability",
}
"""Types in signatures of public functions that no caller needs to know."""


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, text: Element
) -> Element | None:
    """The public name of what is referred to, as a link; the bare text for a name inside."""
    target = node["reftarget"]
    name = target.rpartition(".")[2]
    if target in INSIDE:
        return text
    if name not in wasmstate.__all__:
        return None
    public = f"wasmstate.{name}"
    if public == target:
        return None
    return env.domains.python_domain.resolve_xref(
        env, node["refdoc"], app.builder, "obj", public, node, text
    )


def keep_colons(
    _app: Sphinx, what: str, _name: str, _object: object, _options: object, lines: list[str]
) -> None:
    """Keep napoleon from reading "The bytes: as they are" as a type and a description."""
    if what == "property":
        lines.insert(0, "")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the handlers."""
    app.connect("missing-reference", resolve)
    app.connect("autodoc-process-docstring", keep_colons, priority=400)  # before napoleon's 500
    return {"parallel_read_safe": True, "parallel_write_safe": True}
