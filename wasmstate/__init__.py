"""Make a WebAssembly binary remember.

A model compiled to WebAssembly is y = f(x; S). Its state S lives in a custom section of the same
file; this package reads it, runs the model, and rewrites the section so that no crash leaves
anything but the old state or the new one.

Names are loaded when they are first used: ``import wasmstate`` loads neither wasmtime nor NumPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from wasmstate.errors import (
    ArgumentError,
    CallError,
    ColumnError,
    CommitError,
    CommittedLateError,
    DeadlineError,
    DurabilityUnknownError,
    InvalidError,
    LimitError,
    LinkError,
    MalformedError,
    NotCommittedError,
    SchemaError,
    SectionError,
    StateBoundsError,
    StateConflictError,
    StateCorruptError,
    StateError,
    TrapError,
    UnknownSectionError,
    UnknownTensorError,
    UnsupportedError,
    WasmstateError,
)

if TYPE_CHECKING:
    from wasmstate.binary.edits.strip import strip
    from wasmstate.binary.module import Module
    from wasmstate.binary.positions import StaleDebugInfoWarning
    from wasmstate.binary.sections.base import Section
    from wasmstate.binary.strings import FoundString, find_strings
    from wasmstate.binary.uses import Use, find_uses
    from wasmstate.explore.constants import Folded
    from wasmstate.explore.discover import discover
    from wasmstate.explore.discovery_result import Discovered, Discovery, LeftOut
    from wasmstate.explore.find_constants import Constant, find_constants
    from wasmstate.explore.learn.find_weights import Weight
    from wasmstate.explore.learn.learn import LearnCheck, check_learning, make_learning
    from wasmstate.explore.learn.plan import LearnPlan, plan_learning
    from wasmstate.explore.name_constants import (
        constant_names_text,
        name_constants,
        read_constant_names,
    )
    from wasmstate.explore.probe import Probe, Probed, probe
    from wasmstate.explore.rank_constants import RankedConstant, rank_constants
    from wasmstate.explore.trial import Call
    from wasmstate.explore.unfold import RoleWarning, probed_constants, unfold
    from wasmstate.models.fitted.from_dump import from_dump
    from wasmstate.models.fitted.from_fitted import from_fitted, from_sklearn
    from wasmstate.models.fitted.from_onnx import from_onnx
    from wasmstate.models.fitted.from_skops import from_skops
    from wasmstate.runtime.grants import GrantOptions
    from wasmstate.runtime.limits import Limits
    from wasmstate.session.attach import attach
    from wasmstate.session.bake import bake
    from wasmstate.session.drift import Drift, DriftWatch, find_drifts
    from wasmstate.session.export_values import export_state
    from wasmstate.session.guard import Guard, Rollback
    from wasmstate.session.predict_warning import PredictChangedStateWarning
    from wasmstate.session.replay import ReplayStep, replay
    from wasmstate.session.scailable import ScailableModel
    from wasmstate.session.session import Session
    from wasmstate.session.upgrade import relearn, upgrade
    from wasmstate.session.wear import Wear, estimate_wear
    from wasmstate.session.why import StackFrame, Why, Write
    from wasmstate.session.write_outside import StrayWrite, WriteOutside
    from wasmstate.state.beside import join, split
    from wasmstate.state.change.axis_names import AxisNames
    from wasmstate.state.change.bake import unbake
    from wasmstate.state.change.compat import (
        Compatibility,
        FunctionChange,
        TensorChange,
        compare_versions,
    )
    from wasmstate.state.change.declare import declare
    from wasmstate.state.change.fold import fold
    from wasmstate.state.change.graft import graft
    from wasmstate.state.change.migrate import (
        CarryOptions,
        Migration,
        MigrationStep,
        migrate,
        plan_migration,
    )
    from wasmstate.state.change.personalize import personalize
    from wasmstate.state.change.rename import rename_exports, rename_imports
    from wasmstate.state.compare.byte_diff import ByteRange, SectionDiff
    from wasmstate.state.compare.call_log import CallLog, read_log
    from wasmstate.state.compare.compare_files import Diff, diff
    from wasmstate.state.compare.diff import CellChange, TensorDiff
    from wasmstate.state.compare.history import HistoryEntry, history
    from wasmstate.state.compare.relation import Relation
    from wasmstate.state.damage.check import Finding
    from wasmstate.state.damage.salvage_result import Salvage, SavedTensor
    from wasmstate.state.merge.merge import merge
    from wasmstate.state.merge.merger import Merger
    from wasmstate.state.merge.partial import Partial
    from wasmstate.state.merge.result import Contribution, Merge, MergedTensor
    from wasmstate.state.signature import Param, Signature
    from wasmstate.state.state import State
    from wasmstate.state.tensor import Tensor, TensorSpec
    from wasmstate.storage.check import check
    from wasmstate.storage.commit import commit, replace_section
    from wasmstate.storage.displaced import FileKeptWarning
    from wasmstate.storage.log_segments import open_log
    from wasmstate.storage.metadata import MetadataNotKeptWarning
    from wasmstate.storage.patience import lock_timeout
    from wasmstate.storage.rollback import rollback
    from wasmstate.storage.salvage import salvage

__version__ = "0.2.0"

_HOMES = {
    "AxisNames": "wasmstate.state.change.axis_names",
    "ByteRange": "wasmstate.state.compare.byte_diff",
    "Call": "wasmstate.explore.trial",
    "CallLog": "wasmstate.state.compare.call_log",
    "CarryOptions": "wasmstate.state.change.migrate",
    "CellChange": "wasmstate.state.compare.diff",
    "Compatibility": "wasmstate.state.change.compat",
    "Constant": "wasmstate.explore.find_constants",
    "Contribution": "wasmstate.state.merge.result",
    "Diff": "wasmstate.state.compare.compare_files",
    "Discovered": "wasmstate.explore.discovery_result",
    "Discovery": "wasmstate.explore.discovery_result",
    "Drift": "wasmstate.session.drift",
    "DriftWatch": "wasmstate.session.drift",
    "FileKeptWarning": "wasmstate.storage.displaced",
    "Finding": "wasmstate.state.damage.check",
    "Folded": "wasmstate.explore.constants",
    "FoundString": "wasmstate.binary.strings",
    "FunctionChange": "wasmstate.state.change.compat",
    "GrantOptions": "wasmstate.runtime.grants",
    "Guard": "wasmstate.session.guard",
    "HistoryEntry": "wasmstate.state.compare.history",
    "LearnCheck": "wasmstate.explore.learn.learn",
    "LearnPlan": "wasmstate.explore.learn.plan",
    "LeftOut": "wasmstate.explore.discovery_result",
    "Limits": "wasmstate.runtime.limits",
    "Merge": "wasmstate.state.merge.result",
    "MergedTensor": "wasmstate.state.merge.result",
    "Merger": "wasmstate.state.merge.merger",
    "MetadataNotKeptWarning": "wasmstate.storage.metadata",
    "Migration": "wasmstate.state.change.migrate",
    "MigrationStep": "wasmstate.state.change.migrate",
    "Module": "wasmstate.binary.module",
    "Param": "wasmstate.state.signature",
    "Partial": "wasmstate.state.merge.partial",
    "PredictChangedStateWarning": "wasmstate.session.predict_warning",
    "Probe": "wasmstate.explore.probe",
    "Probed": "wasmstate.explore.probe",
    "RankedConstant": "wasmstate.explore.rank_constants",
    "Relation": "wasmstate.state.compare.relation",
    "ReplayStep": "wasmstate.session.replay",
    "RoleWarning": "wasmstate.explore.unfold",
    "Rollback": "wasmstate.session.guard",
    "Salvage": "wasmstate.state.damage.salvage_result",
    "SavedTensor": "wasmstate.state.damage.salvage_result",
    "ScailableModel": "wasmstate.session.scailable",
    "Section": "wasmstate.binary.sections.base",
    "SectionDiff": "wasmstate.state.compare.byte_diff",
    "Session": "wasmstate.session.session",
    "Signature": "wasmstate.state.signature",
    "StackFrame": "wasmstate.session.why",
    "StaleDebugInfoWarning": "wasmstate.binary.positions",
    "State": "wasmstate.state.state",
    "StrayWrite": "wasmstate.session.write_outside",
    "Tensor": "wasmstate.state.tensor",
    "TensorChange": "wasmstate.state.change.compat",
    "TensorDiff": "wasmstate.state.compare.diff",
    "TensorSpec": "wasmstate.state.tensor",
    "Use": "wasmstate.binary.uses",
    "Wear": "wasmstate.session.wear",
    "Weight": "wasmstate.explore.learn.find_weights",
    "Why": "wasmstate.session.why",
    "Write": "wasmstate.session.why",
    "WriteOutside": "wasmstate.session.write_outside",
    "attach": "wasmstate.session.attach",
    "bake": "wasmstate.session.bake",
    "check": "wasmstate.storage.check",
    "check_learning": "wasmstate.explore.learn.learn",
    "commit": "wasmstate.storage.commit",
    "compare_versions": "wasmstate.state.change.compat",
    "constant_names_text": "wasmstate.explore.name_constants",
    "declare": "wasmstate.state.change.declare",
    "diff": "wasmstate.state.compare.compare_files",
    "discover": "wasmstate.explore.discover",
    "estimate_wear": "wasmstate.session.wear",
    "export_state": "wasmstate.session.export_values",
    "find_constants": "wasmstate.explore.find_constants",
    "find_drifts": "wasmstate.session.drift",
    "find_strings": "wasmstate.binary.strings",
    "find_uses": "wasmstate.binary.uses",
    "fold": "wasmstate.state.change.fold",
    "from_dump": "wasmstate.models.fitted.from_dump",
    "from_fitted": "wasmstate.models.fitted.from_fitted",
    "from_onnx": "wasmstate.models.fitted.from_onnx",
    "from_sklearn": "wasmstate.models.fitted.from_fitted",
    "from_skops": "wasmstate.models.fitted.from_skops",
    "graft": "wasmstate.state.change.graft",
    "history": "wasmstate.state.compare.history",
    "join": "wasmstate.state.beside",
    "lock_timeout": "wasmstate.storage.patience",
    "make_learning": "wasmstate.explore.learn.learn",
    "merge": "wasmstate.state.merge.merge",
    "migrate": "wasmstate.state.change.migrate",
    "name_constants": "wasmstate.explore.name_constants",
    "open_log": "wasmstate.storage.log_segments",
    "personalize": "wasmstate.state.change.personalize",
    "plan_learning": "wasmstate.explore.learn.plan",
    "plan_migration": "wasmstate.state.change.migrate",
    "probe": "wasmstate.explore.probe",
    "probed_constants": "wasmstate.explore.unfold",
    "rank_constants": "wasmstate.explore.rank_constants",
    "read_constant_names": "wasmstate.explore.name_constants",
    "read_log": "wasmstate.state.compare.call_log",
    "relearn": "wasmstate.session.upgrade",
    "rename_exports": "wasmstate.state.change.rename",
    "rename_imports": "wasmstate.state.change.rename",
    "replace_section": "wasmstate.storage.commit",
    "replay": "wasmstate.session.replay",
    "rollback": "wasmstate.storage.rollback",
    "salvage": "wasmstate.storage.salvage",
    "split": "wasmstate.state.beside",
    "strip": "wasmstate.binary.edits.strip",
    "unbake": "wasmstate.state.change.bake",
    "unfold": "wasmstate.explore.unfold",
    "upgrade": "wasmstate.session.upgrade",
}

_PARTS = ("donors", "models")

__all__ = [
    "ArgumentError",
    "AxisNames",
    "ByteRange",
    "Call",
    "CallError",
    "CallLog",
    "CarryOptions",
    "CellChange",
    "ColumnError",
    "CommitError",
    "CommittedLateError",
    "Compatibility",
    "Constant",
    "Contribution",
    "DeadlineError",
    "Diff",
    "Discovered",
    "Discovery",
    "Drift",
    "DriftWatch",
    "DurabilityUnknownError",
    "FileKeptWarning",
    "Finding",
    "Folded",
    "FoundString",
    "FunctionChange",
    "GrantOptions",
    "Guard",
    "HistoryEntry",
    "InvalidError",
    "LearnCheck",
    "LearnPlan",
    "LeftOut",
    "LimitError",
    "Limits",
    "LinkError",
    "MalformedError",
    "Merge",
    "MergedTensor",
    "Merger",
    "MetadataNotKeptWarning",
    "Migration",
    "MigrationStep",
    "Module",
    "NotCommittedError",
    "Param",
    "Partial",
    "PredictChangedStateWarning",
    "Probe",
    "Probed",
    "RankedConstant",
    "Relation",
    "ReplayStep",
    "RoleWarning",
    "Rollback",
    "Salvage",
    "SavedTensor",
    "ScailableModel",
    "SchemaError",
    "Section",
    "SectionDiff",
    "SectionError",
    "Session",
    "Signature",
    "StackFrame",
    "StaleDebugInfoWarning",
    "State",
    "StateBoundsError",
    "StateConflictError",
    "StateCorruptError",
    "StateError",
    "StrayWrite",
    "Tensor",
    "TensorChange",
    "TensorDiff",
    "TensorSpec",
    "TrapError",
    "UnknownSectionError",
    "UnknownTensorError",
    "UnsupportedError",
    "Use",
    "WasmstateError",
    "Wear",
    "Weight",
    "Why",
    "Write",
    "WriteOutside",
    "__version__",
    "attach",
    "bake",
    "check",
    "check_learning",
    "commit",
    "compare_versions",
    "constant_names_text",
    "declare",
    "diff",
    "discover",
    "estimate_wear",
    "export_state",
    "find_constants",
    "find_drifts",
    "find_strings",
    "find_uses",
    "fold",
    "from_dump",
    "from_fitted",
    "from_onnx",
    "from_sklearn",
    "from_skops",
    "graft",
    "history",
    "join",
    "lock_timeout",
    "make_learning",
    "merge",
    "migrate",
    "name_constants",
    "open_log",
    "personalize",
    "plan_learning",
    "plan_migration",
    "probe",
    "probed_constants",
    "rank_constants",
    "read_constant_names",
    "read_log",
    "relearn",
    "rename_exports",
    "rename_imports",
    "replace_section",
    "replay",
    "rollback",
    "salvage",
    "split",
    "strip",
    "unbake",
    "unfold",
    "upgrade",
]


def __getattr__(name: str) -> Any:
    if name in _PARTS:
        return import_module(f"{__name__}.{name}")
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_PARTS})
