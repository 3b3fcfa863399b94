"""Who is independent of whom: standard errors by site, by person where people count more than once, or by unit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from iop_outcomes.analyses.sample import Sample, clustered
from iop_outcomes.estimators.base.estimate import Estimate, difference
from iop_outcomes.estimators.causal import effects
from iop_outcomes.estimators.survival import cuminc
from iop_outcomes.protocol import Inference

SIDES = ("day", "ward")
PEOPLE = 90


def inference(cluster: str, min_clusters: int = 20) -> Inference:
    return Inference.model_validate({"cluster": cluster, "min_clusters": min_clusters})


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    """Scores as the design writes them, of people in 30 sites, and an outcome."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=PEOPLE)
    score = 1 / (1 + np.exp(-0.5 * x))
    arm = (rng.random(PEOPLE) < score).astype("int64")
    ids = np.array([f"p{i:02d}" for i in range(PEOPLE)], dtype=object)
    return pd.DataFrame(
        {
            "person_id": ids, "record_id": ids, "site_id": [f"S{i % 30}" for i in range(PEOPLE)], "arm": arm,
            "propensity": score, "t_0": 1.0, "t_1": x, "iptw": np.where(arm == 1, 1 / score, 1 / (1 - score)),
            "overlap": np.where(arm == 1, 1 - score, score), "y": (rng.random(PEOPLE) < 0.5).astype(float),
        }
    )  # fmt: skip


def twice(scores: pd.DataFrame) -> pd.DataFrame:
    """Every period told of twice: twice the units, the same people, nothing learnt."""
    return pd.concat([scores, scores.assign(person_id=scores["person_id"] + " again")], ignore_index=True)


def finished(scores: pd.DataFrame, method: str, cluster: str = "person"):
    sample = Sample(scores, SIDES, inference(cluster))
    return sample.finish(effects.mean_by_arm(scores["y"], sample.arm, weight=sample.weight(method)), method)


@pytest.mark.parametrize("method", ["iptw", "overlap", "naive"])
def test_a_period_told_twice_makes_no_estimate_surer(scores, method):
    once, again = finished(scores, method), finished(twice(scores), method)
    np.testing.assert_allclose(again.value, once.value)
    people = np.sqrt(PEOPLE / (PEOPLE - 1))
    np.testing.assert_allclose(again.standard_error(), once.standard_error() * people, rtol=1e-9)


@pytest.mark.parametrize("method", ["iptw", "overlap", "naive"])
def test_as_many_more_people_would_make_it_surer(scores, method):
    others = twice(scores).assign(record_id=lambda d: d["person_id"])
    errors = finished(scores, method).standard_error()
    np.testing.assert_allclose(finished(others, method).standard_error(), errors / np.sqrt(2), rtol=1e-9)


def test_sites_are_clusters_where_the_protocol_says_so_and_there_are_enough(scores):
    plain = effects.mean_by_arm(scores["y"], scores["arm"].to_numpy())
    by_site = clustered(plain, scores, inference("site", 30))
    np.testing.assert_array_equal(by_site.covariance(), plain.clustered(scores["site_id"].to_numpy()).covariance())
    assert by_site.clusters[0].max() == 29
    for other in (inference("site", 31), inference("person", 2)):
        assert clustered(plain, scores, other).clusters == ()


@pytest.mark.parametrize("method", ["iptw", "overlap"])
def test_sites_with_people_of_the_score_alone_do_not_count(scores, method):
    """Their people move the weights, and are summed by site, but only 12 sites have outcomes."""
    seen = scores["site_id"].isin([f"S{i}" for i in range(12)]).to_numpy()

    def found(least: int) -> Estimate:
        sample = Sample(scores, SIDES, inference("site", least))
        known = effects.mean_by_arm(scores["y"], sample.arm, weight=sample.weight(method), observed=seen)
        return sample.finish(known, method)

    assert found(12).degrees == 11
    assert found(13).clusters == ()
    assert np.abs(found(12).influence[~seen]).min() > 0


@pytest.mark.parametrize("how", ["not observed", "no weight"])
def test_sites_without_anyone_who_takes_part_do_not_count(scores, how):
    """Of 30 sites, 12 have people with an outcome: those are the clusters, and as many as `min_clusters` looks at."""
    seen = scores["site_id"].isin([f"S{i}" for i in range(12)]).to_numpy()
    arm, y = scores["arm"].to_numpy(), scores["y"]
    way = {"observed": seen} if how == "not observed" else {"weight": seen.astype(float)}
    there, alone = effects.mean_by_arm(y, arm, **way), effects.mean_by_arm(y[seen], arm[seen])
    for least, degrees in ((12, 11), (13, np.inf)):
        ours = Sample(scores, SIDES, inference("site", least)).finish(there, "naive")
        theirs = clustered(alone, scores[seen], inference("site", least))
        assert ours.degrees == theirs.degrees == degrees
        np.testing.assert_allclose(ours.standard_error(), theirs.standard_error(), rtol=1e-12)
    # a person who counts twice is a cluster only where both times count
    units = twice(scores)
    once = effects.mean_by_arm(units["y"], units["arm"].to_numpy(), observed=np.arange(len(units)) < PEOPLE)
    assert clustered(once, units, inference("person")).clusters == ()


def test_a_person_is_a_cluster_also_where_sites_are_too_few(scores):
    units = twice(scores)
    plain = effects.mean_by_arm(units["y"], units["arm"].to_numpy())
    assert clustered(plain, units, inference("site", 31)).clusters[0].max() == PEOPLE - 1


@pytest.fixture(scope="module")
def followed() -> dict[str, np.ndarray]:
    """Days of leaving in few values, why, and who is at risk."""
    rng = np.random.default_rng(11)
    days = rng.integers(1, 9, PEOPLE).astype(float)
    return {"days": days, "cause": rng.choice([0, 1, 2], PEOPLE), "used": rng.random(PEOPLE) < 0.9}


def incidence(rows):
    days, cause = rows.columns
    return cuminc.by_arm(
        cuminc.cumulative_incidence, rows.label, ("day", "ward"), time=days, cause=cause, which=1, times=[3, 6],
        weight=rows.weight, frequency=rows.frequency,
    )  # fmt: skip


def by_people(sample: Sample, method: str, followed: dict[str, np.ndarray]) -> Estimate:
    weight = sample.weight(method) * followed["used"][: len(sample.scores)]
    shown = {k: followed[k][: len(sample.scores)] for k in ("days", "cause")}
    plain = cuminc.by_arm(
        cuminc.cumulative_incidence, sample.label, sample.names, time=shown["days"], cause=shown["cause"], which=1,
        times=[3, 6], weight=weight,
    )  # fmt: skip
    return sample.finish(plain, method)


def same(found: Estimate, expected: Estimate) -> None:
    np.testing.assert_allclose(found.value, expected.value, rtol=1e-12)
    np.testing.assert_allclose(found.covariance(), expected.covariance(), rtol=1e-10, atol=1e-16)
    np.testing.assert_allclose(found.independent(), expected.independent(), rtol=1e-10, atol=1e-16)
    assert found.degrees == expected.degrees
    gap, other = (difference(e, e.names[0], e.names[2]) for e in (found, expected))
    np.testing.assert_allclose(gap.standard_error(), other.standard_error(), rtol=1e-10)
    np.testing.assert_allclose(gap.independent(), other.independent(), rtol=1e-10)


@pytest.mark.parametrize("method", ["iptw", "overlap", "naive"])
@pytest.mark.parametrize(("cluster", "least"), [("site", 20), ("site", 31), ("person", 2)])
def test_cells_of_people_alike_answer_as_the_people_do(scores, followed, method, cluster, least):
    """With sites as clusters they are cells; with too few sites, or people by themselves, they are people."""
    sample = Sample(scores, SIDES, inference(cluster, least))
    columns = (followed["days"], followed["cause"])
    found = sample.marginal(method, incidence, columns, followed["used"])
    same(found, by_people(sample, method, followed))
    rows = sample.alike(method, columns, followed["used"])
    assert (len(rows.weight) < PEOPLE) == (cluster == "site" and least == 20)
    weight = sample.weight(method) * followed["used"]
    for arm, value in (("day", 1), ("ward", 0)):
        own, people = rows.label == arm, sample.arm == value
        given = (rows.weight[own], rows.frequency[own], None, rows.square[own])
        ours = cuminc.at_risk(rows.columns[0][own], [1, 4, 9], *given)
        np.testing.assert_allclose(ours, cuminc.at_risk(followed["days"][people], [1, 4, 9], weight[people]))


def test_sites_in_which_nobody_takes_part_are_no_cells_either(scores, followed):
    """Only 12 sites have people who count; with a minimum of 13 people are taken as independent."""
    used = scores["site_id"].isin([f"S{i}" for i in range(12)]).to_numpy()
    for least, degrees in ((12, 11), (13, np.inf)):
        sample = Sample(scores, SIDES, inference("site", least))
        found = sample.marginal("iptw", incidence, (followed["days"], followed["cause"]), used)
        assert found.degrees == degrees
        same(found, by_people(sample, "iptw", followed | {"used": used}))


def test_further_arms_move_the_weights_of_cells_and_nothing_else(followed):
    """Scores of three arms: people of the third have a part in the score, and no outcome."""
    rng = np.random.default_rng(8)
    n, x = PEOPLE + 60, rng.normal(size=PEOPLE + 60)
    chance = np.exp(np.column_stack([np.zeros(n), 0.4 * x, -0.3 * x]))
    chance /= chance.sum(axis=1, keepdims=True)
    arm = np.concatenate([rng.integers(0, 2, PEOPLE), np.full(60, 2)])
    ids = np.array([f"p{i:03d}" for i in range(n)], dtype=object)
    everyone = pd.DataFrame(
        {
            "person_id": ids, "record_id": ids, "site_id": [f"S{i % 30}" for i in range(n)], "arm": arm,
            "propensity": chance[:, 1], "propensity_0": chance[:, 0], "propensity_2": chance[:, 2], "t_0": 1.0,
            "t_1": x, "iptw": 1 / chance[np.arange(n), arm], "overlap": 1 / (1 / chance).sum(axis=1),
        }
    )  # fmt: skip
    sample = Sample(everyone, SIDES, inference("site", 20))
    found = sample.marginal("iptw", incidence, (followed["days"], followed["cause"]), followed["used"])
    same(found, by_people(sample, "iptw", followed))
