"""Off-policy estimates are those of their formulas, and cover what is true."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fsspec", reason="needs wasmstate[fleet]: make fleet")

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from cli_runner import run_command
from wasmstate import SchemaError, Session, fleet, models
from wasmstate.fleet.estimators import Logged, dr, effective_rows, ips, logged_value, replay, snips

CHANCES = np.array([0.2, 0.5, 0.8])


def simulated(seed: int, rows: int = 400, devices: int = 40) -> tuple[Logged, Any, float]:
    """Decisions of a logger that prefers arm 0, another policy, and its true value."""
    rng = np.random.default_rng(seed)
    context = rng.normal(size=(rows, 1))
    behavior = np.array([0.6, 0.3, 0.1])
    arm = rng.choice(3, rows, p=behavior)
    chance = np.clip(CHANCES[arm] + 0.1 * context[:, 0], 0, 1)
    reward = (rng.random(rows) < chance).astype(float)
    policy = np.tile([0.1, 0.2, 0.7], (rows, 1))
    logged = Logged(np.arange(rows) % devices, arm, behavior[arm], reward, context)
    return logged, policy, float(CHANCES @ [0.1, 0.2, 0.7])


def test_estimates_are_those_of_their_formulas() -> None:
    logged, policy, _ = simulated(1)
    rows = range(len(logged.arm))
    w = np.array([policy[i, logged.arm[i]] / logged.propensity[i] for i in rows])
    r = logged.reward
    assert ips(logged, policy).value == pytest.approx(np.mean(w * r))
    assert snips(logged, policy).value == pytest.approx(np.average(r, weights=w))
    agrees = policy[np.arange(len(r)), logged.arm]
    assert replay(logged, policy).value == pytest.approx(np.average(r, weights=agrees))
    assert effective_rows(logged, policy) == pytest.approx(w.sum() ** 2 / (w**2).sum())
    assert logged_value(logged).value == pytest.approx(r.mean())
    scores = []
    for i in rows:
        fit = logged.device % 2 != logged.device[i] % 2
        mean, q = r[fit].mean(), []
        for arm in range(3):
            known = fit & (logged.arm == arm)
            x = np.stack([np.ones(known.sum()), logged.context[known, 0]], axis=1)
            # A ridge regression is one with two more rows.
            x, y = np.vstack([x, np.eye(2)]), np.append(r[known] - mean, [0, 0])
            beta = np.linalg.lstsq(x, y, rcond=None)[0]
            q.append(mean + beta @ [1, logged.context[i, 0]])
        scores.append(policy[i] @ q + w[i] * (r[i] - q[logged.arm[i]]))
    found = dr(logged, policy)
    assert found.value == pytest.approx(np.mean(scores))
    sums = np.array(
        [(np.array(scores) - np.mean(scores))[logged.device == d].sum() for d in range(40)]
    )
    error = np.sqrt(40 / 39 * (sums**2).sum()) / len(scores)
    assert (found.low, found.high) == pytest.approx(
        (found.value - 1.96 * error, found.value + 1.96 * error), rel=1e-4
    )


@pytest.mark.parametrize("method", [ips, snips, dr])
def test_intervals_cover_the_true_value(method: Any) -> None:
    covered = 0
    for seed in range(100):
        logged, policy, true = simulated(seed)
        found = method(logged, policy)
        covered += found.low <= true <= found.high
    assert covered >= 86  # of 95 expected; fewer have a chance of 3e-4


def test_replay_is_right_where_arms_were_chosen_uniformly() -> None:
    logged, policy, _ = simulated(3)
    uniform = Logged(logged.device, logged.arm, np.full(400, 1 / 3), logged.reward, logged.context)
    one, other = replay(uniform, policy), snips(uniform, policy)
    assert (one.value, one.low) == pytest.approx((other.value, other.low))


def test_no_overlap_gives_no_estimate_rather_than_a_number() -> None:
    logged, _, _ = simulated(1)
    never = np.zeros((400, 4))
    never[:, 3] = 1
    assert np.isnan(snips(logged, never).value)
    assert effective_rows(logged, never) == 0


@pytest.fixture
def devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Thirty devices on which arm 2 pays most."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "devices").mkdir()
    rng = np.random.default_rng(5)
    new = models.new("epsilon_greedy", arms=3, decisions=40, epsilon=0.9, seed=19)
    for i in range(30):
        path = f"devices/{i:02}.wasm"
        new.save(path)
        with Session.open(path, device=i, persist="on-close") as session:
            for _ in range(30):
                decision = models.decide(session)
                paid = float(rng.random() < CHANCES[decision.arm])
                models.reward(session, decision.id, paid)
            models.decide(session)  # waits
    models.new("ucb1", arms=3).save("candidate.wasm")
    with Session.open("candidate.wasm") as session:
        for arm in (0, 1, 2, 2, 2):
            session.update(arm, float(arm == 2))
        assert session.predict() == 2
    models.new("ucb1", arms=3).save("devices/keeps-none.wasm")
    (tmp_path / "devices/damaged.wasm").write_bytes(b"no module")
    return tmp_path


def test_a_candidate_is_evaluated_on_the_decisions_that_devices_keep(devices: Path) -> None:
    found = fleet.evaluate("candidate.wasm", ["devices"])
    assert (found.devices, found.rows, found.unseen) == (30, 900, ())
    assert sorted(Path(each).name for each in found.left_out) == ["damaged.wasm", "keeps-none.wasm"]
    for name in ("ips", "snips", "dr"):
        each = found.estimates[name]
        assert each.value == pytest.approx(0.8, abs=0.1)
        assert each.low > found.logged.value
    assert fleet.evaluate("candidate.wasm", ["devices"], jobs=2) == found


@pytest.mark.usefixtures("devices")
def test_the_command_prints_each_method_with_its_interval() -> None:
    done = run_command("fleet", "evaluate", "candidate.wasm", "devices")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("900 decisions of 30 devices, worth ")
    assert [line.split()[0] for line in lines[1:6]] == ["logged", "replay", "ips", "snips", "dr"]
    assert lines[6] == "2 files left out:"
    document = json.loads(
        run_command("fleet", "evaluate", "candidate.wasm", "devices", "--json").stdout
    )
    assert set(document["estimates"]) == {"replay", "ips", "snips", "dr"}


@pytest.mark.usefixtures("devices")
def test_a_candidate_that_tells_no_probabilities_is_refused() -> None:
    models.new("thompson", arms=3).save("thompson.wasm")
    with pytest.raises(SchemaError) as caught:
        fleet.evaluate("thompson.wasm", ["devices"])
    assert str(caught.value) == "the candidate, a model thompson, tells no probability of an arm"
    models.new("moments", features=2).save("none.wasm")
    with pytest.raises(SchemaError, match="has no arms"):
        fleet.evaluate("none.wasm", ["devices"])
    with pytest.raises(fleet.FleetError, match="no file has a decision that counts"):
        fleet.evaluate("candidate.wasm", ["candidate.wasm"])


def test_tables_with_contexts_are_logs_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    for i, end in enumerate(["csv", "jsonl", "parquet"]):
        x = rng.normal(size=300)
        arm = rng.integers(0, 2, 300)
        reward = np.where((x > 0) == (arm == 1), 1.0, 0.0)
        table = pa.table({"x": x, "one": np.ones(300), "arm": arm, "propensity": np.full(300, 0.5)})
        table = table.append_column("reward", pa.array(reward))
        path = str(tmp_path / f"{i}.{end}")
        if end == "csv":
            pyarrow.csv.write_csv(table, path)
        elif end == "parquet":
            pyarrow.parquet.write_table(table, path)
        else:
            lines = [json.dumps(row) for row in table.to_pylist()]
            Path(path).write_text("\n".join(lines))
    models.new("linucb", arms=2, features=2).save(tmp_path / "candidate.wasm")
    with Session.open(tmp_path / "candidate.wasm") as session:
        for value in np.linspace(-2, 2, 40):
            for arm_ in (0, 1):
                session.update([value, 1.0], arm_, float((value > 0) == (arm_ == 1)))
    logs = [str(tmp_path / f"{i}.*") for i in range(3)]
    found = fleet.evaluate(tmp_path / "candidate.wasm", logs)
    assert (found.devices, found.rows) == (3, 900)
    assert found.logged.value == pytest.approx(0.5, abs=0.06)
    assert found.estimates["dr"].value == pytest.approx(1.0, abs=0.05)
    assert found.estimates["snips"].value > 0.9


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("arm,reward\n0,1\n", "the table has no column propensity"),
        ("arm,propensity,reward\n0,0,1\n", "row 1 with a reward has arm 0 and propensity 0: an"),
        ("arm,propensity,reward\n0,,1\n", "propensity of row 1 with a reward is missing"),
        ("arm,propensity,reward\n0,yes,1\n", "the table cannot be read: "),
        ("arm,propensity,reward\n0,1,\n", "no decision has both a probability and a reward"),
    ],
)
def test_a_table_that_cannot_be_right_is_left_out_with_the_reason(
    tmp_path: Path, text: str, reason: str
) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("arm,propensity,reward\n0,1,1\n1,0.5,0\n")
    bad.write_text(text)
    models.new("ucb1", arms=2).save(tmp_path / "candidate.wasm")
    found = fleet.evaluate(tmp_path / "candidate.wasm", [str(good), str(bad)])
    assert found.left_out[str(bad)].startswith(reason)
