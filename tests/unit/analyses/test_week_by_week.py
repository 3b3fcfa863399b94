"""Weekly outcomes of a contrast: by hand, against another implementation, by simulated truth, by their properties."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contrast_people import INFERENCE, ask, people_of_a_contrast, run_abstinence
from parts import endpoint

from iop_outcomes.analyses.outcomes import week_by_week
from iop_outcomes.analyses.outcomes.week_by_week import WeekByWeek
from iop_outcomes.analyses.sample import Sample

RULES = ("missing_is_using", "observed_only")
ENDPOINT = endpoint("weekly", "weekly_screens", substance="any")
WEEKS = np.arange(1, 13) * 7
YES, NO, DEAD, MISSED, NOT_ASKED = range(5)


def people(arm: np.ndarray) -> Sample:
    """Independent people of two arms, compared without a score."""
    names = [f"p{i}" for i in range(len(arm))]
    scores = pd.DataFrame({"person_id": names, "record_id": names, "arm": arm, "site_id": "S1"})
    return Sample(scores, ("first", "second"), INFERENCE)


def asked(measure: str, rule: str = "missing_is_using", method: str = "naive", day: int = 84):
    return ask(step="abstinence", outcome="weekly", measure=measure, method=method, missing_rule=rule, horizon_days=day)


def drawn(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Arms, and weeks of which the first arm has fewer negative and misses fewer; a person's weeks are alike."""
    rng = np.random.default_rng(seed)
    arm, own = rng.integers(0, 2, n), rng.normal(size=n)
    week = np.arange(12)
    negative = rng.random((n, 12)) < 1 / (1 + np.exp(-(0.2 - 0.4 * arm + own)[:, None] - 0.02 * week))
    gone = rng.random((n, 12)) < 0.05 * (2 - arm)[:, None] * week / 6
    return arm, np.where(gone, MISSED, np.where(negative, YES, NO))


def long(arm: np.ndarray, codes: np.ndarray, rule: str) -> pd.DataFrame:
    """The rows of a rule, one per person and week."""
    person, week = np.divmod(np.arange(codes.size), codes.shape[1])
    rows = pd.DataFrame(
        {"person": person, "week": WEEKS[week] / 7, "arm": arm[person], "code": codes.ravel(), "intercept": 1.0}
    )
    return rows[rows["code"] < (4 if rule == "missing_is_using" else 2)].assign(yes=lambda d: d["code"] == YES)


def test_shares_of_weeks_by_hand():
    """First arm 2 of 3 and 0 of 1 weeks, second 1 of 2: shares 2/4 and 1/2; missed weeks are use or no weeks."""
    codes = np.array([[YES, NO, YES], [NO, MISSED, NOT_ASKED], [YES, NO, NOT_ASKED], [MISSED, NOT_ASKED, DEAD]])
    outcome, sample = WeekByWeek(codes, WEEKS[:3]), people(np.array([1, 1, 0, 0]))
    seen = outcome.means(asked("share_of_weeks", "observed_only"), sample)
    # the dead week of the last person counts against
    assert seen.value.tolist() == pytest.approx([2 / 4, 1 / 3])
    errors = np.sqrt([(0.5**2 + 0.5**2) / 4**2, ((1 - 2 / 3) ** 2 + (1 / 3) ** 2) / 3**2])
    assert seen.standard_error().tolist() == pytest.approx(errors.tolist())
    as_use = outcome.means(asked("share_of_weeks"), sample)
    assert as_use.value.tolist() == pytest.approx([2 / 5, 1 / 4])
    left = WeekByWeek(codes, WEEKS[:3], deaths="left_out")
    assert left.means(asked("share_of_weeks", "observed_only"), sample).value.tolist() == pytest.approx([2 / 4, 1 / 2])
    assert outcome.means(asked("share_of_weeks", "observed_only", day=14), sample).value[0] == pytest.approx(1 / 3)


def test_an_odds_ratio_of_one_week_is_that_of_its_table():
    """30 of 50 and 20 of 60."""
    arm = np.repeat([1, 0], [50, 60])
    codes = np.where(np.concatenate([np.arange(50) < 30, np.arange(60) < 20]), YES, NO)[:, None]
    outcome = WeekByWeek(codes, WEEKS[:1])
    found = outcome.modelled(asked("odds_ratio"), people(arm))
    assert found.whole.value[0] == pytest.approx(np.log(30 / 20 / (20 / 40)))
    assert found.whole.standard_error()[0] == pytest.approx(np.sqrt(1 / 30 + 1 / 20 + 1 / 20 + 1 / 40), rel=0.02)
    assert found.over_weeks is None
    ratio = outcome.modelled(asked("risk_ratio"), people(arm)).whole
    assert ratio.value[0] == pytest.approx(np.log((30 / 50) / (20 / 60)))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("measure", "family"), [("odds_ratio", "Binomial"), ("risk_ratio", "Poisson")])
def test_estimating_equations_are_those_of_statsmodels(measure: str, family: str, rule: str):
    import statsmodels.api as sm

    arm, codes = drawn(300, 1)
    found = WeekByWeek(codes, WEEKS).modelled(asked(measure, rule), people(arm))
    rows = long(arm, codes, rule)
    design = rows[["intercept", "arm", "week"]]
    fit = sm.GEE(rows["yes"].astype(float), design, rows["person"], family=getattr(sm.families, family)()).fit()
    clusters = rows["person"].nunique()
    assert found.whole.value[0] == pytest.approx(fit.params["arm"], abs=1e-7)
    # theirs have no factor for the number of clusters; ours counts people as they are, each of them one
    assert found.whole.standard_error()[0] == pytest.approx(fit.bse["arm"], rel=1 / clusters)
    if measure == "odds_ratio":
        change = rows.assign(change=rows["arm"] * (rows["week"] - rows["week"].mean()))
        again = sm.GEE(
            rows["yes"].astype(float), change[["intercept", "arm", "week", "change"]], rows["person"],
            family=sm.families.Binomial(),
        ).fit()  # fmt: skip
        assert found.over_weeks == pytest.approx(again.pvalues["change"], abs=2e-3)


def test_weeks_taken_as_people_would_be_too_sure():
    """The naive way: every week counts as a person of its own."""
    from iop_outcomes.estimators.regression.glm import logistic

    arm, codes = drawn(400, 2)
    rows = long(arm, codes, "missing_is_using")
    naive = logistic(rows[["arm", "week"]].to_numpy(float), rows["yes"].to_numpy(float), ["arm", "week"]).take("arm")
    found = WeekByWeek(codes, WEEKS).modelled(asked("odds_ratio"), people(arm)).whole
    assert found.value[0] == pytest.approx(naive.value[0], abs=1e-8)
    assert found.standard_error()[0] > 1.5 * naive.standard_error()[0]


def test_the_truth_is_held_by_the_interval_and_missed_by_weeks_taken_as_people():
    """Shares of weeks in 300 samples; the truth is that of many people."""
    ask_ = asked("share_of_weeks", "observed_only")

    def drawn_fully(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        arm, codes = drawn(n, seed)
        return arm, np.where(codes == MISSED, NOT_ASKED, codes)

    arm, codes = drawn_fully(200_000, 9)
    truth = WeekByWeek(codes, WEEKS).means(ask_, people(arm)).value
    held = naive = 0
    for seed in range(300):
        arm, codes = drawn_fully(120, seed)
        found = WeekByWeek(codes, WEEKS).means(ask_, people(arm))
        gap, error = abs(found.value - truth), found.standard_error()
        weeks = np.array([(codes[arm == a] < 2).sum() for a in (1, 0)])
        alone = np.sqrt(found.value * (1 - found.value) / weeks)
        held += int((gap < 1.96 * error).sum())
        naive += int((gap < 1.96 * alone).sum())
    # 600 intervals: exact binomial 99 % limits around .95 are .925 to .97
    assert 0.925 <= held / 600 <= 0.97
    assert naive / 600 < 0.85


def test_order_of_people_and_copies_of_them():
    arm, codes = drawn(200, 4)
    for measure in ("odds_ratio", "risk_ratio"):
        found = WeekByWeek(codes, WEEKS).modelled(asked(measure), people(arm)).whole
        order = np.random.default_rng(5).permutation(200)
        other = WeekByWeek(codes[order], WEEKS).modelled(asked(measure), people(arm[order])).whole
        assert other.value == pytest.approx(found.value, abs=1e-9)
        assert other.standard_error() == pytest.approx(found.standard_error(), abs=1e-9)
        twice = WeekByWeek(np.repeat(codes, 2, axis=0), WEEKS).modelled(asked(measure), people(np.repeat(arm, 2))).whole
        assert twice.value == pytest.approx(found.value, abs=1e-9)
        assert twice.standard_error() * np.sqrt(2) == pytest.approx(found.standard_error(), rel=1e-9)


@pytest.fixture(scope="module")
def cohort() -> dict[str, pd.DataFrame]:
    """People of a contrast with a score, and their weeks as the cohort writes them, in another order."""
    known = people_of_a_contrast()
    ids = known["people"]["person_id"].to_numpy()
    codes = drawn(len(ids), 6)[1]
    codes[:40, 6:], codes[40:60, 3:] = DEAD, NOT_ASKED
    rows = pd.DataFrame(
        {
            "person_id": np.tile(ids, 12), "outcome": "weekly", "horizon_days": np.repeat(WEEKS, len(ids)),
            "abstinent": pd.array([{YES: True, NO: False}.get(c) for c in codes.T.ravel()], dtype="boolean"),
            "mature": codes.T.ravel() != NOT_ASKED, "dead": codes.T.ravel() == DEAD,
        }
    )  # fmt: skip
    return {**known, "abstinence": rows.sample(frac=1, random_state=1), "codes": codes}


def test_weights_are_those_of_all_weeks_of_a_person_and_the_score_counts(cohort):
    rows = [asked("odds_ratio", rule, method) for rule in RULES for method in ("iptw", "overlap")]
    found = run_abstinence(cohort, *rows, endpoints={"weekly": ENDPOINT})["estimates"]
    assert set(found["status"]) == {"ok"}
    import statsmodels.api as sm

    scores = cohort["scores"].merge(cohort["people"].reset_index()[["person_id", "index"]])
    own = long(scores["arm"].to_numpy(), cohort["codes"][scores["index"]], "missing_is_using")
    for method in ("iptw", "overlap"):
        fit = sm.GLM(
            own["yes"].astype(float), own[["intercept", "arm", "week"]], family=sm.families.Binomial(),
            freq_weights=scores[method].to_numpy()[own["person"]],
        ).fit(cov_type="cluster", cov_kwds={"groups": own["person"]})  # fmt: skip
        row = found[(found["method"] == method) & (found["missing_rule"] == "missing_is_using")].iloc[0]
        assert np.log(row["estimate"]) == pytest.approx(fit.params["arm"], abs=1e-6)
        # the score was estimated, which is known to make weights' errors smaller, or leave them
        assert 0.9 * fit.bse["arm"] < row["std_error"] < 1.02 * fit.bse["arm"]


def test_people_behind_an_estimate_are_counted_as_they_are_read(cohort):
    rows = [asked("share_of_weeks", rule, "overlap") for rule in RULES]
    for deaths in ("counted_against", "left_out", "as_missing"):
        asked_for = ENDPOINT.model_copy(update={"deaths": deaths})
        found = run_abstinence(cohort, *rows, endpoints={"weekly": asked_for})["counts"]
        whole = found[found["variable"] == "all"]
        outcome = week_by_week.read(cohort["abstinence"], cohort["scores"], rows[0], asked_for)
        for row in rows:
            kept = whole[~whole["level"].isin(asked_for.reading.left_out[row.missing_rule])]
            assert kept["count"].sum() == outcome.used(row).sum()
        by_week = found[found["variable"] == "week"]
        weeks = by_week[by_week["group_by"] == "all"]
        # those who gave their last test in one part of the weeks, together
        parts = by_week[by_week["group_by"] == "last_test"].groupby(["arm", "horizon_days", "level"])["count"].sum()
        whole = weeks.groupby(["arm", "horizon_days", "level"])["count"].sum()
        negative = parts.xs("abstinent", level="level")
        pd.testing.assert_series_equal(negative, whole.xs("abstinent", level="level"))
        people = whole.groupby(["arm", "horizon_days"]).sum()
        pd.testing.assert_series_equal(parts.xs("no_event", level="level"), people - negative)
        assert (weeks.groupby(["arm", "horizon_days"])["count"].sum().unstack().nunique(axis=1) == 1).all()
        assert weeks[weeks["level"] == "died"]["count"].sum() == 40 * 6
        assert sorted(weeks["horizon_days"].unique()) == WEEKS.tolist()


def test_an_arm_of_which_no_week_is_due_cannot_be_asked(cohort):
    scores = cohort["scores"]
    iop = scores.loc[scores["arm"] == 1, "person_id"]
    own = cohort["abstinence"]
    gone = own["person_id"].isin(iop)
    unseen = own.assign(abstinent=own["abstinent"].mask(gone), mature=own["mature"] & ~gone, dead=own["dead"] & ~gone)
    found = run_abstinence(
        {**cohort, "abstinence": unseen}, asked("odds_ratio", method="overlap"), endpoints={"weekly": ENDPOINT}
    )["estimates"]
    assert set(found["status"]) == {"not_possible"}


def test_people_are_grouped_by_the_third_in_which_they_gave_the_last_test():
    codes = np.full((5, 6), MISSED)
    codes[0, 0], codes[1, 1], codes[2, [0, 3]], codes[3, 5] = YES, NO, NO, YES
    found = WeekByWeek(codes, WEEKS[:6]).last_tests(asked("share_of_weeks", day=42))
    assert found.tolist() == ["first_third", "first_third", "second_third", "last_third", "no_test"]


@pytest.mark.parametrize("rule", RULES)
def test_the_gate_asks_for_people_with_a_week_of_each_kind(rule: str) -> None:
    """In a small cohort nearly everyone has a negative week, and most have another one: there is enough to estimate
    from. Where all weeks of an arm but those of a few people are negative there is not.
    """
    arm = np.repeat([1, 0], 15)
    sample = people(arm)
    codes = np.tile([YES, NO, YES, NO], (30, 1))
    assert WeekByWeek(codes, WEEKS[:4]).few(asked("share_of_weeks", rule, day=28), sample, 10) == ""
    codes[:11, [1, 3]] = YES
    said = "fewer than 10 people without the event in the arm 'first'"
    assert WeekByWeek(codes, WEEKS[:4]).few(asked("odds_ratio", rule, day=28), sample, 10) == said
    codes[:11, 3] = MISSED
    as_use = WeekByWeek(codes, WEEKS[:4]).few(asked("odds_ratio", rule, day=28), sample, 10)
    assert as_use == ("" if rule == "missing_is_using" else said)
    # a week after the horizon counts for nothing
    assert WeekByWeek(codes, WEEKS[:4]).few(asked("odds_ratio", rule, day=21), sample, 10) == said
    none = np.full((30, 4), NO)
    assert "fewer than 10 events" in WeekByWeek(none, WEEKS[:4]).few(asked("odds_ratio", rule, day=28), sample, 10)


def test_weeks_beyond_the_observation_of_an_arm_are_not_estimated():
    """Weeks to day 42 of the first arm, to day 84 of the second: a horizon is asked about where both are observed."""
    days = {1: range(7, 43, 7), 0: range(7, 85, 7)}
    rows = [
        {"person_id": f"p{i}", "outcome": "weekly", "horizon_days": day, "abstinent": day % 2 == 0, "mature": True,
         "dead": False}
        for i in range(40) for day in days[i % 2]
    ]  # fmt: skip
    table = pd.DataFrame(rows).astype({"abstinent": "boolean"})
    sample = people(np.arange(40) % 2)
    for day, short in ((42, False), (48, False), (49, True), (84, True), (90, True)):
        ask_ = asked("share_of_weeks", day=day)
        said = week_by_week.read(table, sample.scores, ask_, ENDPOINT).silent(ask_, sample)
        assert ("no one in the arm 'first' is observed to the horizon" in said) is short
    ask_ = asked("share_of_weeks", day=180)
    second = table[table["horizon_days"] > 42]
    said = week_by_week.read(second, sample.scores, ask_, ENDPOINT).silent(ask_, sample)
    assert "longest day that can be asked about" in said
