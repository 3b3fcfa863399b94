"""Further arms further_arms: one score for all arms, the same people in every contrast, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from parts import endpoint
from pydantic import ValidationError

from iop_outcomes import design, release
from iop_outcomes.analyses import abstinence, doubly_robust, retention
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.cohort import population
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.base.estimate import difference
from iop_outcomes.estimators.base.stacking import stack
from iop_outcomes.estimators.causal.weights import group_means, weight_slope, weights
from iop_outcomes.estimators.regression.multinomial import fit_multinomial
from iop_outcomes.presentation.labels import Labels
from iop_outcomes.protocol import Adjustment, Analysis, Companions, Compared, Contrast, Disclosure, Gate, Inference
from iop_outcomes.release import choose, differencing
from iop_outcomes.report.sentences import effects
from iop_outcomes.tables import TABLES, check

LEVELS = {"iop": "2.1", "partial": "2.5", "residential": "3.5"}
ARMS = {name: {"name": name, "label": name.title(), "values": [value]} for name, value in LEVELS.items()}
ADJUSTMENT = Adjustment(continuous=["age"], categorical=["sex"], spline_knots=3)
GATE = Gate(max_standardised_difference=0.1, min_effective_share=0.3, max_weight=50, min_events=10)
INFERENCE = Inference(cluster="person")
UNPLANNED = endpoint("left", "left_index", cause="unplanned")
METHODS = ("crude", "iptw", "overlap", "aipw")
DIFFERENCES = ("standardised_difference", "pairwise_difference")
N = 1_800


def contrast(first: str, second: str, *further_arms: str) -> Contrast:
    given = {"title": "t", "column": "index_level", "first": ARMS[first], "second": ARMS[second]}
    return Contrast(**given, further_arms=[ARMS[name] for name in further_arms])


PAIRS = {
    "iop_residential": contrast("iop", "residential", "partial"),
    "iop_partial": contrast("iop", "partial", "residential"),
    "partial_residential": contrast("partial", "residential", "iop"),
}


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    """Three levels of care at four sites, chosen by age and sex; whoever is older leaves later."""
    rng = np.random.default_rng(4)
    ids = np.array([f"p{i:04d}" for i in range(N)], dtype=object)
    age, female = rng.normal(40, 10, N), rng.random(N) < 0.4
    odds = np.exp(np.column_stack([np.zeros(N), 0.04 * (age - 40), -0.5 * female - 0.02 * (age - 40)]))
    level = (rng.random(N)[:, None] > (odds / odds.sum(axis=1, keepdims=True)).cumsum(axis=1)).sum(axis=1)
    sites = np.array([f"S{i % 4}" for i in range(N)], dtype=object)
    frame = TABLES["people"].empty().reindex(range(N)).assign(
        person_id=ids, record_id=ids, site_id=sites, index_level=np.array(list(LEVELS.values()), dtype=object)[level],
        index_start_day=0, clock_start_day=0, observed_days=365, assigned_arm="none", trial="none",
        sex=np.where(female, "female", "male"), age=age,
    )  # fmt: skip
    days = ["index_start_day", "clock_start_day", "observed_days"]
    return frame.astype(dict.fromkeys(days, "int64"))


def designed(people: pd.DataFrame, asked: Contrast, gate: Gate = GATE) -> dict[str, pd.DataFrame]:
    sex = pd.Categorical(people["sex"], ["male", "female"])
    covariates = pd.DataFrame({"person_id": people["person_id"], "age": people["age"], "sex": sex})
    arms = population.arms(people, {"c": asked})
    check(TABLES["arms"], arms)
    found = design.run(people, covariates, arms, "k", "c", asked, ADJUSTMENT, gate, METHODS)
    assert found.pop("locked") is not None  # the margins, which are no table
    for name, table in found.items():
        check(TABLES[name], table)
    return found


def status(found: dict[str, pd.DataFrame], method: str) -> tuple[str, str]:
    return tuple(found["gates"].set_index("method").loc[method, ["status", "reason"]])


def risks(people: pd.DataFrame, asked: Contrast, method: str, step: str = "retention") -> pd.Series:
    """Estimates by measure of leaving within 90 days, or of abstinence."""
    made, rng = designed(people, asked), np.random.default_rng(6)
    age = people["age"].to_numpy()
    days = np.ceil(rng.exponential(60 + 2 * (age - 40).clip(-25))).astype("int64")
    ask = {
        "cohort": "k", "analysis": "a", "step": step, "contrast": "c", "outcome": "o", "horizon_days": 90,
        "measure": "risk", "estimand": "ATE", "method": method, "missing_rule": "none", "family": "primary",
    }  # fmt: skip
    ids, gates, scores = people["person_id"], made["gates"], made["scores"]
    if step == "retention":
        left = pd.DataFrame({"person_id": ids, "follows": "index", "days": days, "days_latest": days})
        left = left.assign(cause="unplanned")
        rows = [Analysis.model_validate(ask)]
        found = retention.run(left, scores, gates, rows, asked, {"o": UNPLANNED}, GATE, INFERENCE)
    else:
        known = pd.array(np.where(rng.random(N) < 0.2, None, days > 60), dtype="boolean")
        seen = pd.DataFrame({"person_id": ids, "outcome": "o", "horizon_days": 90, "abstinent": known})
        seen = seen.assign(mature=True, dead=False)
        none = TABLES["first_use"].empty()
        rows = [Analysis.model_validate({**ask, "missing_rule": "observed_only"})]
        told = {"o": endpoint("o", "interview")}
        found = abstinence.run(seen, none, scores, gates, rows, asked, told, GATE, INFERENCE)
    for name, table in found.items():
        check(TABLES[name], table)
    return found["estimates"].set_index(["measure", "of"])


def test_arms_have_codes(people: pd.DataFrame) -> None:
    arms = population.arms(people, PAIRS)
    own = arms[arms["contrast"] == "iop_partial"].set_index("person_id")["arm"]
    level = people.set_index("person_id")["index_level"]
    assert (own == level.map({"2.1": 1, "2.5": 0, "3.5": 2})).all()


def test_scores_hold_every_arm_and_add_up(people: pd.DataFrame) -> None:
    found = designed(people, PAIRS["iop_residential"])
    scores = found["scores"]
    assert set(scores["arm"]) == {0, 1, 2}
    assert len(scores) == N
    np.testing.assert_allclose(scores["propensity"] + scores["propensity_0"] + scores["propensity_2"], 1, atol=1e-12)
    assert status(found, "overlap") == status(found, "iptw") == ("ok", "")


def test_the_score_and_its_weights_are_the_same_whichever_pair_is_compared(people: pd.DataFrame) -> None:
    own = {name: designed(people, asked)["scores"].set_index("person_id") for name, asked in PAIRS.items()}
    one, other = own["iop_residential"], own["iop_partial"]
    np.testing.assert_allclose(one["propensity"], other["propensity"], atol=1e-9)
    np.testing.assert_allclose(one["propensity_2"], other["propensity_0"], atol=1e-9)
    np.testing.assert_allclose(one["overlap"], other["overlap"], atol=1e-9)


def test_weights_balance_all_arms_and_the_largest_difference_is_told(people: pd.DataFrame) -> None:
    found = designed(people, PAIRS["iop_residential"])["diagnostics"]
    pairs = found[found["quantity"] == "pairwise_difference"]
    assert set(pairs["method"]) == {"iptw", "overlap"}
    assert (pairs["value"] < 0.05).all()
    assert (pairs["status"] == "ok").all()
    before = found[(found["quantity"] == "standardised_difference") & (found["method"] == "unweighted")]
    assert before["value"].abs().max() > 0.2


def test_arms_that_differ_are_gated_though_the_two_compared_do_not(people: pd.DataFrame) -> None:
    asked = PAIRS["iop_residential"]
    shown = designed(people, asked)["diagnostics"].query("method == 'iptw'").groupby("quantity")["value"]
    of_the_two, of_any = (shown.apply(lambda v: v.abs().max())[q] for q in DIFFERENCES)
    assert of_the_two < of_any
    limit = {"max_standardised_difference": (of_the_two + of_any) / 2}
    reason = status(designed(people, asked, GATE.model_copy(update=limit)), "iptw")[1]
    assert reason.startswith("two of the arms are out of balance after weighting")


@pytest.mark.parametrize("step", ["retention", "abstinence"])
@pytest.mark.parametrize("method", ["iptw", "overlap", "aipw"])
def test_contrasts_of_the_same_arms_add_up(people: pd.DataFrame, method: str, step: str) -> None:
    found = {name: risks(people, asked, method, step) for name, asked in PAIRS.items()}
    gaps = {name: estimates.loc[("risk", "difference"), "estimate"] for name, estimates in found.items()}
    error = found["iop_residential"].loc[("risk", "difference"), "std_error"]
    # the doubly robust method models the outcomes of two arms at a time, so that its contrasts nearly add up
    tolerance = {"abs": 1e-9 if method != "aipw" else 0.25 * error}
    assert gaps["iop_partial"] + gaps["partial_residential"] == pytest.approx(gaps["iop_residential"], **tolerance)
    one, other = (found[name].loc[("risk", "iop"), "estimate"] for name in ("iop_partial", "iop_residential"))
    assert one == pytest.approx(other, **tolerance)


@pytest.mark.parametrize("kind", ["iptw", "overlap"])
def test_errors_count_that_the_score_of_all_arms_was_estimated(people: pd.DataFrame, kind: str) -> None:
    """The same as means of three arms stacked on the multinomial score, the two taken from them."""
    asked = PAIRS["iop_residential"]
    scores = designed(people, asked)["scores"]
    y = np.random.default_rng(8).normal(people["age"].to_numpy() / 10)
    sample = Sample.of(scores, asked, INFERENCE)
    pair = group_means(y[sample.compared], sample.arm, ("residential", "iop"), sample.weight(kind))
    found = sample.finish(pair, kind)
    arm = scores["arm"].to_numpy()
    score = fit_multinomial(sample.propensity.matrix.keep(np.arange(sample.propensity.matrix.shape[1]) > 0), arm)
    means = group_means(y, arm, ("residential", "iop", "partial"), weights(kind, arm, score.score))
    expected = stack(means, weight_slope(kind, arm, score.score), score.nuisance).take("residential", "iop")
    np.testing.assert_allclose(found.value, expected.value, rtol=1e-10)
    np.testing.assert_allclose(found.covariance(), expected.covariance(), rtol=1e-7)
    known = difference(pair, "iop", "residential").standard_error()
    assert abs(difference(found, "iop", "residential").standard_error() / known - 1) > 0.01


def test_sites_without_every_arm_are_set_apart(people: pd.DataFrame) -> None:
    gone = (people["site_id"] == "S2") & (people["index_level"] == "2.5")
    found = designed(people[~gone].reset_index(drop=True), PAIRS["iop_residential"])
    assert "S2" not in set(found["scores"]["site_id"])
    assert found["diagnostics"].query("quantity == 'one_arm_strata'")["value"].iloc[0] == 1
    counts = found["counts"].query("outcome == 'people'").set_index(["arm", "level"])["count"]
    at_site = people[~gone & (people["site_id"] == "S2")]["index_level"].value_counts()
    assert counts["iop", "without_counterpart"] == at_site["2.1"]
    assert counts["partial", "with_counterpart"] == (people.loc[~gone, "index_level"] == "2.5").sum()


def test_without_anyone_alongside_only_the_crude_comparison_is_shown(people: pd.DataFrame) -> None:
    found = designed(people[people["index_level"] != "2.5"].reset_index(drop=True), PAIRS["iop_residential"])
    assert status(found, "crude") == ("ok", "")
    assert status(found, "iptw") == ("gated", "no one in this cohort started in the arm 'partial'")
    estimates = risks(people[people["index_level"] != "2.5"].reset_index(drop=True), PAIRS["iop_residential"], "iptw")
    assert set(estimates["status"]) == {"gated"}


def test_sites_are_clusters_of_everyone(people: pd.DataFrame) -> None:
    """Grouping people by themselves is no grouping but for the factor; sites take the score's part of all arms."""
    asked = PAIRS["iop_residential"]
    scores = designed(people, asked)["scores"]
    y = np.random.default_rng(8).normal(size=N)
    many = scores.assign(site_id=np.random.default_rng(9).permutation(np.arange(N) % 40).astype(str))
    by_site = Sample.of(many, asked, Inference(cluster="site"))
    pair = group_means(y[by_site.compared], by_site.arm, ("residential", "iop"), by_site.weight("iptw"))
    found = by_site.finish(pair, "iptw")
    alone = Sample.of(scores, asked, INFERENCE).finish(pair, "iptw")
    summed = pd.DataFrame(alone.influence).groupby(many["site_id"]).sum().to_numpy()
    np.testing.assert_allclose(found.covariance(), summed.T @ summed * 40 / 39, rtol=1e-10)
    with pytest.raises(EstimationError, match="grouped already"):
        pair.clustered(np.arange(len(pair.influence)) % 5).among(by_site.compared)


def test_a_category_that_does_not_vary_among_those_observed_is_no_term_of_the_outcome(people: pd.DataFrame) -> None:
    some = people[(people["index_level"] == "2.5") | (people["sex"] == "male")].reset_index(drop=True)
    few = some.index[some["index_level"] != "2.5"][:8]
    some.loc[few, "sex"] = "female"  # a few in the two arms, of whom nothing is known afterwards
    asked = PAIRS["iop_residential"]
    loose = GATE.model_copy(update={"max_standardised_difference": 9})
    sample = Sample.of(designed(some, asked, loose)["scores"], asked, INFERENCE)
    seen = ~sample.scores["person_id"].isin(some.loc[few, "person_id"]).to_numpy()
    outcome = (np.random.default_rng(3).random(len(seen)) < 0.5).astype(float)
    means = doubly_robust.means(sample, outcome, seen)
    assert (np.abs(means.value - 0.5) < 0.15).all()


def released(people: pd.DataFrame, contrasts: dict[str, Contrast], groups: bool = True) -> dict[str, pd.DataFrame]:
    """What disclosure control lets out of contrasts of the same arms, crude and weighted."""
    given: dict[str, list[pd.DataFrame]] = {}
    days = np.ceil(np.random.default_rng(6).exponential(60, len(people))).astype("int64")
    left = pd.DataFrame({"person_id": people["person_id"], "follows": "index", "days": days, "days_latest": days})
    for name, asked in contrasts.items():
        made = designed(people, asked)
        made = {n: t.assign(contrast=name) if "contrast" in t else t for n, t in made.items()}
        rows = [
            Analysis.model_validate(
                {
                    "cohort": "k", "analysis": "a", "step": "retention", "contrast": name, "outcome": "left",
                    "horizon_days": 90, "measure": "risk", "estimand": "ATO", "method": method,
                }
            )
            for method in ("crude", "overlap")
        ]  # fmt: skip
        found = retention.run(
            left.assign(cause="unplanned"), made["scores"], made["gates"], rows, asked, {"left": UNPLANNED}, GATE,
            INFERENCE,
        )  # fmt: skip
        for tables in (made, found):
            for table, frame in tables.items():
                given.setdefault(table, []).append(frame)
    names = ("counts", "life_tables", "estimates", "curves", "diagnostics")
    tables = {n: pd.concat([t for t in given[n] if len(t)], ignore_index=True) for n in names}
    definitions = {n: {a.name: str(a.values) for a in population.arms_of(c)} for n, c in contrasts.items()}
    return release.run(
        **tables, disclosure=Disclosure(policy="cms"), inference=INFERENCE,
        arms=dict.fromkeys(contrasts, ("iop", "residential")),
        endpoints={"left": UNPLANNED},
        groups=definitions if groups else {},
        companions=Companions(), in_care={}, fewest_events=GATE.min_events,
    )  # fmt: skip


def test_subtraction_tells_nobody_at_sites_that_lack_an_arm(people: pd.DataFrame) -> None:
    """Three people of intensive outpatient care at a site without partial hospitalization."""
    at_site = people["site_id"] == "S2"
    gone = at_site & (people["index_level"] == "2.5")
    gone |= at_site & (people["index_level"] == "2.1") & (np.cumsum(at_site & (people["index_level"] == "2.1")) > 3)
    some = people[~gone].reset_index(drop=True)
    pair = {"two": contrast("iop", "residential"), "three": PAIRS["iop_residential"]}
    bare = released(some, pair, groups=False)["estimates"].query(
        "measure == 'risk' and of == 'iop' and method == 'overlap'"
    )
    assert bare["n"].max() - bare["n"].min() == 3
    found = released(some, pair)
    for table in ("counts", "curves", "diagnostics"):
        assert "three" not in set(found[table]["contrast"])
    estimates = found["estimates"].set_index(["contrast", "method", "measure", "of"])
    assert estimates.loc[("two", "crude", "risk", "iop"), "status"] == "ok"
    own = estimates.loc["three"]
    assert own[["n", "events", "n_effective"]].isna().all(axis=None)
    assert set(own.loc["crude", "status"]) == {"suppressed"}
    assert own.loc["crude", "estimate"].isna().all()
    assert set(own.loc["overlap", "status"]) == {"ok"}


def test_an_arm_that_stood_alongside_before_is_the_same_arm(people: pd.DataFrame) -> None:
    """Alongside, only its people are counted; compared, their covariates are as well."""
    counts = [designed(people, asked)["counts"].assign(contrast=name) for name, asked in PAIRS.items()]
    groups = {n: {a.name: str(a.values) for a in population.arms_of(c)} for n, c in PAIRS.items()}
    assert differencing.sharing(pd.concat(counts), groups, choose("cms", None, None)) == []
    fewer = designed(people[people["site_id"] != "S2"].reset_index(drop=True), PAIRS["iop_partial"])["counts"]
    moved = pd.concat([counts[0], fewer.assign(contrast="iop_partial"), counts[2]])
    assert differencing.sharing(moved, groups, choose("cms", None, None)) == ["iop_partial"]


def test_the_same_people_in_both_are_told_in_both(people: pd.DataFrame) -> None:
    found = released(people, {"two": contrast("iop", "residential"), "three": PAIRS["iop_residential"]})
    own = found["estimates"].query("measure == 'risk' and of == 'iop'")
    assert own["n"].nunique() == 1
    assert set(found["counts"]["contrast"]) == {"two", "three"}


def test_words_tell_how_many_arms_there_are() -> None:
    asked = {**PAIRS, "plain": contrast("iop", "residential")}
    labels = Labels(Compared(contrasts=asked, endpoints={}))
    assert labels.against("iop_partial") == "Iop v partial, of three arms"
    assert labels.numbered("plain") == "1: Iop, 2: Residential"
    twice = {**asked, "again": asked["plain"].model_copy(update={"title": "Again"})}
    again = Labels(Compared(contrasts=twice, endpoints={}))
    assert again.numbered("again") == "Again. 1: Iop, 2: Residential"
    said = {e: effects.lead({"contrast": "iop_partial", "estimand": e}, labels) for e in ("ATO", "ATE")}
    assert said["ATO"] == "Of people like those in whom all three settings were used"
    assert said["ATE"] == "Standardised to everyone in any of the three arms"


def test_what_a_contrast_may_not_say() -> None:
    with pytest.raises(ValidationError, match="must have different names and share no value"):
        contrast("iop", "residential", "iop")
    given = {"title": "t", "column": "assigned_arm", "first": ARMS["iop"], "second": ARMS["residential"]}
    with pytest.raises(ValidationError, match="leave out further_arms"):
        Contrast(**given, further_arms=[ARMS["partial"]], randomised=True)
    wrong = {"name": "x", "label": "X", "values": ["9.9"]}
    with pytest.raises(ValidationError, match=r"9\.9 is not a level of care"):
        Contrast(**{**given, "column": "index_level"}, further_arms=[wrong])
