"""Boosted trees in the files of xgboost and LightGBM as models, without either package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli_runner import run_command as wasmstate
from guest import Guest, session_on
from wasmstate import SchemaError, from_dump

LIGHTGBM = """tree
version=v4
num_class=1
num_tree_per_iteration=1
max_feature_idx=1
objective=binary sigmoid:1
feature_names=age dose

Tree=0
num_leaves=3
num_cat=0
split_feature=0 1
threshold=0.5 -1.5
decision_type=2 10
left_child=-1 -2
right_child=1 -3
leaf_value=0.25 -0.5 1.5
leaf_weight=4 5 6
is_linear=0
shrinkage=0.1

Tree=1
num_leaves=1
num_cat=0
leaf_value=-0.125
shrinkage=0.1

end of trees
"""


def xgboost(**changes: Any) -> dict[str, Any]:
    """A document with one tree, which asks whether the second feature is below 0.3."""
    tree = {
        "left_children": [1, -1, -1],
        "right_children": [2, -1, -1],
        "split_indices": [1, 0, 0],
        "split_conditions": [0.3, 0.5, -0.25],
        "default_left": [1, 0, 0],
        "split_type": [0, 0, 0],
        "sum_hessian": [9.0, 4.0, 5.0],
        "tree_param": {"size_leaf_vector": "1"},
        **changes.pop("tree", {}),
    }
    model = {
        "trees": [tree],
        "tree_info": [0],
        "gbtree_model_param": {"num_parallel_tree": "1"},
    }
    return {
        "learner": {
            "attributes": {},
            "feature_names": [],
            "gradient_booster": {"name": "gbtree", "model": model},
            "learner_model_param": {"base_score": "[2E0]", "num_class": "0", "num_feature": "2"},
            "objective": {"name": "reg:squarederror"},
            **changes,
        }
    }


def file_of(folder: Path, content: Any) -> Path:
    path = folder / "model.dump"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_row_goes_left_that_is_below_the_limit_of_xgboost(tmp_path: Path) -> None:
    model = Guest(from_dump(file_of(tmp_path, xgboost())))
    limit = float(np.float32(0.3))
    rows = {limit: 1.75, float(np.nextafter(np.float32(0.3), np.float32(0))): 2.5, np.nan: 2.5}
    assert {x: model.call("predict", [0.0, x]) for x in rows} == rows


def test_a_leaf_of_xgboost_goes_on_by_its_sum_of_curvatures(tmp_path: Path) -> None:
    model = Guest(from_dump(file_of(tmp_path, xgboost())))
    model.call("update", [0.0, 0.0], 7.0)
    leaf = (4 * 0.5 + 0.1 * (7.0 - 2.0)) / 5
    assert model.call("predict", [0.0, 0.0]) == pytest.approx(2.0 + leaf, rel=1e-15)


def test_trees_behind_the_best_iteration_are_left_out(tmp_path: Path) -> None:
    document = xgboost(attributes={"best_iteration": "0"})
    booster = document["learner"]["gradient_booster"]["model"]
    booster["trees"] *= 3
    booster["tree_info"] = [0, 0, 0]
    assert Guest(from_dump(file_of(tmp_path, document)))["trees"] == 1


def test_a_model_of_lightgbm_keeps_names_and_missing_numbers(tmp_path: Path) -> None:
    with session_on(from_dump(file_of(tmp_path, LIGHTGBM))) as session:
        rows = {(0.5, 9.0): 0.25, (0.6, -1.5): -0.5, (0.6, -1.4): 1.5}
        for (age, dose), leaf in rows.items():
            found = session.call("decision", {"dose": dose, "age": age}, 1)
            assert found == pytest.approx(leaf - 0.125, rel=1e-15)
        # The first node takes a missing number for 0, the second sends it left.
        assert session.call("decision", [np.nan, 9.0], 1) == pytest.approx(0.125, rel=1e-15)
        assert session.call("decision", [0.6, np.nan], 1) == pytest.approx(-0.625, rel=1e-15)
        share = 1 / (1 + np.exp(-1.375))
        assert session.call("probability", [0.6, 0.0], 1) == pytest.approx(share, rel=1e-15)
        session.update([0.6, 0.0], 1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("x,y\n1,2\n", "it is no dump of xgboost (JSON) and none of LightGBM (text)"),
        ("{}", "it is not as xgboost writes it: KeyError: 'learner'"),
        ('{"learner": ', "it is not as xgboost writes it: JSONDecodeError: "),
        ("tree\nversion=v4\n", "it is not as lightgbm writes it: KeyError: 'objective'"),
        (
            xgboost(objective={"name": "rank:ndcg"}),
            "there is no model for the objective 'rank:ndcg' of xgboost; there are models for ",
        ),
        (
            xgboost(gradient_booster={"name": "dart"}),
            "xgboost's booster 'dart' is no sum of trees: only gbtree",
        ),
        (
            xgboost(tree={"split_type": [1, 0, 0]}),
            "a tree of xgboost splits categories, or has leaves of several numbers",
        ),
        (
            xgboost(tree={"left_children": [0, -1, -1]}),
            "a child of a tree stands before its node, or is the node itself",
        ),
        (
            xgboost(tree={"left_children": [7, -1, -1]}),
            "it is not as xgboost writes it: IndexError",
        ),
        (LIGHTGBM.replace("num_cat=0", "num_cat=1"), "a tree of LightGBM splits categories"),
        (LIGHTGBM.replace("sigmoid:1", "sigmoid:2"), "LightGBM's sigmoid:2 is in no model"),
        (LIGHTGBM.replace("type=2 10", "type=4 6"), "LightGBM's zero_as_missing is in no model"),
        (
            LIGHTGBM.replace("binary", "lambdarank"),
            "there is no model for the objective 'lambdarank'",
        ),
    ],
)
def test_a_file_that_is_no_model_is_refused_with_the_reason(
    tmp_path: Path, content: Any, reason: str
) -> None:
    with pytest.raises(SchemaError) as caught:
        from_dump(file_of(tmp_path, content))
    assert str(caught.value).startswith(reason)


def test_the_command_line_takes_dumps_too(tmp_path: Path) -> None:
    path, output = file_of(tmp_path, LIGHTGBM), tmp_path / "m.wasm"
    result = wasmstate("from", str(path), "-o", str(output), "--update", "none")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(f"{output}: boosted_classifier of lightgbm, ")
    assert result.stdout.endswith(", predicts alone\n")
