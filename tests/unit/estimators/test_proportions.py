"""Crude tables: intervals as published, and as in statsmodels."""

from __future__ import annotations

import numpy as np
import pytest

from iop_outcomes.errors import EstimationError
from iop_outcomes.estimators.two_by_two.proportions import log_risk_ratio, newcombe, risk_contrast, wilson


@pytest.mark.parametrize(
    ("events", "n", "low", "high"),
    # Newcombe 1998, Statistics in Medicine 17:857, table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_published(events: int, n: int, low: float, high: float) -> None:
    interval = wilson(events, n)
    assert (interval.low, interval.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@pytest.mark.parametrize(
    ("table", "low", "high"),
    # Newcombe 1998, Statistics in Medicine 17:873, table II, method 10
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((10, 10, 0, 10), 0.6075, 1.0),
    ],
)
def test_newcombe_as_published(table: tuple[int, int, int, int], low: float, high: float) -> None:
    interval = newcombe(*table)
    assert (interval.low, interval.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_as_in_statsmodels(level: float) -> None:
    from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

    one = wilson(37, 120, level)
    assert (one.low, one.high) == pytest.approx(proportion_confint(37, 120, 1 - level, "wilson"), rel=1e-12)
    gap = newcombe(37, 120, 51, 110, level)
    theirs = confint_proportions_2indep(37, 120, 51, 110, method="newcomb", compare="diff", alpha=1 - level)
    assert (gap.low, gap.high) == pytest.approx(theirs, rel=1e-10)
    ratio, _ = log_risk_ratio(37, 120, 51, 110, level)
    theirs = confint_proportions_2indep(37, 120, 51, 110, method="log", compare="ratio", alpha=1 - level)
    assert np.exp([ratio.low, ratio.high]) == pytest.approx(theirs, rel=1e-10)


def test_contrast_is_antisymmetric_and_holds_its_parts() -> None:
    forth, back = risk_contrast(37, 120, 51, 110), risk_contrast(51, 110, 37, 120)
    assert forth.difference.low == pytest.approx(-back.difference.high)
    assert forth.ratio is not None
    assert back.ratio is not None
    assert forth.ratio.low == pytest.approx(1 / back.ratio.high)
    assert forth.ratio.estimate == pytest.approx((37 / 120) / (51 / 110))
    assert forth.log_ratio_std_error == pytest.approx(np.sqrt(1 / 37 - 1 / 120 + 1 / 51 - 1 / 110))
    assert forth.risk1 == wilson(37, 120)


def test_no_events_leave_a_difference_and_no_ratio() -> None:
    table = risk_contrast(0, 30, 5, 30)
    assert table.ratio is None
    assert table.log_ratio_std_error is None
    assert table.risk1.low == 0
    assert wilson(30, 30).high == 1
    with pytest.raises(EstimationError, match="events in both arms"):
        log_risk_ratio(0, 30, 5, 30)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ((5, 4, 1, 4), "no more than people"),
        ((0, 0, 1, 4), "people in both"),
        ((1.5, 4, 1, 4), "whole"),
        ((-1, 4, 1, 4), "fewer than 0"),
    ],
)
def test_refusals(table: tuple[int, int, int, int], says: str) -> None:
    with pytest.raises(EstimationError, match=says):
        risk_contrast(*table)
    with pytest.raises(EstimationError, match="between 0 and 1"):
        wilson(1, 2, level=95)
