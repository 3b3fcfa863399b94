"""Means of what each person has: by hand, against statsmodels, by simulated truth, by their properties."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from contrast_people import CONTRAST, GATE, INFERENCE, ask, people_of_a_contrast
from parts import endpoint

from iop_outcomes.analyses import abstinence, twice
from iop_outcomes.analyses.outcomes.amounts import Amounts
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.tables import TABLES, check
from iop_outcomes.tables.results import HELD_BY_TWO

SHARE, RUN = endpoint("days", "days_abstinent"), endpoint("run", "longest_abstinence")
CHANGE = endpoint("change", "change_in_use", window_days=30)
RULES = ("missing_is_using", "observed_only", "worst_case", "best_case")


def people(arm: np.ndarray) -> Sample:
    """Independent people of two arms, compared without a score."""
    names = [f"p{i}" for i in range(len(arm))]
    scores = pd.DataFrame({"person_id": names, "record_id": names, "arm": arm, "site_id": "S1"})
    return Sample(scores, ("first", "second"), INFERENCE)


def asked(measure: str = "mean_share", rule: str = "observed_only", method: str = "naive", outcome: str = "days"):
    return ask(step="abstinence", outcome=outcome, measure=measure, method=method, missing_rule=rule, horizon_days=180)


def amounts(as_use, known, as_free, arm, of=SHARE, largest: float = 1.0, **more) -> Amounts:
    n = len(arm)
    told = [np.array(v, dtype=float) for v in (as_use, known, as_free)]
    flags = {"mature": np.ones(n, dtype=bool), "dead": np.zeros(n, dtype=bool), **more}
    before = flags.pop("before", None)
    return Amounts(*told, largest, before, flags["mature"], flags["dead"], arm == 1, of)


NAN = np.nan
ARM = np.array([1, 1, 1, 0, 0, 0])
KNOWN = ([0.2, 0, 0.5, 0.4, 0.0, 0], [0.5, NAN, 0.5, 0.8, 0.0, NAN], [0.8, 1, 0.5, 0.9, 0.5, 1])


def test_each_reading_by_hand():
    """Unknown days as use: 0.7 / 3 and 0.4 / 3; of known ones: 1 / 2 and 0.8 / 2; bounds take one of each arm."""
    outcome, sample = amounts(*KNOWN, ARM), people(ARM)
    found = {rule: outcome.means(asked(rule=rule), sample) for rule in RULES}
    assert found["missing_is_using"].value == pytest.approx([0.7 / 3, 0.4 / 3])
    assert found["observed_only"].value == pytest.approx([0.5, 0.4])
    assert found["worst_case"].value == pytest.approx([0.7 / 3, 2.4 / 3])
    assert found["best_case"].value == pytest.approx([2.3 / 3, 0.4 / 3])
    assert found["observed_only"].standard_error() == pytest.approx([0.0, np.sqrt(2 * 0.4**2) / 2])
    assert outcome.levels.tolist() == ["some_of_it", "missing", "some_of_it", "some_of_it", "none_of_it", "missing"]


def test_deaths_and_days_beyond_observation_are_read_as_the_endpoint_says():
    dead, mature = np.array([0, 1, 0, 0, 1, 0], dtype=bool), np.array([1, 1, 0, 1, 1, 1], dtype=bool)
    used = {}
    for deaths in ("counted_against", "left_out", "as_missing"):
        outcome = amounts(*KNOWN, ARM, of=SHARE.model_copy(update={"deaths": deaths}), dead=dead, mature=mature)
        used[deaths] = [outcome.used(asked(rule=rule)).astype(int).tolist() for rule in RULES[:2]]
    assert used == {
        "counted_against": [[1, 1, 0, 1, 1, 1], [1, 1, 0, 1, 1, 0]],
        "left_out": [[1, 0, 0, 1, 0, 1], [1, 0, 0, 1, 0, 0]],
        "as_missing": [[1, 1, 0, 1, 1, 1], [1, 0, 0, 1, 1, 0]],
    }
    late = amounts(*KNOWN, ARM, of=SHARE.model_copy(update={"not_due": "as_missing"}), mature=mature)
    assert late.used(asked(rule="missing_is_using")).all()


def test_with_the_time_before_held_by_hand():
    """Changes of 0.1 and 0.3 from 0.5 and 0.7, of 0.0 and 0.2 from 0.6 and 0.8: both rise by 1 with the share before,
    so that at 0.65 they are 0.25 and 0.05 had both begun alike, and 0.2 and 0.1 as they are.
    """
    arm, before, change = np.array([1, 1, 0, 0]), np.array([0.5, 0.7, 0.6, 0.8]), [0.1, 0.3, 0.0, 0.2]
    outcome = amounts(change, change, change, arm, of=CHANGE, before=before)
    held = outcome.means(asked("adjusted_change", outcome="change"), people(arm))
    assert held.value == pytest.approx([0.25, 0.05])
    assert outcome.means(asked("mean_change", outcome="change"), people(arm)).value == pytest.approx([0.2, 0.1])
    unknown = amounts(change, change, change, arm, of=CHANGE, before=np.array([0.5, NAN, 0.6, 0.8]))
    assert unknown.levels.tolist() == ["better_than_before", "nothing_known_before", "no_better_than_before",
                                       "better_than_before"]  # fmt: skip
    assert unknown.used(asked("mean_change", "missing_is_using")).tolist() == [True, False, True, True]


@pytest.fixture(scope="module")
def cohort() -> dict[str, pd.DataFrame]:
    """People with a score, and their amounts, in another order; a share before time zero that differs by arm."""
    known = people_of_a_contrast()
    ids, rng = known["people"]["person_id"].to_numpy(), np.random.default_rng(3)
    n, arm = len(ids), known["arms"]["arm"].to_numpy()
    parts = []
    for name, largest in (("days", 1.0), ("run", 180.0), ("change", 1.0)):
        own, unknown = rng.beta(0.5 + arm, 1, n), rng.random(n) * (rng.random(n) < 0.5)
        before = rng.beta(1, 2 + arm, n) if name == "change" else np.zeros(n)
        parts.append(
            pd.DataFrame(
                {
                    "person_id": ids, "outcome": name, "horizon_days": 180,
                    "as_use": largest * own * (1 - unknown) - before,
                    "known": np.where(unknown < 0.9, largest * own - before, np.nan),
                    "as_free": largest * (own * (1 - unknown) + unknown) - before,
                    "largest": largest, "before": before if name == "change" else np.nan,
                    "mature": True, "dead": False,
                }
            )
        )  # fmt: skip
    rows = pd.concat(parts, ignore_index=True).sample(frac=1, random_state=1)
    return {**known, "amounts": check(TABLES["amounts"], rows)}


ENDPOINTS = {e.outcome: e for e in (SHARE, RUN, CHANGE)}


def run(cohort: dict[str, pd.DataFrame], *rows):
    given = (cohort[n] for n in ("abstinence", "first_use", "scores", "gates"))
    found = abstinence.run(*given, rows, CONTRAST, ENDPOINTS, GATE, INFERENCE, amounts=cohort["amounts"])
    for name, table in found.items():
        check(TABLES[name], table)
    return found


def own_values(cohort, outcome: str, column: str = "known") -> tuple[pd.DataFrame, np.ndarray]:
    rows = cohort["amounts"][cohort["amounts"]["outcome"] == outcome].set_index("person_id")
    scores = cohort["scores"]
    return scores, rows.loc[scores["person_id"], column].to_numpy()


@pytest.mark.parametrize("outcome", ["days", "run"])
def test_means_are_those_of_weighted_least_squares_and_the_score_counts(cohort, outcome: str):
    measure = {"days": "mean_share", "run": "mean_number"}[outcome]
    found = run(cohort, *(asked(measure, method=m, outcome=outcome) for m in ("naive", "iptw", "overlap")))["estimates"]
    assert set(found["status"]) == {"ok"}
    scores, value = own_values(cohort, outcome)
    seen = ~np.isnan(value)
    for method in ("naive", "iptw", "overlap"):
        weight = np.ones(len(scores)) if method == "naive" else scores[method].to_numpy()
        design = sm.add_constant(scores["arm"].to_numpy(float)[seen])
        fit = sm.WLS(value[seen], design, weights=weight[seen]).fit(cov_type="HC0")
        row = found[(found["method"] == method) & (found["of"] == "difference")].iloc[0]
        assert row["estimate"] == pytest.approx(fit.params[1])
        assert row["std_error"] == pytest.approx(fit.bse[1], rel=1e-9 if method == "naive" else 0.1)
        second = found[(found["method"] == method) & (found["of"] == "residential")].iloc[0]
        assert second["estimate"] == pytest.approx(fit.params[0])
    rows = found[found["method"] == "overlap"].set_index("of")["estimate"]
    assert rows["ratio"] == pytest.approx(rows["iop"] / rows["residential"])


def test_people_of_a_site_are_taken_together(cohort):
    """Against statsmodels, whose sandwich has another factor for the number of sites."""
    sites = np.array([f"S{i % 9}" for i in range(len(cohort["scores"]))], dtype=object)
    scores = cohort["scores"].assign(site_id=sites)
    inference = INFERENCE.model_copy(update={"cluster": "site", "min_clusters": 5})
    given = (cohort["abstinence"], cohort["first_use"], scores, cohort["gates"])
    row = abstinence.run(*given, [asked()], CONTRAST, ENDPOINTS, GATE, inference, amounts=cohort["amounts"])
    found = row["estimates"].set_index("of").loc["difference"]
    value = own_values(cohort, "days")[1]
    seen = ~np.isnan(value)
    design = sm.add_constant(scores["arm"].to_numpy(float)[seen])
    groups = {"groups": pd.factorize(sites)[0][seen], "use_correction": False}
    fit = sm.OLS(value[seen], design).fit(cov_type="cluster", cov_kwds=groups)
    assert found["std_error"] == pytest.approx(fit.bse[1] * np.sqrt(9 / 8))
    assert found["estimate"] == pytest.approx(fit.params[1])


def test_a_change_with_the_time_before_held_is_that_of_weighted_least_squares(cohort):
    rows = [asked(m, method=method, outcome="change") for m in ("mean_change", "adjusted_change")
            for method in ("naive", "overlap")]  # fmt: skip
    found = run(cohort, *rows)["estimates"]
    assert "ratio" not in set(found["of"])
    scores, value = own_values(cohort, "change")
    before = own_values(cohort, "change", "before")[1]
    seen = ~np.isnan(value)
    for method in ("naive", "overlap"):
        weight = np.ones(len(scores)) if method == "naive" else scores[method].to_numpy()
        design = sm.add_constant(np.column_stack([scores["arm"], before])[seen])
        fit = sm.WLS(value[seen], design, weights=weight[seen]).fit(cov_type="HC0")
        row = found[(found["method"] == method) & (found["measure"] == "adjusted_change")].set_index("of")
        assert row.loc["difference", "estimate"] == pytest.approx(fit.params[1])
        assert row.loc["difference", "std_error"] == pytest.approx(fit.bse[1], rel=1e-9 if method == "naive" else 0.1)
        center = np.average(before[seen], weights=weight[seen])
        assert row.loc["residential", "estimate"] == pytest.approx(fit.params @ [1, 0, center])


def test_doubly_robust_shares_stand_on_a_quasi_binomial_regression(cohort):
    """Where everything is known: predictions of statsmodels' regression, corrected by residuals over the score."""
    row = asked(rule="missing_is_using", method="aipw")
    found = run(cohort, row)["estimates"].set_index("of")
    scores, value = own_values(cohort, "days", "as_use")
    sample = Sample.of(scores, CONTRAST, INFERENCE)
    terms = sample.propensity.matrix.dense()
    arm, score = scores["arm"].to_numpy(float), scores["propensity"].to_numpy()
    scaled = terms / np.abs(terms).max(axis=0)
    fit = sm.GLM(value, np.column_stack([arm, scaled]), family=sm.families.Binomial()).fit()
    for of, side, chance in (("iop", 1.0, score), ("residential", 0.0, 1 - score)):
        predicted = fit.predict(np.column_stack([np.full(len(arm), side), scaled]))
        expected = np.mean(predicted + (arm == side) * (value - predicted) / chance)
        assert found.loc[of, "estimate"] == pytest.approx(expected, abs=1e-6)
    number = run(cohort, asked("mean_number", "observed_only", "aipw", "run"))["estimates"].set_index("of")
    weighted = run(cohort, asked("mean_number", "observed_only", "iptw", "run"))["estimates"].set_index("of")
    assert number.loc["iop", "estimate"] == pytest.approx(weighted.loc["iop", "estimate"], rel=0.03)


def test_the_truth_is_recovered_where_the_arms_began_unlike_and_change_alone_misleads():
    """Shares move to the mean whatever the arm: the arm that began worse gains more, and the care does nothing."""
    held = crude = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        arm = rng.integers(0, 2, 150)
        usual = np.clip(rng.normal(0.5, 0.15, 150), 0, 1)
        before = np.clip(usual - 0.1 * arm + rng.normal(0, 0.1, 150), 0, 1)
        after = np.clip(0.3 + 0.4 * before + rng.normal(0, 0.1, 150), 0, 1)
        outcome = amounts(after - before, after - before, after - before, arm, of=CHANGE, before=before)
        for measure in ("adjusted_change", "mean_change"):
            found = outcome.means(asked(measure, outcome="change"), people(arm))
            gap = found.value[0] - found.value[1]
            error = np.sqrt(np.array([1, -1]) @ found.covariance() @ np.array([1, -1]))
            covered = abs(gap) < 1.96 * error
            held, crude = (
                held + (covered and measure == "adjusted_change"),
                crude + (covered and measure == "mean_change"),
            )
    # exact binomial 99 % limits of 200 intervals around .95
    assert 0.90 <= held / 200 <= 0.99
    assert crude / 200 < 0.6


def test_order_of_people_and_copies_of_them():
    rng = np.random.default_rng(4)
    arm, before = rng.integers(0, 2, 80), rng.random(80)
    change = rng.random(80) - before
    for measure in ("mean_change", "adjusted_change"):
        one = amounts(change, change, change, arm, of=CHANGE, before=before).means(asked(measure), people(arm))
        for some, times in ((rng.permutation(80), 1), (np.repeat(np.arange(80), 2), 2)):
            c, a = change[some], arm[some]
            other = amounts(c, c, c, a, of=CHANGE, before=before[some]).means(asked(measure), people(a))
            assert other.value == pytest.approx(one.value, abs=1e-12)
            assert other.standard_error() * np.sqrt(times) == pytest.approx(one.standard_error(), abs=1e-12)


def test_people_are_counted_as_they_are_read_and_what_two_hold_stays_private(cohort):
    found = run(cohort, *(asked(rule=rule, method="overlap") for rule in RULES))
    counts = found["counts"]
    outcome_levels = set(counts["level"])
    assert outcome_levels <= {"some_of_it", "none_of_it", "missing"}
    assert counts["count"].sum() == len(cohort["scores"])
    two = found["diagnostics"]
    assert set(two["quantity"]) == {HELD_BY_TWO}
    assert two["value"].between(0, 0.05).all()
    assert set(two["arm"]) == {"iop", "residential"}


def test_numbers_are_computed_twice(cohort):
    rows = [asked(method=m) for m in ("naive", "overlap", "aipw")]
    rows += [asked("adjusted_change", method=m, outcome="change") for m in ("naive", "overlap")]
    estimates = run(cohort, *rows)["estimates"]
    given = (cohort[n] for n in ("retention", "abstinence", "first_use", "scores", "gates"))
    found = twice.run(*given, estimates, rows, CONTRAST, ENDPOINTS, INFERENCE, cohort["amounts"])["twice"]
    told = found[found["measure"].isin(["mean_share", "adjusted_change"]) & (found["reason"] == "")]
    assert len(told) == 2 * 4
    assert told["agrees"].all()
    assert "doubly robust mean of an amount" in found[found["method"] == "aipw"]["reason"].iloc[0]


def test_what_nobody_told_cannot_be_asked(cohort):
    none = cohort["amounts"].assign(known=np.nan)
    found = run({**cohort, "amounts": none}, asked(method="overlap"))["estimates"]
    assert set(found["status"]) == {"not_possible"}
    same = cohort["amounts"].assign(before=0.5)
    held = run({**cohort, "amounts": same}, asked("adjusted_change", method="overlap", outcome="change"))["estimates"]
    assert set(held["reason"]) == {"the share before time zero is the same of everyone, and there is nothing to hold"}
