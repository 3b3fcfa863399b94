"""E-values against R's EValue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from iop_outcomes.estimators.two_by_two import unmeasured

Oracle = Callable[[str], dict[str, Any]]
Agree = Callable[..., None]


def same(ratio: float) -> float:
    return ratio


@pytest.mark.parametrize(
    ("key", "scale"),
    [
        ("rr_3.9_1.8_8.7", same),
        ("rr_0.80_0.71_0.91", same),
        ("rr_1.2_0.9_1.6", same),
        ("or_common_2_1.5_2.7", lambda v: unmeasured.of_odds(v, common=True)),
        ("or_rare_0.86_0.75_0.99", lambda v: unmeasured.of_odds(v, common=False)),
        ("hr_rare_0.56_0.46_0.69", lambda v: unmeasured.of_hazards(v, common=False)),
        ("hr_common_0.74_0.605_0.914", lambda v: unmeasured.of_hazards(v, common=True)),
    ],
)
def test_e_values_of_ratios(oracle: Oracle, agree: Agree, key: str, scale: Callable[[float], float]) -> None:
    entry = oracle("EVALUE")
    reference = entry["values"]["package"][key]
    ratio, low, high = (scale(float(v)) for v in key.split("_")[-3:])
    found = unmeasured.e_values(ratio, low, high)
    limit = reference["lower"] if reference["lower"] is not None else reference["upper"]
    agree([ratio, found.estimate, found.limit], [reference["rr"], reference["point"], limit], entry["tolerance"])


def test_what_a_bias_factor_is(oracle: Oracle, agree: Agree) -> None:
    entry = oracle("MISSING_BOUNDS")
    agree([unmeasured.bias_factor(2, 3)], [entry["values"]["bias_factor_2_3"]], entry["tolerance"])
