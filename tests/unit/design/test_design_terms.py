"""Terms of the score: what is joined, what says nothing new, how they are held, and codes against indicators."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from parts import contrast

from iop_outcomes.analyses import doubly_robust
from iop_outcomes.analyses.sample import Sample
from iop_outcomes.design import balance, propensity, terms
from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.causal import effects
from iop_outcomes.estimators.design_matrix.model_matrix import ModelMatrix
from iop_outcomes.protocol import Adjustment, Inference
from iop_outcomes.steps import store

PLAIN = Adjustment(continuous=["age"], site_effects=False, spline_knots=3)
WITH_SITES = PLAIN.model_copy(update={"site_effects": True})
CONTRAST = contrast("day", "ward")
INFERENCE = Inference(cluster="person")


def matrix(numeric: dict[str, np.ndarray], codes: dict[str, np.ndarray], levels: dict[str, int]) -> ModelMatrix:
    names = [*numeric, *(f"{name}={k}" for name in codes for k in range(1, levels[name] + 1))]
    n = len(next(iter((numeric or codes).values())))
    table = np.column_stack([np.empty((n, 0)), *numeric.values()])
    return ModelMatrix(table, tuple(names), tuple(codes.values()), tuple(levels[name] for name in codes))


def of(counts: list[int]) -> np.ndarray:
    return np.repeat(np.arange(len(counts)), counts).astype(np.int8)


@pytest.mark.parametrize(
    ("counts", "names", "joined"),
    [
        ([100, 20, 19], ["v=1"], [0, 1, 0]),
        ([1, 30, 19], ["v=1"], [0, 1, 0]),  # the reference occurs, if once
        ([0, 30, 40, 25], ["v=1", "v=3"], [None, 1, 0, 2]),  # it does not: the most frequent takes its place
        ([0, 30, 30], ["v=2"], [None, 0, 1]),  # of several the first
        ([0, 30, 5], ["v=1"], [None, 1, 0]),  # those who are too few are the reference
        ([0, 50, 0], [], [None, 0, None]),
        ([10, 19, 19], [], [0, 0, 0]),
    ],
)
def test_categories_of_few_join_the_reference_and_one_of_all_is_it(counts, names, joined):
    codes = of(counts)
    found = terms.distinct(matrix({"age": np.arange(len(codes), dtype=float)}, {"v": codes}, {"v": len(counts) - 1}))
    assert found.names == ("age", *names)
    if names:
        np.testing.assert_array_equal(found.codes[0], np.array([-1 if j is None else j for j in joined])[codes])
        assert found.levels == (len(names),)
    else:
        assert found.codes == ()


@pytest.mark.parametrize(("flagged", "kept"), [(19, False), (20, True)])
def test_a_flag_of_few_goes(flagged, kept):
    flag = (np.arange(80) < flagged).astype(float)
    found = terms.distinct(matrix({"age": np.arange(80.0), "age=missing": flag}, {}, {}))
    assert ("age=missing" in found.names) == kept


def members(n: int, sites: np.ndarray | None = None) -> pd.DataFrame:
    return pd.DataFrame({"site_id": np.array([f"S{s}" for s in (np.zeros(n, int) if sites is None else sites)])})


def test_a_column_that_the_ones_before_it_hold_goes_to_the_reference():
    rng = np.random.default_rng(2)
    first, other = rng.integers(0, 3, 300), rng.integers(0, 2, 300)
    # the third is 1 where the first is 2, and 2 where the second is 1 and the first is not 2
    third = np.select([first == 2, other == 1], [1, 2])
    x = matrix({"age": rng.normal(size=300)}, {"u": first, "v": other, "w": third}, {"u": 2, "v": 1, "w": 2})
    found = terms.of_score(members(300), x, PLAIN)
    assert found.names == ("age", "age (spline 1)", "u=1", "u=2", "v=1", "w=2")
    np.testing.assert_array_equal(found.codes[2], third == 2)


def test_what_does_not_vary_or_repeats_says_nothing_new():
    rng = np.random.default_rng(3)
    age = 2019 + rng.integers(0, 2, 500).astype(float)  # two values allow no knots: a straight line
    same = {"age": age, "again": 3 * age - 1e6, "constant": np.full(500, 0.1), "large": np.full(500, 1e12)}
    x = matrix({**same, "else": rng.normal(size=500)}, {"v": np.zeros(500, int)}, {"v": 1})
    found = terms.of_score(members(500), x, PLAIN.model_copy(update={"spline_knots": 5}))
    assert found.names == ("age", "else")


@pytest.mark.parametrize(("apart", "kept"), [(0, False), (1, False), (9, False), (12, True)])
def test_a_dozen_people_among_half_a_million_are_something_new_and_a_few_are_not(apart, kept):
    n = 500_000
    codes = (np.arange(n) % 2).astype(np.int8)
    almost = codes.copy()
    almost[1 : 2 * apart : 2] = 0
    x = matrix({}, {"u": codes, "v": almost}, {"u": 1, "v": 1})
    assert terms.of_score(members(n), x, PLAIN).names == ("u=1", "v=1")[: 1 + kept]


def test_a_site_of_few_people_keeps_its_term():
    sites = np.arange(300) % 3
    sites[:4] = 3
    found = terms.of_score(members(300, sites), matrix({"age": np.arange(300.0)}, {}, {}), WITH_SITES)
    assert found.names[-3:] == ("site S1", "site S2", "site S3")


def test_one_person_does_not_decide_whether_there_is_a_score():
    """One of those whose drug is unknown has a known route of use, and is in the first arm."""
    rng = np.random.default_rng(7)
    n = 600
    drug, age = rng.integers(0, 3, n), rng.normal(size=n)
    route = (drug == 2).astype(int)
    route[np.flatnonzero(drug == 2)[0]] = 0
    people = members(n).assign(stratum="S0", arm=(rng.random(n) < 0.5).astype("int64"))
    ids = [f"p{i}" for i in range(n)]
    people = people.assign(person_id=ids, record_id=ids)
    x = matrix({"age": age}, {"drug": drug, "route": route}, {"drug": 2, "route": 1})
    fitted = propensity.fit(people, x, CONTRAST, PLAIN)
    assert fitted.problem == ""
    assert "route=1" in fitted.judged


def test_sites_come_before_covariates_and_one_site_has_no_term():
    sites = np.arange(200) % 4
    x = matrix({"visits": (sites == 2) * 1.0}, {"north": (sites < 2).astype(int)}, {"north": 1})
    found = terms.of_score(members(200, sites), x, WITH_SITES)
    assert found.names == ("site S1", "site S2", "site S3")
    np.testing.assert_array_equal(found.codes[0], sites)
    assert terms.of_score(members(200), x, WITH_SITES).names == ("visits", "north=1")


def test_terms_are_written_as_they_are_held_and_name_no_site_or_category(tmp_path):
    x = matrix({"age": np.arange(6.0)}, {"site": of([1, 2, 3]), "sex": of([3, 3])}, {"site": 2, "sex": 1})
    x = ModelMatrix(x.numeric, ("age (spline 1)", "site S1", "site S2", "sex=f"), x.codes, x.levels)
    held = pd.DataFrame(terms.written(x.with_intercept("intercept")))
    assert list(held.columns) == ["t_0 intercept", "t_1 age", "c_2 site", "c_3 sex"]
    assert [str(t) for t in held.dtypes] == ["float64", "float64", "int16", "int16"]
    whole = pd.DataFrame({"person_id": list("abcdef"), "arm": 1, "site_id": "s", "record_id": "r", "propensity": 0.5})
    store.write("scores", pd.concat([whole, held], axis=1), tmp_path / "scores.parquet")
    found = terms.read(store.read("scores", [tmp_path / "scores.parquet"]))
    assert found.names == ("t_0 intercept", "t_1 age", "c_2 site=1", "c_2 site=2", "c_3 sex=1")
    np.testing.assert_array_equal(found.dense(), x.with_intercept("intercept").dense())


def drawn(n: int = 1500) -> tuple[pd.DataFrame, ModelMatrix, np.ndarray]:
    """A contrast's people, covariates with a rare category and one that repeats another, and an outcome."""
    rng = np.random.default_rng(6)
    age, drug, sites = rng.normal(40, 10, n), rng.choice(4, n, p=[0.5, 0.3, 0.19, 0.01]), rng.integers(0, 5, n)
    unknown = (rng.random(n) < 0.1).astype(int)
    codes = {"drug": drug.astype(np.int8), "housing": unknown, "mandate": unknown}
    x = matrix({"age": age, "age=missing": (rng.random(n) < 0.1) * 1.0}, codes, {"drug": 3, "housing": 1, "mandate": 1})
    arm = (rng.random(n) < 1 / (1 + np.exp(-0.05 * (age - 40) - 0.3 * drug + 0.1 * sites))).astype("int64")
    ids = [f"p{i:04d}" for i in range(n)]
    site = [f"S{s}" for s in sites]
    people = pd.DataFrame({"person_id": ids, "record_id": ids, "site_id": site, "stratum": site, "arm": arm})
    return people, x, (rng.random(n) < 0.3 + 0.1 * arm + 0.1 * unknown).astype(float)


def test_scores_weights_balance_and_doubly_robust_means_of_codes_are_those_of_indicators():
    people, x, y = drawn()
    adjustment = WITH_SITES.model_copy(update={"spline_knots": 4})
    found = []
    for covariates in (x, ModelMatrix(x.dense(), x.names)):
        fitted = propensity.fit(people, covariates, CONTRAST, adjustment)
        assert fitted.problem == ""
        shown = balance.table(people, covariates, fitted, ["iptw", "overlap"])
        sample = Sample.of(fitted.scores, CONTRAST, INFERENCE)
        means = sample.finish(doubly_robust.means(sample, y, np.ones(len(y), dtype=bool)), "aipw")
        weighted = sample.finish(effects.mean_by_arm(y, sample.arm, sample.weight("iptw")), "iptw")
        found.append((fitted, shown, means, weighted))
    (ours, balance_ours, *estimates), (theirs, balance_theirs, *others) = found
    assert ours.judged == theirs.judged
    assert [c for c in ours.scores if c.startswith("c_")] == ["c_5 site", "c_6 drug", "c_7 housing"]
    for name in ("propensity", "iptw", "overlap"):
        np.testing.assert_allclose(ours.scores[name], theirs.scores[name], rtol=1e-9)
    pd.testing.assert_frame_equal(balance_ours, balance_theirs, check_exact=False, rtol=1e-9, atol=1e-9)
    for one, other in zip(estimates, others, strict=True):
        np.testing.assert_allclose(one.value, other.value, rtol=1e-9)
        np.testing.assert_allclose(one.influence, other.influence, atol=1e-12)


def test_a_refusal_names_the_covariate_and_neither_its_category_nor_its_column(monkeypatch):
    people, x, y = drawn()
    fitted = propensity.fit(people, x, CONTRAST, WITH_SITES)

    def refuse(family, y, arm, names, terms, *given, **named):
        raise EstimationError(f"The coefficient of {', '.join(terms.names)} is endless; that of arm={names[1]} not.")

    monkeypatch.setattr(doubly_robust, "aipw_of_arms", refuse)
    with pytest.raises(EstimationError) as told:
        doubly_robust.means(Sample.of(fitted.scores, CONTRAST, INFERENCE), y, np.ones(len(y), dtype=bool))
    assert str(told.value) == "The coefficient of age, site, drug, housing is endless; that of arm=day not."


def test_a_rare_category_within_another_keeps_its_term():
    """Of forty whose income is unknown 22 are homeless: few, but no combination of what is known."""
    income, homeless = (np.arange(800) < 40).astype(int), (np.arange(800) < 22).astype(int)
    x = matrix({}, {"income": income, "homeless": homeless}, {"income": 1, "homeless": 1})
    assert terms.of_score(members(800), x, PLAIN).names == ("income=1", "homeless=1")


def test_a_reason_names_no_site_and_each_covariate_once():
    names = ("age", "age (spline 1)", "site Clinic-1", "site Clinic-17, Main St.", "drug=none", "drug=yes")
    told = terms.told("of site Clinic-17, Main St., site Clinic-1, drug=none in the model", names)
    assert told == "of site, drug=none in the model"
    assert terms.told("of t_3 age, t_4 age, c_5 drug=1, c_5 drug=12, c_6 drugs=2 ends") == "of age, drug, drugs ends"


def test_separation_that_shows_in_no_step_is_a_reason_and_no_weights():
    """At one site the drug decides the arm, and at another everyone takes it."""
    groups = [("S1", 0, 0, 100), ("S1", 0, 1, 100), ("Clinic-17", 0, 0, 40), ("Clinic-17", 1, 1, 40)]
    groups += [("Clinic-3", 1, 0, 40), ("Clinic-3", 1, 1, 40)]
    site, drug, arm = (np.repeat([g[i] for g in groups], [g[3] for g in groups]) for i in range(3))
    ids = [f"p{i}" for i in range(len(arm))]
    people = pd.DataFrame({"person_id": ids, "record_id": ids, "site_id": site, "stratum": site, "arm": arm})
    fitted = propensity.fit(people, matrix({}, {"drug": drug}, {"drug": 1}), CONTRAST, WITH_SITES)
    assert "separation" in fitted.problem
    assert "Clinic" not in fitted.problem
    assert "drug=1" in fitted.problem
