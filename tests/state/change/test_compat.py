"""What a new version changes: nothing of another meaning is kept, and nothing lost unasked."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from models import from_wat
from wasmstate import (
    Module,
    SchemaError,
    Signature,
    State,
    TensorSpec,
    attach,
    compare_versions,
    migrate,
)

OLD_CODE = '(module (memory (export "memory") 1) (func (export "update") (param f64)))'
NEW_CODE = '(module (memory (export "memory") 2) (func (export "update") (param f64)))'
FEATURES, LABELS = ["wind", "sun", "fog"], ["dry", "wet"]
TENSORS = {
    "weights": TensorSpec("t", "f32", (3,), "0", unit="K"),
    "covariance": TensorSpec("t", "f64", (3, 3), "0", unit="K"),
    "classes": TensorSpec("t", "u8", (2, 3), "0", unit="K"),
    "count": TensorSpec("t", "i32", (), "0", unit="K"),
}
WIDER = {"f32": "f64", "f64": "f64", "u8": "u16", "i32": "i64"}
OTHER = {"f32": "i32", "f64": "f32", "u8": "i8", "i32": "u32"}


def metadata(features: list[str] | None, labels: list[str] | None) -> dict[str, Any]:
    found = {"feature_names_in": features, "classes": labels}
    return {key: value for key, value in found.items() if value is not None}


# A change of the new version: of its tensor, of its features, of its labels; then what becomes of a
# tensor with axes, and of a number.
CHANGES: dict[str, tuple[Any, Any, Any, str, str]] = {
    "nothing": (lambda t: t, FEATURES, LABELS, "kept", "kept"),
    "another address": (lambda t: replace(t, place="4096"), FEATURES, LABELS, "kept", "kept"),
    "another unit": (lambda t: replace(t, unit="C"), FEATURES, LABELS, "lost", "lost"),
    "the unit is not said": (lambda t: replace(t, unit=None), FEATURES, LABELS, "kept", "kept"),
    "a wider type": (
        lambda t: replace(t, dtype=WIDER[t.dtype]), FEATURES, LABELS, "converted", "converted",
    ),
    "a type that does not hold all": (
        lambda t: replace(t, dtype=OTHER[t.dtype]), FEATURES, LABELS, "lost", "lost",
    ),
    "one more axis": (lambda t: replace(t, shape=(1, *t.shape)), FEATURES, LABELS, "lost", "lost"),
    "more elements": (lambda t: replace(t, shape=(*t.shape, 2)), FEATURES, LABELS, "lost", "lost"),
    "another name": (lambda t: replace(t, name="u"), FEATURES, LABELS, "lost", "lost"),
    "features in another order": (lambda t: t, ["sun", "wind", "fog"], LABELS, "lost", "kept"),
    "another feature": (lambda t: t, ["wind", "sun", "rain"], LABELS, "lost", "kept"),
    "a feature less": (lambda t: t, ["wind", "sun"], LABELS, "lost", "kept"),
    "features without names": (lambda t: t, None, LABELS, "lost", "kept"),
    "labels in another order": (lambda t: t, FEATURES, ["wet", "dry"], "lost", "kept"),
    "labels not said": (lambda t: t, FEATURES, None, "lost", "kept"),
}  # fmt: skip


@cache
def version(code: str, spec: TensorSpec, features: str, labels: str) -> Module:
    given = metadata(json.loads(features), json.loads(labels))
    value = np.arange(np.prod(spec.shape, dtype=int)).reshape(spec.shape) + 1
    values = {spec.name: value} if code == OLD_CODE else {}
    return attach(from_wat(code), [spec], metadata=given, values=values)


def test_there_are_sixty_pairs() -> None:
    assert len(CHANGES) * len(TENSORS) == 60


@pytest.mark.parametrize("change", CHANGES)
def test_no_tensor_is_silently_kept(change: str) -> None:
    edit, features, labels, of_axes, of_a_number = CHANGES[change]
    for spec in TENSORS.values():
        expected = of_axes if spec.shape else of_a_number
        if edit(spec) == spec and expected == "converted":
            expected = "kept"  # there is no wider type
        old = version(OLD_CODE, spec, json.dumps(FEATURES), json.dumps(LABELS))
        new = version(NEW_CODE, edit(spec), json.dumps(features), json.dumps(labels))
        found = compare_versions(old, new)
        assert found.verdict == expected, spec
        assert found.breaks_callers == (features != FEATURES or labels != LABELS)
        # Whatever differs is said.
        assert (found.tensors[-1].reason is None) == (
            expected != "lost" and spec.unit == edit(spec).unit
        )
        if expected == "lost":
            with pytest.raises(SchemaError, match=r"^the new code cannot take the old state:"):
                migrate(old, new)
        else:
            before, after = State.of(old), State.of(migrate(old, new))
            np.testing.assert_array_equal(before["t"], after["t"])
            assert (after.generation, after.metadata) == (1, State.of(new).metadata)


def moved(shape: tuple[int, ...], new_shape: tuple[int, ...], **names: Any) -> State:
    spec = TensorSpec("t", "f32", shape, "0")
    old = version(OLD_CODE, spec, json.dumps(names.get("old", FEATURES)), json.dumps(LABELS))
    labels = json.dumps(names.get("labels", LABELS))
    new = version(NEW_CODE, replace(spec, shape=new_shape), json.dumps(names["new"]), labels)
    return State.of(migrate(old, new, by_name=["t"]))


def test_values_go_to_the_index_of_their_name() -> None:
    order = ["fog", "snow", "wind", "sun"]
    assert moved((3,), (4,), new=order)["t"].tolist() == [3, 0, 1, 2]
    assert moved((3, 3), (4, 4), new=order)["t"].tolist() == [
        [9, 0, 7, 8],
        [0, 0, 0, 0],
        [3, 0, 1, 2],
        [6, 0, 4, 5],
    ]
    assert moved((2, 3), (2, 4), new=order, labels=["wet", "dry"])["t"].tolist() == [
        [6, 0, 4, 5],
        [3, 0, 1, 2],
    ]


@pytest.mark.parametrize(
    ("shapes", "names", "reason"),
    [
        (((3,), (2,)), {"new": ["sun", "wind"]}, "the values of fog would be lost"),
        (((4,), (4,)), {"new": ["sun", "wind", "fog"]}, "no axis is as long as the names"),
        (((3, 4), (3, 5)), {"new": ["sun", "wind", "fog"]}, "axis 1 had 4 elements, now 5"),
        (((3,), (3, 1)), {"new": ["sun", "wind", "fog"]}, "another number of axes"),
        (
            ((2,), (2,)),
            {"old": ["a", "b"], "new": ["b", "a"], "labels": ["wet", "dry"]},
            "axis 0 may be that of the features or of the classes",
        ),
    ],
)
def test_values_that_have_no_place_by_name_are_refused(
    shapes: Any, names: Any, reason: str
) -> None:
    with pytest.raises(SchemaError, match=reason):
        moved(*shapes, **names)


def test_numbers_may_be_taken_as_they_are_by_whoever_knows_better() -> None:
    spec = TENSORS["weights"]
    old = version(OLD_CODE, spec, json.dumps(FEATURES), json.dumps(LABELS))
    new = version(
        NEW_CODE, replace(spec, unit="C"), json.dumps(["a", "b", "c"]), json.dumps(LABELS)
    )
    assert State.of(migrate(old, new, reinterpret=["t"]))["t"].tolist() == [1, 2, 3]


def test_what_says_which_device_it_is_goes_with_the_values() -> None:
    spec = TENSORS["count"]
    marks = {"device": "pump-7", "merge": {"id": "00"}}
    old = attach(from_wat(OLD_CODE), [spec], metadata=marks)
    assert State.of(migrate(old, attach(from_wat(NEW_CODE), [spec]))).metadata == marks


def test_functions_are_compared_by_what_they_take_and_give() -> None:
    old = attach(
        from_wat(OLD_CODE),
        ["t:f64@0"],
        entry_points={"update": Signature.parse("(y: f64 finite) -> ()")},
    )
    new = attach(
        from_wat(NEW_CODE), ["t:f64@0"], entry_points={"update": Signature.parse("(y: f64) -> ()")}
    )
    (function,) = compare_versions(old, new).functions
    assert function.verdict == "changed"
    assert (function.old, function.new) == ("(y: f64 finite) -> ()", "(y: f64) -> ()")
    assert compare_versions(old, new).breaks_callers
    assert compare_versions(old, new).verdict == "kept"
