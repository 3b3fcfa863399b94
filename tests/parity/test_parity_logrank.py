"""The log-rank family against R's survdiff, svylogrank, and the robust score test of coxph."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iop_outcomes.estimators.causal.propensity import fit_propensity
from iop_outcomes.estimators.causal.weights import weights
from iop_outcomes.estimators.cox.logrank import LogRankTest, logrank, weighted_logrank

REFERENCE = json.loads((Path(__file__).parent / "references" / "logrank.json").read_text())
D = {key: np.array(values, dtype=float) for key, values in REFERENCE["data"].items()}
COVARIATES = ["AGE", "BECK", "NDT", "IV3", "RACE", "SITE"]


@pytest.fixture
def expected(oracle: Any) -> Any:
    return lambda key: (oracle("LOGRANK")["values"][key], oracle("LOGRANK")["tolerance"])


def check(found: LogRankTest, entry: dict[str, Any], tolerance: float, agree: Any) -> None:
    agree(found.statistic, entry["chisq"], tolerance)
    agree(found.p_value, entry["p"], tolerance)
    if "df" in entry:
        assert found.degrees == entry["df"]
        agree(found.observed, entry["obs"], tolerance)
        agree(found.expected, entry["exp"], tolerance)
    if "U" in entry:
        agree(found.score[1], entry["U"], tolerance)
        agree(found.covariance[1, 1], entry["V"], tolerance)


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("uis_TREAT", {}),
        ("uis_TREAT_peto", {"weighting": "peto-peto"}),
        ("uis_TREAT_peto", {"weighting": "fleming-harrington", "rho": 1.0}),
        ("uis_TREAT_strat_SITE", {"strata": "SITE"}),
        ("uis_gehan", {"weighting": "gehan-breslow"}),
        ("uis_tarone", {"weighting": "tarone-ware"}),
    ],
)
def test_uis(key: str, options: dict[str, Any], expected: Any, reference_data: Any, agree: Any) -> None:
    uis = reference_data("uis575")
    given = {**options, **({"strata": uis.SITE} if "strata" in options else {})}
    check(logrank(uis.TIME, uis.CENSOR, uis.TREAT, **given), *expected(key), agree)


def test_addicts_and_colon(expected: Any, reference_data: Any, agree: Any) -> None:
    addicts, colon = reference_data("addicts"), reference_data("colon")
    check(logrank(addicts.survtime, addicts.status, addicts.clinic), *expected("addicts_clinic"), agree)
    died = colon[colon.etype == 2]
    arms = died.rx.map({"Obs": 0, "Lev": 1, "Lev+5FU": 2})
    check(logrank(died.time, died.status, arms), *expected("colon_rx"), agree)


def test_weighted(expected: Any, reference_data: Any, agree: Any) -> None:
    uis = reference_data("uis575")
    score = fit_propensity(uis[COVARIATES], uis.TREAT, names=COVARIATES).score
    given = (uis.TIME, uis.CENSOR, uis.TREAT, weights("iptw_unstabilised", uis.TREAT, score))
    entry, tolerance = expected("uis_weighted_svylogrank")
    found = weighted_logrank(*given, ties="efron", variance="design")
    check(found, entry, tolerance, agree)
    agree(found.score[1], entry["score"], tolerance)
    agree(np.sqrt(found.covariance[1, 1]), entry["se"], tolerance)
    agree(found.z("1"), entry["z"], tolerance)
    check(weighted_logrank(*given), *expected("uis_weighted_robust_score"), agree)


@pytest.mark.parametrize(("key", "rho", "strata"), [("half", 0.5, None), ("strata", 1.0, D["stratum"])])
def test_survdiff_with_weight_functions(key: str, rho: float, strata: Any, agree: Any) -> None:
    found = logrank(D["time"], D["event"], D["group"], "fleming-harrington", rho=rho, strata=strata)
    agree(found.statistic, np.ravel(REFERENCE["values"][key])[0], 1e-9)
    assert found.degrees == 2


@pytest.mark.parametrize(
    ("key", "rho", "gamma"),
    [("weighted", 0, 0), ("weighted_rho", 1, 0), ("weighted_gamma", 1, 1), ("sites", 0, 0), ("sites_rho", 1, 0)],
)
def test_svylogrank(key: str, rho: float, gamma: float, agree: Any) -> None:
    options = {"weighting": "fleming-harrington", "rho": rho, "gamma": gamma, "ties": "efron", "variance": "design"}
    clusters = D["site"] if "sites" in key else None
    found = weighted_logrank(D["time"], D["event"], D["group"] == 2, D["weight"], clusters=clusters, **options)
    agree([found.score[1], found.covariance[1, 1] ** 0.5], REFERENCE["values"][key], 1e-9)


def test_robust_score_of_coxph(agree: Any) -> None:
    given = (D["time"], D["event"], D["group"], D["weight"])
    agree(weighted_logrank(*given, clusters=D["site"]).statistic, REFERENCE["values"]["coxph_sites"], 1e-9)
    agree(weighted_logrank(*given, strata=D["stratum"]).statistic, REFERENCE["values"]["coxph_strata"], 1e-9)
