"""Features and classes by the names that the metadata of a model keep."""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from cli_runner import run_command
from wasmstate import ArgumentError, DriftWatch, Module, Session, State, models, replay
from wasmstate.session.names import Names
from wasmstate.session.table import read_table
from wasmstate.state.attach.describe import with_state
from wasmstate.state.compare.call_log import read_log
from wasmstate.state.schema import Schema


class Frame:
    """Columns with names, as frames of pandas and polars have them."""

    def __init__(self, **columns: Sequence[float]) -> None:
        self._columns = columns
        self.columns = list(columns)

    def __getitem__(self, name: str) -> np.ndarray[Any, Any]:
        return np.asarray(self._columns[name])

    def __array__(self, *_: Any, **__: Any) -> np.ndarray[Any, Any]:
        return np.column_stack([self[name] for name in self.columns])


class Series:
    """A row with names, as pandas has it."""

    def __init__(self, **values: float) -> None:
        self.index = list(values)
        self._values = list(values.values())

    def __array__(self, *_: Any, **__: Any) -> np.ndarray[Any, Any]:
        return np.asarray(self._values)


class Arrow(Frame):
    """Arrow calls the columns themselves columns, and their names column_names."""

    def __init__(self, **columns: Sequence[float]) -> None:
        super().__init__(**columns)
        self.column_names = self.columns
        self.columns = [*map(str, columns.values())]


class Exchanged(Frame):
    """A frame that gives its names by the exchange protocol alone."""

    def __init__(self, **columns: Sequence[float]) -> None:
        super().__init__(**columns)
        self._names = self.columns
        del self.columns

    def __dataframe__(self) -> Exchanged:
        return self

    def column_names(self) -> list[str]:
        return self._names


Row = namedtuple("Row", ["rain", "wind"])  # noqa: PYI024 (as pandas' itertuples makes them)


def run(*arguments: object, code: int = 0, input: bytes | None = None) -> Result:
    """Run a command that ends with this exit code."""
    result = run_command(*map(str, arguments), input=input)
    assert result.exit_code == code, result.stderr
    return result


def write(path: Path, name: str, metadata: dict[str, Any], **options: Any) -> Path:
    """A new model whose metadata keep names."""
    module = models.new(name, **options)
    state = State.of(module)
    schema = Schema(state.tensors, state.entry_points, {**state.metadata, **metadata})
    record = replace(state.record, schema=schema.encode())
    path.write_bytes(with_state(module, State(record, schema)).to_bytes())
    return path


@pytest.fixture
def line(tmp_path: Path) -> Path:
    """A line with one weight for each of two named features: 1 for wind, 10 for rain."""
    metadata = {"feature_names_in": ["wind", "rain"]}
    path = write(tmp_path / "line.wasm", "linear", metadata, features=2, lr=0.1)
    with Session.open(path, persist="on-close") as session:
        session.update_many([[1, 0], [0, 1], [0, 0]] * 200, [1, 10, 0] * 200)
    return path


def classes(tmp_path: Path, *labels: Any) -> Path:
    """Naive Bayes of one feature with these labels, one row of each: 0, 10, 20."""
    metadata = {"classes": list(labels)}
    path = write(
        tmp_path / "nb.wasm", "gaussian_nb", metadata, classes=len(labels), features=1, smoothing=1
    )
    with Session.open(path, persist="on-close") as session:
        session.update_many([[10.0 * i] for i in range(len(labels))], list(labels))
    return path


@pytest.mark.parametrize(
    "row",
    [
        [2, 3],
        np.array([2, 3]),
        {"wind": 2, "rain": 3},
        {"rain": 3, "wind": 2},
        Series(rain=3, wind=2),
        Frame(rain=[3], wind=[2]),
        Arrow(rain=[3], wind=[2]),
        Exchanged(rain=[3], wind=[2]),
        Row(rain=3, wind=2),
        (2, 3),
    ],
)
def test_a_row_with_names_is_matched_by_them_and_a_plain_one_by_position(
    line: Path, row: Any
) -> None:
    with Session.open(line, persist="manual") as session:
        assert session.predict(row) == pytest.approx(32, abs=0.1)
        assert session.call_with(session.state, "predict", row) == session.predict(row)
        session.update(row, 32.0)
        with Session.open(line, persist="manual") as other:
            other.update([2, 3], 32.0)
            assert session.state.contents() == other.state.contents()


@pytest.mark.parametrize(
    "rows",
    [
        [[2, 3], [4, 5]],
        Frame(wind=[2, 4], rain=[3, 5]),
        Frame(rain=[3, 5], wind=[2, 4]),
        Frame(rain=[3.0, 5.0], wind=[2, 4]),
        Arrow(rain=[3, 5], wind=[2, 4]),
        Exchanged(rain=[3, 5], wind=[2, 4]),
        [Row(rain=3, wind=2), Row(wind=4, rain=5)],
        {"rain": [3, 5], "wind": [2, 4]},
        [{"rain": 3, "wind": 2}, {"wind": 4, "rain": 5}],
    ],
)
def test_a_frame_is_matched_by_its_columns_in_any_order(line: Path, rows: Any) -> None:
    with Session.open(line, persist="manual") as session:
        assert session.predict_many(rows) == pytest.approx([32, 54], abs=0.1)
        session.update_many(rows, [32, 54])
        with Session.open(line, persist="manual") as other:
            other.update_many([[2, 3], [4, 5]], [32, 54])
            assert session.state.contents() == other.state.contents()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (Frame(wind=[1], sun=[2]), "missing: rain; unexpected: sun"),
        (Frame(wind=[1], rain=[2], sun=[2]), "unexpected: sun"),
        ({"wind": [1]}, "missing: rain"),
    ],
)
def test_names_that_are_not_those_of_the_features_are_refused_before_anything_is_learned(
    line: Path, given: Any, reason: str
) -> None:
    with Session.open(line) as session:
        for call in (
            lambda: session.predict(given),
            lambda: session.predict_many(given),
            lambda: session.update(given, 1.0),
            lambda: session.update_many(given, [1.0]),
        ):
            with pytest.raises(ArgumentError) as caught:
                call()
            assert f"the names are not those of the model's features: {reason}. " in str(
                caught.value
            )
        assert not session.is_dirty


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (["p", "q"], "holds no numbers, but <U1[]"),
        (np.array(["2026-01-01"] * 2, "M8[D]"), "holds no numbers, but datetime64[D][]"),
        ([[1.0], [2.0]], "holds no numbers, but float64[1]"),
        (np.ma.array([1.0, 2.0], mask=[False, True]), "has masked values"),
        ([[1.0], [2.0, 3.0]], "inhomogeneous"),
    ],
)
def test_a_column_that_holds_no_numbers_is_named(line: Path, values: Any, reason: str) -> None:
    with Session.open(line) as session:
        with pytest.raises(ArgumentError) as caught:
            session.update_many({"rain": values, "wind": [1.0, 2.0]}, [1.0, 2.0])
        assert str(caught.value).startswith("update_many, argument x, column 'rain'")
        assert reason in str(caught.value)
        with pytest.raises(ArgumentError, match="the columns are not of one length"):
            session.predict_many({"rain": [1.0], "wind": [1.0, 2.0]})


def test_a_frame_whose_columns_have_numbers_for_names_goes_by_position(line: Path) -> None:
    frame = Frame(**{"0": [2], "1": [3]})
    frame.columns = [0, 1]  # type: ignore[list-item]
    frame._columns = {0: [2], 1: [3]}  # type: ignore[dict-item]
    with Session.open(line, persist="manual") as session:
        assert session.predict_many(frame) == session.predict_many([[2, 3]])


@pytest.mark.parametrize("policy", ["every-change", "every:100"])
def test_a_table_is_matched_by_its_header_in_any_order(
    line: Path, tmp_path: Path, policy: str
) -> None:
    other = tmp_path / "other.wasm"
    other.write_bytes(line.read_bytes())
    (tmp_path / "named.csv").write_text("rain,y,wind,sun\n3,32,2,9\n5,54,4,9\n")
    (tmp_path / "plain.csv").write_text("2,3,32\n4,5,54\n")
    for path, table in ((line, "named.csv"), (other, "plain.csv")):
        run("run", path, "update", "--from", tmp_path / table, "--persist", policy)
    states = [State.of(Module.open(path)) for path in (line, other)]
    assert states[0].contents() == states[1].contents()


@pytest.mark.parametrize(
    "frame",
    [Frame(reward=[0.5, 1.0], arm=[2, 3]), {"reward": [0.5, 1.0], "arm": [2, 3]}],
)
def test_columns_called_as_parameters_are_matched_by_them(tmp_path: Path, frame: Any) -> None:
    path = tmp_path / "arms.wasm"
    path.write_bytes(models.new("thompson", arms=4, seed=1).to_bytes())
    with Session.open(path, persist="manual") as session:
        session.update_many(frame)
        assert session.state["pulls"].tolist() == [0, 0, 1, 1]
        session.update_many(Frame(ad=[2], clicked=[1]))  # of other names: by position
        session.update_many(Frame(arm=[2]), Frame(clicked=[1.0]))
        assert session.state["pulls"].tolist() == [0, 0, 3, 1]
        with pytest.raises(ArgumentError) as caught:
            session.update_many(Frame(clicked=[1.0], arm=[2]))
        assert str(caught.value) == (
            "update_many, array 0: its columns arm are called as arguments, clicked is not: call "
            "all so, or none"
        )


def test_columns_called_as_parameters_that_are_apart_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "q.wasm"
    path.write_bytes(models.new("q_learning", states=3, actions=2, seed=1).to_bytes())
    with Session.open(path) as session:
        names = [param.name for param in session.params("update")]
        with pytest.raises(ArgumentError, match="are no neighbours among the arguments"):
            session.update_many(Frame(**{names[0]: [1], names[2]: [1]}), [[1, 1, 0]])


def test_a_table_without_a_feature_is_refused_with_its_name(line: Path, tmp_path: Path) -> None:
    (tmp_path / "days.csv").write_text("sun,wind,y\n3,2,32\n")
    done = run("run", line, "update", "--from", tmp_path / "days.csv", code=1)
    assert "days.csv, line 1: there is no column rain; there are sun, wind, y" in done.stderr


def test_the_co_process_takes_a_row_by_names(line: Path) -> None:
    requests = [["predict", {"rain": 3, "wind": 2}], ["predict", {"rain": 3}]]
    done = run("run", line, "-", input="\n".join(map(json.dumps, requests)).encode())
    first, second = map(json.loads, done.stdout.splitlines())
    assert first["value"] == pytest.approx(32, abs=0.1)
    assert "missing: wind" in second["error"]["message"]


ONES = [1, 1.0, np.int64(1), np.int8(1), np.float32(1), np.float64(1), np.True_, True, np.array(1)]


@pytest.mark.parametrize("label", ONES)
def test_a_label_is_read_by_one_rule(tmp_path: Path, label: Any) -> None:
    plain = tmp_path / "plain.wasm"
    plain.write_bytes(models.new("gaussian_nb", classes=3, features=1).to_bytes())
    named = classes(tmp_path, 1, 2, 3)
    for path, expected in ((plain, [0, 2, 0]), (named, [3, 1, 1])):
        with Session.open(path, persist="manual") as session:
            session.update([0.5], label)
            session.update_many([[0.5]], np.array([label]))
            assert session.state["count"].tolist() == expected


@pytest.mark.parametrize("labels", [(1, 2, 3), (-1, 0, 1), ("a", "b", "c"), ("1", "2", "3")])
def test_a_model_takes_and_gives_its_own_labels(tmp_path: Path, labels: Sequence[Any]) -> None:
    with Session.open(classes(tmp_path, *labels), persist="manual") as session:
        assert session.predict([1.0]) == labels[0]
        assert session.predict([21.0]) == labels[2]
        assert session.predict_many([[21.0], [9.0]]).tolist() == [labels[2], labels[1]]
        assert session.call_with(session.state, "predict", [21.0]) == labels[2]
        session.update_many([[20.0], [20.0], [0.0]], [labels[2], labels[2], labels[0]])
        assert session.state["count"].tolist() == [2, 1, 3]
        assert session.call("log_joint", [21.0], labels[2]) > session.call(
            "log_joint", [21.0], labels[0]
        )


@pytest.mark.parametrize("wrong", [0, 4, 1.5, "1", None, [1]])
def test_what_is_no_label_of_the_model_is_refused_with_those_there_are(
    tmp_path: Path, wrong: Any
) -> None:
    with Session.open(classes(tmp_path, 1, 2, 3)) as session:
        with pytest.raises(ArgumentError) as caught:
            session.update([1.0], wrong)
        assert str(caught.value).endswith("is not a class; the classes are 1, 2, 3")
        with pytest.raises(ArgumentError):
            session.update_many([[1.0], [1.0]], [1, wrong])
        assert not session.is_dirty


@pytest.mark.parametrize("index", [0, 1])
def test_labels_that_are_the_indices_need_no_names(tmp_path: Path, index: int) -> None:
    with Session.open(classes(tmp_path, False, True), persist="manual") as session:
        assert session.predict([10.0 * index]) == index
        assert session.names.classes is None


@pytest.mark.parametrize("policy", ["every-change", "every:100"])
def test_tables_the_command_line_and_the_co_process_take_and_give_labels(
    tmp_path: Path, policy: str
) -> None:
    path = classes(tmp_path, "no", "yes")
    table = tmp_path / "rows.csv"
    table.write_text("label,x[0]\nyes,10\nno,0\nyes,11\n")
    run("run", path, "update", "--from", table, "--persist", policy)
    assert run("run", path, "predict", "[9]").stdout == "yes\n"
    run("run", path, "update", "[9]", "yes")
    request = json.dumps(["update", [9], "yes"]) + "\n" + json.dumps(["predict", [1]])
    answers = run("run", path, "-", input=request.encode()).stdout.splitlines()
    assert [json.loads(answer).get("value") for answer in answers] == [None, "no"]
    assert State.of(Module.open(path))["count"].tolist() == [2, 5]
    table.write_text("x[0],label\n1,maybe\n")
    done = run("run", path, "update", "--from", table, code=1)
    assert "line 2: label (i32): 'maybe' is not a class; the classes are 'no', 'yes'" in done.stderr
    assert "'maybe' is not a class" in run("run", path, "update", "[9]", "maybe", code=2).stderr


def test_the_rows_of_a_table_are_read_by_names_and_labels(tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    table.write_text("label,rain,wind\nyes,3,2\n")
    update = models.describe("gaussian_nb").signatures({"features": 2, "classes": 2, "rows": 8})
    names = Names({"feature_names_in": ["wind", "rain"], "classes": ["no", "yes"]})
    rows = read_table(table, update["update"].params, None, names)
    assert list(rows) == [("rows.csv, line 2", [[2.0, 3.0], "yes"])]


@pytest.mark.parametrize("columns", [(), ("--columns", "0,1")])
def test_the_first_row_of_a_table_without_a_header_may_have_a_label(
    tmp_path: Path, columns: Sequence[str]
) -> None:
    path = classes(tmp_path, "no", "yes")
    table = tmp_path / "rows.csv"
    table.write_text("10,yes\n0, no\n11,yes\n")
    run("run", path, "update", "--from", table, *columns)
    assert State.of(Module.open(path))["count"].tolist() == [2, 3]


def test_numbers_as_labels_are_read_in_tables_as_numbers(tmp_path: Path) -> None:
    path = classes(tmp_path, 1, 2, 3)
    table = tmp_path / "rows.csv"
    table.write_text("x[0],label\n0,1\n0,1.0\n20,3\n")
    run("run", path, "update", "--from", table)
    np.save(tmp_path / "rows.npy", np.array([[0.0, 1.0], [20, 3]]))
    run("run", path, "update", "--from", tmp_path / "rows.npy")
    assert State.of(Module.open(path))["count"].tolist() == [4, 1, 3]
    assert run("run", path, "predict", "[21]").stdout == "3\n"


def test_what_was_learned_by_names_is_replayed(tmp_path: Path) -> None:
    path, log = classes(tmp_path, "no", "yes"), tmp_path / "calls.log"
    with Session.open(path, record=log) as session:
        session.update([3.0], "yes")
        session.update_many([[1.0], [12.0]], ["no", "yes"])
        expected = session.state.contents()
    steps = list(replay(Module.open(path), read_log(log.read_bytes())))
    assert steps[-1].after.contents() == expected
    assert all(step.is_same is not False for step in steps)


def test_a_watch_for_drift_compares_labels(tmp_path: Path) -> None:
    with Session.open(classes(tmp_path, "no", "yes"), persist="manual") as session:
        watch = DriftWatch(session, models.new("ddm"))
        assert [watch.loss([9.0], "yes"), watch.loss([9.0], "no")] == [0, 1]
