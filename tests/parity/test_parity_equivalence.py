"""Equivalence and multiplicity against R."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from iop_outcomes.estimators.base.inference import adjusted
from iop_outcomes.estimators.two_by_two.equivalence import farrington_manning, means, proportions

Oracle = Callable[[str], dict[str, Any]]
Agree = Callable[..., None]


@pytest.mark.parametrize(("method", "key"), [("wald", "wald"), ("score", "farrington_manning")])
def test_two_one_sided_tests_of_proportions(oracle: Oracle, agree: Agree, method: str, key: str) -> None:
    entry = oracle("TOST_PROPORTIONS")
    v, tolerance = entry["values"], entry["tolerance"]
    counts = (v["x1"], v["n1"], v["x2"], v["n2"])
    found = proportions(*counts, v["margin"], method)
    expected = v[key]
    agree(
        [found.p_lower, found.p_upper, found.p_value],
        [expected[p] for p in ("p_lower", "p_upper", "p_tost")],
        tolerance,
    )
    agree([found.low, found.high], v["wald"]["ci90"], tolerance)
    if method == "score":
        score = farrington_manning(*counts, -v["margin"])
        agree(
            [score.z, score.risk1, score.risk0],
            [expected[k] for k in ("z_lower", "q1_at_lower", "q2_at_lower")],
            tolerance,
        )
        agree(farrington_manning(*counts, v["margin"]).z, expected["z_upper"], tolerance)


def test_two_one_sided_tests_of_means(oracle: Oracle, agree: Agree) -> None:
    entry = oracle("TOST_MEANS")
    v = entry["values"]
    found = means(v["g1"], v["g2"], v["margin"])
    agree([found.p_lower, found.p_upper, found.p_value], [v["p_lower"], v["p_upper"], v["p_tost"]], entry["tolerance"])
    agree([found.low, found.high], v["ci90"], entry["tolerance"])


def test_adjusted_p_values(oracle: Oracle) -> None:
    v = oracle("MULTIPLICITY")["values"]
    np.testing.assert_allclose(adjusted(v["p"], "holm"), v["holm"], rtol=1e-12)
    np.testing.assert_allclose(adjusted(v["p"], "benjamini-hochberg"), v["bh"], rtol=1e-12)
