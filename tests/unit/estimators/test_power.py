"""Power: people and design effects by hand, refusals."""

from __future__ import annotations

import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.two_by_two import power


def test_by_hand() -> None:
    # (1.96 + 1.2816) squared times 2 x 0.25 / 0.01
    assert power.people_for_margin(0.5, 0.1) == pytest.approx(10.50742 * 50, rel=1e-6)
    assert power.design_effect(1, 0.3) == 1
    assert power.design_effect(30, 0.05) == pytest.approx(2.45)


def test_refusals() -> None:
    with pytest.raises(EstimationError, match="other than 1"):
        power.events_for_hazard_ratio(1)
    with pytest.raises(EstimationError, match="above 1"):
        power.events_for_margin(0.9)
    with pytest.raises(EstimationError, match="The risk must lie"):
        power.people_for_margin(0, 0.1)
    with pytest.raises(EstimationError, match="clusters of at least one"):
        power.design_effect(0.5, 0.1)
