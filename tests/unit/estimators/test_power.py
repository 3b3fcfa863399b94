"""Power: detectable differences by hand and against a simulation, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.two_by_two import power


def test_by_hand() -> None:
    # 2.801585 x sqrt(0.25 x 2 / 200)
    assert power.detectable_difference(0.5, 200, 200) == pytest.approx(2.801585 * 0.05, rel=1e-6)
    assert power.detectable_difference(0.5, 200, 200, effect=4) == pytest.approx(2 * 2.801585 * 0.05, rel=1e-6)
    assert power.design_effect(1, 0.3) == 1


def test_the_detectable_difference_is_found_in_four_of_five_studies() -> None:
    rng, n, p = np.random.default_rng(1), 400, 0.4
    gap = power.detectable_difference(p, n, n)
    first, second = (rng.binomial(n, q, 4000) / n for q in (p + gap / 2, p - gap / 2))
    z = (first - second) / np.sqrt((first * (1 - first) + second * (1 - second)) / n)
    assert (np.abs(z) > 1.96).mean() == pytest.approx(0.8, abs=0.025)


def test_refusals() -> None:
    with pytest.raises(EstimationError, match="other than 1"):
        power.events_for_hazard_ratio(1)
    with pytest.raises(EstimationError, match="above 1"):
        power.events_for_margin(0.9)
    with pytest.raises(EstimationError, match="The risk must lie"):
        power.detectable_difference(0, 10, 10)
    with pytest.raises(EstimationError, match="people in both arms"):
        power.detectable_difference(0.5, 0, 10)
    with pytest.raises(EstimationError, match="clusters of at least one"):
        power.design_effect(0.5, 0.1)
