"""Methods by name: one table, its words everywhere, truncation and its derivative."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from iop_outcomes import weighting
from iop_outcomes.estimators.propensity import fit_propensity
from iop_outcomes.estimators.weights import TILTS, truncate, weight_slope, weights
from iop_outcomes.figures import labels, select
from iop_outcomes.protocol.rows import Estimand, Method
from iop_outcomes.report.explanations import ESTIMATORS


def test_every_method_is_known_to_the_protocol_and_has_words() -> None:
    for name, method in weighting.METHODS.items():
        assert name in get_args(Method)
        assert method.estimand in get_args(Estimand)
        assert method.weights in weighting.WEIGHTS
        assert name in labels.METHODS
        assert method.estimand in labels.ESTIMANDS
        assert name in ESTIMATORS
        assert name in select.PREFERRED
    assert set(get_args(Method)) == set(weighting.ESTIMANDS)
    assert {w.kind for w in weighting.WEIGHTS.values()} == set(TILTS)


def test_only_what_is_asked_for_is_needed() -> None:
    assert weighting.needed(["crude", "aipw", "overlap_imputed", "att"]) == ["iptw", "overlap", "att"]
    assert weighting.needed(["crude", "randomised"]) == []


def test_a_truncated_weight_does_not_move() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 1))
    arm = (rng.random(300) < 1 / (1 + np.exp(-1.5 * x[:, 0]))).astype(int)
    fitted = fit_propensity(x, arm, names=["x"])
    raw = weights("iptw", arm, fitted.score)
    found = weights("iptw", arm, fitted.score, truncated=(0.01, 0.99))
    np.testing.assert_array_equal(found, truncate(raw)[0])
    moved = weight_slope("iptw", arm, fitted.score, truncated=(0.01, 0.99))
    whole = weight_slope("iptw", arm, fitted.score)
    touched = found != raw
    assert touched.sum() == pytest.approx(6, abs=2)
    assert (moved[touched] == 0).all()
    np.testing.assert_array_equal(moved[~touched], whole[~touched])
    np.testing.assert_array_equal(weights("att", arm, fitted.score)[arm == 1], 1)
