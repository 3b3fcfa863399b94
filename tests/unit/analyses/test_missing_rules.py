"""Readings of a missing answer by every method: against the estimators, by hand, and what each needs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from contrast_people import CONTRAST, ENDPOINTS, GATE, INFERENCE, N, ask, people_of_a_contrast

from iop_outcomes.analyses import abstinence
from iop_outcomes.analyses.missing.history import NAMES, read
from iop_outcomes.errors import StudyError
from iop_outcomes.estimators.base.pooling import pool
from iop_outcomes.estimators.causal.effects import mean_by_arm
from iop_outcomes.estimators.causal.observed import chance_observed, means_by_observation
from iop_outcomes.estimators.missing.in_time import impute_in_time
from iop_outcomes.protocol import Imputation
from iop_outcomes.tables import TABLES, check

HOW = Imputation(imputations=8, passes=2, seed=1, delta=-1.0, deltas=(-1.0, 0.0, 1.0))
METHODS = ("iptw", "overlap", "aipw")


@pytest.fixture(scope="module")
def cohort() -> dict[str, pd.DataFrame]:
    """The people of a contrast, and a record on which both answers and their absence depend."""
    made, rng = people_of_a_contrast(), np.random.default_rng(8)
    ids = made["people"]["person_id"]
    arm = (made["people"]["index_level"] == "2.1").to_numpy()
    positive = rng.random(N) < 0.5 - 0.2 * arm
    yes = rng.random(N) < np.where(positive, 0.2, 0.7)
    seen = rng.random(N) < np.where(positive, 0.5, 0.85)
    mature = rng.random(N) < 0.95
    answer = pd.array(np.where(yes, True, False), dtype="boolean")
    answer[~seen | ~mature] = pd.NA
    made["abstinence"] = made["abstinence"].assign(abstinent=answer, mature=mature, dead=False)
    screened = rng.random(N) < 0.9
    last = pd.array(positive, dtype="boolean")
    last[~screened] = pd.NA
    before = pd.array(rng.random(N) < np.where(positive, 0.3, 0.6), dtype="boolean")
    before[rng.random(N) < 0.3] = pd.NA
    made["history"] = pd.DataFrame(
        {
            "person_id": ids, "outcome": "abstinent", "horizon_days": 180, "last_screen_positive": last,
            "days_since_screen": pd.array(np.where(screened, 20, 0), dtype="Int64"), "screens_due": 10,
            "screens_missed": rng.integers(0, 5, N), "screens_positive": rng.integers(0, 5, N),
            "in_care_then": rng.random(N) < 0.3, "days_in_care": rng.integers(1, 180, N), "hours": rng.random(N) * 100,
            "recent_hours": rng.random(N) * 10, "abstinent_before": before,
            "abstinent_last": ~last, "certain": False,
        }
    )  # fmt: skip
    made["history"].loc[pd.Series(~screened), "days_since_screen"] = pd.NA
    check(TABLES["history"], made["history"])
    return made


def run(cohort, *asked, history=True, **reading):
    given = (cohort[n] for n in ("abstinence", "first_use", "scores", "gates"))
    endpoints = {name: one.model_copy(update=reading) for name, one in ENDPOINTS.items()}
    found = abstinence.run(
        *given, asked, CONTRAST, endpoints, GATE, INFERENCE, imputation=HOW,
        history=cohort["history"] if history else None,
    )  # fmt: skip
    for name, table in found.items():
        check(TABLES[name], table)
    return found


def asked(rule: str, method: str = "iptw"):
    return ask(step="abstinence", outcome="abstinent", horizon_days=180, missing_rule=rule, method=method)


def of(found, side: str) -> pd.Series:
    rows = found["estimates"]
    return rows[(rows["of"] == side) & rows["delta_first"].isna()].iloc[0]


def numbers(cohort) -> tuple[np.ndarray, ...]:
    """Arm, abstinent, seen, asked, and weights of iptw, in the order of the scores."""
    scores = cohort["scores"]
    own = cohort["abstinence"].set_index("person_id").loc[scores["person_id"]]
    yes = own["abstinent"].fillna(False).to_numpy(dtype=bool)
    seen = own["abstinent"].notna().to_numpy()
    return scores["arm"].to_numpy(), yes, seen, own["mature"].to_numpy(dtype=bool) | seen, scores["iptw"].to_numpy()


def test_bounds_count_missing_answers_for_one_arm_and_against_the_other(cohort):
    arm, yes, seen, due, weight = numbers(cohort)
    missing = due & ~seen
    shares = {}
    for rule, as_abstinent in (("worst_case", 0), ("best_case", 1)):
        found = run(cohort, asked(rule))
        for side, value in (("iop", 1), ("residential", 0)):
            here = (arm == value) & due
            counted = yes | (missing & (value == as_abstinent))
            shares[rule, side] = np.average(counted[here], weights=weight[here])
            assert of(found, side)["estimate"] == pytest.approx(shares[rule, side])
    gaps = [of(run(cohort, asked(r)), "difference")["estimate"] for r in ("worst_case", "observed_only", "best_case")]
    assert gaps == sorted(gaps)
    assert gaps[0] == pytest.approx(shares["worst_case", "iop"] - shares["worst_case", "residential"])


def test_every_rule_lies_within_the_bounds(cohort):
    low, high = (of(run(cohort, asked(rule)), "difference")["estimate"] for rule in ("worst_case", "best_case"))
    for rule in ("missing_is_using", "last_observation", "imputed", "delta_adjusted"):
        assert low < of(run(cohort, asked(rule)), "difference")["estimate"] < high


def test_the_last_observation_is_carried_forward_and_told_apart(cohort):
    arm, yes, seen, due, weight = numbers(cohort)
    last = cohort["history"].set_index("person_id").loc[cohort["scores"]["person_id"], "abstinent_last"]
    carried = yes | (due & ~seen & last.fillna(False).to_numpy(dtype=bool))
    found = run(cohort, asked("last_observation"))
    here = (arm == 1) & due
    assert of(found, "iop")["estimate"] == pytest.approx(np.average(carried[here], weights=weight[here]))
    told = found["counts"].groupby("level")["count"].sum()
    lost = due & ~seen
    assert told["missing_last_abstinent"] == (lost & (last == True).to_numpy(dtype=bool, na_value=False)).sum()  # noqa: E712
    # whoever was never seen counts as use
    assert told["missing_last_using"] == lost.sum() - told["missing_last_abstinent"]
    assert "missing" not in told
    # where no question carries anything forward, missing is one level
    assert set(run(cohort, asked("imputed"))["counts"]["level"]) == {
        "abstinent",
        "using",
        "missing",
        "not_yet_observed",
    }


@pytest.mark.parametrize("method", METHODS)
def test_weighting_by_observation_answers_for_everyone_asked(cohort, method):
    found = run(cohort, asked("weighted_by_observation", method))
    only = run(cohort, asked("observed_only", method))
    # who tested positive is abstinent less often, and answers less often
    assert of(found, "iop")["estimate"] < of(only, "iop")["estimate"] - 0.01
    assert of(found, "iop")["std_error"] > 0


def test_methods_agree_on_everyone_and_on_those_seen(cohort):
    """Two estimands, each the same for weighting by the score and for the doubly robust method."""
    for rule in ("observed_only", "weighted_by_observation"):
        one, other = (of(run(cohort, asked(rule, m)), "iop") for m in ("iptw", "aipw"))
        assert one["estimate"] == pytest.approx(other["estimate"], abs=0.25 * one["std_error"])
        assert one["std_error"] == pytest.approx(other["std_error"], rel=0.15)


def test_imputation_is_that_of_the_estimator_pooled_by_rubin(cohort):
    from iop_outcomes.analyses.sample import Sample

    sample = Sample.of(cohort["scores"], CONTRAST, INFERENCE)
    question = asked("imputed")
    history = read(cohort["history"], sample.scores, question, HOW)
    assert history.record.shape == (len(sample.scores), len(NAMES))
    arm, yes, seen, due, weight = numbers(cohort)
    states = np.column_stack([history.earlier, np.where(seen, yes, np.nan)])[due]
    each = []
    for done in impute_in_time(states, history.fixed(sample)[due], 8, history.seed, passes=2):
        y = np.zeros(len(arm))
        y[due] = done.last()
        each.append(sample.finish(mean_by_arm(y, arm == 1, weight * due), "iptw"))
    people = each[0].takes_part.sum() - 1
    pooled = pool([e.value for e in each], [e.covariance() for e in each], people)
    found = of(run(cohort, question), "iop")
    assert found["estimate"] == pytest.approx(pooled.value[0])
    assert found["std_error"] == pytest.approx(pooled.standard_error()[0])


@pytest.mark.parametrize("method", METHODS)
def test_tipping_points_hold_the_rule_and_imputation_itself(cohort, method):
    found = run(cohort, asked("delta_adjusted", method))["estimates"]
    plane = found[found["delta_first"].notna()]
    assert set(plane["of"]) == {"difference"}
    assert len(plane) == len(HOW.deltas) ** 2
    value = plane.set_index(["delta_first", "delta_second"])["estimate"]
    # more abstinence among the missing of the first arm raises the difference, of the second lowers it
    assert value[-1.0, 0.0] < value[0.0, 0.0] < value[1.0, 0.0]
    assert value[0.0, -1.0] > value[0.0, 0.0] > value[0.0, 1.0]
    itself = found[found["delta_first"].isna() & (found["of"] == "difference")].iloc[0]
    same = plane[(plane["delta_first"] == HOW.delta) & (plane["delta_second"] == HOW.delta)].iloc[0]
    for column in ("estimate", "std_error", "conf_low", "conf_high"):
        assert same[column] == pytest.approx(itself[column], rel=1e-6)
    drawn = of(run(cohort, asked("imputed", method)), "difference")
    assert value[0.0, 0.0] == pytest.approx(drawn["estimate"])


def test_methods_share_their_draws_and_the_order_of_people_changes_little(cohort):
    shuffled = {
        **cohort,
        **{n: cohort[n].sample(frac=1, random_state=3) for n in ("history", "abstinence")},
    }
    for rule in ("imputed", "weighted_by_observation", "last_observation"):
        one, other = (run(c, asked(rule))["estimates"] for c in (cohort, shuffled))
        pd.testing.assert_frame_equal(one, other)


@pytest.fixture(scope="module")
def with_deaths(cohort) -> dict[str, pd.DataFrame]:
    """The same people, of whom a quarter of the second arm had died, and a tenth of the first."""
    own = cohort["abstinence"]
    first = (cohort["people"]["index_level"] == "2.1").to_numpy()
    died = (np.random.default_rng(4).random(N) < np.where(first, 0.1, 0.25)) & own["mature"].to_numpy(dtype=bool)
    return {**cohort, "abstinence": own.assign(dead=died, abstinent=own["abstinent"].mask(pd.Series(died)))}


def test_nobodys_drawn_answer_leans_on_a_death(with_deaths):
    """Draws are those of the living alone, so that a share is theirs times the share of them among all."""
    arm, _, _, due, weight = numbers(with_deaths)
    died = with_deaths["abstinence"].set_index("person_id").loc[with_deaths["scores"]["person_id"], "dead"].to_numpy()
    for rule in ("imputed", "delta_adjusted"):
        all_of_them, living = (run(with_deaths, asked(rule), deaths=d) for d in ("counted_against", "left_out"))
        for side, value in (("iop", 1), ("residential", 0)):
            here = (arm == value) & due
            alive = 1 - np.average(died[here], weights=weight[here])
            assert of(all_of_them, side)["estimate"] == pytest.approx(alive * of(living, side)["estimate"], rel=1e-12)


def test_who_had_died_has_no_part_in_the_model_of_being_seen(with_deaths):
    from iop_outcomes.analyses.sample import Sample

    arm, yes, seen, due, weight = numbers(with_deaths)
    died = with_deaths["abstinence"].set_index("person_id").loc[with_deaths["scores"]["person_id"], "dead"].to_numpy()
    sample = Sample.of(with_deaths["scores"], CONTRAST, INFERENCE)
    question = asked("weighted_by_observation")
    history = read(with_deaths["history"], sample.scores, question, HOW)
    columns = history.matrix(sample, due & ~died)
    chance = chance_observed(columns, seen | died, due, died)
    want = means_by_observation(yes, arm, seen | died, chance, weight)
    found = run(with_deaths, question)
    assert of(found, "iop")["estimate"] == pytest.approx(want.value[0], rel=1e-10)
    assert of(found, "residential")["estimate"] == pytest.approx(want.value[1], rel=1e-10)
    # as ordinary people who were seen, the dead take the place of the living who were not
    naive = means_by_observation(yes, arm, seen | died, chance_observed(columns, seen | died, due), weight)
    assert (want.value - naive.value > [0.004, 0.015]).all()


@pytest.mark.parametrize("reading", ["as_missing", "left_out"])
def test_deaths_that_do_not_count_are_read_as_before(with_deaths, reading):
    """As people who gave no answer, or who were not asked."""
    own = with_deaths["abstinence"]
    told = own.assign(dead=False, mature=own["mature"] & ~(own["dead"] & (reading == "left_out")))
    for rule in ("weighted_by_observation", "imputed"):
        one = run(with_deaths, asked(rule), deaths=reading)
        other = run({**with_deaths, "abstinence": told}, asked(rule))
        for side in ("iop", "residential", "difference"):
            assert of(one, side)["estimate"] == pytest.approx(of(other, side)["estimate"], rel=1e-12)
            assert of(one, side)["std_error"] == pytest.approx(of(other, side)["std_error"], rel=1e-12)


def test_without_a_record_it_is_a_defect(cohort):
    with pytest.raises(StudyError, match="needs the table history"):
        run(cohort, asked("imputed"), history=False)


def test_a_difference_of_nothing_missing_is_the_same_under_every_rule(cohort):
    full = cohort["abstinence"].assign(mature=True)
    full["abstinent"] = full["abstinent"].fillna(False)
    whole = {**cohort, "abstinence": full}
    want = of(run(whole, asked("observed_only")), "difference")
    for rule in ("missing_is_using", "last_observation", "weighted_by_observation", "worst_case", "best_case"):
        own = of(run(whole, asked(rule)), "difference")
        assert own["estimate"] == pytest.approx(want["estimate"])
        assert own["std_error"] == pytest.approx(want["std_error"])
    drawn = of(run(whole, asked("imputed")), "difference")
    assert drawn["estimate"] == pytest.approx(want["estimate"])
    assert drawn["std_error"] == pytest.approx(want["std_error"])
