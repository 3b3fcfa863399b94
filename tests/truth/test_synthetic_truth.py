"""The simulator against the truths published for it, and the committed truths against both.

Published values are by week, from an independent implementation; `in_care_week_13` counts people in care in the
thirteenth week (days 84 to 90), whom `retained` at day 90 counts too.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from iop_outcomes.errors import StudyError
from iop_outcomes.simulate.cohort import truth, truth_hours, truth_weeks
from iop_outcomes.simulate.cohort.model import COMPLETED, UNPLANNED, Course, follow
from iop_outcomes.simulate.cohort.population import SCENARIOS, draw_baseline
from iop_outcomes.simulate.cohort.stays import index_exit, stays_of
from iop_outcomes.tables import TABLES, check

pytestmark = pytest.mark.truth

DRAWS = 60_000
Published = pd.DataFrame


@pytest.fixture(scope="module")
def published(project: Path) -> Published:
    return pd.read_csv(project / "data/reference/truth_published.csv").set_index(["scenario", "quantity"])


@pytest.fixture(scope="module")
def committed(project: Path) -> pd.DataFrame:
    return TABLES["truth"].cast(pd.read_csv(project / "data/reference/truth_demo.csv"))


def _by_week(course: Course) -> dict[str, np.ndarray]:
    """Per person, straight from the weekly grid."""
    days, cause = index_exit(stays_of(course))
    inside = course.level > 0
    unplanned, completed = cause == UNPLANNED, cause == COMPLETED
    values = {f"abstinent_week_{w}": ~course.used[:, w - 4 : w].any(axis=1) for w in (13, 26, 52)}
    values |= {f"unplanned_by_week_{w}": unplanned & (days < 7 * w) for w in (4, 8, 13)}
    values |= {
        "completed_by_week_13": completed & (days < 91),
        "in_care_week_13": inside[:, 12],
        "weeks_in_care_26": inside[:, :26].sum(axis=1),
    }
    return {name: value.astype(float) for name, value in values.items()}


def _mean(y: np.ndarray, w: np.ndarray) -> tuple[float, float]:
    """Weighted mean and its standard error."""
    mean = float(np.average(y, weights=w))
    return mean, float(np.sqrt((w**2 * (y - mean) ** 2).sum()) / w.sum())


def _assert_near(found: tuple[float, float], row: pd.Series, name: str) -> None:
    error = np.hypot(found[1], row["monte_carlo_error"])
    assert abs(found[0] - row["value"]) < 4 * error, (name, found, row["value"])


# whose effects are held to what they were made for, in test_margin_recovery
OWN = ("at_the_margin", "no_difference")
PUBLISHED = [name for name, s in SCENARIOS.items() if not s.alike_in_hours and name not in OWN]


@pytest.mark.parametrize("scenario", PUBLISHED)
def test_forced_arms_have_the_published_truths(scenario: str, published: Published) -> None:
    baseline = draw_baseline(DRAWS, None, np.random.default_rng(31), scenario)
    runs = [_by_week(follow(baseline, np.random.default_rng(32), scenario, arm)) for arm in (1, 0)]
    e = baseline.placement
    # who is tested moves no course: such a scenario has the truths of the base
    told = "base" if SCENARIOS[scenario].seen_at_random else scenario
    for name, iop in runs[0].items():
        residential = runs[1][name]
        flat = np.ones(DRAWS)
        _assert_near(_mean(iop, flat), published.loc[(told, f"{name}_iop")], name)
        _assert_near(_mean(residential, flat), published.loc[(told, f"{name}_residential")], name)
        _assert_near(_mean(iop - residential, flat), published.loc[(told, f"{name}_difference")], name)
    for name in ("abstinent_week_26", "in_care_week_13"):
        for estimand, weight in {"ATO": e * (1 - e), "ATT": e}.items():
            key = f"{name}_difference_{estimand}"
            _assert_near(_mean(runs[0][name] - runs[1][name], weight), published.loc[(told, key)], key)


def test_the_natural_course_misleads_as_published(published: Published) -> None:
    course = follow(draw_baseline(DRAWS, None, np.random.default_rng(41)), np.random.default_rng(42))
    placed, values = course.arm == 1, _by_week(course)
    _assert_near(_mean(placed.astype(float), np.ones(DRAWS)), published.loc[("base", "iop_share")], "iop_share")
    for name in ("abstinent_week_26", "in_care_week_13"):
        first, second = (_mean(values[name][at], np.ones(at.sum())) for at in (placed, ~placed))
        found = (first[0] - second[0], float(np.hypot(first[1], second[1])))
        key = f"{name}_difference_as_observed"
        _assert_near(found, published.loc[("base", key)], key)
    weight = np.where(placed, 1 / course.baseline.placement, 1 / (1 - course.baseline.placement))
    for arm, at in (("iop", placed), ("residential", ~placed)):
        found = _mean(values["abstinent_week_26"][at], weight[at])
        _assert_near(found, published.loc[("base", f"abstinent_week_26_{arm}")], arm)


# outcome and horizon in days -> the same by week, where the conventions coincide
COINCIDE = {
    ("unplanned_discharge", 30): "unplanned_by_week_4",
    ("unplanned_discharge", 60): "unplanned_by_week_8",
    ("unplanned_discharge", 90): "unplanned_by_week_13",
    ("abstinent", 90): "abstinent_week_13",
    ("abstinent", 180): "abstinent_week_26",
}


def _committed(frame: pd.DataFrame, outcome: str, horizon: int, estimand: str, of: str) -> tuple[float, float]:
    keys = {"outcome": outcome, "horizon_days": horizon, "estimand": estimand, "of": of}
    row = frame[(frame[list(keys)] == list(keys.values())).all(axis=1) & frame["hours_per_week"].isna()]
    assert len(row) == 1
    return float(row["truth"].iloc[0]), float(row["monte_carlo_error"].iloc[0])


@pytest.mark.parametrize(("outcome", "horizon"), list(COINCIDE))
def test_committed_truths_are_the_published_ones(
    outcome: str, horizon: int, committed: pd.DataFrame, published: Published
) -> None:
    name = COINCIDE[(outcome, horizon)]
    for of in ("iop", "residential", "difference"):
        found = _committed(committed, outcome, horizon, "ATE", of)
        _assert_near(found, published.loc[("base", f"{name}_{of}")], name)


def test_committed_abstinence_by_estimand_is_the_published_one(committed: pd.DataFrame, published: Published) -> None:
    for estimand in ("ATO", "ATT", "as_observed"):
        key = f"abstinent_week_26_difference_{estimand}"
        found = _committed(committed, "abstinent", 180, estimand, "difference")
        _assert_near(found, published.loc[("base", key)], key)


def test_committed_doses_are_the_published_ones(committed: pd.DataFrame, published: Published) -> None:
    doses = committed[committed["weeks_of_care"] == 13].set_index("hours_per_week")
    assert list(doses.index) == [6, 9, 12, 15]
    for hours, row in doses.iterrows():
        name = f"abstinent_week_26_iop_stay_exactly_13_at_{hours:.0f}_hours"
        _assert_near((row["truth"], row["monte_carlo_error"]), published.loc[("base", name)], name)


def test_committed_retention_is_the_published_one_but_for_broken_links(
    committed: pd.DataFrame, published: Published
) -> None:
    for name in ("iop", "residential"):
        found, error = _committed(committed, "retained", 90, "ATE", name)
        known, own_error = published.loc[("base", f"in_care_week_13_{name}"), ["value", "monte_carlo_error"]]
        # 1.5 in 100 step-downs come too late to be linked
        slack = 4 * np.hypot(error, own_error)
        assert -slack < known - found < 0.006 + slack


def test_committed_table_is_complete_and_consistent(committed: pd.DataFrame, project: Path) -> None:
    check(TABLES["truth"], committed)
    of_arms = committed["contrast"] == "iop_vs_residential"
    assert of_arms.sum() == 20 * 4 * 4
    compared = committed[committed["hours_per_week"].isna()]
    assert committed["weeks_of_care"].notna().sum() == len(truth.DOSES)
    hours, bands = (committed[committed["contrast"] == q] for q in (truth_hours.QUESTION, truth_hours.CATEGORIES))
    assert len(committed) - len(compared) == len(truth.DOSES) + len(hours) + len(bands)
    # more hours do more in categories too, and by no more than they do in number
    told = bands.set_index(["group", "of", "hours_per_week"])["truth"]
    program = [told["iop"].xs(begin, level=1).iloc[0] for begin in (3.0, 6.0, 9.0)]
    assert 0 < program[1] - program[0] < 0.03
    assert 0 < program[2] - program[1] < 0.03
    assert told["iop", "difference", 9.0] == pytest.approx(program[2] - program[1], abs=3e-6)
    assert told["residential", "difference", 9.0] < 0
    for more, fewer in truth_hours.COMPARED.values():
        known = hours[hours["hours_per_week"].isin([more, fewer])].set_index("of")["truth"]
        gap = known["more_hours"] - known["fewer_hours"]
        assert np.allclose(known["difference"], gap, atol=3e-6)
        assert 0 < gap < 0.05
    for contrast, rows in compared.groupby("contrast"):
        first, second = [of for of in rows["of"].unique() if of not in ("difference", "ratio")]
        keys = ["outcome", "horizon_days", "estimand", "measure"]
        wide = rows.pivot(index=keys, columns="of", values="truth")
        assert np.allclose(wide["difference"], wide[first] - wide[second], atol=3e-6), contrast
        if "ratio" in wide:  # gains of weeks, which may be below 0, have none
            assert np.allclose(wide["ratio"], wide[first] / wide[second], rtol=1e-4), contrast
    risks = committed[of_arms & (committed["measure"] == "risk") & (committed["of"] != "ratio")]
    often = risks["outcome"] != "death"
    assert risks.loc[often, "monte_carlo_error"].between(0.0002, 0.0012).all()
    # deaths do not depend on the setting: runs that share their random numbers have the same ones
    alike = risks[~often & (risks["of"] == "difference") & (risks["estimand"] != "as_observed")]
    assert (alike[["truth", "monte_carlo_error"]] == 0).all(axis=None)
    assert risks.loc[risks.index.difference(alike.index), "monte_carlo_error"].between(0.0001, 0.0012).all()
    about = json.loads((project / "data/reference/truth_demo.json").read_text(encoding="utf-8"))
    assert (about["draws_per_arm"], about["seed"]) == (truth.DRAWS, truth.SEED)


def test_a_line_that_bends_has_its_own_slopes_and_steps_theirs() -> None:
    weeks = np.asarray(truth_weeks.CURVE, dtype=float)
    share = 0.1 + 0.03 * weeks - 0.02 * np.maximum(weeks - 8, 0)
    np.testing.assert_allclose(share @ truth_weeks.slopes(), [0.03, 0.01])
    np.testing.assert_allclose(share @ truth_weeks.equal_steps(), [0.12, 0.04])


def test_the_committed_table_is_what_the_code_gives(committed: pd.DataFrame) -> None:
    keys, fresh = list(TABLES["truth"].key), truth.truths(DRAWS // 2, 61)
    both = fresh.merge(committed, on=keys, suffixes=("", "_committed"), validate="one_to_one")
    assert len(both) == len(committed)
    error = np.hypot(both["monte_carlo_error"], both["monte_carlo_error_committed"])
    assert ((both["truth"] - both["truth_committed"]).abs() <= 4.5 * error).all()


def test_what_is_seen_in_the_treated_is_their_potential_outcome(committed: pd.DataFrame) -> None:
    """Consistency: the mean outcome of those placed in IOP is E[Y(1)] under the weights of the ATT."""
    for (outcome, horizon), rows in committed.groupby(["outcome", "horizon_days"]):
        seen = _committed(rows, str(outcome), int(horizon), "as_observed", "iop")
        potential = _committed(rows, str(outcome), int(horizon), "ATT", "iop")
        assert abs(seen[0] - potential[0]) < 4 * np.hypot(seen[1], potential[1])


def test_truths_are_the_same_bytes_for_the_same_seed(tmp_path: Path) -> None:
    for folder in ("first", "second"):
        truth.main(["--draws", "2000", "--seed", "5", "--out", str(tmp_path / folder)])
    for name in ("truth_demo.csv", "truth_demo.json"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    other = truth.truths(2000, 6)
    assert not other["truth"].equals(truth.truths(2000, 5)["truth"])


def test_monte_carlo_errors_are_those_of_repetition() -> None:
    """Over 14 seeds the spread of a truth is what its Monte Carlo error says, but for ratios of a few deaths."""
    frames = [truth.truths(1000, seed) for seed in range(14)]
    spread = np.std([f["truth"] for f in frames], axis=0, ddof=1)
    said = np.mean([f["monte_carlo_error"] for f in frames], axis=0)
    drawn = said > 1e-12  # deaths are the same in both settings
    assert (spread[~drawn] < 1e-12).all()
    of_few = (frames[0]["of"] == "ratio").to_numpy() & (said > 0.2)
    assert of_few.mean() < 0.05
    ratio = (spread / np.maximum(said, 1e-12))[drawn & ~of_few]
    assert 0.85 < np.median(ratio) < 1.15
    assert ((ratio > 0.4) & (ratio < 1.8)).all()


def test_too_few_draws_are_refused() -> None:
    with pytest.raises(StudyError, match="100 draws"):
        truth.truths(50, 1)
