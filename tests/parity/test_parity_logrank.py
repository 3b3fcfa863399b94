"""The log-rank family against R's survdiff, svylogrank, and the robust score test of coxph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from iop_outcomes.estimators.logrank import LogRankTest, logrank, weighted_logrank
from iop_outcomes.estimators.propensity import fit_propensity, weights

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
