"""Methods by name: one table, its words everywhere, truncation and its derivative."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.estimators.propensity import fit_propensity
from iop_outcomes.estimators.weights import TILTS, truncate, weight_slope, weights
from iop_outcomes.vocabulary import methods
from iop_outcomes.vocabulary.estimands import ESTIMANDS


def test_every_method_speaks_for_someone_and_stands_on_weights_that_exist() -> None:
    for name, method in methods.METHODS.items():
        assert method.name == name
        assert method.estimand in ESTIMANDS
        assert method.label
        assert method.explained.endswith(".")
        assert method.weights in {*methods.WEIGHTS, ""}
    assert sorted(m.preferred for m in methods.METHODS.values()) == list(range(1, len(methods.METHODS) + 1))
    assert {w.kind for w in methods.WEIGHTS.values()} == set(TILTS)


def test_only_what_is_asked_for_is_needed() -> None:
    assert methods.needed(["crude", "aipw", "overlap_imputed", "att"]) == ["iptw", "overlap", "att"]
    assert methods.needed(["crude", "randomised"]) == []


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
