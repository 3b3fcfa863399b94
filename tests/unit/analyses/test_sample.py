"""Who is independent of whom: standard errors by site, by person where people count more than once, or by unit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from iop_outcomes.analyses.sample import Sample, clustered
from iop_outcomes.estimators.base.estimate import Estimate
from iop_outcomes.estimators.causal import effects
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
